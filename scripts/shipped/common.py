"""What the pages of the shipped experiments share: games as arrays, claims beside theory, tables, style."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from matplotlib.figure import Figure
from scipy.stats import t as student

from parley.kit.present.style import save, style

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction
    from pathlib import Path

    import pyarrow as pa
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from parley.mechanisms.coordination.experiment.cell import Cell
    from parley.mechanisms.coordination.experiment.specification import Experiment

__all__ = [
    "COLORS",
    "Claim",
    "Page",
    "Played",
    "axes_of",
    "compared",
    "draw",
    "interval",
    "percent",
    "points",
    "read",
    "table",
]

EXACT = 2**53
"""Whole wei below this are exact in floating point; costs of the shipped experiments are."""
COLORS = ("#1d6a99", "#c2541a", "#26804f", "#8148b5", "#9a6f00", "#b5327a", "#4f6b7a", "#7a5230")
"""Those of the page."""
Z95 = 1.96
"""Half-width of the bars in standard errors: 95% for means of many games."""


class Claim(NamedTuple):
    """Something measured, and what theory says of it."""

    name: str
    measured: float
    theory: float
    """What is expected, from exact fractions."""
    error: float
    """Standard deviation of `measured` by theory; 0 where nothing is random."""
    games: int

    @property
    def z(self) -> float:
        """How far the measurement is from theory, in standard deviations."""
        gap = self.measured - self.theory
        if self.error == 0:
            return 0.0 if abs(gap) <= 1e-9 * max(1.0, abs(self.theory)) else float("inf")
        return gap / self.error


@dataclass(frozen=True, eq=False)
class Page:
    """What a page of docs/studies/experiments shows, as measured.

    Attributes
    ----------
    tables : tuple of str
        In Markdown, as they stand on the page.
    claims : tuple of Claim
        Everything on it that theory says something of.
    """

    tables: tuple[str, ...]
    claims: tuple[Claim, ...]
    figure: Figure


@dataclass(frozen=True, eq=False)
class Played:
    """The games of a cell, one entry or row each.

    Attributes
    ----------
    generation : ndarray of int, shape (games,)
    strategies : ndarray of str, shape (games, n)
        Who sits where.
    costs : ndarray of float, shape (games, n)
        What was paid, in units of cost.
    expected : ndarray of float, shape (games, n)
        What Proposition 1 expects at what was announced; NaN where not all have announced.
    endings : ndarray of str, shape (games,)
    rounds : ndarray of int, shape (games,)
    saved : ndarray of float, shape (games,)
        F(D) less what all paid, in units of cost.
    """

    cell: Cell
    generation: NDArray[np.int64]
    strategies: NDArray[np.str_]
    costs: NDArray[np.float64]
    expected: NDArray[np.float64]
    endings: NDArray[np.str_]
    rounds: NDArray[np.int64]
    saved: NDArray[np.float64]

    @property
    def games(self) -> int:
        """Their number."""
        return len(self.rounds)

    def where(self, chosen: NDArray[np.bool_]) -> Played:
        """Some of them only."""
        return Played(
            self.cell,
            self.generation[chosen],
            self.strategies[chosen],
            self.costs[chosen],
            self.expected[chosen],
            self.endings[chosen],
            self.rounds[chosen],
            self.saved[chosen],
        )


def read(experiment: Experiment, folder: Path) -> list[Played]:
    """Read the games of a finished experiment, cell by cell.

    Parameters
    ----------
    folder : Path
        What it has left.
    """
    games, agents = pq.read_table(folder / "games.parquet"), pq.read_table(folder / "agents.parquet")
    played = []
    for cell in experiment.cells:
        here, theirs = (table.filter(pc.field("cell") == cell.index) for table in (games, agents))
        n, wei = cell.problem.agents, cell.problem.wei_per_cost
        played.append(
            Played(
                cell,
                here["generation"].to_numpy().astype(np.int64),
                np.array(theirs["strategy"].to_pylist()).reshape(-1, n),
                _units(theirs["cost_wei"], wei).reshape(-1, n),
                _units(theirs["expected_cost_wei"], wei).reshape(-1, n),
                np.array(here["ending"].to_pylist()),
                here["rounds"].to_numpy().astype(np.int64),
                _units(here["saved_wei"], wei),
            )
        )
    return played


def _units(column: pa.ChunkedArray, wei: int) -> NDArray[np.float64]:
    """Wei in units of cost; NaN for null."""
    values = cast("NDArray[np.float64]", pc.cast(column, "float64").to_numpy().astype(np.float64))
    if np.nanmax(np.abs(values), initial=0.0) >= EXACT:
        raise AssertionError("costs are not exact in floating point")
    return values / wei


def compared(name: str, values: NDArray[np.float64], mean: Fraction | float, variance: float) -> Claim:
    """A mean beside its expectation, all values having the same known mean and variance."""
    games = len(values)
    return Claim(name, float(values.mean()), float(mean), sqrt(variance / games), games)


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────


def table(head: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """A Markdown table; all but the first columns are numbers."""
    rule = ["---" if k < texts else "---:" for k in range(len(head))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rows))


def percent(share: float, digits: int = 1) -> str:
    """A share in per cent."""
    return f"{100 * share:.{digits}f}%"


def interval(shares: Sequence[float]) -> str:
    """The mean of independent populations in per cent, with a 95% interval from how much they differ."""
    count = len(shares)
    if count < 2:
        return percent(shares[0])
    half = float(student.ppf(0.975, count - 1)) * float(np.std(shares, ddof=1)) / sqrt(count)
    return f"{percent(float(np.mean(shares)))} ± {percent(half)}"


# ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────


WIDER = 0.25
"""Inches left for wider letters at the sides of a panel."""
_STYLE: dict[str, Any] = {"font_size": 8.5, "axes_titlesize": 9, "svg_fonttype": "none"}


@contextmanager
def axes_of(panels: int, width: float = 3.6, height: float = 3.1) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure of some panels side by side, drawn in the style of all."""
    with style(**_STYLE):
        figure = Figure(figsize=(width * panels, height))
        # Text stays text: a reader's font may be wider than the one that the layout measures.
        figure.set_layout_engine("constrained", w_pad=WIDER)
        axes = list(figure.subplots(1, panels, squeeze=False)[0])
        for each in axes:
            each.spines[["top", "right"]].set_visible(False)
        yield figure, axes


def draw(figure: Figure, path: Path) -> None:
    """Write a figure, small: text stays text."""
    save(figure, path, **_STYLE)


def points(
    axes: Axes, places: Sequence[float], claims: Sequence[Claim], color: str, scale: float = 1
) -> None:
    """Measurements with 95% bars."""
    axes.errorbar(
        places,
        [scale * claim.measured for claim in claims],
        yerr=[Z95 * scale * claim.error for claim in claims],
        fmt="o",
        ms=4,
        capsize=3,
        color=color,
    )
