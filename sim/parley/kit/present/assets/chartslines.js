"use strict";
// Charts of what changes: shares and means along a column, one panel for each name in the first column.

{
  const percent = parley.formats.percent;
  const LONG = "8,4";

  const axis = (rows, across) => {
    const all = [...new Set(rows.map((row) => row[across]))];
    const along = all.length > 1 && all.every((x) => typeof x === "number");
    return { label: `${across} →`, labelAnchor: "right", tickFormat: (x) => (!along || Number.isInteger(x) ? `${x}` : ""), domain: along ? d3.extent(all) : all, type: along ? "linear" : "point" };
  };

  const panels = (figure, rows, draw) =>
    [...d3.group(rows, (row) => row[figure.columns[0][0]])].map(([title, own], _, { length }) => ({ title: length > 1 ? title : "", draw: (width) => [draw(title, own, width)] }));

  // Shares of each name, stacked; rows hold one column `share:k` for each, and one `theory:k` where theory has them.
  parley.charts.areas = (figure) => {
    const rows = parley.rows(figure);
    const { names, across } = figure.options;
    if (names.length < 2) return null; // everybody, always: the table says it
    const foretold = (row) => row["theory:0"] !== null && row["theory:0"] !== undefined;
    const plot = (panel, own, width) => {
      const long = own.flatMap((row) => names.map((name, k) => ({ x: row[across], name, share: row[`share:${k}`] })));
      const one = new Set(own.map((row) => row[across])).size === 1;
      const title = (row) => [`${across} ${row[across]}`, ...names.map((name, k) => `${name}: ${percent(row[`share:${k}`])}`)].join("\n");
      // Where theory has the borders between names: sums of the shares below them.
      const borders = (one ? [] : own.filter(foretold)).flatMap((row) =>
        names.slice(0, -1).map((name, k) => ({ x: row[across], name, height: d3.sum(names.slice(0, k + 1), (_, i) => row[`theory:${i}`]) })),
      );
      const border = { x: "x", y: "height", z: "name" };
      return parley.plot(width, `${panel}: shares over the ${across}s`, {
        height: 180,
        x: axis(own, across),
        y: { percent: true, domain: [0, 100], label: "↑ share (%)", ticks: 4 },
        color: parley.scale(names),
        marks: [
          (one ? Plot.barY : Plot.areaY)(long, { x: "x", y: "share", fill: "name", order: names, stroke: "var(--ground)", strokeWidth: 0.7 }),
          // A seam of the ground's colour keeps the dashes visible on any of the areas.
          Plot.lineY(borders, { ...border, stroke: "var(--ground)", strokeWidth: 3.5, strokeOpacity: 0.8 }),
          Plot.lineY(borders, { ...border, stroke: "var(--ink)", strokeWidth: 1.5, strokeDasharray: LONG }),
          Plot.ruleY([0]),
          parley.tip(own, Plot.pointerX({ x: across, y: () => 0.5, title, maxRadius: Infinity })),
        ],
      });
    };
    return {
      legends: [
        parley.legend([
          ...names.map((text) => ({ text, color: parley.series(parley.strategies.indexOf(text)), area: 1 })),
          ...(rows.some(foretold) ? [{ text: "theory's course", color: "var(--ink)", dash: LONG, width: 1.5 }] : []),
        ]),
      ],
      wide: true,
      panels: panels(figure, rows, plot),
    };
  };

  // Several columns along another one, some with an interval around them; levels are lines across a panel.
  parley.charts.lines = (figure) => {
    const rows = parley.rows(figure);
    const { across, up, lines, levels = [], top = 1 } = figure.options;
    const known = lines.filter(({ key }) => rows.some((row) => row[key] !== null));
    const plot = (panel, own, width) => {
      const here = levels.filter((level) => level.panel === panel);
      const values = own.flatMap((row) => known.flatMap(({ key, around = [] }) => [key, ...around].map((name) => row[name]))).filter((value) => value !== null);
      const title = (row) =>
        [`${across} ${row[across]}`, ...known.filter(({ key }) => row[key] !== null).map(({ key, text, around }) => `${text}: ${percent(row[key])}${around ? ` (${around.map((name) => percent(row[name])).join(" to ")})` : ""}`)].join("\n");
      const marks = known.flatMap(({ key, tone, dash, around }) => {
        const points = own.filter((row) => row[key] !== null);
        const color = parley.color(tone);
        const one = points.length === 1;
        const band = around && { x: across, y1: around[0], y2: around[1] };
        return [
          ...(band ? [one ? Plot.ruleX(points, { ...band, stroke: color, strokeWidth: 2 }) : Plot.areaY(points, { ...band, fill: color, fillOpacity: 0.22 })] : []),
          one ? Plot.dot(points, { x: across, y: key, fill: color, r: 4 }) : Plot.lineY(points, { x: across, y: key, stroke: color, strokeWidth: 2, strokeDasharray: dash }),
        ];
      });
      return parley.plot(width, `${panel}: ${up}`, {
        height: 220,
        x: axis(own, across),
        y: { percent: true, domain: [100 * Math.min(0, ...values), 100 * Math.max(top, ...values)], label: `↑ ${up}`, ticks: 5, grid: true },
        marks: [
          Plot.ruleY([0]),
          ...marks,
          Plot.ruleY(here, { y: "value", stroke: "var(--theory)", strokeWidth: 1 }),
          Plot.text(here, { y: "value", text: "text", frameAnchor: "right", dy: here[0]?.value > 0.85 ? 9 : -9, fill: "var(--theory)", stroke: "var(--ground)", strokeWidth: 3 }),
          parley.tip(own.filter((row) => row[known[0]?.key] !== null), Plot.pointerX({ x: across, y: known[0]?.key, title, maxRadius: Infinity })),
        ],
      });
    };
    return {
      legends: [parley.legend(known.map(({ text, tone, dash, around }) => ({ text, color: parley.color(tone), dash, area: around ? 0.22 : undefined })))],
      wide: true,
      panels: panels(figure, rows, plot),
    };
  };
}
