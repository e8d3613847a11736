"""Legends of pictures hide nothing: they are outside of the axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parley.chain.compiler import project_root
from parley.kit.present.drawing import CHARTS, picture, pictures
from parley.kit.present.page_model import Column, Figure
from parley.kit.registry import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure as Picture

READY = project_root() / "problems"


def drawn(name: str, what: str) -> Mapping[str, Picture]:
    problem = load(READY / f"{name}.toml")
    if what == "simulate":
        return problem.simulate(games=40, seed=1).pictures()
    return pictures((problem.audit() if what == "audit" else problem.solve())._sheet())


def overlaps(one: Picture) -> list[str]:
    """The titles of axes that a legend covers in part."""
    one.draw_without_rendering()
    axes = [each for each in one.axes if each.axison]
    legends = [legend for each in one.axes if (legend := each.get_legend()) is not None] + one.legends
    inner = [(each.get_title(), each.get_window_extent().padded(-1)) for each in axes]
    return [title for title, box in inner if any(box.overlaps(each.get_window_extent()) for each in legends)]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("paper-example-1", "simulate"),
        ("assignment-bogomolnaia-moulin", "simulate"),
        ("assignment-bogomolnaia-moulin", "solve"),
        ("assignment-cyclic", "audit"),
        ("screening-worked-example", "simulate"),
        ("team-worked-example", "solve"),
    ],
)
def test_no_legend_lies_on_a_chart(name: str, what: str) -> None:
    found = drawn(name, what)
    assert any(axes.get_legend() for one in found.values() for axes in one.axes)
    assert {title: overlaps(one) for title, one in found.items() if overlaps(one)} == {}


def test_titles_are_whole() -> None:
    one = drawn("assignment-cyclic", "audit")["options"]
    one.draw_without_rendering()
    for axes in one.axes:
        box = axes.title.get_window_extent()
        assert box.height > 0
        assert box.y1 <= one.bbox.y1


@pytest.mark.parametrize("panels", [1, 2, 4])
def test_no_legend_lies_on_lines_however_high_they_are(panels: int) -> None:
    heads = [Column("panel", "panel"), Column("x", "x", "number")]
    heads += [Column(f"y{k}", f"y {k}", "percent") for k in range(5)]
    rows = [[f"panel {p}", x, *(1.0 for _ in range(5))] for p in range(panels) for x in range(3)]
    lines = [{"key": f"y{k}", "text": f"the line number {k}", "tone": f"series-{k}"} for k in range(5)]
    options = {"across": "x", "up": "share", "lines": lines}
    one = picture([("lines", Figure("f", "Lines", heads, rows, "lines", options=options))])
    assert "lines" in CHARTS
    assert overlaps(one) == []
