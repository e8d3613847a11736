"use strict";
// The page: its data become figures, and one cell at a time is shown.

{
  const data = JSON.parse(document.getElementById("parley-data").textContent);
  parley.strategies = data.strategies;

  const drawn = new Set(); // panels that are on the page, to be drawn again when their width changes

  const draw = (panel) => {
    const width = Math.floor(panel.node.clientWidth);
    if (width <= 0 || width === panel.width) return;
    panel.width = width;
    panel.node.querySelectorAll(":scope > svg").forEach((svg) => svg.remove());
    panel.node.append(...panel.draw(width));
  };

  const charts = (figure) => {
    const found = figure.chart.split(" ").map((name) => parley.charts[name](figure)).filter(Boolean);
    const panels = found.flatMap((chart) => chart.panels);
    if (!panels.length) return [];
    const wide = panels.length === 1 && found[0].wide;
    const grid = parley.element("div", { class: wide ? "charts wide" : "charts" });
    for (const { title, draw: how } of panels) {
      const node = parley.element("div", { class: "panel" });
      if (title) node.append(parley.element("h4", {}, title));
      grid.append(node);
      drawn.add({ node, draw: how, width: 0 });
    }
    return [...found.flatMap((chart) => chart.legends ?? []), grid];
  };

  const contents = (figure) => {
    const nodes = figure.chart ? charts(figure) : [];
    const table = parley.table(figure);
    if (figure.note) nodes.push(parley.element("p", { class: "note" }, figure.note));
    nodes.push(figure.folded ? parley.element("details", {}, parley.element("summary", {}, "The numbers"), table) : table);
    return parley.element("figure", { "data-figure": figure.id, "aria-label": figure.alt || figure.title }, ...nodes);
  };

  const redraw = () => {
    for (const panel of drawn) if (panel.node.isConnected) draw(panel);
      else drawn.delete(panel);
  };

  const listed = (id, text) =>
    document.getElementById("contents").append(parley.element("li", {}, parley.element("a", { href: `#${id}` }, text)));

  for (const figure of data.figures) {
    const id = `figure-${figure.id}`;
    const heading = parley.element("h2", { id: `${id}-title` }, figure.title);
    document.getElementById("figures").append(parley.element("section", { id, "aria-labelledby": heading.id }, heading, contents(figure)));
    listed(id, figure.title);
  }

  const choice = document.getElementById("cell-choice");
  const show = () => {
    const cell = data.cells[Number(choice.value)];
    document.getElementById("cell-name").textContent = cell.name;
    document.getElementById("cell-notes").replaceChildren(...cell.notes.map((note) => parley.element("li", {}, note)));
    const figures = cell.figures.map(({ head, ...own }) => {
      const figure = { ...data.heads[head], ...own };
      const node = contents(figure);
      node.prepend(parley.element("h3", {}, figure.title));
      return node;
    });
    document.getElementById("cell-figures").replaceChildren(...figures);
    redraw();
  };
  if (choice) {
    listed("cell", document.getElementById("cell-title").textContent);
    choice.addEventListener("change", show);
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-cell]");
      if (link) {
        choice.value = link.dataset.cell;
        show();
      }
    });
    show();
  }
  if (document.getElementById("method")) listed("method", "How it was made");

  redraw();
  let waiting;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(redraw, 100);
  });
}
