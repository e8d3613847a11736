"""The browser that pages are tested in: that it draws, and that it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser import Tab

PAGE = """<!doctype html><title>A page</title><style>
body { color: black; background: white } @media (prefers-color-scheme: dark) { body { background: #123456 } }
</style><button onclick="this.textContent = 'pressed ' + innerWidth">press</button>
<input aria-label="name">"""


def page(folder: Path, more: str = "") -> Path:
    path = folder / "page.html"
    path.write_text(PAGE + more)
    return path


def test_a_page_is_clicked_typed_into_drawn_and_printed(tab: Tab, tmp_path: Path) -> None:
    tab.open(page(tmp_path))
    tab.phone()
    tab.page.get_by_role("button", name="press").click()
    assert tab.page.get_by_role("button").text_content() == "pressed 390"
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.type("δ = 9/10")
    assert tab.page.get_by_label("name").input_value() == "δ = 9/10"
    tab.dark()
    assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 52, 86)"
    assert tab.overflow() == 0
    tab.print(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    with_letters = tab.screenshot("browser").read_bytes()
    tab.page.evaluate("document.body.style.fontSize = document.querySelector('button').style.fontSize = '0'")
    assert tab.screenshot("browser-without-letters").read_bytes() != with_letters


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.error('broken')", "^error: broken$"),
        ("console.warn('odd')", "^warning: odd$"),
        ("throw new Error('lost')", "^thrown: .*lost"),
        ("fetch('http://example.org/').catch(() => {})", r"^not loaded: http://example\.org/ "),
    ],
)
def test_what_a_page_complains_about_is_known(tab: Tab, tmp_path: Path, script: str, complaint: str) -> None:
    tab.open(page(tmp_path, f"<script>{script}</script>"))
    tab.page.wait_for_timeout(100)
    with pytest.raises(AssertionError):
        tab.settle_complaints()
    tab.expect_complaint(complaint)
    if "fetch" in script:
        tab.expect_complaint("^error: .*ERR_BLOCKED_BY_CLIENT")
    tab.settle_complaints()


def test_a_complaint_that_was_promised_has_to_come(tab: Tab, tmp_path: Path) -> None:
    tab.open(page(tmp_path))
    tab.expect_complaint("anything")
    with pytest.raises(AssertionError, match="no complaint matches"):
        tab.settle_complaints()
    tab.page.evaluate("console.error('anything')")
