"use strict";
// The page: its data become figures, and one cell at a time is shown.

{
  const data = JSON.parse(document.getElementById("parley-data").textContent);
  const sheets = data.sheets ?? [data];
  parley.strategies = [...new Set(sheets.flatMap((sheet) => sheet.strategies))];

  const drawn = new Set(); // panels that are on the page, to be drawn again when their width changes

  const draw = (panel) => {
    const width = Math.floor(panel.node.clientWidth);
    if (width <= 0 || width === panel.width) return;
    panel.width = width;
    panel.node.querySelectorAll(":scope > svg").forEach((svg) => svg.remove());
    panel.node.append(...panel.draw(width));
  };

  const charts = (figure) => {
    const found = figure.chart.split(" ").filter(Boolean).map((name) => parley.charts[name](figure)).filter(Boolean);
    const panels = found.flatMap((chart) => chart.panels);
    if (!panels.length) return [];
    const wide = panels.length === 1 && found[0].wide;
    const grid = parley.element("div", { class: wide ? "charts wide" : "charts" });
    for (const { title, draw: how } of panels) {
      const node = parley.element("div", { class: "panel" });
      if (title) node.append(parley.element("p", { class: "title" }, title));
      grid.append(node);
      drawn.add({ node, draw: how, width: 0 });
    }
    return [...found.flatMap((chart) => chart.legends ?? []), grid];
  };

  const contents = (figure) => {
    const nodes = charts(figure);
    const folded = figure.folded && nodes.length > 0;
    const table = parley.table(figure);
    if (figure.note) nodes.push(parley.element("p", { class: "note" }, figure.note));
    nodes.push(folded ? parley.element("details", {}, parley.element("summary", {}, "The numbers"), table) : table);
    return parley.element("figure", { "data-figure": figure.id, "aria-label": figure.alt || figure.title }, ...nodes);
  };

  const redraw = () => {
    for (const panel of drawn) if (panel.node.isConnected) draw(panel);
      else drawn.delete(panel);
    for (const node of document.querySelectorAll(".scroll")) node.classList.toggle("wider", node.scrollWidth > node.clientWidth + 1);
  };

  const choices = [];
  const build = (sheet, prefix) => {
    const at = (id) => document.getElementById(`${prefix}${id}`);
    const listed = (id, text) =>
      at("contents").append(parley.element("li", {}, parley.element("a", { href: `#${prefix}${id}` }, text)));
    const level = Number(at("figures").dataset.level);

    for (const figure of sheet.figures) {
      const id = `${prefix}figure-${figure.id}`;
      const heading = parley.element(`h${level}`, { id: `${id}-title` }, figure.title);
      at("figures").append(parley.element("section", { id, ...(data.sheets ? {} : { "aria-labelledby": heading.id }) }, heading, contents(figure)));
      listed(`figure-${figure.id}`, figure.title);
    }
    for (let k = 1; at(`passage-${k}`); k++) listed(`passage-${k}`, at(`passage-${k}-title`).textContent);

    const choice = at("cell-choice");
    const show = () => {
      const cell = sheet.cells[Number(choice.value)];
      at("cell-name").textContent = cell.name;
      at("cell-notes").replaceChildren(...cell.notes.map((note) => parley.element("li", {}, note)));
      const figures = cell.figures.map(({ head, ...own }) => {
        const figure = { ...sheet.heads[head], ...own };
        const node = contents(figure);
        node.prepend(parley.element(`h${level + 1}`, {}, figure.title));
        return node;
      });
      at("cell-figures").replaceChildren(...figures);
      redraw();
    };
    if (choice) {
      listed("cell", at("cell-title").textContent);
      choice.addEventListener("change", show);
      choices.push([at("figures"), choice, show]);
      show();
    }
    if (at("method")) listed("method", "How it was made");
  };
  sheets.forEach((sheet, k) => build(sheet, data.sheets ? `run-${k + 1}-` : ""));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-cell]");
    const found = link && choices.find(([figures]) => figures.contains(link));
    if (!found) return;
    const [, choice, show] = found;
    choice.value = link.dataset.cell;
    show();
    choice.closest("section").scrollIntoView();
    event.preventDefault();
  });

  redraw();
  document.addEventListener("toggle", redraw, true);
  let waiting;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(redraw, 100);
  });
}
