"use strict";
// Charts of matrices, and of how something is divided: among columns, or among three in a triangle.

{
  const percent = parley.formats.percent;
  const HEIGHT = Math.sqrt(3) / 2;

  // What is written in a cell: certain things without decimals.
  const written = (entry, write) => {
    const value = parley.value(entry);
    return value === null ? "" : value === 0 || value === 1 ? `${value}` : write(entry);
  };

  parley.charts.matrix = (figure) => {
    const { down, across, value, most, tone = "played" } = figure.options;
    const [[one], [other], ...rest] = figure.columns;
    const k = figure.columns.findIndex(([key]) => key === value);
    const write = parley.writer(figure.columns[k][2], figure.rows.map((row) => row[k]));
    const rows = parley.rows(figure).map((row, i) => ({ ...row, x: row[other], y: row[one], value: Math.max(0, row[value] ?? 0), text: written(figure.rows[i][k], write) }));
    const told = ([key, label, format], row) => `${label}: ${row[key] === null ? "–" : parley.formats[format](row[key])}`;
    const title = (row) => [row.x === row.y ? `${row.y} alone` : `${row.y}: ${row.x}`, ...rest.map((column) => told(column, row))].join("\n");
    return {
      wide: true,
      panels: [{ draw: (width) => parley.heat(width, figure.alt, { rows, across, down, title, most, fill: parley.tones[tone] }) }],
    };
  };

  parley.charts.stacked = (figure) => {
    const rows = parley.rows(figure).map((row, k) => ({ ...row, name: String(figure.rows[k][0]) }));
    const labels = Object.fromEntries(figure.columns.map(([key, label]) => [key, label]));
    const { parts, unit } = figure.options;
    const shade = (k) => 1 - (0.85 * k) / Math.max(1, parts.length - 1);
    const long = rows.flatMap((row) => parts.map((part, k) => ({ name: row.name, k, share: row[part] })));
    const title = (row) => [row.name, ...parts.map((part) => `${labels[part]}: ${percent(row[part])}`)].join("\n");
    return {
      wide: true,
      legends: [parley.legend(parts.map((part, k) => ({ text: labels[part], color: "var(--played)", area: shade(k), width: 0 })))],
      panels: [
        {
          draw: (width) => [
            parley.plot(width, figure.alt, {
              ...parley.named(rows, "name", width),
              x: { label: `${unit} (%) →`, percent: true, domain: [0, 100], grid: true },
              opacity: { domain: [0, 1], range: [0, 1] },
              marks: [
                Plot.barX(long, { x: "share", y: "name", fill: "var(--played)", fillOpacity: (row) => shade(row.k), stroke: "var(--ground)", order: "k" }),
                Plot.ruleX([0]),
                parley.tip(rows, Plot.pointerY({ x: () => 0.5, y: "name", title })),
              ],
            }),
          ],
        },
      ],
    };
  };

  // A line for each name, and on it a bar from the start to the end of each of its rows.
  parley.charts.timeline = (figure) => {
    const { rows: names } = figure.options;
    const [[who], [what]] = figure.columns;
    const rows = parley.rows(figure).map((row) => ({ ...row, name: String(row[who]) }));
    const most = d3.max(rows, (row) => row.value) || 1;
    const lines = names.map((name) => ({ name: String(name) }));
    const title = (row) => `${row.name}: ${row[what]}\n${row.start} to ${row.end}, value ${row.value}`;
    return {
      wide: true,
      panels: [
        {
          draw: (width) => [
            parley.plot(width, figure.alt, {
              ...parley.named(lines, "name", width),
              x: { label: "time →", grid: true },
              marks: [
                Plot.barX(rows, { x1: "start", x2: "end", y: "name", fill: "var(--played)", fillOpacity: (row) => 0.25 + (0.75 * row.value) / most, stroke: "var(--ground)" }),
                parley.tip(rows, Plot.pointer({ x: (row) => (row.start + row.end) / 2, y: "name", title })),
              ],
            }),
          ],
        },
      ],
    };
  };

  // Kinds of rows that are there, those in front last, each with its colour.
  const kindsOf = (figure, rows) =>
    Object.entries(figure.options.kinds).filter(([kind]) => rows.some((row) => row.kind === kind)).map(([kind, tone]) => ({ kind, color: parley.tones[tone] }));

  // What all columns of words say of a row.
  const said = (figure) => (row) => figure.columns.filter(([, , format]) => format === "text").map(([key]) => row[key]).join("\n");

  const kindLegend = (kinds, areas = []) =>
    parley.legend([
      ...kinds.map(({ kind, color }) => ({ text: kind, color, symbol: d3.symbolCircle })).reverse(),
      ...areas.map(({ label, tone }) => ({ text: label, color: parley.tones[tone], area: 0.35, width: 0 })),
    ]);

  parley.charts.curves = (figure) => {
    const { steps, across, up } = figure.options;
    const rows = parley.rows(figure);
    if (!steps.length || !rows.length) return null;
    const kinds = kindsOf(figure, rows);
    const front = kinds[kinds.length - 1].kind;
    const points = rows.flatMap((row, z) => [0, ...steps.map((step) => row[step])].map((y, k) => ({ ...row, z, k, y })));
    return {
      legends: figure.chart === "curves" ? [kindLegend(kinds)] : [],
      panels: [
        {
          title: figure.chart === "curves" ? "" : up,
          draw: (width) => [
            parley.plot(width, `${figure.title}: ${up}, ${across}`, {
              height: 300,
              marginLeft: 44,
              x: { label: `${across} →`, domain: [0, steps.length], ticks: steps.length, tickFormat: (k) => (Number.isInteger(k) ? `${k}` : "") },
              y: { label: `↑ ${up} (%)`, percent: true, domain: [0, 100], grid: true },
              marks: [
                Plot.ruleY([0]),
                ...kinds.map(({ kind, color }) =>
                  Plot.lineY(points.filter((row) => row.kind === kind), { x: "k", y: "y", z: "z", stroke: color, strokeWidth: kind === front ? 3 : 1.3, strokeOpacity: kind === front ? 1 : 0.6 }),
                ),
                Plot.dot(points.filter((row) => row.kind === front), { x: "k", y: "y", fill: kinds[kinds.length - 1].color, r: 4 }),
                parley.tip(points, Plot.pointer({ x: "k", y: "y", maxRadius: 30, title: said(figure) })),
              ],
            }),
          ],
        },
      ],
    };
  };

  // What divides a whole among three: a corner for each, as near to it as its part is large.
  parley.charts.triangle = (figure) => {
    const { corners, areas, down = false, whole = 1 } = figure.options;
    const places = down ? [[0.5, 0], [1, HEIGHT], [0, HEIGHT]] : [[0, 0], [0.5, HEIGHT], [1, 0]];
    const place = (parts) => [0, 1].map((k) => d3.sum(parts, (part, i) => part * places[i][k]) / d3.sum(parts));
    const names = corners.map((key) => figure.columns.find(([own]) => own === key)[1]);
    const rows = parley.rows(figure);
    const points = rows
      .map((row) => ({ row, parts: corners.map((key) => row[key]) }))
      .filter(({ parts }) => Math.abs(d3.sum(parts) - whole) < 1e-6 * whole)
      .map(({ row, parts }) => ({ ...row, x: place(parts)[0], y: place(parts)[1] }));
    const kinds = kindsOf(figure, points);
    return {
      legends: [kindLegend(kinds, areas)],
      panels: [
        {
          draw: (width) => {
            const side = Math.min(width, 420);
            return [
              parley.plot(side, figure.alt, {
                height: side * 0.9,
                marginTop: 34,
                marginBottom: 34,
                marginLeft: 34,
                marginRight: 34,
                axis: null,
                x: { domain: [-0.02, 1.02] },
                y: { domain: [-0.02, HEIGHT + 0.02] },
                marks: [
                  Plot.line([...places, places[0]], { stroke: "var(--ink)", fill: "var(--ground)" }),
                  ...areas.map(({ corners: polygon, tone }) => Plot.line(polygon.map(place), { fill: parley.tones[tone], fillOpacity: 0.3, curve: "linear-closed", stroke: parley.tones[tone], strokeWidth: 1.5 })),
                  ...places.map(([x, y], k) =>
                    Plot.text([parley.shorten(names[k], 16)], { x: [x], y: [y], dx: x === 0.5 ? 0 : x < 0.5 ? -20 : 20, dy: y ? -14 : 18, textAnchor: x === 0.5 ? "middle" : x < 0.5 ? "start" : "end", fontWeight: 600, fill: "var(--ink)" }),
                  ),
                  ...kinds.map(({ kind, color }, k) => Plot.dot(points.filter((row) => row.kind === kind), { x: "x", y: "y", fill: color, r: k === kinds.length - 1 ? 8 : 5, stroke: "var(--ground)" })),
                  parley.tip(points, Plot.pointer({ x: "x", y: "y", title: said(figure) })),
                ],
              }),
            ];
          },
        },
      ],
    };
  };
}
