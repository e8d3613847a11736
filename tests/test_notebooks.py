"""The notebooks of examples/notebooks run, and print what they show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from scripts.notebooks import executed, notebooks, printed

if TYPE_CHECKING:
    from pathlib import Path


def test_there_are_two() -> None:
    assert [path.stem for path in notebooks()] == ["assignment", "coordination"]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=() if path.stem == "coordination" else pytest.mark.deep)
        for path in notebooks()
    ],
)
def test_cells_print_what_the_notebook_shows(path: Path) -> None:
    shown = json.loads(path.read_text(encoding="utf-8"))
    assert printed(executed(path)) == printed(shown), "run `python -m scripts.notebooks`"
    kinds = {key for cell in shown["cells"] for one in cell.get("outputs", ()) for key in one.get("data", {})}
    assert {"text/html", "image/png"} <= kinds
