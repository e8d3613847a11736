"""What every mechanism shows: the page of a simulation but for what is its own, and parts of figures."""

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
    """Say in one line that a file is not what it should be, if what is read from it does not fit.

    Parameters
    ----------
    writer : str
        What writes such files: for example "a simulation".
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
    parley.core.errors.ParleyError: audit.json: not what an audit writes: KeyError 'axioms'
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ParleyError(f"{path}: not what {writer} writes: {type(error).__name__} {error}") from None


def bots_of(agents: Iterable[Mapping[str, Any]]) -> list[str]:
    """Name the bots that played, each once, in the order of their seats."""
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
    """Lay out the page of a simulation: what every mechanism says, around what this one says.

    Parameters
    ----------
    report : mapping
        As ``simulation.json`` has it.
    name : str
        Of the folder.
    question : str
    games : str
        What games are called, in the plural.
    facts : sequence of (str, str)
        The problem's, labelled.
    findings : sequence of str
        What came out, in sentences.
    figures : sequence of Figure
    paths : str
        The note below the figure of paths.
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
        sheet.warnings.append(
            f"{games.capitalize()} replayed on the other backend did not come out the same."
        )
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
    """Read a number that a run wrote down exactly, as a string, or as a float; None where there is none.

    Examples
    --------
    >>> as_float("1/4"), as_float(0.5), as_float(None)
    (0.25, 0.5, None)
    """
    if value is None:
        return None
    return float(Fraction(value)) if isinstance(value, str) else float(value)  # type: ignore[arg-type]


def known_p_values(agents: Iterable[Mapping[str, Any]]) -> list[float]:
    """p-values of agents' means, where they were tested."""
    return [entry["p_value"] for entry in agents if entry.get("p_value") is not None]


def mean_columns(mean: str, expected: str) -> list[Column]:
    """Columns of means against theory, which the chart of means draws; `mean_cells` fills them.

    Parameters
    ----------
    mean, expected : str
        Their headings, which name the unit.
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
    """One row of these columns: a mean with its 95% interval, and how far it is from theory.

    Parameters
    ----------
    mean, std_error : float or None
        None where nothing was measured.
    expected : str, float or None
        As a run writes it down.
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
            chart="bars",
            alt="Gas that a game spends on each function of the contract.",
            options={"value": "sum", "unit": "gas of a game"},
            note=f"Measured on {evm} in {count(games, 'game')}: {gas['per_game']:,.0f} gas a game, all"
            " its transactions together.",
        )
    ]
