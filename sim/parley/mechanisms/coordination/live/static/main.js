// What can be operated: choosing, watching one game, running many.

import { draw } from "./board.js";
import { drawCrowd, drawLegend } from "./crowd.js";
import { $, colour, h, icon, number, swatch } from "./dom.js";
import { follow } from "./game.js";

const LATER = 350; // milliseconds without typing before a text is checked

let choices = null; // problems, bots, recognition functions
let setting = null; // the problem as chosen, with what theory says; null while it cannot be played
let watched = null; // { trace, setting, bots, k }
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

/** What is chosen; δ and the recognition function only where they differ from the text's. */
function choice() {
  const wanted = { text: $("text").value };
  const { continuation, recognition } = $("form").dataset;
  if ($("continuation").value.trim() !== continuation) wanted.continuation = $("continuation").value.trim();
  if ($("recognition").value !== recognition) wanted.recognition = $("recognition").value;
  return wanted;
}

const bots = () => Array.from($("seats").querySelectorAll("select"), (select) => select.value);

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

/** Have the server read what is chosen. With a new text, δ and the recognition function become the text's. */
async function check(fresh) {
  const turn = (asked += 1);
  if (fresh) {
    delete $("form").dataset.continuation;
    delete $("form").dataset.recognition;
  }
  try {
    const read = await (await ask("/api/setting", fresh ? { text: $("text").value } : choice())).json();
    if (turn !== asked) return;
    setting = read;
    if (fresh) {
      Object.assign($("form").dataset, { continuation: read.continuation, recognition: read.recognition });
      $("continuation").value = read.continuation;
      $("recognition").value = read.recognition;
    }
    showSetting();
  } catch (error) {
    if (turn !== asked) return;
    setting = null;
    showFault(explain(error));
    mark(error.message, fresh);
  }
  for (const id of ["start", "run"]) $(id).disabled = setting === null;
}

/** Say which input is meant by a complaint, and show the line of the text that it names. */
function mark(message, fresh) {
  const key = message.split(":")[0];
  const where = !fresh && ["continuation", "recognition"].includes(key) ? $(key) : $("text");
  where.setAttribute("aria-invalid", "true");
  const line = /\bline (\d+)/.exec(message);
  if (line && where === $("text")) {
    const height = where.scrollHeight / where.value.split("\n").length;
    where.scrollTop = (Number(line[1]) - 4) * height;
  }
}

function showSetting() {
  $("fault").hidden = true;
  for (const id of ["text", "continuation", "recognition"]) $(id).removeAttribute("aria-invalid");
  const { agents, tasks, cost_contracted, cost_allocated, savings } = setting;
  $("facts").replaceChildren(
    `${agents.length} agents, ${tasks.length} ${tasks.length === 1 ? "type" : "types"} of tasks. As contracted, the work costs `,
    h("b", {}, number(cost_contracted)),
    savings > 0 ? ". Done by whoever does it best, it costs " : ". Nobody can do it for less: there is nothing to save.",
    ...(savings > 0 ? [h("b", {}, number(cost_allocated)), ": there is ", h("b", {}, number(savings)), " to save and to share."] : []),
  );
  const kept = bots();
  if (kept.length === agents.length && $("seats").dataset.names === JSON.stringify(agents)) return;
  $("seats").dataset.names = JSON.stringify(agents);
  $("seats").replaceChildren(
    ...agents.map((name, i) => {
      const id = `seat-${i}`;
      const select = h("select", { id, on: { change: showEverybody } }, ...botOptions());
      select.value = kept.length === agents.length ? kept[i] : $("everybody").value || "equilibrium";
      return h("div", {}, swatch(i), h("label", { for: id, class: "name", title: name }, name), select);
    }),
  );
  showEverybody();
}

const botOptions = () => choices.bots.map(({ name, label }) => h("option", { value: name }, label));

/** The select for everybody says what all play, or that they differ. */
function showEverybody() {
  const played = new Set(bots());
  $("everybody").value = played.size === 1 ? [...played][0] : "";
}

function pickProblem() {
  $("text").value = choices.problems[$("problem").value].text;
  return check(true);
}

// ── watching one game ─────────────────────────────────────────────────────────────────────────────

async function start(event) {
  event?.preventDefault();
  if (setting === null) return;
  stop();
  try {
    const wanted = { ...choice(), bots: bots(), seed: whole("seed"), game: whole("game") };
    $("start").disabled = $("next").disabled = true;
    const trace = await (await ask("/api/game", wanted)).json();
    $("fault").hidden = true;
    watched = { trace, setting: trace.setting, bots: wanted.bots, k: 0 };
  } catch (error) {
    showFault(explain(error));
    return;
  } finally {
    $("start").disabled = $("next").disabled = false;
  }
  $("before").hidden = true;
  $("stage").hidden = false;
  $("position").max = watched.trace.steps.length - 1;
  $("stick").replaceChildren();
  $("log").replaceChildren(
    ...watched.trace.steps.map((step, k) =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", on: { click: () => (stop(), show(k)) } },
          h("span", { class: "number" }, k + 1),
          h("span", {}, sender(step)),
          h("code", {}, step.action),
          h("span", { class: "words" }, step.said),
        ),
      ),
    ),
  );
  show(0);
  $("watch").scrollIntoView({ block: "start" });
  $("play").focus({ preventScroll: true });
  go();
}

const sender = (step) => (step.actor === null ? "organizer" : watched.setting.agents[step.actor]);

function show(k) {
  const { trace, setting: of, bots: players } = watched;
  watched.k = Math.max(0, Math.min(k, trace.steps.length - 1));
  const step = trace.steps[watched.k];
  draw(of, players, trace, watched.k, follow(trace, of.agents.length, watched.k));
  $("where").replaceChildren(
    `Game ${trace.game}, transaction ${watched.k + 1} of ${trace.steps.length}:`,
    h("span", {}, step.actor === null ? "" : swatch(step.actor), " ", sender(step), " calls ", h("code", {}, step.action)),
    step.paid.wei === "0" ? "" : h("span", { title: `${step.paid.wei} wei` }, `and pays ${number(step.paid.cost)}`),
  );
  $("said").textContent = step.said;
  $("narration").style.setProperty("--seat", step.actor === null ? "var(--soft)" : colour(step.actor));
  $("position").value = watched.k;
  $("position").setAttribute("aria-valuetext", `${watched.k + 1} of ${trace.steps.length}`);
  const lines = $("log").querySelectorAll("button");
  lines.forEach((line, i) => {
    line.classList.toggle("ahead", i > watched.k);
    line.toggleAttribute("aria-current", false);
  });
  lines[watched.k].setAttribute("aria-current", "step");
  const atEnd = watched.k === trace.steps.length - 1;
  // Kept operable, so that the focus is never lost: at the ends they do nothing.
  for (const id of ["first", "back"]) $(id).setAttribute("aria-disabled", watched.k === 0);
  for (const id of ["step", "last"]) $(id).setAttribute("aria-disabled", atEnd);
  if (atEnd) stop();
}

function go() {
  if (watched.k === watched.trace.steps.length - 1) show(0);
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
  if (setting === null) return;
  const games = Number($("games").value);
  const controller = (running = new AbortController());
  $("run").textContent = "Stop";
  $("verdict").textContent = "";
  $("tally").textContent = "setting up …";
  $("progress").hidden = false;
  $("progress").value = 0;
  const began = performance.now();
  let figures = null;
  try {
    const wanted = { ...choice(), bots: bots(), seed: whole("seed"), games };
    const response = await ask("/api/crowd", wanted, controller.signal);
    $("fault").hidden = true;
    for await (const told of lines(response)) {
      figures = told;
      $("results").hidden = false;
      $("progress").value = figures.games / figures.of;
      $("tally").textContent = `${figures.games.toLocaleString("en")} games, ${figures.transactions.toLocaleString("en")} transactions`;
      drawCrowd(figures);
    }
    if (figures?.games !== games) throw new Error("the run ended early: see what `parley serve` says");
    $("verdict").textContent = figures.verdict;
    $("tally").textContent += ` in ${((performance.now() - began) / 1000).toFixed(1)} s`;
  } catch (error) {
    const stopped = error.name === "AbortError";
    $("verdict").textContent = stopped && figures ? `Stopped. ${figures.verdict}` : "";
    if (!stopped) showFault(explain(error));
    if (!figures) $("tally").textContent = "";
  } finally {
    running = null;
    $("progress").hidden = true;
    showGames();
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

const showGames = () => ($("run").textContent = $("games").value === "1000" ? "Run a thousand games" : "Run ten thousand games");

// ── beginning ─────────────────────────────────────────────────────────────────────────────────────

function later(call) {
  let waiting = null;
  return () => {
    clearTimeout(waiting);
    waiting = setTimeout(call, LATER);
  };
}

async function begin() {
  for (const id of ["first", "back", "step", "last"]) $(id).replaceChildren(icon(id));
  showPlaying();
  drawLegend();
  try {
    choices = await (await fetch("/api/choices")).json();
  } catch (error) {
    showFault(explain(error));
    return;
  }
  $("problem").replaceChildren(...choices.problems.map(({ name }, i) => h("option", { value: i }, name)));
  $("recognition").replaceChildren(...choices.recognition.map(({ name, label }) => h("option", { value: name }, label)));
  $("everybody").replaceChildren(...botOptions(), h("option", { value: "", hidden: true }, "different things"));
  $("problem").addEventListener("change", pickProblem);
  $("text").addEventListener("input", later(() => check(true)));
  $("continuation").addEventListener("input", later(() => check(false)));
  $("recognition").addEventListener("change", () => check(false));
  $("everybody").addEventListener("change", () => {
    for (const select of $("seats").querySelectorAll("select")) select.value = $("everybody").value;
  });
  $("form").addEventListener("submit", start);
  $("next").addEventListener("click", () => {
    $("game").value = watched.trace.game + 1;
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
  $("games").addEventListener("change", () => running === null && showGames());
  document.addEventListener("keydown", key);
  // Beside the players there is room for the problem's text; on a phone it would be in the way.
  $("editing").open = matchMedia("(min-width: 50.01rem)").matches;
  await pickProblem();
}

begin();
