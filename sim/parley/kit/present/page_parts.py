"""Common parts of pages and figures."""

from __future__ import annotations

from contextlib import contextmanager
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError
from parley.kit.present.page_model import Z95, Column, Figure, Sheet, count, exactly
from parley.kit.present.page_words import cross_checked, ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "as_float",
    "bots_of",
    "gas_figures",
    "mean_cells",
    "mean_columns",
    "paths_figure",
    "sheet_of_simulation",
    "wilson",
    "written_by",
]


@contextmanager
def written_by(writer: str, path: Path) -> Iterator[None]:
    """Report in one line that a file is invalid, if reading it fails.

    Parameters
    ----------
    writer : str
        Writer of such files: for example "a simulation".
    path : Path

    Raises
    ------
    ParleyError

    Examples
    --------
    >>> from pathlib import Path
    >>> with written_by("an audit", Path("audit.json")):
    ...     {}["axioms"]
    Traceback (most recent call last):
        ...
    parley.core.errors.ParleyError: audit.json: not a valid file of an audit: KeyError 'axioms'
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ParleyError(f"{path}: not a valid file of {writer}: {type(error).__name__} {error}") from None


def bots_of(agents: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of the bots without duplicates, in the order of seats."""
    return list(dict.fromkeys(str(entry["bot"]) for entry in agents))


def sheet_of_simulation(
    report: Mapping[str, Any],
    *,
    name: str,
    question: str,
    games: str,
    facts: Sequence[tuple[str, str]],
    findings: Sequence[str],
    figures: Sequence[Figure],
    paths: str,
) -> Sheet:
    """Return the page of a simulation: common parts around the mechanism's own parts.

    Parameters
    ----------
    report : mapping
        Content of ``simulation.json``.
    name : str
        Name of the run.
    question : str
    games : str
        The mechanism's word for games, in the plural.
    facts : sequence of (str, str)
        Labels and values of the problem.
    findings : sequence of str
        Results in sentences.
    figures : sequence of Figure
    paths : str
        Note of the figure of paths.
    """
    check, gas = report.get("cross_check") or {}, report["gas"]
    sheet = Sheet(
        "simulation",
        f"Simulation: {name}",
        question,
        facts=[
            (games, f"{report['games']:,}"),
            *facts,
            ("bots", ", ".join(bots_of(report["agents"]))),
            ("backend", str(report["evm"])),
            ("seed", str(report["seed"])),
            ("transactions", f"{report['transactions']:,}"),
        ],
        findings=[
            ("", text) for text in (*findings, *ended(report["endings"], games), *cross_checked(check))
        ],
        figures=[
            *figures,
            paths_figure(report["paths"], report["games"], paths),
            *gas_figures(gas, str(gas["evm"]), gas["games"]),
        ],
        method=[
            (
                "Speed",
                [
                    (f"{games} a second", f"{report['games_per_second']:,.0f}"),
                    ("seconds", f"{report['seconds']:,.1f}"),
                ],
            )
        ],
    )
    if check.get("identical") is False:
        sheet.warnings.append(f"{games.capitalize()} replayed on the other backend differ.")
        sheet.method.append(
            ("Differences", [(str(k + 1), str(text)) for k, text in enumerate(check.get("differences", ()))])
        )
    return sheet


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
    """Read a number that is a float or an exact string; None for None.

    Examples
    --------
    >>> as_float("1/4"), as_float(0.5), as_float(None)
    (0.25, 0.5, None)
    """
    if value is None:
        return None
    return float(Fraction(value)) if isinstance(value, str) else float(value)  # type: ignore[arg-type]


def known_p_values(agents: Iterable[Mapping[str, Any]]) -> list[float]:
    """Return the p-values of agents' means that were tested."""
    return [entry["p_value"] for entry in agents if entry.get("p_value") is not None]


def mean_columns(mean: str, expected: str) -> list[Column]:
    """Return the columns of means and theory for the chart of means; `mean_cells` fills them.

    Parameters
    ----------
    mean, expected : str
        Headings, with the unit.
    """
    return [
        Column("mean", mean, "number"),
        Column("low", "95% from", "number", detail=True),
        Column("high", "to", "number", detail=True),
        Column("expected", expected, "number"),
        Column("gap", "mean less theory", "number", detail=True),
        Column("z", "z", "z"),
        Column("p", "p-value", "p"),
    ]


def mean_cells(
    mean: float | None,
    std_error: float | None,
    expected: object,
    z: float | None,
    p: float | None = None,
) -> list[Any]:
    """Return a row of these columns: a mean, its 95% interval and its distance from theory.

    Parameters
    ----------
    mean, std_error : float or None
        None if nothing was measured.
    expected : str, float or None
        As in the run's JSON.
    z, p : float or None
        The deviation in exact standard errors, and the exact p-value.
    """
    theory = as_float(expected)
    shown = exactly(expected) if isinstance(expected, str) else expected
    if mean is None:
        return [None, None, None, shown, None, z, p]
    half = Z95 * (std_error or 0.0)
    return [mean, mean - half, mean + half, shown, None if theory is None else mean - theory, z, p]


def paths_figure(paths: Mapping[str, int], games: int, note: str) -> Figure:
    """Return the figure of games by path."""
    return Figure(
        "paths",
        "How games went",
        [Column("path", "path"), Column("games", "games", "count"), Column("share", "share", "percent")],
        [[str(path), number, number / games] for path, number in paths.items()],
        note=note,
    )


def gas_figures(gas: Mapping[str, Any] | None, evm: str, games: int) -> list[Figure]:
    """Return the figure of gas by function.

    Parameters
    ----------
    gas : mapping or None
        `per_game`, and `by_function` with `calls`, `min`, `mean` and `max`; None if not recorded.
    evm : str
        Backend that measured the gas.
    games : int
        Number of measured games.
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
            chart="bars",
            alt="Gas that a game spends on each function of the contract.",
            options={"value": "sum", "unit": "gas of a game"},
            note=f"Measured on {evm} in {count(games, 'game')}: {gas['per_game']:,.0f} gas a game, all"
            " its transactions together.",
        )
    ]
