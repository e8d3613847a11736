"""The live page in a real browser: it shows what was played, and everybody can operate it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from parley.chain.codec import compiled_codec
from parley.core import problemfile
from parley.core.randomness import unpack_order
from parley.mechanisms.coordination.live.trace import open_player
from parley.mechanisms.coordination.problem import Problem, example_1, load_problem
from parley.mechanisms.coordination.simulation import simulate

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from parley.chain.codec import Event
    from parley.kit.play.player import Player
    from parley.mechanisms.coordination.play import Outcome
    from tests.browser import Tab
    from tests.live.serving import LiveServer

FUNCTIONS = compiled_codec("TwoStageMechanism").selectors

SEED = 1

RUN = 180_000
"""Milliseconds that a thousand games may take on a busy machine; on an idle one it is a second or two."""


@pytest.fixture
def page(tab: Tab, server: LiveServer) -> Page:
    """The page, with the paper's example chosen."""
    tab.open(server.url)
    expect(tab.page.locator("#seats select")).to_have_count(5)
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


def texts(rows: Locator, cell: str) -> list[str]:
    return rows.locator(cell).all_inner_texts()


def in_wei(cells: Locator) -> list[int]:
    return [int(value) for value in cells.evaluate_all("cells => cells.map(cell => cell.dataset.wei)")]


def plain(number: str) -> float:
    return float(number.replace("−", "-").replace(",", ""))


def events_of(player: Player[Outcome], kind: str) -> list[Any]:
    return [event for sent in player.sent for event in player.codec.decode(sent.logs) if event.name == kind]


def replayed(problem: Problem, bots: list[str], game: int) -> Player[Outcome]:
    player = open_player(problem, bots, SEED)
    player.play(game)
    return player


# ── one game ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_game_plays_by_itself_to_its_end(tab: Tab, page: Page) -> None:
    page.get_by_role("button", name="Play this game").click()
    page.get_by_label("Speed").select_option("very fast")
    said = page.locator("#said")
    expect(said).to_contain_text("Agent 5 takes out")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert page.locator("#phases li.done").count() == 7
    tab.screenshot("live-end")


@pytest.mark.parametrize("game", [0, 3])
def test_step_by_step_it_shows_what_the_contract_emitted(page: Page, game: int) -> None:
    problem = example_1()
    player = replayed(problem, ["equilibrium"], game)
    functions = {selector: name for name, selector in FUNCTIONS.items()}
    start(page, game)
    where, on = page.locator("#where"), page.get_by_role("button", name="One transaction on")
    past: list[Event] = []
    for k, sent in enumerate(player.sent):
        if k:
            on.click()
        expect(where).to_contain_text(f"Game {game}, transaction {k + 1} of {len(player.sent)}:")
        expect(where.locator("code")).to_have_text(functions[sent.data[:4]])
        past += player.codec.decode(sent.logs)
        check_board(page, past)


def check_board(page: Page, past: list[Event]) -> None:
    """Whether the board shows what has happened, and nothing of what has not."""

    def of(kind: str) -> list[Any]:
        return [event for event in past if event.name == kind]

    announced, offers = of("Announced"), of("Proposed")
    board = page.evaluate("""() => {
        const rows = (id) => [...document.querySelectorAll(`#${id} tbody tr`)];
        const wei = (cells) => cells.map(cell => cell?.querySelector('[data-wei]')?.dataset.wei ?? null);
        const text = (cells) => cells.map(cell => cell.innerText.trim());
        return {
            left: text([...document.querySelectorAll('#work tfoot td')]),
            work: rows('work').map(row => text([...row.querySelectorAll('.cell.now')])),
            pieces: rows('pieces').map(row => text([...row.children])),
            widths: [...document.querySelectorAll('#stick div')].map(piece => parseFloat(piece.style.width)),
            put: wei(rows('money').map(row => row.children[1])),
            out: wei(rows('money').map(row => row.children[2])),
            shares: wei(rows('offer').map(row => row.querySelector('.share'))),
            answers: text(rows('offer').map(row => row.lastElementChild)),
            states: text([...document.querySelectorAll('#agents .state')]),
        };
    }""")
    n = 5
    assert board["put"] == [str(e.deposit) for e in of("Joined")] + [None] * (n - len(of("Joined")))
    assert board["out"] == [str(e.amount) for e in of("Withdrawn")] + [None] * (n - len(of("Withdrawn")))
    rows = {event.seat: list(event.announcement) for event in announced}
    capacity = example_1().capacity
    for i in range(n):
        possible = [str(x) for x, can in zip(rows.get(i, []), capacity[i], strict=False) if can]
        assert board["work"][i] == possible
        broken = announced[i] if i in rows else None
        g = "" if broken is None else "all" if i == n - 1 else f"{broken.numerator}/{broken.denominator}"
        assert board["pieces"][i][1] == g
    left = example_1().contracted.sum(axis=0).tolist()
    for row in rows.values():
        left = [before - taken for before, taken in zip(left, row, strict=True)]
    assert board["left"] == [str(x) for x in [*left, sum(left)]]
    stick = 1.0
    for i in range(n):
        fraction = 0.0 if i not in rows else 1.0
        if i in rows and i < n - 1:
            fraction = announced[i].numerator / announced[i].denominator
        assert board["widths"][i] == pytest.approx(100 * stick * fraction, abs=1e-3)
        stick *= 1 - fraction
    drawn = of("ProposerDrawn")
    chosen = [i for i, piece in enumerate(board["pieces"]) if piece[3] == "makes the offer"]
    assert chosen == [event.proposer for event in drawn]
    assert board["shares"] == ([str(share) for share in offers[0].shares] if offers else [])
    if offers:
        answers = {event.seat: "accepts" if event.accepted else "rejects" for event in of("Responded")}
        turns = {
            seat: f"{k + 1}{('st', 'nd', 'rd', 'th')[k]} in turn"
            for k, seat in enumerate(unpack_order(drawn[0].order, n - 1))
        }
        expected = {drawn[0].proposer: "its offer"} | turns | answers
        assert board["answers"] == [expected[i] for i in range(n)]


def test_back_shows_what_was_there_before(page: Page) -> None:
    start(page)
    board = page.locator(".board")
    seen = []
    for _ in range(19):
        seen.append(board.inner_text())
        page.get_by_role("button", name="One transaction on").click()
    for before in reversed(seen):
        page.get_by_role("button", name="One transaction back").click()
        assert board.inner_text() == before


def test_rejections_lead_to_further_rounds_and_a_breakdown_is_shown(page: Page) -> None:
    page.get_by_label("Everybody plays").select_option("stubborn")
    start(page)
    player = replayed(example_1(), ["stubborn"], 0)
    rounds = max(event.round for event in events_of(player, "ProposerDrawn"))
    page.get_by_role("button", name="To the end").click()
    costs = [int(event.amount) for event in events_of(player, "Withdrawn")]
    assert in_wei(page.locator("#money tbody tr td:nth-child(3) [data-wei]")) == costs
    assert texts(page.locator("#money tbody tr"), "td:last-child") == ["0"] * 5
    page.locator("#logging summary").click()
    offers = page.locator("#log button", has_text="propose")
    assert offers.count() == rounds
    offers.last.click()
    expect(page.locator("#round")).to_have_text(f"round {rounds}")


@pytest.mark.parametrize("phase", ["joining", "revealing"])
def test_whoever_falls_silent_is_named(page: Page, phase: str) -> None:
    page.get_by_role("group", name="Players").get_by_label("agent 2").select_option(f"silent:{phase}")
    assert page.get_by_label("Everybody plays").input_value() == ""
    start(page)
    page.get_by_role("button", name="To the end").click()
    state = page.locator("#agents li").nth(1).locator(".state")
    expect(state).to_have_text("never joined" if phase == "joining" else "fell silent")


def test_the_next_game_is_the_next_of_the_seed(page: Page) -> None:
    start(page, 6)
    page.get_by_role("button", name="Next game").click()
    expect(page.locator("#where")).to_contain_text("Game 7, ")
    assert page.get_by_label("Game number").input_value() == "7"


# ── a thousand ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_thousand_games_end_within_the_bounds_of_chance(tab: Tab, page: Page) -> None:
    page.get_by_role("button", name="Run a thousand games").click()
    verdict = page.locator("#verdict")
    expect(verdict).to_have_text(
        "1,000 games: 1,000 settled. Everybody paid on average what theory promises, up to chance.",
        timeout=RUN,
    )
    run = simulate(example_1(), games=1000, seed=SEED).to_json()
    rows = page.locator("#means tbody tr")
    for i, agent in enumerate(run["agents"]):
        cells = rows.nth(i).locator("td")
        mean, z = cells.nth(3), cells.nth(5)
        assert float(mean.get_attribute("data-mean") or "nan") == agent["mean_cost"]
        assert float(z.get_attribute("data-z") or "nan") == agent["z"]
        assert abs(agent["z"]) < 4.5
        assert plain(mean.inner_text()) == pytest.approx(agent["mean_cost"], abs=6e-3)
    figures = page.locator("#histograms figure")
    assert figures.count() == 5
    for i in range(5):
        titles = figures.nth(i).locator(".played title").all_text_contents()
        assert sum(int(title.split()[0].replace(",", "")) for title in titles) == 1000
        assert len(titles) == figures.nth(i).locator(".promised").count() == 2
    assert page.locator("#proposers .played").count() == 5
    tab.screenshot("live-thousand")
    tab.dark()
    tab.screenshot("live-thousand-dark")


def test_a_run_can_be_stopped(page: Page) -> None:
    page.locator("#games").select_option("10000")
    page.get_by_role("button", name="Run ten thousand games").click()
    expect(page.locator("#histograms figure").first).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#verdict")).to_contain_text(re.compile(r"^Stopped\. [\d,]+ games: "))
    expect(page.get_by_role("button", name="Run ten thousand games")).to_be_enabled()


def test_players_out_of_equilibrium_pay_something_else(page: Page) -> None:
    page.get_by_label("Everybody plays").select_option("minimal")
    page.get_by_role("button", name="Run a thousand games").click()
    expect(page.locator("#verdict")).to_contain_text("With these players", timeout=RUN)
    assert page.locator("#means td.bad").count() > 0


# ── choosing ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('"9/10"', '"11/10"', "continuation: 11/10 is outside [0, 1)"),
        ("[9, 0, 0, 0, 0]", "[9, 0, 0, 0, 0", "invalid TOML"),
        ('"p-star"', '"mine"', "recognition: unknown recognition function 'mine'; known: p-star, "),
        (
            "[1, 2, 1, 2, 0]",
            "[1, 2, 1, 0, 0]",
            "capacity[3][3]: 0 is below the 2 contracted (agent 4, task type 4)",
        ),
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
    for name in ("Play this game", "Run a thousand games"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    put(page, good)
    expect(page.get_by_role("alert")).to_be_hidden()
    start(page)
    expect(page.locator("#said")).to_contain_text("The game is opened.")


def test_delta_and_the_recognition_function_can_be_chosen(tab: Tab, page: Page) -> None:
    delta = page.get_by_label("Chance of another round")
    assert delta.input_value() == "9/10"
    page.get_by_label("Who gets to make the offer").select_option("equal")
    delta.fill("much")
    tab.expect_complaint("status of 400")
    expect(page.get_by_role("alert")).to_have_text(re.compile("^continuation: 'much' is not a number"))
    expect(delta).to_have_attribute("aria-invalid", "true")
    delta.fill("0.25")
    expect(page.get_by_role("alert")).to_be_hidden()
    start(page)
    page.get_by_role("button", name="To the end").click()
    assert texts(page.locator("#pieces tbody tr"), "td:nth-child(3)") == ["20%"] * 5
    problem = Problem.from_mapping(example_1().to_mapping() | {"recognition": "equal", "continuation": "1/4"})
    shares = events_of(replayed(problem, ["equilibrium"], 0), "Proposed")[-1].shares
    assert in_wei(page.locator("#offer .share [data-wei]")) == list(shares)


def test_a_problem_of_one_s_own_in_json_is_played_under_its_own_names(page: Page) -> None:
    name = "<img src=x onerror=alert(1)>"
    put(
        page,
        '{"kind": "coordination", "contracted": [[6, 0], [0, 2]], "capacity": [[6, 0], [3, 2]],'
        ' "costs": [{"type": "quadratic", "quadratic": 1}], "continuation": "9/10", "recognition": "p-star",'
        f' "names": {{"agents": ["{name}", "Ben"], "tasks": ["one", "two"]}}}}',
    )
    expect(page.locator("#seats select")).to_have_count(2)
    expect(page.locator("#seats .name").first).to_have_text(name)
    start(page)
    page.get_by_role("button", name="To the end").click()
    assert texts(page.locator("#money tbody tr"), "th") == [name, "Ben"]
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("name", ["general-domain", "piecewise", "power", "support-desk"])
def test_every_ready_problem_can_be_watched(tab: Tab, page: Page, name: str) -> None:
    page.get_by_label("Problem", exact=True).select_option(name)
    path = f"problems/{name}.toml"
    problem = load_problem(path)
    expect(page.locator("#seats .name")).to_have_text(list(problem.agent_names))
    start(page)
    page.get_by_role("button", name="To the end").click()
    player = replayed(problem, ["equilibrium"], 0)
    assert in_wei(page.locator("#money tbody tr td:nth-child(3) [data-wei]")) == [
        event.amount for event in events_of(player, "Withdrawn")
    ]
    assert tab.overflow() == 0


def test_sixty_four_agents_fit(tab: Tab, page: Page) -> None:
    n = 64
    contracted = [[2 * (i < t + 1 <= i + 1) for t in range(n)] for i in range(n)]
    capacity = [[2 * (t <= i) for t in range(n)] for i in range(n)]
    mapping = example_1().to_mapping() | {"contracted": contracted, "capacity": capacity}
    put(page, problemfile.to_toml(Problem.from_mapping(mapping).to_mapping()))
    expect(page.locator("#seats select")).to_have_count(n)
    start(page)
    page.get_by_role("button", name="To the end").click()
    expect(page.locator("#money tbody tr")).to_have_count(n)
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
    expect(page.locator("#said")).to_contain_text("Agent 5 takes out")
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
    expect(page.locator("#said")).to_contain_text("Agent 5 takes out")
    tab_to(page, "Run a thousand games")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("1,000 games: ", timeout=RUN)


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
    assert page.locator("#verdict").get_attribute("aria-live") == "polite"
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


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_phone(tab: Tab, page: Page, dark: bool) -> None:  # noqa: FBT001
    if dark:
        tab.dark()
    tab.phone()
    page.reload()
    expect(page.locator("#seats select")).to_have_count(5)
    expect(page.get_by_label("Problem file")).to_be_hidden()
    start(page)
    page.locator("#position").evaluate("(at) => { at.value = 17; at.dispatchEvent(new Event('input')) }")
    assert tab.overflow() == 0
    small = page.evaluate("""() => [...document.querySelectorAll('button, select, input')]
        .filter(at => at.checkVisibility() && at.getBoundingClientRect().height < 32).map(at => at.id)""")
    assert small == []
    page.wait_for_timeout(600)
    tab.screenshot(f"live-phone{'-dark' if dark else ''}")
