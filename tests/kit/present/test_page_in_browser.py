"""The report's page in a real browser: drawn, sorted, hovered, on a phone, in the dark, on paper."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from parley.chain.compiler import project_root
from parley.kit.present.page import write_page
from parley.kit.registry import load
from parley.mechanisms.coordination.recognition import RECOGNITION
from tests.kit.present import folders
from tests.kit.present.test_page import KINDS

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator

    from tests.browser import Tab

STRATEGIES = 3
AGENTS = 3
CONTESTED = 2
CELLS = len(folders.RECOGNITION) * len(folders.CONTINUATION)
PAPER = 718
"""Pixels between the margins of an A4 page."""


def show(tab: Tab, folder: Path) -> None:
    tab.open(folder / "report.html")


def marks(tab: Tab, figure: str, kind: str, label: str) -> int:
    """How many marks of a kind a figure's charts hold, by Plot's name for their layer."""
    return tab.page.locator(f'[data-figure="{figure}"] .panel svg g[aria-label="{label}"] {kind}').count()


def column(tab: Tab, figure: str, heading: str) -> list[str]:
    """Texts of a column, from top to bottom."""
    headings = tab.page.locator(f'[data-figure="{figure}"] thead th').all_inner_texts()
    k = [re.sub(r"\s*[↕↑↓]?$", "", text) for text in headings].index(heading) + 1
    cells = tab.page.locator(f'[data-figure="{figure}"] tbody tr > :nth-child({k})')
    texts: list[str] = cells.evaluate_all("nodes => nodes.map(node => node.firstChild.textContent)")
    return texts


def header(tab: Tab, figure: str, name: str) -> Locator:
    return tab.page.locator(f'[data-figure="{figure}"] thead button', has_text=re.compile(f"^{name}$"))


def numbers(texts: list[str]) -> list[float]:
    return [float(text.replace(",", "").replace("−", "-").rstrip("%")) for text in texts if text != "–"]


def data(tab: Tab) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tab.page.locator("#parley-data").text_content() or "")
    return found


def test_every_chart_of_an_experiment_draws_its_data(tab: Tab, experiment: Path) -> None:
    show(tab, experiment)
    # Shares, stacked, and the interval of the savings.
    assert marks(tab, "overview", "path", "area") == CELLS * (STRATEGIES + 1)
    assert marks(tab, "shares", "path", "area") == CONTESTED * STRATEGIES
    assert marks(tab, "savings", "path", "area") == 1
    assert marks(tab, "costs", "circle", "dot") == 2 * AGENTS
    assert marks(tab, "costs", "rect", "bar") == AGENTS
    assert marks(tab, "costs", "line", "tick") == AGENTS
    assert marks(tab, "proposers", "rect", "bar") == AGENTS
    found = data(tab)
    (gas,) = [figure for figure in found["figures"] if figure["id"] == "gas"]
    assert marks(tab, "gas", "rect", "bar") == len(gas["rows"]) >= 7
    (rounds,) = [f for f in found["cells"][0]["figures"] if found["heads"][f["head"]]["id"] == "rounds"]
    assert marks(tab, "rounds", "rect", "bar") == len(rounds["rows"]) > 1


def test_charts_put_their_marks_where_the_numbers_say(tab: Tab, experiment: Path) -> None:
    show(tab, experiment)
    dots = tab.page.locator('[data-figure="costs"] .panel').first.locator('g[aria-label="dot"] circle')
    across = dots.evaluate_all("nodes => nodes.map(node => Number(node.getAttribute('cx')))")
    means = numbers(column(tab, "costs", "mean cost"))
    slope = (across[1] - across[0]) / (means[1] - means[0])
    assert slope > 0
    for x, mean in zip(across, means, strict=True):
        assert x == pytest.approx(across[0] + slope * (mean - means[0]), abs=0.6)


def test_shares_on_an_axis_are_decimals_and_no_thousandths(tab: Tab, tmp_path: Path) -> None:
    load(project_root() / "problems" / "team-coverage.toml").audit().write(tmp_path)
    write_page(tmp_path)
    show(tab, tmp_path)
    ticks = tab.page.locator(
        "[data-figure='members'] svg g[aria-label='x-axis tick label'] text"
    ).all_text_contents()
    assert "0.01" in ticks
    assert not [tick for tick in ticks if tick.endswith("m")]


def test_every_chart_has_a_name_and_its_numbers_in_a_table(tab: Tab, experiment: Path) -> None:
    show(tab, experiment)
    assert (
        tab.page.locator(".panel svg").count()
        == tab.page.locator('.panel svg[role="img"][aria-label]').count()
    )
    for figure in tab.page.locator("figure").all():
        assert figure.locator("table caption").count() == 1
        assert figure.locator("tbody tr").count() > 0
    levels = tab.page.locator("h1, h2, h3, h4").evaluate_all(
        "nodes => nodes.map(node => Number(node.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 or (before, after) == (2, 4) for before, after in pairwise(levels))


def test_nothing_is_asked_of_any_network(tab: Tab, experiment: Path) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    show(tab, experiment)
    tab.page.locator("#cell-choice").select_option("1")
    assert asked == [(experiment / "report.html").resolve().as_uri()]


def test_hostile_titles_and_names_are_shown_and_not_run(tab: Tab, experiment: Path) -> None:
    show(tab, experiment)
    assert tab.page.title() == f"{folders.TITLE} · coordination, 3 agents · Parley"
    assert tab.page.locator("h1").inner_text() == f"{folders.TITLE} · coordination, 3 agents"
    assert tab.page.locator(".question").inner_text() == folders.QUESTION
    assert tab.page.locator("img").count() == 0
    assert column(tab, "costs", "agent") == list(folders.NAMES)
    titles = tab.page.locator('[data-figure="shares"] .panel .title').all_inner_texts()
    assert titles == list(folders.NAMES[:CONTESTED])


def test_a_script_that_is_none_of_the_pages_own_does_not_run(
    tab: Tab, experiment: Path, tmp_path: Path
) -> None:
    """What escaping let through, the page's policy would still stop."""
    text = (experiment / "report.html").read_text(encoding="utf-8")
    forged = tmp_path / "report.html"
    forged.write_text(
        text.replace("<footer>", "<script>document.title = 'owned'</script><footer>"), encoding="utf-8"
    )
    tab.expect_complaint("Content Security Policy")
    tab.open(forged)
    assert tab.page.title() != "owned"


def test_a_click_on_a_heading_sorts_and_another_one_turns_the_order(tab: Tab, experiment: Path) -> None:
    show(tab, experiment)
    button = header(tab, "costs", "mean cost")
    heading = button.locator("..")
    before = numbers(column(tab, "costs", "mean cost"))
    agents = dict(zip(before, column(tab, "costs", "agent"), strict=True))
    assert heading.get_attribute("aria-sort") is None
    button.click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert numbers(column(tab, "costs", "mean cost")) == sorted(before)
    button.click()
    assert heading.get_attribute("aria-sort") == "descending"
    after = numbers(column(tab, "costs", "mean cost"))
    assert after == sorted(before, reverse=True)
    assert column(tab, "costs", "agent") == [agents[value] for value in after]  # rows move whole
    header(tab, "costs", "agent").click()
    assert heading.get_attribute("aria-sort") is None


def test_tables_are_sorted_by_keyboard_numbers_as_numbers_and_what_is_missing_last(
    tab: Tab, simulation: Path
) -> None:
    show(tab, simulation)
    button = header(tab, "gas", "least gas")
    button.focus()
    tab.page.keyboard.press("Enter")
    gas = numbers(column(tab, "gas", "least gas"))
    assert gas == sorted(gas)
    assert [str(int(used)) for used in gas] != sorted(str(int(used)) for used in gas)
    # A column with something missing: in either order it stays below.
    z = header(tab, "costs", "z")
    for _ in range(2):
        z.click()
        texts = column(tab, "costs", "z")
        assert "–" not in texts[: len(numbers(texts))]


def test_hovering_over_a_chart_tells_its_numbers(tab: Tab, experiment: Path) -> None:
    show(tab, experiment)
    panel = tab.page.locator('[data-figure="costs"] .panel').first
    tip = panel.locator('g[aria-label="tip"]')
    assert tip.text_content() == ""
    panel.locator('g[aria-label="dot"] circle').nth(1).hover()
    told = (tip.text_content() or "").replace("\u200b", " ")  # where lines end
    mean = column(tab, "costs", "mean cost")[1]
    assert folders.NAMES[1] in " ".join(told.split())
    (hovered,) = re.findall(r"mean: (-?[\d.]+)", told)
    assert float(hovered) == pytest.approx(numbers([mean])[0], abs=0.006)  # the column has two decimals
    tab.page.mouse.move(0, 0)
    area = tab.page.locator('[data-figure="overview"] .panel svg').first
    area.hover()
    assert re.search(r"generation \d.*greedy: \d", area.locator('g[aria-label="tip"]').text_content() or "")


def test_cells_are_chosen_from_a_list_or_from_the_table_of_cells(tab: Tab, experiment: Path) -> None:
    show(tab, experiment)
    names = [cell["name"] for cell in data(tab)["cells"]]
    assert tab.page.locator("#cell-choice option").all_inner_texts() == names
    assert tab.page.locator("#cell-name").inner_text() == names[0]
    first = column(tab, "costs", "mean cost")
    tab.page.locator("#cell-choice").focus()
    tab.page.keyboard.press("ArrowDown")
    assert tab.page.locator("#cell-name").inner_text() == names[1]
    assert column(tab, "costs", "mean cost") != first
    tab.page.locator('[data-figure="cells"] tbody a').nth(3).click()
    assert tab.page.locator("#cell-name").inner_text() == names[3]
    assert tab.page.locator("#cell-choice").input_value() == "3"
    assert marks(tab, "costs", "circle", "dot") == 2 * AGENTS


def test_an_exact_value_is_told_on_hover(tab: Tab, audit: Path) -> None:
    show(tab, audit)
    gains = tab.page.locator('[data-figure="deviations"] tbody td:nth-child(3)')
    texts = gains.all_inner_texts()
    assert all(re.fullmatch(r"-?[\d.]+", text) for text in texts)
    titles = [cell.get_attribute("title") for cell in gains.all()]
    fractions = [
        (text, title.removeprefix("exactly ")) for text, title in zip(texts, titles, strict=True) if title
    ]
    assert fractions
    assert all(float(text) == pytest.approx(float(Fraction(exact)), rel=0.01) for text, exact in fractions)


def test_the_page_of_an_audit_has_axioms_counterexamples_and_gains(tab: Tab, audit: Path) -> None:
    show(tab, audit)
    agents = len(folders.NAMES)
    assert tab.page.locator('[data-figure="axioms"] tbody tr').count() == len(RECOGNITION)
    assert tab.page.locator('[data-figure="axioms"] td.fails').count() >= 2
    assert tab.page.locator("ol.passage").count() >= 2
    cells = agents * (agents + 1) // 2
    assert marks(tab, "gains", "rect", "cell") == 2 * cells  # the ground, and how deep it is coloured
    tab.screenshot("report-audit-desktop")


def test_the_page_of_a_simulation_shows_costs_proposers_rounds_and_gas(tab: Tab, simulation: Path) -> None:
    show(tab, simulation)
    assert marks(tab, "costs", "circle", "dot") == 2 * AGENTS
    assert marks(tab, "proposers", "rect", "bar") == AGENTS
    assert marks(tab, "gas", "rect", "bar") >= 7
    assert "stubborn" in tab.page.locator(".findings").first.inner_text()
    tab.screenshot("report-simulation-desktop")


def test_the_page_of_lotteries_shows_who_got_what_and_tells_it_on_hover(tab: Tab, lotteries: Path) -> None:
    show(tab, lotteries)
    cells = AGENTS * (len(folders.ITEMS) + 1)  # the last column is nothing: the second agent never reveals
    assert marks(tab, "counts", "rect", "cell") == 2 * cells
    assert marks(tab, "agents", "circle", "dot") == 2 * AGENTS
    assert marks(tab, "gas", "rect", "bar") >= 4
    panel = tab.page.locator('[data-figure="counts"] .panel').first
    panel.locator('g[aria-label="text"] text').first.hover()  # it lies on the first cell
    told = (panel.locator('g[aria-label="tip"]').text_content() or "").replace("\u200b", " ")
    assert folders.NAMES[0] in told
    assert re.search(r"times drawn: \d+ times expected: [\d.]+", told)
    tab.screenshot("report-lotteries-desktop")


def test_the_page_of_a_lotterys_audit_shows_properties_ranks_and_option_sets(
    tab: Tab, lottery_audit: Path
) -> None:
    show(tab, lottery_audit)
    assert tab.page.locator("h1").inner_text() == "Assignment, 3 agents"
    assert tab.page.locator('[data-figure="properties"] td.fails').all_inner_texts() == ["fails"]
    assert marks(tab, "matrix", "rect", "cell") == 2 * AGENTS * len(folders.ITEMS)
    assert marks(tab, "ranks", "rect", "bar") == (AGENTS + 1) * len(folders.ITEMS)  # with the average
    # Two of the agents are alike: they have one option set.
    assert tab.page.locator("#cell-choice option").count() == 2
    assert tab.page.locator("#cell-title").inner_text() == "One option set"
    options = [cell["figures"][0]["rows"] for cell in data(tab)["cells"]]
    for k, rows in enumerate(options):
        tab.page.locator("#cell-choice").select_option(str(k))
        sure = [row for row in rows if row[5]["v"] == 0]  # of getting something
        triangle, curves = tab.page.locator('[data-figure="options"] .panel').all()
        assert triangle.locator('g[aria-label="dot"] circle').count() == len(sure) > 1
        assert curves.locator('g[aria-label="line"] path').count() == len(rows)
    tab.screenshot("report-lottery-audit-desktop")


@pytest.mark.parametrize("kind", KINDS)
def test_on_a_phone_nothing_sticks_out(kind: str, tab: Tab, request: pytest.FixtureRequest) -> None:
    tab.phone()
    show(tab, request.getfixturevalue(kind))
    assert tab.overflow() == 0
    for box in [panel.bounding_box() for panel in tab.page.locator(".panel svg").all()]:
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    tab.screenshot(f"report-{kind}-phone")


def test_charts_are_drawn_anew_when_the_window_changes(tab: Tab, experiment: Path) -> None:
    show(tab, experiment)
    svg = tab.page.locator('[data-figure="savings"] svg[role="img"]')
    wide = float(svg.get_attribute("width") or 0)
    tab.phone()
    tab.page.wait_for_function(
        "w => document.querySelector('[data-figure=savings] svg[role=img]').getAttribute('width') < w / 2",
        arg=wide,
    )
    assert tab.overflow() == 0


# ── colours ─────────────────────────────────────────────────────────────────────────────────────────────────

TEXTS = ("ink", "muted", "link", "good", "bad", "theory")
MARKS = ("played", "theory", "quiet", *(f"series-{k}" for k in range(8)))


def colour(tab: Tab, name: str) -> tuple[int, int, int]:
    found = tab.page.evaluate(
        "name => { const node = document.createElement('i'); node.style.color = `var(--${name})`;"
        " document.body.append(node); const { color } = getComputedStyle(node); node.remove();"
        " return color; }",
        name,
    )
    red, green, blue = (int(part) for part in re.findall(r"\d+", found)[:3])
    return red, green, blue


def luminance(rgb: tuple[int, int, int]) -> float:
    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in rgb)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark", "paper"])
def test_text_and_marks_stand_out_in_every_scheme(scheme: str, tab: Tab, audit: Path) -> None:
    if scheme != "light":
        tab.dark()
    if scheme == "paper":
        tab.page.emulate_media(media="print", color_scheme="dark")
    show(tab, audit)
    ground, panel = colour(tab, "ground"), colour(tab, "panel")
    assert (luminance(ground) < 0.1) == (scheme == "dark")
    body = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert tuple(int(part) for part in re.findall(r"\d+", body)) == ground
    for name in TEXTS:
        assert contrast(colour(tab, name), ground) >= 4.5, name
    for name in ("ink", "muted"):
        assert contrast(colour(tab, name), panel) >= 4.5, name
        assert contrast(colour(tab, name), colour(tab, "warning")) >= 4.5, name
    for name in MARKS:
        assert contrast(colour(tab, name), ground) >= 3, name


def test_charts_follow_the_page_into_the_dark(tab: Tab, experiment: Path) -> None:
    show(tab, experiment)
    area = tab.page.locator('[data-figure="shares"] g[aria-label="area"] path').first
    light = area.evaluate("node => getComputedStyle(node).fill")
    tab.screenshot("report-experiment-desktop")
    tab.dark()
    assert area.evaluate("node => getComputedStyle(node).fill") != light
    tab.screenshot("report-experiment-dark")


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind == "experiment" else pytest.mark.deep) for kind in KINDS]
)
def test_on_paper_tables_are_whole_and_nothing_waits_for_a_hand(
    kind: str, tab: Tab, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    tab.dark()
    show(tab, request.getfixturevalue(kind))
    tab.print(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    tab.page.emulate_media(media="print", color_scheme="dark")
    tab.page.set_viewport_size({"width": PAPER, "height": 1000})
    assert tab.overflow() == 0
    for table in tab.page.locator("table:visible").all():
        box = table.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= PAPER + 1
        cells = "[...node.querySelectorAll('td, th')]"
        whole = f"node => {cells}.every(cell => cell.scrollWidth <= cell.clientWidth + 1)"
        assert table.evaluate(whole)
    for hidden in ("nav", "#cell-choice", "summary"):
        assert not any(node.is_visible() for node in tab.page.locator(hidden).all())
    tab.screenshot(f"report-{kind}-paper")
