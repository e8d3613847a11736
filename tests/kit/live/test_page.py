"""The live page in a real browser: it shows what was played, and everybody can operate it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from parley.chain.compiler import project_root
from parley.core import problemfile
from parley.kit.live.game import watch
from parley.kit.loaded import LoadedProblem
from parley.kit.play.run import open_player
from parley.kit.registry import load
from parley.mechanisms.coordination.problem import Problem, example_1
from tests.kit.live.test_game import after as cells_after
from tests.kit.play.coin import COIN, Toss

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from parley.kit.loaded import AnyProblem
    from parley.kit.play.player import Player
    from tests.browser import Tab
    from tests.kit.live.serving import LiveServer

PHASES = [
    *("Creating", "Joining", "Announcing", "Revealing"),
    *("Proposing", "Responding", "Settled", "Broken down"),
]

SEED = 1

RUN = 180_000
"""Milliseconds that a thousand games may take on a busy machine; on an idle one it is a second or two."""


@pytest.fixture
def page(tab: Tab, server: LiveServer) -> Page:
    """The page, with the paper's example chosen."""
    tab.open(server.url)
    expect(tab.page.locator("#seats .name")).to_have_count(5)
    return tab.page


def start(page: Page, game: int = 0) -> None:
    """Have a game played, and stop at its first transaction."""
    page.get_by_label("Game number").fill(str(game))
    page.get_by_role("button", name="Play this game").click()
    page.get_by_role("button", name="Pause").click()
    page.keyboard.press("Home")
    expect(page.locator("#where")).to_contain_text(f"Game {game}, transaction 1 of")


def put(page: Page, text: str) -> None:
    """Put another text in the place of the problem's."""
    page.get_by_label("Problem file").fill(text)


def after(page: Page, panel: str) -> list[list[str]]:
    """What a panel's cells say."""
    rows: list[list[str]] = page.evaluate(
        """(id) => [...document.querySelectorAll(`#panel-${id} tbody tr`)]
            .map(row => [...row.querySelectorAll('td')].map(cell => cell.innerText.trim()))""",
        panel,
    )
    return rows


def in_wei(cells: Locator) -> list[int]:
    return [int(value) for value in cells.evaluate_all("cells => cells.map(cell => cell.dataset.wei)")]


def replayed(problem: AnyProblem, bots: list[str], game: int) -> Player[Any]:
    player = open_player(problem.setting(bots, SEED))
    player.play(game)
    return player


def events_of(player: Player[Any], kind: str) -> list[Any]:
    return [event for sent in player.sent for event in player.codec.decode(sent.logs) if event.name == kind]


def pick(page: Page, name: str) -> None:
    """Choose a ready problem, and wait until its players are there."""
    page.get_by_label("Problem", exact=True).select_option(name)
    chosen = load(project_root() / "problems" / f"{name}.toml")
    expect(page.locator("#seats .name")).to_have_text([*chosen.mechanism.roles, *chosen.problem.agent_names])


def everybody(page: Page, bot: str) -> None:
    field = page.get_by_label("Everybody plays")
    field.fill(bot)
    field.press("Tab")


# ── one game ──────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_probably_not_meant_is_said_while_it_is_there(tab: Tab, page: Page) -> None:
    told = page.locator("#warnings")
    expect(told).to_be_hidden()
    odd = problemfile.to_toml(example_1().to_mapping() | {"continuation": 0})
    put(page, odd)
    expect(told.locator("li")).to_have_text(list(load(problemfile.parse(odd, "", is_json=False)).warnings))
    expect(told).to_contain_text("continuation: 0, so bargaining breaks down")
    tab.screenshot("live-warning")
    page.get_by_label("continuation", exact=True).fill("1/2")
    expect(told).to_be_hidden()


def test_a_game_plays_by_itself_to_its_end(tab: Tab, page: Page) -> None:
    page.get_by_role("button", name="Play this game").click()
    page.get_by_label("Speed").select_option("very fast")
    expect(page.locator("#said")).to_contain_text("Agent 5 takes its money.")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert page.locator("#phases li.done").all_inner_texts() == PHASES[1:6]
    assert page.locator("#phases [aria-current]").inner_text() == "Settled"
    tab.screenshot("live-end")


@pytest.mark.parametrize(
    "name", [pytest.param("paper-example-1", marks=pytest.mark.deep), "assignment-posted", None]
)
def test_step_by_step_it_shows_what_the_contract_was_sent_and_emitted(
    tab: Tab, page: Page, name: str | None
) -> None:
    if name is None:
        problem: Any = LoadedProblem(COIN, Toss(7))
        put(page, 'kind = "toss"\nstake = 7')
        expect(page.locator("#seats .name")).to_have_text(["Heads", "Tails"])
    else:
        pick(page, name)
        problem = load(project_root() / "problems" / f"{name}.toml")
    shown = watch(problem, [next(iter(problem.mechanism.bots))], seed=SEED, game=0)
    start(page)
    where, on = page.locator("#where"), page.get_by_role("button", name="One transaction on")
    for k, step in enumerate(shown["steps"]):
        if k:
            on.click()
        expect(where).to_contain_text(f"Game 0, transaction {k + 1} of {len(shown['steps'])}:")
        expect(where.locator("code")).to_have_text(step["call"])
        assert page.locator("#emitted .name").all_inner_texts() == [event for event, _ in step["events"]]
        fields = [value for _, values in step["events"] for _, value in values]
        assert page.locator("#emitted dd").all_inner_texts() == fields
        assert page.locator("#sent dd").all_inner_texts() == [value for _, value in step["arguments"]]
        current = page.locator("#phases [aria-current]").all_inner_texts()
        assert current == ([] if step["phase"] is None else [shown["phases"][step["phase"] - 1]])
        for panel in shown["panels"]:
            wanted = [[cell_text(cell) for cell in row] for row in cells_after(shown, panel["id"], k + 1)]
            assert after(page, panel["id"]) == wanted
    tab.screenshot(f"live-{name or 'toss'}")
    assert tab.overflow() == 0


def cell_text(cell: Any) -> str:  # noqa: ANN401 - a text, or what has one
    return str(cell if isinstance(cell, str) else cell["text"])


@pytest.mark.deep
def test_back_shows_what_was_there_before(page: Page) -> None:
    start(page)
    board = page.locator("#board")
    seen = []
    for _ in range(19):
        seen.append(board.inner_text())
        page.get_by_role("button", name="One transaction on").click()
    for before in reversed(seen):
        page.get_by_role("button", name="One transaction back").click()
        assert board.inner_text() == before


def test_rejections_lead_to_further_rounds_and_a_breakdown_is_shown(page: Page) -> None:
    everybody(page, "stubborn")
    start(page)
    player = replayed(load(example_1().to_mapping()), ["stubborn"], 0)
    rounds = max(event.round for event in events_of(player, "ProposerDrawn"))
    page.get_by_role("button", name="To the end").click()
    costs = [int(event.amount) for event in events_of(player, "Withdrawn")]
    assert in_wei(page.locator("#panel-seats tr td:nth-child(5) [data-wei]")) == costs
    assert [saved for *_, saved in after(page, "cost")] == ["0"] * 5
    page.locator("#logging summary").click()
    offers = page.locator("#log code", has_text="propose")
    assert offers.count() == rounds
    offers.last.click()
    expect(page.locator("#said")).to_contain_text("proposes to bear")


def test_whoever_falls_silent_is_named(page: Page) -> None:
    seat = page.get_by_role("group", name="Players").get_by_label("agent 2")
    seat.fill("silent:revealing")
    seat.press("Tab")
    assert page.get_by_label("Everybody plays").input_value() == ""
    start(page)
    page.locator("#logging summary").click()
    page.locator("#log button", has_text="expire").click()
    expect(page.locator("#said")).to_contain_text("Silent, and without its bond: agent 2.")


def test_the_next_game_is_the_next_of_the_seed(page: Page) -> None:
    start(page, 6)
    page.get_by_role("button", name="Next game").click()
    expect(page.locator("#where")).to_contain_text("Game 7, ")
    assert page.get_by_label("Game number").input_value() == "7"


# ── many ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_ends_with_the_page_of_the_run(tab: Tab, page: Page) -> None:
    page.get_by_role("button", name="Run", exact=True).click()
    results = page.frame_locator("#results")
    expect(results.locator("#findings li").first).to_contain_text("agree", timeout=RUN)
    expect(page.locator("#tally")).to_have_text("1,000 games")
    expect(results.locator("h1")).to_have_text(f"Seed {SEED} · coordination, 5 agents")
    run = load(example_1().to_mapping()).simulate(games=1000, seed=SEED).to_json()
    rows = results.locator("[data-figure=costs] tbody tr")
    expect(rows).to_have_count(5)
    for i, agent in enumerate(run["agents"]):
        assert f"{agent['mean_cost']:.2f}" in rows.nth(i).inner_text()
    expect(results.locator("[data-figure=costs] svg").first).to_be_visible()
    inside = results.locator("html").evaluate("page => page.scrollHeight")
    assert page.locator("#results").evaluate("frame => frame.offsetHeight") >= inside
    tab.screenshot("live-thousand")
    tab.dark()
    tab.screenshot("live-thousand-dark")


def test_a_run_can_be_stopped(page: Page) -> None:
    page.locator("#games").select_option("10000")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#tally")).to_contain_text("games")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#tally")).to_have_text("stopped")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    expect(page.locator("#results")).to_be_hidden()


# ── choosing ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('"9/10"', '"11/10"', "continuation: 11/10 is outside [0, 1)"),
        ("[9, 0, 0, 0, 0]", "[9, 0, 0, 0, 0", "invalid TOML"),
    ],
)
def test_a_text_that_is_no_problem_is_refused_with_the_program_s_line(
    tab: Tab, page: Page, old: str, new: str, line: str
) -> None:
    tab.expect_complaint("status of 400")
    good = page.get_by_label("Problem file").input_value()
    assert old in good
    put(page, good.replace(old, new))
    expect(page.get_by_role("alert")).to_contain_text(line)
    expect(page.get_by_label("Problem file")).to_have_attribute("aria-invalid", "true")
    for name in ("Play this game", "Run"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_disabled()
    put(page, good)
    expect(page.get_by_role("alert")).to_be_hidden()
    start(page)
    expect(page.locator("#said")).to_contain_text("The contract emits Created.")


def test_single_keys_and_bots_can_be_changed(tab: Tab, page: Page) -> None:
    delta = page.get_by_label("continuation")
    assert delta.input_value() == "9/10"
    page.get_by_label("recognition").fill("equal")
    delta.fill("much")
    tab.expect_complaint("status of 400")
    expect(page.get_by_role("alert")).to_have_text(re.compile("^continuation: 'much' is not a number"))
    expect(delta).to_have_attribute("aria-invalid", "true")
    delta.fill("0.25")
    expect(page.get_by_role("alert")).to_be_hidden()
    everybody(page, "clever")
    expect(page.get_by_role("alert")).to_have_text(re.compile("^--bots: unknown bot 'clever'"))
    expect(page.get_by_role("button", name="Play this game")).to_be_disabled()
    everybody(page, "equilibrium")
    expect(page.get_by_role("alert")).to_be_hidden()
    start(page)
    page.get_by_role("button", name="To the end").click()
    assert [chance for _, chance, _ in after(page, "stick")] == ["20.0%"] * 5
    problem = load(example_1().to_mapping() | {"recognition": "equal", "continuation": "1/4"})
    shares = events_of(replayed(problem, ["equilibrium"], 0), "Proposed")[-1].shares
    assert in_wei(page.locator("#panel-offer td:nth-child(2) [data-wei]")) == list(shares)


def test_a_problem_of_one_s_own_in_json_is_played_under_its_own_names(page: Page) -> None:
    name = "<img src=x onerror=alert(1)>"
    put(
        page,
        '{"kind": "coordination", "contracted": [[6, 0], [0, 2]], "capacity": [[6, 0], [3, 2]],'
        ' "costs": [{"type": "quadratic", "quadratic": 1}], "continuation": "9/10", "recognition": "p-star",'
        f' "names": {{"agents": ["{name}", "Ben"], "tasks": ["one", "two"]}}}}',
    )
    expect(page.locator("#seats .name")).to_have_text([name, "Ben"])
    start(page)
    page.get_by_role("button", name="To the end").click()
    assert page.locator("#panel-seats tbody th").all_inner_texts() == [name, "Ben"]
    assert page.locator("img").count() == 0


def test_sixty_four_agents_fit(tab: Tab, page: Page) -> None:
    n = 64
    contracted = [[2 * (i < t + 1 <= i + 1) for t in range(n)] for i in range(n)]
    capacity = [[2 * (t <= i) for t in range(n)] for i in range(n)]
    mapping = example_1().to_mapping() | {"contracted": contracted, "capacity": capacity}
    put(page, problemfile.to_toml(Problem.from_mapping(mapping).to_mapping()))
    expect(page.locator("#seats .name")).to_have_count(n)
    start(page)
    page.get_by_role("button", name="To the end").click()
    expect(page.locator("#panel-seats tbody tr")).to_have_count(n)
    for resize in (tab.phone, tab.desktop):
        resize()
        assert tab.overflow() == 0


def test_a_server_that_has_gone_is_said_to_have_gone(tab: Tab, page: Page) -> None:
    tab.expect_complaint("ERR_")
    page.route("**/api/game", lambda route: route.abort("connectionrefused"))
    page.get_by_role("button", name="Play this game").click()
    expect(page.get_by_role("alert")).to_contain_text("the server does not answer")


# ── for everybody ─────────────────────────────────────────────────────────────────────────────────────────


def focused(page: Page) -> str:
    """What has the focus, as it is called; empty if nothing has."""
    name = page.evaluate("""() => {
        const at = document.activeElement;
        return at === document.body ? '' :
            at.getAttribute('aria-label') ?? at.labels?.[0]?.innerText.split('\\n')[0] ?? at.innerText;
    }""")
    return str(name).strip()


def tab_to(page: Page, name: str) -> None:
    """Press Tab until something of this name has the focus, which must always be seen."""
    for _ in range(60):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        if focused(page):
            assert outline != "none", f"{focused(page)} does not show that it has the focus"
        if focused(page).startswith(name):
            return
    raise AssertionError(f"Tab does not lead to {name}")


def test_everything_works_by_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the game"
    tab_to(page, "Everybody plays")
    page.keyboard.type("greedy")
    page.keyboard.press("Tab")
    tab_to(page, "Game number")
    page.keyboard.press("ArrowUp")
    tab_to(page, "Play this game")
    page.keyboard.press("Enter")
    where = page.locator("#where")
    expect(where).to_contain_text("Game 1, transaction 1 of")
    assert focused(page) == "Pause"
    page.keyboard.press("Space")
    assert focused(page) == "Play"
    page.keyboard.press("Home")
    for k in range(2, 12):
        page.keyboard.press("ArrowRight")
        expect(where).to_contain_text(f"transaction {k} of")
    expect(page.locator("#said")).to_contain_text("Agent 5 announces")
    page.keyboard.press("ArrowLeft")
    expect(where).to_contain_text("transaction 10 of")
    page.keyboard.press("End")
    expect(page.locator("#said")).to_contain_text("Agent 5 takes its money")
    tab_to(page, "Transaction")
    page.keyboard.press("Home")
    expect(where).to_contain_text("transaction 1 of")
    tab_to(page, "Speed")
    page.keyboard.type("very fast")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    tab_to(page, "Next game")
    page.keyboard.press("Enter")
    expect(where).to_contain_text("Game 2, ")
    expect(page.locator("#said")).to_contain_text("Agent 5 takes its money")
    tab_to(page, "Run")
    page.keyboard.press("Enter")
    expect(page.locator("#tally")).to_have_text("1,000 games", timeout=RUN)


def test_seats_and_roles_have_one_colour_before_and_in_the_game(page: Page) -> None:
    pick(page, "guarantees-worked-example")
    expect(page.locator("#facts")).to_contain_text("3 agents")
    start(page)
    before, within = (
        page.evaluate(
            """(rows) => Object.fromEntries([...document.querySelectorAll(rows)].map(row => [
                row.querySelector('label, th').innerText.trim(),
                row.querySelector('.swatch').style.getPropertyValue('--seat'),
            ]))""",
            rows,
        )
        for rows in ("#seats > div", "#panel-seats tbody tr")
    )
    assert before == within
    assert len(set(before.values())) == 5


def test_keys_do_not_reach_the_game_from_where_something_is_typed(page: Page) -> None:
    start(page)
    page.get_by_label("Problem file").focus()
    for key in ("ArrowRight", "End", "Space"):
        page.keyboard.press(key)
    expect(page.locator("#where")).to_contain_text("transaction 1 of")


def test_everything_has_a_name_and_what_happens_is_announced(page: Page) -> None:
    start(page)
    unnamed = page.evaluate("""() => ['button', 'input', 'select', 'textarea', 'summary']
        .flatMap(tag => [...document.querySelectorAll(tag)])
        .filter(at => at.checkVisibility())
        .filter(at => !(at.getAttribute('aria-label') || at.labels?.[0]?.innerText || at.innerText).trim())
        .map(at => at.outerHTML)""")
    assert unnamed == []
    assert page.locator("#said").get_attribute("aria-live") == "polite"
    assert page.locator("#tally").get_attribute("aria-live") == "polite"
    assert page.locator("[role=img]:not([aria-label])").count() == 0
    duplicates = page.evaluate("""() => {
        const ids = [...document.querySelectorAll('[id]')].map(at => at.id);
        return ids.filter((id, k) => ids.indexOf(id) !== k);
    }""")
    assert duplicates == []
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(at => Number(at.tagName[1]))")
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_what_is_behind_it(tab: Tab, page: Page, dark: bool) -> None:  # noqa: FBT001
    """Contrast of at least 4.5 to 1, as WCAG asks of small text."""
    if dark:
        tab.dark()
    start(page)
    for k in (8, 18):
        page.locator("#position").evaluate(
            f"(at) => {{ at.value = {k}; at.dispatchEvent(new Event('input')) }}"
        )
        page.wait_for_timeout(600)
        tab.screenshot(f"live-{k}{'-dark' if dark else ''}")
        assert page.evaluate(CONTRAST) == []


CONTRAST = """() => {
    const rgb = (text) => {
        const parts = text.match(/[\\d.]+/g).map(Number);
        return { c: parts.slice(0, 3), a: parts[3] ?? 1 };
    };
    const over = (top, under) => top.c.map((x, i) => x * top.a + under[i] * (1 - top.a));
    const behind = (at) => {
        const layers = [];
        for (let e = at; e; e = e.parentElement) layers.push(rgb(getComputedStyle(e).backgroundColor));
        return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
    };
    const light = (c) => {
        const linear = (x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
        const [r, g, b] = c.map(x => linear(x / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const faint = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const at = node.parentElement;
        const exempt = '.hidden, .skip, .never, svg, option, :disabled, [aria-disabled=true]';
        if (!node.data.trim() || !at.checkVisibility() || at.closest(exempt)) continue;
        const ground = behind(at);
        const letters = over(rgb(getComputedStyle(at).color), ground);
        const [low, high] = [light(letters), light(ground)].sort((p, q) => p - q);
        const contrast = (high + 0.05) / (low + 0.05);
        if (contrast < 4.5) faint.push(`${contrast.toFixed(2)}: ${node.data.trim().slice(0, 40)}`);
    }
    return faint;
}"""


@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.deep)])
def test_it_fits_a_phone(tab: Tab, page: Page, dark: bool) -> None:  # noqa: FBT001
    if dark:
        tab.dark()
    tab.phone()
    page.reload()
    expect(page.locator("#seats .name")).to_have_count(5)
    expect(page.get_by_label("Problem file")).to_be_hidden()
    start(page)
    page.locator("#position").evaluate("(at) => { at.value = 17; at.dispatchEvent(new Event('input')) }")
    assert tab.overflow() == 0
    small = page.evaluate("""() => [...document.querySelectorAll('button, select, input')]
        .filter(at => at.checkVisibility() && at.getBoundingClientRect().height < 32).map(at => at.id)""")
    assert small == []
    page.wait_for_timeout(600)
    tab.screenshot(f"live-phone{'-dark' if dark else ''}")


def test_the_live_page_can_be_read_by_everybody(page: Page, tab: Tab) -> None:
    start(page)
    page.keyboard.press("End")
    assert tab.violations() == []
    tab.dark()
    tab.phone()
    assert tab.overflow() == 0
    assert tab.violations() == []
