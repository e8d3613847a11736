// Many games against theory: histograms that fill, proposers, and a table.

import { $, colour, h, number, percent, s, scale, swatch } from "./dom.js";

const CONFIDENCE = 1.96; // half-width of a 95% interval in standard errors

const [WIDTH, TOP, BOTTOM, HEIGHT] = [300, 26, 158, 180];

const MARKS = [
  ["played", s("rect", { class: "played", x: 2, y: 2, width: 20, height: 12, rx: 2 })],
  ["promised by theory, if all play the equilibrium", s("rect", { class: "promised", x: 2, y: 2, width: 20, height: 12 })],
  ["expected in equilibrium", s("line", { class: "expected", x1: 12, x2: 12, y1: 0, y2: 16 })],
  ["mean so far, with its 95% interval", s("g", {}, s("line", { class: "interval", x1: 1, x2: 23, y1: 8, y2: 8 }), s("circle", { class: "mean", cx: 12, cy: 8, r: 4 }))],
  ["contracts alone", s("circle", { class: "alone", cx: 12, cy: 8, r: 4.5 })],
];

export function drawLegend() {
  $("legend").replaceChildren(...MARKS.map(([name, mark]) => h("span", {}, s("svg", { viewBox: "0 0 24 16", "aria-hidden": "true" }, mark), name)));
}

/** Draw the figures of the games so far. */
export function drawCrowd(figures) {
  const { names } = figures;
  $("histograms").replaceChildren(...figures.agents.map((agent, i) => histogram(names[i], agent, i, figures.games)));
  drawProposers(names, figures);
  drawMeans(names, figures);
}

function histogram(name, agent, seat, games) {
  const { bars, theory, expected, mean, std_error, contracted } = agent;
  const values = [expected, mean, contracted, ...bars.flatMap(([low, high]) => [low, high]), ...theory.map(([value]) => value)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = (high - low || Math.abs(high) || 1) * 0.06;
  const x = scale(low - margin, high + margin, 6, WIDTH - 6);
  const most = Math.max(...bars.map(([, , count]) => count / games), ...theory.map(([, chance]) => chance));
  const y = scale(0, most, BOTTOM, TOP);
  const half = CONFIDENCE * std_error;
  const bar = ([from, to, count]) => {
    const wide = from < to;
    const [left, right] = wide ? [x(from), x(to)] : [x(from) - 5, x(from) + 5];
    const title = `${count.toLocaleString("en")} games cost ${wide ? `${number(from)} to ${number(to)}` : number(from)}`;
    return s("rect", { class: "played", x: left, width: Math.max(right - left - (wide ? 1 : 0), 1), y: y(count / games), height: BOTTOM - y(count / games) }, s("title", {}, title));
  };
  const promise = ([value, chance]) =>
    s("rect", { class: "promised", x: x(value) - 8, width: 16, y: y(chance), height: BOTTOM - y(chance) }, s("title", {}, `theory: ${number(value)} with probability ${percent(chance)}`));
  const label = `${name}: mean cost ${number(mean)} in ${games} games, expected ${number(expected)}, contracts alone ${number(contracted)}`;
  return h(
    "figure",
    { style: { "--seat": colour(seat) } },
    h("figcaption", {}, h("b", {}, swatch(seat), " ", name), h("div", {}, `mean ${number(mean)}, theory ${number(expected)}`)),
    s(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
      s("line", { class: "axis", x1: 0, x2: WIDTH, y1: BOTTOM, y2: BOTTOM }),
      ...bars.map(bar),
      ...theory.map(promise),
      s("line", { class: "expected", x1: x(expected), x2: x(expected), y1: 4, y2: BOTTOM }),
      s("line", { class: "interval", x1: x(mean - half), x2: x(mean + half), y1: 12, y2: 12 }),
      s("circle", { class: "mean", cx: x(mean), cy: 12, r: 3.5 }),
      s("circle", { class: "alone", cx: x(contracted), cy: BOTTOM, r: 4 }),
      s("text", { x: 0, y: HEIGHT - 4 }, number(low)),
      s("text", { x: WIDTH, y: HEIGHT - 4, "text-anchor": "end" }, number(high)),
    ),
  );
}

function drawProposers(names, figures) {
  const drawn = figures.proposers.reduce((total, { count }) => total + count, 0);
  if (drawn === 0) {
    $("proposers").replaceChildren(h("p", { class: "placeholder" }, "No game has come to an offer yet."));
    return;
  }
  const [row, left, right] = [26, 105, 290];
  const most = Math.max(...figures.proposers.map(({ count, expected, deviation }) => Math.max(count, expected + CONFIDENCE * deviation)));
  const x = scale(0, most || 1, left, right);
  const rows = figures.proposers.map(({ count, expected, deviation }, i) => {
    const [from, to] = [Math.max(0, expected - CONFIDENCE * deviation), expected + CONFIDENCE * deviation];
    const middle = row * i + row / 2;
    const label = names[i].length > 14 ? `${names[i].slice(0, 13)}…` : names[i];
    return s(
      "g",
      { style: { "--seat": colour(i) } },
      s("title", {}, `${names[i]}: ${count} of ${drawn}, expected ${number(expected)}`),
      s("text", { x: left - 10, y: middle + 4, "text-anchor": "end" }, label),
      s("rect", { class: "played", x: left, width: x(count) - left, y: middle - 8, height: 16, rx: 2 }),
      s("rect", { class: "band", x: x(from), width: x(to) - x(from), y: middle - 11, height: 22 }),
      s("line", { class: "expected", x1: x(expected), x2: x(expected), y1: middle - 11, y2: middle + 11 }),
      s("text", { x: Math.max(x(count), x(to)) + 8, y: middle + 4 }, `${percent(count / drawn)}, expected ${percent(expected / drawn)}`),
    );
  });
  const label = `First offers: ${figures.proposers.map(({ count, expected }, i) => `${names[i]} ${count}, expected ${number(expected)}`).join("; ")}`;
  $("proposers").replaceChildren(s("svg", { viewBox: `0 0 480 ${row * names.length}`, role: "img", "aria-label": label }, ...rows));
}

function drawMeans(names, figures) {
  const columns = ["plays", "contracts alone", "theory", "mean", "± 95%", "z"];
  $("means").replaceChildren(
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "agent"), ...columns.map((name) => h("th", { scope: "col" }, name)))),
    h(
      "tbody",
      {},
      ...figures.agents.map((agent, i) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, swatch(i), names[i]),
          h("td", {}, agent.bot),
          h("td", {}, number(agent.contracted)),
          h("td", { "data-expected": agent.expected }, number(agent.expected)),
          h("td", { "data-mean": agent.mean }, number(agent.mean)),
          h("td", {}, number(CONFIDENCE * agent.std_error)),
          h("td", { class: agent.agrees ? null : "bad", "data-z": agent.z, "data-p": agent.p_value }, agent.z === null ? (agent.agrees ? "exact" : "differs") : agent.z.toFixed(2).replace("-", "−")),
        ),
      ),
    ),
  );
  const chance = figures.p_value === null ? "" : ` If proposers are drawn as stated, counts as uneven as these or more so have probability ${figures.p_value < 0.001 ? "below 0.001" : figures.p_value.toFixed(3)}.`;
  const saved = figures.saved_share === null ? "" : ` Of the savings that the best allocation has, ${percent(figures.saved_share)} were made.`;
  $("explained").textContent =
    "z: how many standard deviations, as equilibrium has them, the mean is away from theory. Red: in equilibrium, a sum of costs as far from theory has a probability below 0.000001 (an exact test)." +
    `${chance}${saved} Rounds of bargaining in a game, on average: ${number(figures.mean_rounds)}.`;
}
