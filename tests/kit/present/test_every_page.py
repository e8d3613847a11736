"""Pages of shipped problems in a real browser: no complaint, no violation of axe-core, nothing sticks out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from parley.chain.compiler import project_root
from parley.cli import app
from parley.kit.present.page import write_page
from parley.kit.present.run import play_into
from parley.kit.registry import kinds, load

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser import Tab

READABLE = 4.5
"""The least contrast of letters."""
READY = sorted((project_root() / "problems").glob("*.toml"))
SAMPLE = (
    "general-domain",
    "assignment-cyclic",
    "screening-worked-example",
    "guarantees-worked-example",
    "team-worked-example",
)


def test_the_sample_has_every_kind() -> None:
    assert {load(file).kind for file in READY if file.stem in SAMPLE} == set(kinds())


def check(tab: Tab, *, thoroughly: bool = False) -> None:
    """Look at a page wide and narrow, in the light and in the dark."""
    assert letters(tab.page) >= READABLE
    assert not thoroughly or tab.violations() == []
    tab.dark()
    tab.phone()
    tab.page.wait_for_timeout(150)  # charts are drawn again
    assert tab.overflow() == 0
    assert tab.violations() == []
    for node in tab.page.locator(".scroll:visible").all():
        wider = node.evaluate("node => node.scrollWidth > node.clientWidth + 1")
        assert ("wider" in (node.get_attribute("class") or "")) is wider
    assert letters(tab.page) >= READABLE


CONTRAST = """() => {
  const luminance = (rgb) => {
    const linear = rgb.map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map((part) => Number(part) / 255);
  let least = 21;
  for (const svg of document.querySelectorAll(".panel svg")) {
    const [ground, cells] = [...svg.querySelectorAll('g[aria-label="cell"]')].map((g) => [...g.children]);
    const texts = [...svg.querySelectorAll('g[aria-label="text"] text')];
    if (!cells || texts.length !== cells.length) continue;
    cells.forEach((cell, k) => {
      const depth = Number(getComputedStyle(cell).fillOpacity);
      const [low, deep] = [ground[k], cell].map((node) => rgb(getComputedStyle(node).fill));
      const fill = luminance(low.map((c, i) => (1 - depth) * c + depth * deep[i]));
      const text = luminance(rgb(getComputedStyle(texts[k]).fill));
      least = Math.min(least, (Math.max(fill, text) + 0.05) / (Math.min(fill, text) + 0.05));
    });
  }
  return least;
}"""


def letters(page: Page) -> float:
    """The least contrast of a number in a heat map with the colour of its cell."""
    return float(page.evaluate(CONTRAST))


def made(name: str, folder: Path) -> None:
    """Play a problem a few times and audit it, into folders of its own."""
    problem = load(project_root() / "problems" / f"{name}.toml")
    play_into(folder / f"{name}-run", problem, games=2, seed=1)
    small: dict[str, Any] = {"problems": 3, "games": 0} if problem.kind == "coordination" else {}
    problem.audit(**small).write(folder / f"{name}-audit")


def test_pages_of_every_kind_can_be_read_by_everybody(tab: Tab, tmp_path: Path) -> None:
    for name in SAMPLE:
        made(name, tmp_path)
    tab.open(write_page(tmp_path))  # one page with the runs and audits of all
    assert tab.page.locator("article").count() == 2 * len(SAMPLE)
    for k in range(2 * len(SAMPLE)):
        text = tab.page.locator(f"#run-{k + 1}-method").inner_text()
        assert re.search(rf"kind\s+({'|'.join(kinds())})\s", text)
    check(tab)


@pytest.mark.deep
@pytest.mark.parametrize("name", [file.stem for file in READY])
def test_the_pages_of_a_problem_can_be_read_by_everybody(name: str, tab: Tab, tmp_path: Path) -> None:
    made(name, tmp_path)
    for folder in tmp_path.iterdir():
        tab.light()
        tab.desktop()
        tab.open(write_page(folder))
        check(tab, thoroughly=True)


def test_the_page_of_a_comparison_can_be_read_by_everybody(tab: Tab, tmp_path: Path) -> None:
    ready = [str(file) for file in READY if file.stem in {"assignment-cyclic", "assignment-seminars"}]
    call = ["compare", *ready, "--games", "0", "--runs", "50", "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(app, call).exit_code == 0
    tab.open(write_page(tmp_path / "out"))
    title = "Assignment cyclic, Assignment seminars: rules compared · assignment, 3 to 9 agents"
    assert tab.page.locator("h1").inner_text() == title
    assert "Compared: serial-dictatorship, probabilistic-serial" in tab.page.locator(".findings").inner_text()
    assert tab.page.locator("[data-figure] table").count() == 2
    assert tab.page.locator('[data-figure] g[aria-label="bar"] rect').count() > 0
    assert "parley compare FILE… --games 0 --runs 50" in tab.page.locator("#method").inner_text()
    tab.screenshot("report-comparison")
    check(tab)


def test_the_page_of_an_experiment_can_be_read_by_everybody(tab: Tab, experiment: Path) -> None:
    tab.open(experiment / "report.html")
    check(tab)
