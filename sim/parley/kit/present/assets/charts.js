"use strict";
// What all charts share. A chart is given its figure and returns panels, each of them a title
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
  for (const layer of svg.querySelectorAll("g[aria-label]")) layer.setAttribute("role", "group"); // may have a name
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
  // Of the text in a cell: readable on a fill this deep, in the light and in the dark. In between, black is in both.
  const BETWEEN = { "var(--theory)": [0.625, 0.79] };
  const onFill = (depth, fill) => {
    const [low, deep] = BETWEEN[fill] ?? [0.595, 0.88];
    return depth < low ? "var(--on-low)" : depth < deep ? "#000000" : "var(--on-deep)";
  };

  parley.heat = (width, label, { rows, across, down, title, most = Math.max(...rows.map((row) => row.value)) || 1, fill }) => {
    const side = Math.min(width, Math.max(260, 110 * across.length + 130));
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
          ...(labelled ? [Plot.text(rows, { x: "x", y: "y", text: "text", fill: (row) => onFill(row.value / most, fill) })] : []),
          parley.tip(rows, Plot.pointer({ x: "x", y: "y", title })),
        ],
      }),
    ];
  };
}
