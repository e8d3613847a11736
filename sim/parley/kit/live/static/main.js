// What can be operated: choosing, watching one game, running many.

import { $, colour, h, icon, swatch } from "./dom.js";
import { draw } from "./panels.js";

const LATER = 350; // milliseconds without typing before a text is checked

let problems = []; // ready ones
let problem = null; // what is chosen, as the server reads it; null while it cannot be played
let watched = null; // { game, k }
let timer = null; // of playback
let running = null; // the AbortController of a run

// ── asking the server ─────────────────────────────────────────────────────────────────────────────

async function ask(path, body, signal) {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });
  if (response.ok) return response;
  const text = await response.text();
  let line = text;
  try {
    line = JSON.parse(text).error;
  } catch {
    // Not from the program, but from the server: a line of text.
  }
  throw new Error(line || `the server answers ${response.status}`);
}

const explain = (error) => (error instanceof TypeError ? "the server does not answer: is `parley serve` still running?" : error.message);

function showFault(line) {
  $("fault").textContent = line;
  $("fault").hidden = false;
}

// ── choosing ──────────────────────────────────────────────────────────────────────────────────────

const keyFields = () => [...$("keys").querySelectorAll("input")];

/** What is chosen: the text, and the keys that differ from it. */
function choice() {
  const keys = keyFields().filter((field) => field.value.trim() !== field.dataset.text);
  return { text: $("text").value, keys: Object.fromEntries(keys.map((field) => [field.name, field.value.trim()])) };
}

const bots = () => Array.from($("seats").querySelectorAll("input"), (input) => input.value.trim());

const whole = (id) => {
  const value = Number($(id).value);
  if ($(id).value === "" || !Number.isSafeInteger(value) || value < 0) {
    $(id).setAttribute("aria-invalid", "true");
    throw new Error(`${id === "seed" ? "seed" : "game number"}: ${$(id).value || "nothing"} is not a whole number from 0`);
  }
  $(id).removeAttribute("aria-invalid");
  return value;
};

let asked = 0;

/** Have the server read what is chosen. With a new text, keys become the text's; with another kind, bots its own. */
async function check(fresh) {
  const turn = (asked += 1);
  try {
    const players = !fresh && bots().length ? { bots: bots() } : {};
    const read = await (await ask("/api/problem", fresh ? { text: $("text").value } : { ...choice(), ...players })).json();
    if (turn !== asked) return;
    showProblem(read, fresh);
  } catch (error) {
    if (turn !== asked) return;
    problem = null;
    $("warnings").hidden = true;
    showFault(explain(error));
    mark(error.message);
  }
  for (const id of ["start", "run"]) $(id).disabled = problem === null;
}

const later = (() => {
  let waiting = null;
  return (fresh) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => check(fresh), LATER);
  };
})();

/** Say which input is meant by a complaint, and show the line of the text that it names. */
function mark(message) {
  const key = message.split(":")[0];
  const where = keyFields().find((field) => field.name === key && field.value.trim() !== field.dataset.text) ?? $("text");
  (key === "--bots" ? $("everybody") : where).setAttribute("aria-invalid", "true");
  const line = /\bline (\d+)/.exec(message);
  if (line && where === $("text")) {
    const height = where.scrollHeight / where.value.split("\n").length;
    where.scrollTop = (Number(line[1]) - 4) * height;
  }
}

function showProblem(read, fresh) {
  const same = problem?.kind === read.kind;
  problem = read;
  $("fault").hidden = true;
  for (const field of document.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  const { agents, roles, about, kind } = problem;
  const seats = agents.length - roles;
  $("facts").textContent = `Kind ${kind}, ${seats} agents. Its file states ${about}.`;
  $("warnings").replaceChildren(...problem.warnings.map((line) => h("li", {}, line)));
  $("warnings").hidden = problem.warnings.length === 0;
  if (fresh) {
    $("keys").replaceChildren(
      ...Object.entries(problem.keys).map(([key, value]) =>
        h(
          "div",
          { class: "field" },
          h("label", { for: `key-${key}` }, key.replaceAll("_", " ")),
          h("input", { id: `key-${key}`, name: key, value, "data-text": value, autocomplete: "off", spellcheck: "false", on: { input: () => later(false) } }),
        ),
      ),
    );
  }
  $("bots").replaceChildren(...problem.bots.map((name) => h("option", { value: name })));
  $("does").replaceChildren(...Object.entries(problem.does).flatMap(([name, what]) => [h("dt", {}, h("code", {}, name)), h("dd", {}, what)]));
  const kept = bots();
  if (same && kept.length === agents.length && $("seats").dataset.names === JSON.stringify(agents)) return;
  $("seats").dataset.names = JSON.stringify(agents);
  $("seats").replaceChildren(
    ...agents.map((name, i) => {
      const value = same && kept.length === agents.length ? kept[i] : problem.seated[i];
      const input = h("input", { id: `seat-${i}`, list: "bots", value, autocomplete: "off", spellcheck: "false", on: { change: seated } });
      return h("div", {}, swatch(i < roles ? seats + i : i - roles), h("label", { for: `seat-${i}`, class: "name", title: name }, name), input);
    }),
  );
  showEverybody();
}

/** The field for everybody says what all play, or nothing where they differ. */
function showEverybody() {
  const played = new Set(bots());
  $("everybody").value = played.size === 1 ? [...played][0] : "";
}

function seated() {
  showEverybody();
  check(false);
}

function seatEverybody() {
  for (const input of $("seats").querySelectorAll("input")) input.value = $("everybody").value;
  check(false);
}

function pickProblem() {
  $("text").value = problems[$("problem").value].text;
  return check(true);
}

// ── watching one game ─────────────────────────────────────────────────────────────────────────────

async function start(event) {
  event?.preventDefault();
  if (problem === null) return;
  stop();
  try {
    const wanted = { ...choice(), bots: bots(), seed: whole("seed"), game: whole("game") };
    $("start").disabled = $("next").disabled = true;
    watched = { game: await (await ask("/api/game", wanted)).json(), k: 0 };
    $("fault").hidden = true;
  } catch (error) {
    showFault(explain(error));
    return;
  } finally {
    $("start").disabled = $("next").disabled = false;
  }
  $("before").hidden = true;
  $("stage").hidden = false;
  $("position").max = watched.game.steps.length - 1;
  $("log").replaceChildren(
    ...watched.game.steps.map((step, k) =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", on: { click: () => jump(k) } },
          h("span", { class: "number" }, k + 1),
          h("span", {}, step.sender),
          h("code", {}, step.call),
          h("span", { class: "words" }, step.events.map(([name]) => name).join(", ")),
        ),
      ),
    ),
  );
  show(0);
  $("watch").scrollIntoView({ block: "start" });
  $("play").focus({ preventScroll: true });
  go();
}

const fields = (name, values) =>
  h("div", {}, h("code", { class: "name" }, name), h("dl", {}, ...values.flatMap(([key, value]) => [h("dt", {}, key), h("dd", {}, value)])));

function show(k) {
  const { game } = watched;
  const last = game.steps.length - 1;
  watched.k = Math.max(0, Math.min(k, last));
  const step = game.steps[watched.k];
  draw(game, watched.k);
  $("where").replaceChildren(
    `Game ${game.game}, transaction ${watched.k + 1} of ${game.steps.length}:`,
    h("span", {}, step.actor === null ? "" : swatch(step.actor), " ", step.sender, " calls ", h("code", {}, step.call)),
    step.paid.wei === "0" ? "" : h("span", { title: `${step.paid.wei} wei` }, `and pays ${step.paid.text}`),
  );
  const ended = watched.k === last ? `The game ends: ${game.ending}.` : "";
  $("said").textContent = [step.said || `The contract emits ${step.events.map(([name]) => name).join(", ") || "nothing"}.`, ended].join(" ").trim();
  $("sent").replaceChildren(fields(step.call, step.arguments));
  $("emitted").replaceChildren(...step.events.map(([name, values]) => fields(name, values)));
  $("narration").style.setProperty("--seat", step.actor === null ? "var(--soft)" : colour(step.actor));
  $("position").value = watched.k;
  $("position").setAttribute("aria-valuetext", `${watched.k + 1} of ${game.steps.length}`);
  const lines = $("log").querySelectorAll("button");
  lines.forEach((line, i) => {
    line.classList.toggle("ahead", i > watched.k);
    line.toggleAttribute("aria-current", false);
  });
  lines[watched.k].setAttribute("aria-current", "step");
  // Kept operable, so that the focus is never lost: at the ends they do nothing.
  for (const id of ["first", "back"]) $(id).setAttribute("aria-disabled", watched.k === 0);
  for (const id of ["step", "last"]) $(id).setAttribute("aria-disabled", watched.k === last);
  if (watched.k === last) stop();
}

function go() {
  if (watched.k === watched.game.steps.length - 1) show(0);
  stop();
  timer = setInterval(() => show(watched.k + 1), Number($("speed").value));
  showPlaying();
}

function stop() {
  clearInterval(timer);
  timer = null;
  showPlaying();
}

function showPlaying() {
  $("play").replaceChildren(icon(timer === null ? "play" : "pause"));
  $("play").setAttribute("aria-label", timer === null ? "Play" : "Pause");
}

const toggle = () => (timer === null ? go() : stop());

const jump = (k) => (stop(), show(k));

/** Keys work wherever they mean nothing else. */
function key(event) {
  if (watched === null || event.altKey || event.ctrlKey || event.metaKey) return;
  const at = event.target;
  if (at.closest("select, textarea, input")) return;
  if (event.key === " " && at.closest("button, summary, a")) return;
  if (at.closest(".scroll, #seats") && event.key !== " ") return;
  const keys = { " ": toggle, ArrowRight: () => jump(watched.k + 1), ArrowLeft: () => jump(watched.k - 1), Home: () => jump(0), End: () => jump(Infinity) };
  if (!(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
}

// ── running many ──────────────────────────────────────────────────────────────────────────────────

async function run() {
  if (running !== null) {
    running.abort();
    return;
  }
  if (problem === null) return;
  const games = Number($("games").value);
  const controller = (running = new AbortController());
  $("run").textContent = "Stop";
  $("tally").textContent = "setting up …";
  $("progress").hidden = false;
  $("progress").value = 0;
  try {
    const response = await ask("/api/run", { ...choice(), bots: bots(), seed: whole("seed"), games }, controller.signal);
    $("fault").hidden = true;
    let told = {};
    for await (told of lines(response)) {
      if (told.games === undefined) break;
      $("progress").value = told.games / told.of;
      $("tally").textContent = told.games < told.of ? `${told.games.toLocaleString("en")} games` : "replaying some games on the other EVM …";
    }
    if (told.page === undefined) throw new Error(told.error ?? "the run ended early: see what `parley serve` says");
    $("tally").textContent = `${games.toLocaleString("en")} games`;
    $("results").hidden = false;
    $("results").src = told.page;
  } catch (error) {
    $("tally").textContent = error.name === "AbortError" ? "stopped" : "";
    if (error.name !== "AbortError") showFault(explain(error));
  } finally {
    running = null;
    $("progress").hidden = true;
    $("run").textContent = "Run";
  }
}

/** Lines of JSON as they arrive. */
async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
}

/** As high as the page in it, so that there is one scroll bar. */
function fit() {
  const page = $("results").contentDocument.documentElement;
  new ResizeObserver(() => ($("results").style.height = `${page.offsetHeight + 16}px`)).observe(page);
}

// ── beginning ─────────────────────────────────────────────────────────────────────────────────────

async function begin() {
  for (const id of ["first", "back", "step", "last"]) $(id).replaceChildren(icon(id));
  showPlaying();
  try {
    problems = await (await fetch("/api/problems")).json();
  } catch (error) {
    showFault(explain(error));
    return;
  }
  const groups = Map.groupBy(problems.entries(), ([, { kind }]) => kind);
  $("problem").replaceChildren(...[...groups].map(([kind, ready]) => h("optgroup", { label: kind }, ...ready.map(([i, { name }]) => h("option", { value: i }, name)))));
  $("problem").addEventListener("change", pickProblem);
  $("text").addEventListener("input", () => later(true));
  $("everybody").addEventListener("change", seatEverybody);
  $("form").addEventListener("submit", start);
  $("next").addEventListener("click", () => {
    $("game").value = watched.game.game + 1;
    start();
  });
  $("play").addEventListener("click", toggle);
  $("first").addEventListener("click", () => jump(0));
  $("back").addEventListener("click", () => jump(watched.k - 1));
  $("step").addEventListener("click", () => jump(watched.k + 1));
  $("last").addEventListener("click", () => jump(Infinity));
  $("position").addEventListener("input", () => jump(Number($("position").value)));
  $("speed").addEventListener("change", () => timer !== null && go());
  $("run").addEventListener("click", run);
  $("results").addEventListener("load", fit);
  document.addEventListener("keydown", key);
  // Beside the players there is room for the problem's text; on a phone it would be in the way.
  $("editing").open = matchMedia("(min-width: 50.01rem)").matches;
  $("problem").value = 0;
  await pickProblem();
}

begin();
