"""Pictures of random assignments show the numbers of their figures, and the shipped ones are current."""

from __future__ import annotations

import runpy
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from parley.chain.compiler import project_root
from parley.kit.present.drawing import TONES, picture
from parley.kit.present.style import save
from parley.kit.registry import load
from parley.mechanisms.assignment.options import option_set
from parley.mechanisms.assignment.present.audit import option_figure

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from parley.kit.loaded import LoadedProblem

ROOT = project_root()


def problem_of(name: str, **changed: object) -> LoadedProblem[Any, Any, Any, Any, Any]:
    mapping = load(ROOT / "problems" / f"assignment-{name}.toml").problem.to_mapping()
    return load({**mapping, **changed})


def options_of(name: str, chart: str) -> Axes:
    problem = problem_of(name).problem
    figure = option_figure(option_set(problem, 0).to_json(), problem)
    (axes,) = picture([(chart, figure)]).axes
    return axes


def written(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_a_matrix_has_its_numbers_written_in_and_ranks_as_long_as_they_are_likely() -> None:
    problem = problem_of("bogomolnaia-moulin", rule="probabilistic-serial")
    matrix, ranks = problem.solve().pictures()["matrix"].axes
    assert written(matrix) == ["0.5", "0", "0.5", "0"] * 2 + ["0", "0.5", "0", "0.5"] * 2
    image = np.asarray(matrix.images[0].get_array())
    assert image.tolist() == [[0.5, 0, 0.5, 0]] * 2 + [[0, 0.5, 0, 0.5]] * 2
    widths = [bar.get_width() for bar in ranks.patches if isinstance(bar, Rectangle)]
    assert widths == ([0.5] * 5 + [0.0] * 5) * 2  # the average too; nobody gets nothing


def test_two_rules_stand_side_by_side_with_what_they_give_on_average() -> None:
    figure = runpy.run_path(str(ROOT / "scripts" / "pictures.py"))["pictures"]()["assignment-rules"]
    assert [axes.get_title() for axes in figure.axes[:2]] == ["serial-dictatorship", "probabilistic-serial"]
    assert written(figure.axes[0])[:4] == ["5/12", "1/12", "5/12", "1/12"]
    heights = np.array([line.get_ydata() for line in figure.axes[2].lines], dtype=float)
    assert np.allclose(heights, [[0, 5 / 12, 1 / 2, 11 / 12, 1], [0, 1 / 2, 1 / 2, 1, 1]])


def test_an_option_set_is_drawn_into_the_triangle_with_what_is_better_in_another_colour() -> None:
    """The paper's: from (1/3, 1/3, 1/3) to (0, 2/3, 1/3); and the coin toss, from which a lie leads away."""
    for name, better, told in (
        ("option-set", 0, {"1", "2", "3", "0, 0.6667, 0.3333", "0.3333, 0.3333, 0.3333"}),
        ("cyclic", 2, {"A", "B", "C", "0, 0.875, 0.125", "0.375, 0.5, 0.125"}),
    ):
        options = option_set(problem_of(name).problem, 0)
        axes = options_of(name, "triangle")
        assert told <= set(written(axes))
        (star,) = [line for line in axes.lines if line.get_marker() == "*"]
        dots = [line for line in axes.lines if line.get_marker() == "o"]
        _, b, c = map(float, options.own)
        assert np.allclose(star.get_xydata(), [[c + b / 2, b * 3**0.5 / 2]])
        assert 1 + len(dots) == sum(sum(row) == 1 for row in options.lotteries)
        assert sum(dot.get_color() == TONES["other"] for dot in dots) == better


def test_an_option_set_over_four_items_is_drawn_as_curves_of_which_none_is_above_the_own() -> None:
    axes = options_of("bogomolnaia-moulin", "curves")
    curves = np.array([line.get_ydata() for line in axes.lines], dtype=float)
    assert len(curves) > 10
    assert np.allclose(curves[-1], [0, 5 / 12, 1 / 2, 11 / 12, 1])
    assert (curves <= curves[-1] + 1e-12).all()


def test_a_run_is_drawn_beside_theory() -> None:
    run = problem_of("bogomolnaia-moulin").simulate(games=48, seed=2)
    counts, funnel = run.pictures()["matrix"].axes
    assert written(counts)[0] == f"{100 * run.comparison.counts['item'].counts[0][0] / 48:.1f}%\n(41.7%)"
    (points,) = [line for line in funnel.lines if line.get_marker() == "o"]
    misses = [
        Fraction(n, 48) - p
        for row, theory in zip(run.comparison.counts["item"].counts, run.theory.matrix, strict=True)
        for n, p in zip(row[:-1], theory, strict=True)  # nobody gets nothing
    ]
    assert np.allclose(np.asarray(points.get_ydata(), dtype=float), [float(miss) for miss in misses])


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
