"use strict";
// Charts of games: agents one below the other, against theory.

{
  const number = parley.formats.number;
  const percent = parley.formats.percent;
  const { named } = parley;

  const around = (rows, key) => [
    Plot.link(rows, { x1: "low", x2: "high", y1: key, y2: key, stroke: "var(--played)", strokeWidth: 2.5 }),
  ];

  const tickAt = (rows, x, y) => Plot.tickX(rows, { x, y, stroke: "var(--theory)", strokeWidth: 3 });

  const theoryAndPlayed = (played) =>
    parley.legend([
      { text: played, color: "var(--played)", symbol: d3.symbolCircle },
      { text: "theory", color: "var(--theory)", width: 3 },
    ]);

  // Means against theory. What they are means of, the figure says.
  parley.charts.means = (figure) => {
    const rows = parley.rows(figure).filter((row) => row.mean !== null);
    if (!rows.length) return null;
    const { words } = figure.options;
    const contracted = rows.some((row) => row.contracted !== undefined);
    const title = (row) =>
      [
        row.agent,
        ...(row.bot ? [row.bot] : []),
        `mean: ${number(row.mean)}`,
        `95%: ${number(row.low)} to ${number(row.high)}`,
        ...(row.expected === null ? [] : [`theory: ${number(row.expected)}`]),
        ...(contracted ? [`contracts alone: ${number(row.contracted)}`] : []),
      ].join("\n");
    const compared = rows.filter((row) => row.gap !== null);
    return {
      legends: [
        parley.legend([
          ...(contracted ? [{ text: "contracts alone, f(d)", color: "var(--quiet)", area: 0.35, width: 0 }] : []),
          { text: words.played, color: "var(--played)", symbol: d3.symbolCircle },
          { text: "theory", color: "var(--theory)", width: 3 },
        ]),
      ],
      panels: [
        {
          title: words.title,
          draw: (width) => [
            parley.plot(width, figure.alt, {
              ...named(rows, "agent", width),
              x: { label: `${words.unit} →`, grid: true, nice: true, zero: true },
              marks: [
                ...(contracted ? [Plot.barX(rows, { x: "contracted", y: "agent", fill: "var(--quiet)", fillOpacity: 0.35 })] : []),
                Plot.ruleX([0]),
                tickAt(rows.filter((row) => row.expected !== null), "expected", "agent"),
                Plot.dot(rows, { x: "mean", y: "agent", fill: "var(--played)", r: 4.5 }),
                parley.tip(rows, Plot.pointerY({ x: "mean", y: "agent", title })),
              ],
            }),
          ],
        },
        ...(compared.length
          ? [
              {
                title: "How far from theory, enlarged",
                draw: (width) => [
                  parley.plot(width, `${figure.title}: the differences, with 95% intervals`, {
                    ...named(compared, "agent", width),
                    x: { label: `mean less theory (${words.unit}) →`, grid: true, nice: true, ticks: Math.max(3, width / 90) },
                    marks: [
                      Plot.ruleX([0], { stroke: "var(--theory)", strokeWidth: 2 }),
                      Plot.link(compared, { x1: (row) => row.low - row.expected, x2: (row) => row.high - row.expected, y1: "agent", y2: "agent", stroke: "var(--played)", strokeWidth: 2.5 }),
                      Plot.dot(compared, { x: "gap", y: "agent", fill: "var(--played)", r: 4.5 }),
                      parley.tip(compared, Plot.pointerY({ x: "gap", y: "agent", title: (row) => `${row.agent}\nmean less theory: ${number(row.gap)}` + (row.z === null ? "" : `\nz = ${parley.formats.z(row.z)}`) })),
                    ],
                  }),
                ],
              },
            ]
          : []),
      ],
    };
  };

  parley.charts.proposers = (figure) => {
    const rows = parley.rows(figure);
    const drawn = rows.filter((row) => row.share !== null);
    if (!drawn.length) return null;
    const title = (row) =>
      `${row.agent}\nrecognized first: ${parley.formats.count(row.times)} times (${percent(row.share)})\nexpected: ${number(row.expected)} times (${percent(row.probability)})`;
    return {
      legends: [theoryAndPlayed("recognized, with 95% interval")],
      wide: true,
      panels: [
        {
          draw: (width) => [
            parley.plot(width, figure.alt, {
              ...named(drawn, "agent", width),
              x: { label: "share of first rounds (%) →", percent: true, grid: true, zero: true, nice: true },
              marks: [
                Plot.barX(drawn, { x: "share", y: "agent", fill: "var(--played)", fillOpacity: 0.3 }),
                Plot.ruleX([0]),
                tickAt(drawn, "probability", "agent"),
                ...around(drawn, "agent"),
                Plot.dot(drawn, { x: "share", y: "agent", fill: "var(--played)", r: 4 }),
                parley.tip(drawn, Plot.pointerY({ x: "share", y: "agent", title })),
              ],
            }),
          ],
        },
      ],
    };
  };

  parley.charts.split = (figure) => {
    const rows = parley.rows(figure);
    const { names, own } = figure.options;
    const symbols = [d3.symbolCircle, d3.symbolTriangle, d3.symbolSquare2, d3.symbolTimes, d3.symbolDiamond2];
    const label = (name) => (name === own ? `${name} (here)` : name);
    const marks = rows.flatMap((row) => names.map((name) => ({ agent: row.agent, name, x: row[`by:${name}`] })));
    const title = (row) =>
      [row.agent, `saved: ${number(row.saved)} (${number(row.low)} to ${number(row.high)})`, ...names.map((name) => `${label(name)}: ${number(row[`by:${name}`])}`)].join("\n");
    return {
      legends: [
        parley.legend([
          { text: "saved, with 95% interval", color: "var(--ink)", width: 5 },
          ...names.map((name, k) => ({ text: label(name), color: parley.series(k), symbol: symbols[k % symbols.length] })),
        ]),
      ],
      wide: true,
      panels: [
        {
          draw: (width) => [
            parley.plot(width, figure.alt, {
              ...named(rows, "agent", width),
              height: rows.length * 34 + 56,
              x: { label: "savings (cost) →", grid: true, zero: true, nice: true },
              color: { domain: names, range: names.map((_, k) => parley.series(k)) },
              symbol: { domain: names, range: names.map((_, k) => symbols[k % symbols.length]) },
              marks: [
                Plot.ruleX([0]),
                Plot.tickX(rows, { x: "saved", y: "agent", stroke: "var(--ink)", strokeWidth: 3 }),
                Plot.link(rows, { x1: "low", x2: "high", y1: "agent", y2: "agent", stroke: "var(--ink)", strokeWidth: 5, strokeOpacity: 0.55 }),
                ...names.map((name, k) =>
                  Plot.dot(marks.filter((mark) => mark.name === name), { x: "x", y: "agent", stroke: "name", symbol: "name", r: 4.5, strokeWidth: 2, dy: (k - (names.length - 1) / 2) * 4 }),
                ),
                parley.tip(rows, Plot.pointerY({ x: "saved", y: "agent", title })),
              ],
            }),
          ],
        },
      ],
    };
  };

  parley.charts.merits = (figure) => {
    const rows = parley.rows(figure).filter((row) => row.gain !== null);
    if (!rows.length) return null;
    const title = (row) => `${row.strategy}\nbears less by ${number(row.gain)}\n95%: ${number(row.low)} to ${number(row.high)}`;
    return {
      wide: true,
      panels: [
        {
          draw: (width) => [
            parley.plot(width, figure.alt, {
              ...named(rows, "strategy", width),
              x: { label: "bears less than others in its seat (cost) →", grid: true, zero: true, nice: true },
              marks: [
                Plot.ruleX([0]),
                ...around(rows, "strategy"),
                Plot.dot(rows, { x: "gain", y: "strategy", fill: "var(--played)", r: 4.5 }),
                parley.tip(rows, Plot.pointerY({ x: "gain", y: "strategy", title })),
              ],
            }),
          ],
        },
      ],
    };
  };

  parley.charts.delta = (figure) => {
    const rows = parley.rows(figure).map((row, k) => ({ ...row, name: figure.rows[k][0].t }));
    const functions = [...new Set(rows.map((row) => row.recognition))];
    const color = { domain: functions, range: functions.map((_, k) => parley.series(k)) };
    const x = { label: "δ →", domain: [0, 1], grid: true };
    const title = (row) =>
      `${row.name}\nδ = ${number(row.continuation)}\n${number(row.rounds)} rounds\nbroken down: ${percent(row.broken)} (${percent(row.low)} to ${percent(row.high)})`;
    const panel = (heading, y, scale, extra) => ({
      title: heading,
      draw: (width) => [
        parley.plot(width, `${heading} against the continuation probability`, {
          height: 230,
          marginLeft: 48,
          x,
          y: { grid: true, zero: true, nice: true, ...scale },
          color,
          marks: [
            Plot.ruleY([0]),
            ...extra,
            Plot.dot(rows, { x: "continuation", y, fill: "recognition", stroke: "var(--ground)", r: 5 }),
            parley.tip(rows, Plot.pointer({ x: "continuation", y, title })),
          ],
        }),
      ],
    });
    return {
      legends: [parley.legend(functions.map((text, k) => ({ text, color: parley.series(k), area: 1 })))],
      panels: [
        panel("Rounds of a game, on average", "rounds", { label: "↑ rounds" }, []),
        panel("Games that broke down", "broken", { label: "↑ games (%)", percent: true, domain: [0, 100] }, [
          Plot.link(rows, { x1: "continuation", x2: "continuation", y1: "low", y2: "high", stroke: "recognition", strokeWidth: 2 }),
        ]),
      ],
    };
  };

  parley.charts.gas = (figure) => {
    const rows = parley.rows(figure);
    const title = (row) => `${row.function}\n${parley.formats.count(row.sum)} gas a game\n${parley.formats.count(row.mean)} gas a call`;
    return {
      wide: true,
      panels: [
        {
          draw: (width) => [
            parley.plot(width, figure.alt, {
              ...named(rows, "function", width),
              x: { label: "gas of a game →", grid: true, ticks: Math.max(3, width / 110), tickFormat: "~s" },
              marks: [
                Plot.barX(rows, { x: "sum", y: "function", fill: "var(--played)" }),
                Plot.ruleX([0]),
                parley.tip(rows, Plot.pointerY({ x: "sum", y: "function", title })),
              ],
            }),
          ],
        },
      ],
    };
  };

  parley.charts.gains = (figure) => {
    const { names } = figure.options;
    const title = (row) => `${row.one === row.other ? `${row.one} alone` : `${row.one} + ${row.other}`}\ngain: ${number(row.gain)}`;
    const rows = parley.rows(figure).map((row) => ({ ...row, x: row.other, y: row.one, value: Math.max(0, row.gain), text: number(row.gain) }));
    return { wide: true, panels: [{ draw: (width) => parley.heat(width, figure.alt, { rows, across: names, down: names, title }) }] };
  };
}
