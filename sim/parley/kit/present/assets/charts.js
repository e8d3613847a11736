"use strict";
// Charts of populations over generations. A chart is given its figure and returns panels, each of them a title
// and a function from a width to what is drawn there. Colours are the page's, by name, so that they follow it into
// the dark and onto paper.

parley.rows = (figure) =>
  figure.rows.map((row) => Object.fromEntries(figure.columns.map(([key], k) => [key, parley.value(row[k])])));

parley.color = (name) => `var(--${name})`;
parley.series = (k) => `var(--series-${k % 8})`;

// The order of strategies is the page's, so that a strategy has one colour everywhere.
parley.strategies = [];
parley.scale = (names) => ({ domain: names, range: names.map((name) => parley.series(parley.strategies.indexOf(name))) });

parley.plot = (width, label, options) => {
  const svg = Plot.plot({ width, marginTop: 24, marginBottom: 34, ...options });
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  return svg;
};

// What stands at the pointer, in words: a line of text for each number.
parley.tip = (rows, options) =>
  Plot.tip(rows, { fontSize: 12, lineHeight: 1.35, textPadding: 8, stroke: "var(--quiet)", ...options });

// Colours of what a figure calls played, theory, and so on.
parley.tones = { played: "var(--played)", theory: "var(--theory)", shade: "var(--quiet)", other: "var(--series-1)", ink: "var(--ink)" };

parley.legend = (items) => {
  const list = parley.element("ul", { class: "legend" });
  for (const { text, color, dash, area, symbol, width = 2.5 } of items) {
    const svg = d3.create("svg").attr("viewBox", "0 0 22 12").attr("aria-hidden", "true");
    if (area) svg.append("rect").attr("width", 22).attr("height", 12).attr("fill", color).attr("fill-opacity", area);
    if (symbol)
      svg.append("path").attr("transform", "translate(11,6)").attr("d", d3.symbol(symbol, 50)()).attr("fill", "none").attr("stroke", color).attr("stroke-width", 2);
    else if (area !== 1)
      svg.append("line").attr("x2", 22).attr("y1", 6).attr("y2", 6).attr("stroke", color).attr("stroke-width", width).attr("stroke-dasharray", dash ?? null);
    list.append(parley.element("li", {}, svg.node(), text));
  }
  return list;
};

{
  const ROW = 26;

  parley.shorten = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

  // A scale of names on the left, with as much room as they need and no more than a third of the width.
  parley.named = (rows, key, width) => {
    const longest = Math.max(...rows.map((row) => row[key].length));
    const room = Math.floor((Math.max(80, width / 3) - 14) / 6.6);
    const most = Math.min(longest, room);
    const margin = Math.max(34, 6.6 * most + 14);
    return {
      marginLeft: margin,
      height: rows.length * ROW + 56,
      y: { label: null, domain: rows.map((row) => row[key]), tickFormat: (text) => parley.shorten(text, most), tickSize: 0, padding: 0.3 },
    };
  };

  // A heat map of names by names. Rows have x, y, value, and the text that is written where there is room.
  parley.heat = (width, label, { rows, across, down, title, most = Math.max(...rows.map((row) => row.value)) || 1, fill }) => {
    const side = Math.min(width, Math.max(260, 72 * across.length + 90));
    const left = parley.named(down.map((name) => ({ name })), "name", side);
    // Names of columns may reach beyond the last one.
    const turned = across.length > 4;
    const letters = Math.min(12, Math.max(...across.map((name) => name.length)));
    const marginRight = Math.max(20, Math.ceil((turned ? 5.4 : 3.4) * letters) - (turned ? 0 : 12));
    const square = (side - left.marginLeft - marginRight) / across.length;
    const high = across.join() === down.join() ? Math.min(square, 64) : Math.min(Math.max(square, 12), 30);
    const labelled = square >= 7 * Math.max(...rows.map((row) => row.text.length)) + 4;
    return [
      parley.plot(side, label, {
        ...left,
        marginTop: 60,
        marginRight,
        marginBottom: 8,
        height: high * down.length + 70,
        x: { axis: "top", label: null, domain: across, tickFormat: (text) => parley.shorten(text, 12), tickRotate: turned ? -40 : 0, tickSize: 0, padding: 0.06 },
        y: { ...left.y, padding: 0.06 },
        opacity: { domain: [0, 1], range: [0, 1] },
        marks: [
          Plot.cell(rows, { x: "x", y: "y", fill: "var(--heat-low)", stroke: "var(--rule)" }),
          Plot.cell(rows, { x: "x", y: "y", fill, fillOpacity: (row) => row.value / most }),
          ...(labelled ? [Plot.text(rows, { x: "x", y: "y", text: "text", fill: "var(--ink)", stroke: "var(--ground)", strokeWidth: 3.5, strokeOpacity: 0.75 })] : []),
          parley.tip(rows, Plot.pointer({ x: "x", y: "y", title })),
        ],
      }),
    ];
  };
}

{
  const percent = parley.formats.percent;
  const SHORT = "2,3";
  const LONG = "8,4";

  const generations = (rows) => {
    const all = [...new Set(rows.map((row) => row.generation))];
    return { label: "generation →", labelAnchor: "right", tickFormat: (x) => (Number.isInteger(x) ? `${x}` : ""), domain: all.length > 1 ? d3.extent(all) : all, type: all.length > 1 ? "linear" : "point" };
  };

  const strategyLegend = (names, rows) =>
    parley.legend([
      ...names.map((text) => ({ text, color: parley.series(parley.strategies.indexOf(text)), area: 1 })),
      ...(rows.some((row) => row["theory:0"] !== null) ? [{ text: "theory's course", color: "var(--ink)", dash: LONG, width: 1.5 }] : []),
    ]);

  // Shares of each strategy, stacked; rows hold one column `share:k` for each.
  const sharesPlot = (rows, names, width, height, label) => {
    const long = rows.flatMap((row) =>
      names.map((strategy, k) => ({ generation: row.generation, strategy, share: row[`share:${k}`] })),
    );
    const one = new Set(rows.map((row) => row.generation)).size === 1;
    const title = (row) =>
      [`generation ${row.generation}`, ...names.map((name, k) => `${name}: ${percent(row[`share:${k}`])}`)].join("\n");
    const mark = one ? Plot.barY : Plot.areaY;
    // Where theory has the borders between strategies: sums of the shares below them.
    const borders = one ? [] : rows.filter((row) => row["theory:0"] !== null).flatMap((row) =>
      names.slice(0, -1).map((name, k) => ({
        generation: row.generation,
        border: name,
        height: d3.sum(names.slice(0, k + 1), (_, i) => row[`theory:${i}`]),
      })),
    );
    return parley.plot(width, label, {
      height,
      x: generations(rows),
      y: { percent: true, domain: [0, 100], label: "↑ members (%)", ticks: 4 },
      color: parley.scale(names),
      marks: [
        mark(long, { x: "generation", y: "share", fill: "strategy", order: names, stroke: "var(--ground)", strokeWidth: 0.7 }),
        // A seam of the ground's colour keeps the dashes visible on any of the areas.
        Plot.lineY(borders, { x: "generation", y: "height", z: "border", stroke: "var(--ground)", strokeWidth: 3.5, strokeOpacity: 0.8 }),
        Plot.lineY(borders, { x: "generation", y: "height", z: "border", stroke: "var(--ink)", strokeWidth: 1.5, strokeDasharray: LONG }),
        Plot.ruleY([0]),
        ...(one ? [] : [Plot.ruleX(rows, Plot.pointerX({ x: "generation", stroke: "var(--ink)" }))]),
        parley.tip(rows, Plot.pointerX({ x: "generation", y: () => 0.5, title })),
      ],
    });
  };

  const savingsPlot = (rows, levels, width, height, label) => {
    const known = rows.filter((row) => row.saved !== null);
    const values = rows.flatMap((row) => [row.low, row.high, row.expected, row.predicted]).filter((v) => v !== null);
    const title = (row) =>
      [
        `generation ${row.generation}`,
        `saved: ${percent(row.saved)}`,
        `95%: ${percent(row.low)} to ${percent(row.high)}`,
        ...(row.expected === null ? [] : [`theory, as announced: ${percent(row.expected)}`]),
        ...(row.predicted === null ? [] : [`theory's course: ${percent(row.predicted)}`]),
      ].join("\n");
    const line = (y, dash) =>
      Plot.lineY(rows.filter((row) => row[y] !== null), { x: "generation", y, stroke: "var(--theory)", strokeWidth: 1.8, strokeDasharray: dash });
    const one = known.length === 1;
    return parley.plot(width, label, {
      height,
      x: generations(rows),
      y: { percent: true, domain: [100 * Math.min(0, ...values), 100 * Math.max(1, ...values)], label: "↑ saved, of the possible (%)", ticks: 5, grid: true },
      marks: [
        Plot.ruleY([0]),
        one
          ? Plot.ruleX(known, { x: "generation", y1: "low", y2: "high", stroke: "var(--played)", strokeWidth: 2 })
          : Plot.areaY(known, { x: "generation", y1: "low", y2: "high", fill: "var(--played)", fillOpacity: 0.22 }),
        ...(levels.length ? [Plot.ruleY(levels, { y: "value", stroke: "var(--theory)", strokeWidth: 1 })] : []),
        line("predicted", LONG),
        one ? Plot.dot(known, { x: "generation", y: "saved", fill: "var(--played)", r: 4 }) : Plot.lineY(known, { x: "generation", y: "saved", stroke: "var(--played)", strokeWidth: 2 }),
        line("expected", SHORT),
        ...(levels.length
          ? [Plot.text(levels, { y: "value", text: "text", frameAnchor: "right", dy: (levels[0].value > 0.85 ? 1 : -1) * 9, fill: "var(--theory)", stroke: "var(--ground)", strokeWidth: 3 })]
          : []),
        ...(one ? [] : [Plot.ruleX(known, Plot.pointerX({ x: "generation", stroke: "var(--ink)" }))]),
        parley.tip(known, Plot.pointerX({ x: "generation", y: "saved", title })),
      ],
    });
  };

  const savingsLegend = (rows) =>
    parley.legend([
      { text: "saved, with 95% interval", color: "var(--played)", area: 0.22 },
      ...(rows.some((row) => row.expected !== null) ? [{ text: "theory, of what was announced", color: "var(--theory)", dash: SHORT }] : []),
      ...(rows.some((row) => row.predicted !== null) ? [{ text: "theory's course from the first shares", color: "var(--theory)", dash: LONG }] : []),
    ]);

  parley.charts.overview = (figure) => {
    const rows = parley.rows(figure);
    const names = parley.strategies;
    const levels = figure.options.levels;
    return {
      legends: [strategyLegend(names, rows), savingsLegend(rows)],
      panels: [...d3.group(rows, (row) => row.cell)].map(([cell, own]) => ({
        title: cell,
        draw: (width) => [
          sharesPlot(own, names, width, 180, `${cell}: shares of the strategies over the generations`),
          savingsPlot(own, levels.filter((level) => level.cell === cell), width, 200, `${cell}: savings over the generations, with theory`),
        ],
      })),
    };
  };

  parley.charts.shares = (figure) => {
    const rows = parley.rows(figure);
    const names = figure.options.names;
    return {
      legends: [strategyLegend(names, rows)],
      panels: [...d3.group(rows, (row) => row.seat)].map(([seat, own]) => ({
        title: seat,
        draw: (width) => [sharesPlot(own, names, width, 170, `${seat}: shares of the strategies over the generations`)],
      })),
    };
  };

  parley.charts.savings = (figure) => {
    const rows = parley.rows(figure);
    return {
      legends: [savingsLegend(rows)],
      wide: true,
      panels: [{ draw: (width) => [savingsPlot(rows, figure.options.levels, width, 260, figure.alt)] }],
    };
  };
}
