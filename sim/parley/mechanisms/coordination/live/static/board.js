// Drawing where a game stands.

import { $, colour, h, icon, money, number, percent, s, scale, swatch } from "./dom.js";
import { PHASES } from "./game.js";

const sum = (row) => row.reduce((total, x) => total + x, 0);

const named = (setting, i) => h("th", { scope: "row" }, swatch(i), setting.agents[i]);

const acting = (state, i) => (state.acting === i ? "acting" : null);

/** Draw everything for a state that `follow` gave. */
export function draw(setting, bots, trace, k, state) {
  drawPhases(state, k === trace.steps.length - 1);
  drawAgents(setting, bots, state);
  drawWork(setting, state);
  drawStick(setting, state);
  drawOffer(setting, state);
  drawMoney(setting, state);
}

function drawPhases(state, over) {
  // A rejected offer leads back to the draw: a phase that comes again is not done.
  $("phases").replaceChildren(
    ...PHASES.map((name, i) =>
      h("li", { class: i < state.phase || over ? "done" : null, "aria-current": i === state.phase && !over ? "step" : null }, name),
    ),
  );
}

function drawAgents(setting, bots, state) {
  $("agents").replaceChildren(
    ...setting.agents.map((name, i) =>
      h(
        "li",
        { class: acting(state, i), style: { "--seat": colour(i) } },
        h("div", { class: "name" }, name),
        h("div", {}, bots[i]),
        h("div", { class: "state" }, ...status(state, i)),
      ),
    ),
  );
}

function status(state, i) {
  const seat = state.seats[i];
  if (state.silent.includes(i)) return [h("span", { class: "silent" }, "fell silent")];
  if (seat.deposit === undefined) return state.ending ? ["never joined"] : ["not here yet"];
  if (seat.amount !== undefined) return [icon("yes"), "paid out"];
  if (state.proposer === i) return [icon("speaks"), h("span", { class: "recognized" }, "makes the offer")];
  if (seat.answer !== undefined) return [icon(seat.answer ? "yes" : "no"), seat.answer ? "accepts" : "rejects"];
  if (seat.secret !== undefined) return [icon("open"), h("code", { title: `secret 0x${seat.secret}` }, `0x${seat.secret.slice(0, 8)}…`)];
  return [icon("locked"), h("span", { title: `hash 0x${seat.sealed}` }, "secret sealed")];
}

function drawWork(setting, state) {
  const announced = state.seats.some((seat) => seat.row);
  const left = state.left ?? setting.tasks.map((_, t) => sum(setting.contracted.map((row) => row[t])));
  const change = (now, before) => {
    const difference = now - before;
    return difference === 0 ? "" : ` (${difference > 0 ? "+" : "−"}${number(Math.abs(difference))})`;
  };
  $("work").replaceChildren(
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "agent"), ...setting.tasks.map((name) => h("th", { scope: "col" }, name)), h("th", { scope: "col" }, "in all"))),
    h(
      "tbody",
      {},
      ...setting.agents.map((_, i) => {
        const row = state.seats[i].row;
        const contracted = setting.contracted[i];
        return h(
          "tr",
          { class: acting(state, i) },
          named(setting, i),
          ...contracted.map((before, t) => workCell(before, setting.capacity[i][t], row?.[t], i)),
          row
            ? h("td", { class: "now" }, number(sum(row)), h("small", {}, change(sum(row), sum(contracted))))
            : h("td", { class: "waiting" }, number(sum(contracted))),
        );
      }),
    ),
    h(
      "tfoot",
      {},
      h("tr", {}, h("th", { scope: "row" }, announced ? "still to be taken on" : "to be done"), ...left.map((x) => h("td", {}, number(x))), h("td", { id: "left" }, number(sum(left)))),
    ),
  );
}

function workCell(before, can, now, seat) {
  if (can === 0) return h("td", { class: "cell never", title: "cannot do any" }, "·");
  const title = `contracted on ${number(before)}, could do ${number(can)}`;
  const shown = now ?? before;
  return h(
    "td",
    { class: `cell ${now === undefined ? "waiting" : "now"}`, title, style: { "--seat": colour(seat) } },
    now === undefined ? null : h("i", { class: "bar", style: { width: `calc(${(100 * shown) / can}% - 4px)` } }),
    h("span", {}, number(shown)),
  );
}

function drawStick(setting, state) {
  const stick = $("stick");
  if (stick.childElementCount !== setting.agents.length) {
    stick.replaceChildren(...setting.agents.map((_, i) => h("div", { style: { "--seat": colour(i) } })));
  }
  const pieces = state.seats.map((seat) => seat.probability ?? 0);
  setting.agents.forEach((name, i) => {
    const piece = stick.children[i];
    const room = pieces[i] * stick.clientWidth;
    piece.style.width = `${100 * pieces[i]}%`;
    piece.classList.toggle("chosen", state.proposer === i);
    piece.replaceChildren(...(room > 80 ? [name, h("br"), percent(pieces[i])] : room > 46 ? [percent(pieces[i])] : []));
    piece.title = `${name}: ${percent(pieces[i])}`;
    piece.hidden = pieces[i] === 0;
  });
  stick.classList.toggle("drawn", state.proposer !== null);
  const told = setting.agents.filter((_, i) => pieces[i] > 0).map((name) => `${name} ${percent(pieces[setting.agents.indexOf(name)])}`);
  stick.setAttribute("aria-label", told.length ? `Chances so far: ${told.join(", ")}` : "Nobody has broken off a piece yet");
  $("pieces").replaceChildren(
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "agent"), h("th", { scope: "col" }, "breaks off the rest, g"), h("th", { scope: "col" }, "chance"), h("th", { scope: "col" }, "drawn"))),
    h(
      "tbody",
      {},
      ...setting.agents.map((_, i) => {
        const { g, probability } = state.seats[i];
        const last = i === setting.agents.length - 1;
        return h(
          "tr",
          { class: acting(state, i) },
          named(setting, i),
          h("td", {}, g === undefined ? "" : last ? "all" : g[1] === 0 ? "nothing" : `${g[0]}/${g[1]}`),
          h("td", {}, probability === undefined ? "" : percent(probability)),
          h("td", {}, state.proposer === i ? "makes the offer" : state.order.includes(i) ? `answers ${ordinal(state.order.indexOf(i) + 1)}` : ""),
        );
      }),
    ),
  );
}

const ordinal = (k) => `${k}${k % 100 >= 11 && k % 100 <= 13 ? "th" : (["th", "st", "nd", "rd"][k % 10] ?? "th")}`;

function drawOffer(setting, state) {
  const { offer } = state;
  $("round").hidden = state.round < 2;
  $("round").textContent = `round ${state.round}`;
  $("no-offer").hidden = offer !== null;
  $("no-offer").textContent = state.ending === "broken down" ? "No offer stands." : state.proposer === null ? "No offer yet." : `${setting.agents[state.proposer]} is about to make one.`;
  if (offer === null) {
    $("offer").replaceChildren();
    return;
  }
  const values = [0, ...setting.contracted_costs, ...offer.shares.map((x) => x.cost), ...offer.thresholds.map((x) => x.cost)];
  const x = scale(Math.min(...values), Math.max(...values), 1, 99);
  const at = (value) => `${x(value)}%`;
  const rows = setting.agents.map((_, i) => {
    const share = offer.shares[i];
    const threshold = offer.thresholds[i];
    const [from, to] = [Math.min(0, share.cost), Math.max(0, share.cost)];
    const answer = state.seats[i].answer;
    const proposes = offer.proposer === i;
    return h(
      "tr",
      { class: acting(state, i) },
      named(setting, i),
      h("td", { class: "share" }, money(share)),
      h(
        "td",
        { class: "track", style: { "--seat": colour(i) } },
        s(
          "svg",
          { role: "img", "aria-label": `bears ${number(share.cost)}, agrees up to ${number(threshold.cost)}, contracts alone ${number(setting.contracted_costs[i])}` },
          s("line", { class: "axis", x1: at(0), x2: at(0), y1: "0%", y2: "100%" }),
          s("rect", { class: "played", x: at(from), width: `${x(to) - x(from)}%`, y: "28%", height: "44%", rx: 3 }),
          s("circle", { class: "alone", cx: at(setting.contracted_costs[i]), cy: "50%", r: 4.5 }),
          proposes ? null : s("line", { class: "expected", x1: at(threshold.cost), x2: at(threshold.cost), y1: "5%", y2: "95%" }),
        ),
      ),
      h("td", { class: "limit" }, proposes ? "" : money(threshold)),
      h(
        "td",
        {},
        proposes
          ? "its offer"
          : answer === undefined
            ? state.ending ? "" : `${ordinal(state.order.indexOf(i) + 1)} in turn`
            : h("span", { class: `answer ${answer ? "good" : "bad"}` }, answer ? "accepts" : "rejects"),
      ),
    );
  });
  $("offer").replaceChildren(
    h(
      "table",
      { class: "offer" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "agent"), h("th", { scope: "col" }, "bears"), h("th", {}), h("th", { scope: "col" }, "agrees up to"), h("th", { scope: "col" }, "answer"))),
      h("tbody", {}, ...rows),
      h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, "together"), h("td", {}, money(offer.total)), h("td", { colspan: 3 }))),
    ),
  );
}

function drawMoney(setting, state) {
  const cell = (amount) => h("td", {}, amount === undefined ? "" : money(amount));
  const saved = (i) => {
    const { cost } = state.seats[i];
    if (cost === undefined) return h("td");
    const amount = setting.contracted_costs[i] - cost.cost;
    // Below a millionth of the cost it is the rounding to whole wei.
    const none = Math.abs(amount) < 1e-6 * Math.max(1, Math.abs(setting.contracted_costs[i]));
    return h("td", { class: none ? null : amount > 0 ? "good" : "bad" }, none ? "0" : number(amount));
  };
  const columns = ["put in", "took out", "the game cost it", "contracts alone", "saved"];
  $("money").replaceChildren(
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "agent"), ...columns.map((name) => h("th", { scope: "col" }, name)))),
    h(
      "tbody",
      {},
      ...setting.agents.map((_, i) => {
        const { deposit, amount, cost } = state.seats[i];
        return h("tr", { class: acting(state, i) }, named(setting, i), cell(deposit), cell(amount), cell(cost), h("td", {}, number(setting.contracted_costs[i])), saved(i));
      }),
    ),
  );
}
