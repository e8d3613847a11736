"""What README.md and the documentation show of commands is what these print."""

from __future__ import annotations

import pytest

from parley.chain.compiler import project_root
from scripts.documented import masked, pages, rewritten

SLOW = {
    f"docs/{name}.md"
    for name in (
        "tutorial",
        "how-to/cluster",
        "how-to/own-bot",
        "how-to/own-recognition-function",
        "how-to/tables",
    )
}
"""Pages whose examples take longer."""


NAMES = [page.relative_to(project_root()).as_posix() for page in pages()]


def check(name: str, only: str = "") -> None:
    text = (project_root() / name).read_text(encoding="utf-8")
    told = f"run `python -m scripts.documented {name}`"
    assert masked(rewritten(text, replayed=2, only=only)) == masked(text), told


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SLOW])
def test_examples_print_what_the_page_says(name: str) -> None:
    check(name)


@pytest.mark.deep
@pytest.mark.parametrize("name", sorted(SLOW))
def test_long_examples_print_what_the_page_says(name: str) -> None:
    check(name)


@pytest.mark.parametrize("name", sorted(SLOW))
def test_problems_of_long_examples_are_solved_as_the_page_says(name: str) -> None:
    check(name, only="parley solve")


def test_what_a_page_says_wrongly_is_found() -> None:
    page = '```toml title="a.toml"\nkind = "team"\n```\n```console\n$ parley solve a.toml\nsolved\n```\n'
    assert rewritten(page) == page.replace("solved", "a.toml: costs: missing")
    with pytest.raises(RuntimeError, match="Expected:\n    3"):
        rewritten("```pycon\n>>> 1 + 1\n3\n```\n")
