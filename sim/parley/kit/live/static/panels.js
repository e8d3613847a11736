// Drawing where a game stands: tables whose cells the server names, before the first transaction and as they change.

import { $, colour, h, s, swatch } from "./dom.js";

/** The panels after the first k + 1 transactions: as they were at first, with all changes since. */
export function after(game, k) {
  const panels = game.panels.map((panel) => ({ ...panel, cells: panel.cells.map((row) => [...row]) }));
  const byId = Object.fromEntries(panels.map((panel) => [panel.id, panel]));
  for (const step of game.steps.slice(0, k + 1)) {
    for (const [id, row, column, cell] of step.changes) byId[id].cells[row][column - 1] = cell;
  }
  return panels;
}

/** Draw the panels and the phases. */
export function draw(game, k) {
  const step = game.steps[k];
  $("board").replaceChildren(...after(game, k).map((panel) => drawn(panel, game.agents, step.actor)));
  const reached = Math.max(0, ...game.steps.slice(0, k + 1).map(({ phase }) => phase ?? 0));
  const seen = new Set(game.steps.slice(0, k + 1).map(({ phase }) => phase));
  $("phases").replaceChildren(
    ...game.phases.map((name, i) =>
      h("li", { class: seen.has(i + 1) && i + 1 !== step.phase ? "done" : i + 1 < reached ? "passed" : null, "aria-current": i + 1 === step.phase ? "step" : null }, name),
    ),
  );
}

function drawn(panel, agents, actor) {
  const rows = panel.rows.map((row, i) =>
    h(
      "tr",
      { class: row === actor ? "acting" : null, style: typeof row === "number" ? { "--seat": colour(row) } : null },
      h("th", { scope: "row" }, ...(typeof row === "number" ? [swatch(row), agents[row]] : [row])),
      ...panel.cells[i].map(cellOf),
    ),
  );
  return h(
    "div",
    { class: "panel", id: `panel-${panel.id}` },
    h("h3", {}, panel.title),
    panel.note ? h("p", { class: "note" }, panel.note) : null,
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "group", "aria-label": panel.title },
      h("table", {}, h("thead", {}, h("tr", {}, ...panel.head.map((name) => (name ? h("th", { scope: "col" }, name) : h("td"))))), h("tbody", {}, ...rows)),
    ),
  );
}

function cellOf(cell) {
  if (typeof cell === "string") return h("td", {}, cell);
  if (cell.wei !== undefined) return h("td", {}, h("span", { title: `${cell.wei} wei`, "data-wei": cell.wei }, cell.text));
  const at = (x) => `${2 + 96 * x}%`;
  const [from, to] = cell.bar ?? [0, 0];
  const line = (x, name, y1, y2) => s("line", { class: name, x1: at(x), x2: at(x), y1, y2 });
  return h(
    "td",
    { class: "track" },
    s(
      "svg",
      cell.text ? { role: "img", "aria-label": cell.text } : { "aria-hidden": "true" },
      s("line", { class: "axis", x1: at(0), x2: at(1), y1: "50%", y2: "50%" }),
      cell.bar ? s("rect", { class: "played", x: at(Math.min(from, to)), width: `${96 * Math.abs(to - from)}%`, y: "20%", height: "60%", rx: 3 }) : null,
      cell.circle === undefined ? null : s("circle", { class: "alone", cx: at(cell.circle), cy: "50%", r: 4.5 }),
      cell.notch === undefined ? null : line(cell.notch, "expected", "4%", "96%"),
    ),
    h("small", {}, cell.text),
  );
}
