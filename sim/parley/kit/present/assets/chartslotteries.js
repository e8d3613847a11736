"use strict";
// Charts of lotteries: who gets what, which ranks that gives, and what an agent could have had.

{
  const percent = parley.formats.percent;
  const HEIGHT = Math.sqrt(3) / 2;

  // What is written of a number: its fraction, if that is short, or so many per cent.
  const written = (entry) => {
    if (entry === null) return "";
    if (typeof entry === "object" && entry.x !== undefined && entry.x.length <= 7) return entry.x;
    const value = parley.value(entry);
    return value === 0 || value === 1 ? `${value}` : percent(value);
  };

  parley.charts.matrix = (figure) => {
    const { agents, items, value } = figure.options;
    const k = figure.columns.findIndex(([key]) => key === value);
    const played = figure.columns.some(([key]) => key === "times");
    const rows = parley.rows(figure).map((row, i) => ({ ...row, x: row.item, y: row.agent, value: row[value] ?? 0, text: written(figure.rows[i][k]) }));
    const title = (row) =>
      [
        `${row.agent}: ${row.item}`,
        ...(played ? [`drawn: ${parley.formats.count(row.times)} times (${percent(row.share ?? 0)})`, `expected: ${parley.formats.number(row.expected)} times`] : []),
        ...(played ? [] : [row.text.includes("/") ? `${row.text} (${percent(row.value)})` : percent(row.value)]),
      ].join("\n");
    return {
      wide: true,
      panels: [{ draw: (width) => parley.heat(width, figure.alt, { rows, across: items, down: agents, title, most: 1, fill: "var(--played)" }) }],
    };
  };

  parley.charts.ranks = (figure) => {
    const rows = parley.rows(figure);
    const { labels } = figure.options;
    const shade = (k) => 1 - (0.85 * k) / Math.max(1, labels.length - 1);
    const long = rows.flatMap((row) => labels.map((label, k) => ({ agent: row.agent, label, k, share: row[`rank:${k}`] })));
    const title = (row) => [row.agent, ...labels.map((label, k) => `${label}: ${percent(row[`rank:${k}`])}`)].join("\n");
    return {
      wide: true,
      legends: [parley.legend(labels.map((text, k) => ({ text, color: "var(--played)", area: shade(k), width: 0 })))],
      panels: [
        {
          draw: (width) => [
            parley.plot(width, figure.alt, {
              ...parley.named(rows, "agent", width),
              x: { label: "probability (%) →", percent: true, domain: [0, 100], grid: true },
              opacity: { domain: [0, 1], range: [0, 1] },
              marks: [
                Plot.barX(long, { x: "share", y: "agent", fill: "var(--played)", fillOpacity: (row) => shade(row.k), stroke: "var(--ground)", order: "k" }),
                Plot.ruleX([0]),
                parley.tip(rows, Plot.pointerY({ x: () => 0.5, y: "agent", title })),
              ],
            }),
          ],
        },
      ],
    };
  };

  // Rows of an option set: the agent's own lottery is the first one.
  const [OWN, WORSE, BETTER] = ["its own", "no better", "better"];
  const colors = { [OWN]: "var(--theory)", [WORSE]: "var(--played)", [BETTER]: "var(--series-1)" };

  const curves = (rows, labels, label) => (width) => {
    const points = rows.flatMap((row, z) => [0, ...labels.map((_, k) => row[`first:${k}`])].map((y, k) => ({ ...row, z, k, y })));
    const line = (kind, strokeWidth, strokeOpacity) =>
      Plot.lineY(points.filter((row) => row.kind === kind), { x: "k", y: "y", z: "z", stroke: colors[kind], strokeWidth, strokeOpacity });
    return [
      parley.plot(width, `${label}: probability of an item of the first choices, lottery by lottery`, {
        height: 300,
        marginLeft: 44,
        x: { label: "one of the first k choices →", domain: [0, labels.length], ticks: labels.length, tickFormat: (k) => (Number.isInteger(k) ? `${k}` : "") },
        y: { label: "↑ probability (%)", percent: true, domain: [0, 100], grid: true },
        marks: [
          Plot.ruleY([0]),
          line(WORSE, 1.2, 0.55),
          line(BETTER, 1.8, 1),
          line(OWN, 3, 1),
          Plot.dot(points.filter((row) => row.kind === OWN), { x: "k", y: "y", fill: colors[OWN], r: 4 }),
          parley.tip(points, Plot.pointer({ x: "k", y: "y", maxRadius: 30, title: (row) => `${row.report}\n${row.lottery}` })),
        ],
      }),
    ];
  };

  // Lotteries over three items: a corner for each item, as far to it as it is likely.
  const triangle = (rows, items, worse, label) => (width) => {
    const place = ([, b, c]) => [c + b / 2, b * HEIGHT];
    const corners = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map(place);
    const sure = rows.filter((row) => row.nothing === undefined || row.nothing === 0);
    const points = sure.map((row) => {
      const [x, y] = place([0, 1, 2].map((k) => row[`item:${k}`]));
      return { ...row, x, y };
    });
    const side = Math.min(width, 420);
    return [
      parley.plot(side, `${label}: a triangle with a corner for each item, and what the agent could have had in it`, {
        height: side * 0.86,
        marginTop: 30,
        marginLeft: 30,
        marginRight: 30,
        axis: null,
        x: { domain: [-0.02, 1.02] },
        y: { domain: [-0.02, HEIGHT + 0.02] },
        marks: [
          Plot.line([...corners, corners[0]], { stroke: "var(--ink)", fill: "var(--ground)" }),
          Plot.line([...worse, worse[0]].map(place), { fill: "var(--quiet)", fillOpacity: 0.25, curve: "linear-closed", stroke: "none" }),
          ...corners.map(([x, y], k) => Plot.text([parley.shorten(items[k], 14)], { x: [x], y: [y], dx: [-20, 0, 20][k], dy: k === 1 ? -14 : 18, textAnchor: ["start", "middle", "end"][k], fontWeight: 600, fill: "var(--ink)" })),
          ...[WORSE, BETTER, OWN].map((kind) => Plot.dot(points.filter((row) => row.kind === kind), { x: "x", y: "y", fill: colors[kind], r: kind === OWN ? 8 : 5, stroke: "var(--ground)" })),
          parley.tip(points, Plot.pointer({ x: "x", y: "y", title: (row) => `${row.report}\n${row.lottery}\n${row.kind}` })),
        ],
      }),
    ];
  };

  parley.charts.options = (figure) => {
    const { labels, items, worse } = figure.options;
    const rows = parley.rows(figure);
    const there = [OWN, WORSE, BETTER].filter((kind) => rows.some((row) => row.kind === kind));
    return {
      legends: [parley.legend(there.map((kind) => ({ text: kind, color: colors[kind], symbol: d3.symbolCircle })))],
      panels: [
        ...(worse ? [{ title: "Shaded: no better for it", draw: triangle(rows, items, worse, figure.title) }] : []),
        ...(labels.length ? [{ title: "Probability of one of its first choices", draw: curves(rows, labels, figure.title) }] : []),
      ],
    };
  };
}
