"""The page of a study and its pictures show the numbers of its summary, and the paper's bounds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from matplotlib.collections import PolyCollection

from parley.kit.present.drawing import picture, pictures
from parley.kit.present.page import render
from parley.kit.present.style import SERIES
from parley.mechanisms.guarantees.experiment.page import study_sheet

if TYPE_CHECKING:
    from pathlib import Path

    from parley.kit.present.page_model import Figure, Sheet
    from tests.browser import Tab

PROVIDERS = [2, 3, 30]


def curve(mean: float, most: float, **labels: str | float) -> dict[str, Any]:
    return {
        **labels,
        "providers": PROVIDERS,
        "mean_loss": [mean / 2, mean, 0.0],
        "std_error": [0.01, 0.005, 0.0],
        "max_loss": [mean, most, 0.0],
        "peak": 3,
    }


CURVES = [
    curve(scale * (0.09 - variation / 10), scale * 0.2, variant=variant, window=window, variation=variation)
    for variant, scale in (("length", 1), ("fixed-length", 1.5), ("equal-value", 0))
    for window in (1.5, 1.6, 1.7, 1.8)
    for variation in (0.001, 0.3)
]
TRIPS = [curve(0.02, 0.12, area="midtown", date="2016-01-08", window=window) for window in (10, 16)]


def sheet(folder: Path, unproved: int = 0, trips: list[dict[str, Any]] | None = None) -> Sheet:
    keys = {"jobs": 30, "samples": 100, "seed": 7}
    manifest = {"title": "Loss", "question": "How much?", "cells": 24, "games": 7200, "unit": "instance"}
    (folder / "manifest.json").write_text(json.dumps({**manifest, "experiment": keys}), encoding="utf-8")
    summary = {"curves": CURVES, "trips": trips or [], "unproved": unproved}
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    return study_sheet(folder)


def named(whole: Sheet, name: str) -> Figure:
    return next(figure for figure in whole.figures if figure.id == name)


def test_findings_are_the_greatest_losses(tmp_path: Path) -> None:
    whole = sheet(tmp_path)
    assert ("instances", "7,200") in whole.facts
    assert ("seed", "7") in whole.facts
    assert [text for _, text in whole.findings] == [
        "Greatest mean loss: 13.5% ± 1.0, fixed-length, window 1.5, variation 0.001, 3 providers.",
        "Greatest loss of an instance: 30%, fixed-length, window 1.5, variation 0.001, 3 providers.",
        "Greatest loss of an instance with equal values: 0%.",
        "Greatest loss with a provider for each job: 0%; theory says 0.",
    ]
    assert whole.warnings == []
    assert sheet(tmp_path, unproved=2).warnings == ["Not proved in time, and left out: 2 instances."]


def test_there_are_the_paper_s_figures(tmp_path: Path) -> None:
    whole = sheet(tmp_path, trips=TRIPS)
    names = ["losses-length", "losses-fixed-length", "losses-equal-value"]
    assert [figure.id for figure in whole.figures] == ["regions", "bounds", *names, "trips", "peaks"]
    notes = " ".join(figure.note for figure in whole.figures)
    assert all(number in notes for number in ("Figure 2", "Figure 3", "13", "8", "14", "11 and 12"))
    ((heading, lines),) = whole.passages
    assert heading == "What differs from the paper"
    assert len(lines) == 7
    assert len(sheet(tmp_path).passages[0][1]) == 5
    assert [row[:4] for row in named(whole, "peaks").rows[::8]] == [
        ["length", 1.5, 0.001, 3],
        ["fixed-length", 1.5, 0.001, 3],
        ["equal-value", 1.5, 0.001, 3],
        ["midtown, 2016-01-08", 10, None, 3],
    ]


def test_each_window_has_a_panel_and_each_variation_a_line(tmp_path: Path) -> None:
    drawn = picture([("lines", named(sheet(tmp_path), "losses-length"))])
    assert [axes.get_title() for axes in drawn.axes] == [
        f"window {window}" for window in (1.5, 1.6, 1.7, 1.8)
    ]
    for axes in drawn.axes:
        first, second = axes.lines[:2]
        assert [first.get_color(), second.get_color()] == [*SERIES[:2]]
        assert np.asarray(first.get_xdata()).tolist() == PROVIDERS
        assert np.asarray(first.get_ydata()) == pytest.approx([4.495, 8.99, 0])
        assert np.asarray(second.get_ydata()) == pytest.approx([3, 6, 0])
        assert axes.get_ylim() == pytest.approx((0, 8.99 * 1.04))
    (legend,) = drawn.legends
    assert [text.get_text() for text in legend.get_texts()] == ["variation 0.001", "variation 0.3"]
    places = [axes.get_position() for axes in drawn.axes]
    assert places[0].y0 == pytest.approx(places[2].y0)
    assert places[3].y1 < places[0].y0


def test_trips_have_their_mean_in_its_interval_and_the_greatest_loss(tmp_path: Path) -> None:
    figure = named(sheet(tmp_path, trips=TRIPS), "trips")
    axes = picture([("lines", figure)]).axes[0]
    mean, most = axes.lines[:2]
    assert np.asarray(mean.get_ydata()) == pytest.approx([1, 2, 0])
    assert np.asarray(most.get_ydata()) == pytest.approx([2, 12, 0])
    assert most.get_linestyle() == "--"
    (band,) = (part for part in axes.collections if isinstance(part, PolyCollection))
    corners = np.asarray(band.get_paths()[0].vertices).round(9).tolist()
    assert all(corner in corners for corner in ([2, 0], [3, 1.02], [3, 2.98]))
    assert [axes.get_title() for axes in picture([("lines", figure)]).axes] == [
        "midtown, 2016-01-08, window 10",
        "midtown, 2016-01-08, window 16",
    ]


def test_bounds_are_drawn_beside_each_other(tmp_path: Path) -> None:
    drawn = pictures(sheet(tmp_path))
    assert set(drawn) == {
        "bounds",
        *(f"value-loss-{name}" for name in ("length", "fixed-length", "equal-value")),
    }
    regions, bounds = drawn["bounds"].axes
    assert float(np.asarray(regions.lines[0].get_ydata())[0]) == pytest.approx(38.1966, abs=1e-4)  # δ*(2)
    assert [float(np.asarray(line.get_ydata())[0]) for line in bounds.lines[:5]] == pytest.approx(
        [100 / 3, 400 / 11, 50, 62.5, 75]
    )
    assert regions.get_ylim()[1] == bounds.get_ylim()[1] == 104


def test_the_page_draws_a_line_for_each_variation(tab: Tab, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(render(sheet(tmp_path, trips=TRIPS)), encoding="utf-8")
    tab.open(file)
    for name, lines in (("regions", 1), ("bounds", 5), ("losses-length", 8), ("trips", 4)):
        panels = tab.page.locator(f'[data-figure="{name}"] .panel svg')
        assert panels.locator('g[aria-label="line"] path').count() == lines
    ticks = tab.page.locator('[data-figure="losses-length"] .panel svg').first.locator(
        'g[aria-label="y-axis tick label"] text'
    )
    assert max(float(text) for text in ticks.all_text_contents()) <= 9
