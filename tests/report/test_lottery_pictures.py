"""Pictures of random assignments show their numbers, whatever the names, and the shipped ones are current."""

from __future__ import annotations

import runpy
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from parley.chain.compiler import project_root
from parley.kit.present.style import THEORY, save
from parley.mechanisms.assignment.options import option_set
from parley.mechanisms.assignment.present.figures import (
    counts_figure,
    matrix_figure,
    option_figure,
    rules_figure,
)
from parley.mechanisms.assignment.problem import Problem, from_orders, load_problem
from parley.mechanisms.assignment.simulation import simulate
from parley.mechanisms.assignment.solution import solve
from tests.report import folders

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROOT = project_root()


def problem_of(name: str) -> Problem:
    return load_problem(ROOT / "problems" / f"assignment-{name}.toml")


def written(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_a_matrix_has_its_fractions_written_in_and_ranks_as_long_as_they_are_likely() -> None:
    problem = problem_of("bogomolnaia-moulin").with_rule("probabilistic-serial")
    matrix, ranks = matrix_figure(solve(problem)).axes
    assert written(matrix) == ["1/2", "0", "1/2", "0"] * 2 + ["0", "1/2", "0", "1/2"] * 2
    image = np.asarray(matrix.images[0].get_array())
    assert image.tolist() == [[0.5, 0, 0.5, 0]] * 2 + [[0, 0.5, 0, 0.5]] * 2
    widths = [bar.get_width() for bar in ranks.patches]  # type: ignore[attr-defined]
    assert widths == [0.5] * 4 + [0.0] * 4 + [0.5] * 4 + [0.0] * 4


def test_two_rules_stand_side_by_side_with_what_they_give_on_average() -> None:
    example = problem_of("bogomolnaia-moulin")
    rules = ("serial-dictatorship", "probabilistic-serial")
    figure = rules_figure([solve(example.with_rule(rule)) for rule in rules])
    assert [axes.get_title() for axes in figure.axes[:2]] == ["serial dictatorship", "probabilistic serial"]
    assert written(figure.axes[0])[:4] == ["5/12", "1/12", "5/12", "1/12"]
    heights = np.array([line.get_ydata() for line in figure.axes[2].lines], dtype=float)
    assert np.allclose(heights, [[5 / 12, 1 / 2, 11 / 12, 1], [1 / 2, 1 / 2, 1, 1]])


def test_an_option_set_is_drawn_into_the_triangle_with_what_is_better_in_another_colour() -> None:
    """The paper's: from (1/3, 1/3, 1/3) to (0, 2/3, 1/3); and the coin toss, from which a lie leads away."""
    truthful, lying = option_set(problem_of("option-set"), 0), option_set(problem_of("cyclic"), 0)
    one, two = option_figure([truthful, lying]).axes
    assert {"1", "2", "3", "1/3, 1/3, 1/3", "0, 2/3, 1/3", "1/3, 0, 2/3"} <= set(written(one))
    for axes, options, better in ((one, truthful, 0), (two, lying, 2)):
        star = [line for line in axes.lines if line.get_marker() == "*"]
        dots = [line for line in axes.lines if line.get_marker() == "o"]
        _, b, c = map(float, options.own)
        assert np.allclose(star[0].get_xydata(), [[c + b / 2, b * 3**0.5 / 2]])
        assert len(star) + len(dots) == sum(sum(row) == 1 for row in options.lotteries)
        assert sum(dot.get_color() == THEORY for dot in dots) == better


def test_an_option_set_over_four_items_is_drawn_as_curves_of_which_none_is_above_the_own() -> None:
    options = option_set(problem_of("bogomolnaia-moulin"), 0)
    (axes,) = option_figure([options]).axes
    assert len(axes.lines) == len(options.lotteries)
    curves = np.array([line.get_ydata() for line in axes.lines], dtype=float)
    assert np.allclose(curves[-1], [0, 5 / 12, 1 / 2, 11 / 12, 1])
    assert (curves <= curves[-1] + 1e-12).all()


def test_a_run_is_drawn_beside_theory() -> None:
    run = simulate(problem_of("bogomolnaia-moulin"), games=48, seed=2)
    counts, funnel = counts_figure(run).axes
    assert written(counts)[0] == f"{100 * run.comparison.counts[0][0] / 48:.1f}%\n(41.7%)"
    (points,) = [line for line in funnel.lines if line.get_marker() == "o"]
    misses = [
        Fraction(n, 48) - p
        for row, theory in zip(run.comparison.counts, run.solution.matrix, strict=True)
        for n, p in zip(row, theory, strict=False)
    ]
    assert np.allclose(np.asarray(points.get_ydata(), dtype=float), [float(miss) for miss in misses])


@pytest.mark.deep
def test_any_name_and_any_size_can_be_drawn(tmp_path: Path) -> None:
    hostile = Problem.from_mapping(folders.LOTTERY)
    large = from_orders([[(i + k) % 70 for k in range(70)] for i in range(70)], 70, "probabilistic-serial")
    unwanted = from_orders([[0], []], 2)
    drawings: dict[str, Any] = {
        "matrix": partial(matrix_figure, solve(hostile)),
        "options": partial(option_figure, [option_set(hostile, i) for i in range(3)]),
        "large": partial(matrix_figure, solve(large)),
        "unwanted": partial(option_figure, [option_set(unwanted, i) for i in range(2)]),
    }
    for name, draw in drawings.items():
        for ending in ("png", "svg"):
            one, two = tmp_path / f"{name}.{ending}", tmp_path / f"{name}-again.{ending}"
            save(draw(), one)
            save(draw(), two)
            assert one.read_bytes() == two.read_bytes()
            assert one.stat().st_size > 4_000


def test_the_pictures_of_the_documentation_are_what_the_script_draws(tmp_path: Path) -> None:
    drawn: dict[str, Figure] = runpy.run_path(str(ROOT / "scripts" / "pictures.py"))["pictures"]()
    shipped = {path.stem for path in (ROOT / "docs" / "images").glob("assignment-*.svg")}
    assert set(drawn) <= shipped
    for name, figure in drawn.items():
        save(figure, tmp_path / f"{name}.svg")
        # Letters are drawn by the installed font library: sizes of files, not bytes, are the same everywhere.
        size = (ROOT / "docs" / "images" / f"{name}.svg").stat().st_size
        assert (tmp_path / f"{name}.svg").stat().st_size == pytest.approx(size, rel=0.02)
        assert size < 80_000
