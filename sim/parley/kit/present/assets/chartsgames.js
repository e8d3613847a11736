"use strict";
// Charts of what was played: names one below the other, against theory.

{
  const number = parley.formats.number;
  const percent = parley.formats.percent;
  const { named } = parley;

  const around = (rows, key) => [
    Plot.link(rows, { x1: "low", x2: "high", y1: key, y2: key, stroke: "var(--played)", strokeWidth: 2.5 }),
  ];

  const tickAt = (rows, x, y) => Plot.tickX(rows, { x, y, stroke: "var(--theory)", strokeWidth: 3 });

  const theoryAndPlayed = (played) => [
    { text: played, color: "var(--played)", symbol: d3.symbolCircle },
    { text: "theory", color: "var(--theory)", width: 3 },
  ];

  // Rows with the name that the first column gives them.
  const namedRows = (figure) => parley.rows(figure).map((row, k) => ({ ...row, name: String(figure.rows[k][0]) }));

  parley.charts.means = (figure) => {
    const rows = namedRows(figure).filter((row) => row.mean !== null);
    if (!rows.length) return null;
    const { words } = figure.options;
    const alone = rows.some((row) => row.alone !== undefined);
    const title = (row) =>
      [
        row.name,
        ...(row.bot ? [row.bot] : []),
        `mean: ${number(row.mean)}`,
        `95%: ${number(row.low)} to ${number(row.high)}`,
        ...(row.expected === null ? [] : [`theory: ${number(row.expected)}`]),
        ...(alone ? [`${words.alone}: ${number(row.alone)}`] : []),
      ].join("\n");
    return {
      legends: [
        parley.legend([...(alone ? [{ text: words.alone, color: "var(--quiet)", area: 0.35, width: 0 }] : []), ...theoryAndPlayed(words.played)]),
      ],
      panels: [
        {
          title: words.title,
          draw: (width) => [
            parley.plot(width, figure.alt, {
              ...named(rows, "name", width),
              x: { label: `${words.unit} →`, grid: true, nice: true, zero: true },
              marks: [
                ...(alone ? [Plot.barX(rows, { x: "alone", y: "name", fill: "var(--quiet)", fillOpacity: 0.35 })] : []),
                Plot.ruleX([0]),
                tickAt(rows.filter((row) => row.expected !== null), "expected", "name"),
                Plot.dot(rows, { x: "mean", y: "name", fill: "var(--played)", r: 4.5 }),
                parley.tip(rows, Plot.pointerY({ x: "mean", y: "name", title })),
              ],
            }),
          ],
        },
      ],
    };
  };

  parley.charts.gaps = (figure) => {
    const rows = namedRows(figure).filter((row) => row.gap !== null);
    if (!rows.length) return null;
    const title = (row) => `${row.name}\nmean less theory: ${number(row.gap)}` + (row.z === null ? "" : `\nz = ${parley.formats.z(row.z)}`);
    return {
      panels: [
        {
          title: "How far from theory, enlarged",
          draw: (width) => [
            parley.plot(width, `${figure.title}: the differences, with 95% intervals`, {
              ...named(rows, "name", width),
              x: { label: `mean less theory (${figure.options.words.unit}) →`, grid: true, nice: true, ticks: Math.max(3, width / 90) },
              marks: [
                Plot.ruleX([0], { stroke: "var(--theory)", strokeWidth: 2 }),
                Plot.link(rows, { x1: (row) => row.low - row.expected, x2: (row) => row.high - row.expected, y1: "name", y2: "name", stroke: "var(--played)", strokeWidth: 2.5 }),
                Plot.dot(rows, { x: "gap", y: "name", fill: "var(--played)", r: 4.5 }),
                parley.tip(rows, Plot.pointerY({ x: "gap", y: "name", title })),
              ],
            }),
          ],
        },
      ],
    };
  };

  parley.charts.frequencies = (figure) => {
    const rows = namedRows(figure).filter((row) => row.share !== null);
    if (!rows.length) return null;
    const { words } = figure.options;
    const title = (row) =>
      `${row.name}\n${words.played}: ${parley.formats.count(row.times)} times (${percent(row.share)})\nexpected: ${number(row.expected)} times (${percent(row.probability)})`;
    return {
      legends: [parley.legend(theoryAndPlayed(`${words.played}, with 95% interval`))],
      wide: true,
      panels: [
        {
          draw: (width) => [
            parley.plot(width, figure.alt, {
              ...named(rows, "name", width),
              x: { label: `${words.unit} (%) →`, percent: true, grid: true, zero: true, nice: true },
              marks: [
                Plot.barX(rows, { x: "share", y: "name", fill: "var(--played)", fillOpacity: 0.3 }),
                Plot.ruleX([0]),
                tickAt(rows, "probability", "name"),
                ...around(rows, "name"),
                Plot.dot(rows, { x: "share", y: "name", fill: "var(--played)", r: 4 }),
                parley.tip(rows, Plot.pointerY({ x: "share", y: "name", title })),
              ],
            }),
          ],
        },
      ],
    };
  };

  // All shares less their probabilities, and where 95% of them are expected.
  parley.charts.funnel = (figure) => {
    const rows = parley.rows(figure).filter((row) => row.share !== null);
    if (!rows.length) return null;
    const band = d3.range(0, 1.005, 0.01).map((p) => ({ p, half: 1.96 * Math.sqrt((p * (1 - p)) / Math.max(1, figure.options.drawn)) }));
    const title = (row) => `${figure.columns.slice(0, 2).map(([key]) => row[key]).join(": ")}\n${percent(row.share)}, theory ${percent(row.probability)}`;
    return {
      panels: [
        {
          title: "How far from theory",
          draw: (width) => [
            parley.plot(width, `${figure.title}: shares less probabilities, and the band in which 95% of them are expected`, {
              height: 300,
              marginLeft: 56,
              x: { label: "probability →", domain: [0, 1] },
              y: { label: "↑ share less probability (%)", percent: true, grid: true, nice: true },
              marks: [
                Plot.areaY(band, { x: "p", y1: (row) => -row.half, y2: "half", fill: "var(--quiet)", fillOpacity: 0.25 }),
                Plot.ruleY([0], { stroke: "var(--theory)", strokeWidth: 1.5 }),
                Plot.dot(rows, { x: "probability", y: (row) => row.share - row.probability, fill: "var(--played)", r: 4 }),
                parley.tip(rows, Plot.pointer({ x: "probability", y: (row) => row.share - row.probability, title })),
              ],
            }),
          ],
        },
      ],
    };
  };

  parley.charts.bars = (figure) => {
    const rows = namedRows(figure);
    if (rows.length < 2) return null;
    const { value, unit } = figure.options;
    const title = (row) => figure.columns.map(([key, label, format]) => `${label}: ${parley.formats[format](row[key])}`).join("\n");
    return {
      wide: true,
      panels: [
        {
          draw: (width) => [
            parley.plot(width, figure.alt, {
              ...named(rows, "name", width),
              x: { label: `${unit} →`, grid: true, ticks: Math.max(3, width / 110), tickFormat: (x) => (Math.abs(x) < 1000 ? `${+x.toPrecision(6)}` : d3.format("~s")(x)) },
              marks: [
                Plot.barX(rows, { x: value, y: "name", fill: "var(--played)" }),
                Plot.ruleX([0]),
                parley.tip(rows, Plot.pointerY({ x: value, y: "name", title })),
              ],
            }),
          ],
        },
      ],
    };
  };

  parley.charts.histogram = (figure) => {
    const rows = namedRows(figure);
    const { value, unit } = figure.options;
    if (rows.filter((row) => row[value]).length < 2) return null; // a constant: the table says it
    const every = rows.length > 16 ? 5 : 1;
    const title = (row) => figure.columns.map(([key, label, format]) => `${label}: ${parley.formats[format](row[key])}`).join("\n");
    return {
      wide: true,
      panels: [
        {
          draw: (width) => [
            parley.plot(width, figure.alt, {
              height: 220,
              marginLeft: 56,
              x: { label: `${figure.columns[0][1]} →`, domain: rows.map((row) => row.name), tickFormat: (text, k) => (k % every ? "" : text) },
              y: { label: `↑ ${unit}`, grid: true, ticks: 5 },
              marks: [
                Plot.barY(rows, { x: "name", y: value, fill: "var(--played)" }),
                Plot.ruleY([0]),
                parley.tip(rows, Plot.pointerX({ x: "name", y: value, title })),
              ],
            }),
          ],
        },
      ],
    };
  };
}
