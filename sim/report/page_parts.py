"""Parts of figures that every mechanism shows: intervals, means against theory, paths of games, gas."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, Any

from sim.report.page_model import Z95, Column, Figure, count, exactly

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["as_float", "gas_figures", "mean_cells", "mean_columns", "paths_figure", "wilson"]


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return Wilson's 95% interval of a probability.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(0, 10)], [round(end, 3) for end in wilson(50, 100)]
    ([0.0, 0.278], [0.404, 0.596])
    """
    if not trials:
        return 0.0, 1.0
    share, z2 = successes / trials, Z95**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z95 * sqrt(share * (1 - share) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)
    return max(0.0, middle - half), min(1.0, middle + half)


def as_float(value: object) -> float | None:
    """Read a number that a run wrote down exactly, as a string, or as a float; None where there is none.

    Examples
    --------
    >>> as_float("1/4"), as_float(0.5), as_float(None)
    (0.25, 0.5, None)
    """
    if value is None:
        return None
    return float(Fraction(value)) if isinstance(value, str) else float(value)  # type: ignore[arg-type]


def mean_columns(mean: str, expected: str) -> list[Column]:
    """Columns of means against theory, which the chart of means draws; `mean_cells` fills them.

    Parameters
    ----------
    mean, expected : str
        Their headings, which name the unit.
    """
    return [
        Column("mean", mean, "number"),
        Column("low", "95% from", "number"),
        Column("high", "to", "number"),
        Column("expected", expected, "number"),
        Column("gap", "mean less theory", "number"),
        Column("z", "z", "z"),
    ]


def mean_cells(mean: float | None, std_error: float | None, expected: object, z: float | None) -> list[Any]:
    """One row of these columns: a mean with its 95% interval, and how far it is from theory.

    Parameters
    ----------
    mean, std_error : float or None
        None where nothing was measured.
    expected : str, float or None
        As a run writes it down.
    z : float or None
    """
    theory = as_float(expected)
    shown = exactly(expected) if isinstance(expected, str) else expected
    if mean is None:
        return [None, None, None, shown, None, z]
    half = Z95 * (std_error or 0.0)
    return [mean, mean - half, mean + half, shown, None if theory is None else mean - theory, z]


def paths_figure(paths: Mapping[str, int], games: int, note: str) -> Figure:
    """How many games went which way."""
    return Figure(
        "paths",
        "How games went",
        [Column("path", "path"), Column("games", "games", "count"), Column("share", "share", "percent")],
        [[str(path), number, number / games] for path, number in paths.items()],
        note=note,
    )


def gas_figures(gas: Mapping[str, Any] | None, evm: str, games: int) -> list[Figure]:
    """Gas by function of the contract.

    Parameters
    ----------
    gas : mapping or None
        `per_game`, and `by_function` each with `calls`, `min`, `mean` and `max`; None if not recorded.
    evm : str
        Where it was measured.
    games : int
        In how many games.
    """
    if not gas or not gas.get("by_function") or not games:
        return []
    columns = [
        Column("function", "function"),
        Column("calls", "calls", "count"),
        Column("least", "least, gas", "count"),
        Column("mean", "mean, gas", "count"),
        Column("most", "most, gas", "count"),
        Column("sum", "a game, gas", "count"),
    ]
    rows = [
        [name, used["calls"], used["min"], used["mean"], used["max"], used["calls"] * used["mean"] / games]
        for name, used in gas["by_function"].items()
    ]
    return [
        Figure(
            "gas",
            "Gas",
            columns,
            rows,
            chart="gas",
            alt="Gas that a game spends on each function of the contract.",
            note=f"Measured on {evm} in {count(games, 'game')}: {gas['per_game']:,.0f} gas a game, all"
            " its transactions together.",
        )
    ]
