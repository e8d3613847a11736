"""Common parts of pages and figures."""

from __future__ import annotations

from contextlib import contextmanager
from math import sqrt
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError
from parley.core.exact import shown
from parley.kit.present.page_model import Z95, Column, Figure, Sheet, cell, columns, count
from parley.kit.present.page_words import cross_checked, ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "as_float",
    "bots_of",
    "drawn_figure",
    "frequency_cells",
    "frequency_columns",
    "gas_figures",
    "histogram",
    "matrix",
    "mean_cells",
    "mean_columns",
    "means_figure",
    "paths_figure",
    "sheet_of_simulation",
    "wilson",
    "written_by",
]


EXPIRED = "“expired”: that phase ended at its deadline."
Z_SCORE = "z: how many standard errors the mean is away from theory."


def p_value_told(p: float, counts: str) -> str:
    """Explain the p-value of counts that were tested together.

    Parameters
    ----------
    counts : str
        How many there were, and of what.

    Examples
    --------
    >>> print(p_value_told(0.25, "3 counts")[:85])
    p-value 0.25: the chance of counts at least this far from what is expected, if the ch
    """
    return (
        f"p-value {p:.3g}: the chance of counts at least this far from what is expected, if the chances are"
        f" right ({counts} tested together, Bonferroni)."
    )


@contextmanager
def written_by(writer: str, path: Path) -> Iterator[None]:
    """Report in one line that a file is invalid, if reading it fails.

    Parameters
    ----------
    writer : str
        Writer of such files: for example "a simulation".

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


def sheet_of_simulation(  # noqa: PLR0913 - what makes a page
    report: Mapping[str, Any],
    *,
    name: str,
    question: str,
    games: str,
    facts: Sequence[tuple[str, str]],
    findings: Sequence[str],
    figures: Sequence[Figure],
    paths: Mapping[str, str],
    agents: Sequence[Mapping[str, Any]] | None = None,
    apart: Sequence[str] = (),
) -> Sheet:
    """Return the page of a simulation: common parts around the mechanism's own parts.

    Parameters
    ----------
    report : mapping
        Content of ``simulation.json``.
    games : str
        The mechanism's word for games, in the plural.
    facts : sequence of (str, str)
        Labels and values of the problem.
    paths : mapping of str to str
        What words of paths mean; see `paths_figure`.
    agents : sequence of mapping, optional
        The report's agents with their bots, if they have another key there.
    apart : sequence of str
        Bots that may differ from theory on purpose.
    """
    check, gas = report.get("cross_check") or {}, report["gas"]
    sheet = Sheet(
        "simulation",
        f"Simulation: {name}",
        question,
        facts=[
            (games, f"{report['games']:,}"),
            *facts,
            ("bots", ", ".join(bots_of(report["agents"] if agents is None else agents))),
            ("backend", str(report["evm"])),
            ("seed", str(report["seed"])),
            ("transactions", f"{report['transactions']:,}"),
        ],
        findings=[
            ("", text) for text in (*findings, *ended(report["endings"], games), *cross_checked(check))
        ],
        figures=[
            *figures,
            paths_figure(report["paths"], report["games"], paths, games),
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
        apart=list(apart),
    )
    if check.get("identical") is False:
        sheet.warnings.append(f"{games.capitalize()} replayed on {check.get('evm', 'py-evm')} differ.")
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
    return float(shown(value)) if isinstance(value, str) else float(value)  # type: ignore[arg-type]


def known_p_values(agents: Iterable[Mapping[str, Any]]) -> list[float]:
    """Return the p-values of agents' means that were tested."""
    return [entry["p_value"] for entry in agents if entry.get("p_value") is not None]


def frequency_columns(
    times: str = "times", probability: str = "probability", *, detail: bool = True
) -> list[Column]:
    """Columns of counts against theory, which charts of frequencies draw; `frequency_cells` fills them."""
    return columns(
        times=(times, "count"),
        expected=("times expected", "number"),
        share=("share", "percent"),
        low=("95% from", "percent", detail),
        high=("95% to", "percent", detail),
        probability=(probability, "percent"),
    )


def frequency_cells(counts: Sequence[int], expected: Sequence[object]) -> list[list[Any]]:
    """Rows of these columns: how often each of several things was drawn, and how often theory expects it.

    Examples
    --------
    >>> [round(cell, 2) for cell in frequency_cells([1, 3], [2.0, 2.0])[0]]
    [1, 2.0, 0.25, 0.05, 0.7, 0.5]
    """
    drawn = sum(counts)
    theory = [as_float(wanted) or 0.0 for wanted in expected]
    if not drawn:
        return [[times, wanted, *[None] * 4] for times, wanted in zip(counts, theory, strict=True)]
    return [
        [times, wanted, times / drawn, *wilson(times, drawn), wanted / drawn]
        for times, wanted in zip(counts, theory, strict=True)
    ]


def drawn_figure(
    id: str,  # noqa: A002 - as of a figure
    title: str,
    names: Sequence[str],
    drawn: Mapping[str, Any],
    words: Mapping[str, str],
    *,
    probability: str,
    **more: Any,  # noqa: ANN401 - as of a figure
) -> Figure:
    """Show how often each agent was drawn, against the probabilities.

    Parameters
    ----------
    drawn : mapping
        ``counts`` and ``expected`` by agent, and ``p_value``; None if nothing was drawn.
    words : mapping
        See the chart ``frequencies`` in `parley.kit.present.page_model`.
    **more
        See `Figure`.
    """
    p, cells = drawn.get("p_value"), frequency_cells(drawn["counts"], drawn["expected"])
    test = "Nothing was drawn." if p is None else p_value_told(p, f"{len(cells)} counts")
    return Figure(
        id,
        title,
        [*columns(agent="agent"), *frequency_columns(probability=probability)],
        [[name, *row] for name, row in zip(names, cells, strict=True)],
        chart="frequencies",
        note=test,
        options={"words": dict(words)},
        **more,
    )


def histogram(
    id: str,  # noqa: A002 - as of a figure
    title: str,
    counts: Mapping[int, int],
    most: int,
    **more: Any,  # noqa: ANN401 - as of a figure
) -> Figure:
    """Show how many games came to which number.

    Parameters
    ----------
    id : str
        Also the heading of the numbers.
    counts : mapping of int to int
        Games by number; not empty.
    most : int
        Games of larger numbers are counted together.
    **more
        See `Figure`.

    Examples
    --------
    >>> histogram("rounds", "Rounds", {1: 3, 7: 1}, 2).rows
    [['0', 0, 0.0], ['1', 3, 0.75], ['2', 0, 0.0], ['over 2', 1, 0.25]]
    """
    games = sum(counts.values())
    rows = [(str(k), counts.get(k, 0)) for k in range(min(max(counts), most) + 1)]
    if max(counts) > most:
        rows.append((f"over {most}", sum(number for k, number in counts.items() if k > most)))
    return Figure(
        id,
        title,
        [Column(id, id), *columns(games=("games", "count"), share=("share", "percent"))],
        [[name, number, number / games] for name, number in rows],
        chart="histogram",
        folded=True,
        options={"value": "games", "unit": "games"},
        **more,
    )


def matrix(
    id: str,  # noqa: A002 - as of a figure
    title: str,
    heads: list[Column],
    names: tuple[Sequence[str], Sequence[str]],
    cells: Iterable[Iterable[Sequence[Any]]],
    *,
    value: str,
    options: Mapping[str, Any] | None = None,
    **more: Any,  # noqa: ANN401 - as of a figure
) -> Figure:
    """Lay out a matrix as a figure: a terminal has it as a table, a page as a heat map.

    Parameters
    ----------
    heads : list of Column
        What goes down, what goes across, and what each cell says.
    names : (sequence of str, sequence of str)
        Of rows and of columns.
    cells : iterable
        Rows of cells, each with a value for every column but the first two.
    value : str
        The column that is shown.
    options : mapping, optional
        Others of the chart.
    **more
        See `Figure`.
    """
    down, across = names
    rows = [
        [one, other, *values]
        for one, row in zip(down, cells, strict=True)
        for other, values in zip(across, row, strict=True)
    ]
    shown = {"down": list(down), "across": list(across), "value": value} | dict(options or {})
    return Figure(id, title, heads, rows, options=shown, **more)


def mean_columns(mean: str, expected: str) -> list[Column]:
    """Return the columns of means and theory for the chart of means; `mean_cells` fills them.

    Parameters
    ----------
    mean, expected : str
        Headings, with the unit.
    """
    return columns(
        mean=(mean, "number"),
        low=("95% from", "number", True),
        high=("95% to", "number", True),
        expected=(expected, "number"),
        gap=("mean less theory", "number", True),
        z=("z", "z"),
        p=("p-value", "p"),
    )


def mean_cells(row: Mapping[str, Any], what: str = "") -> list[Any]:
    """One row of these columns: a mean with its 95% interval, and how far it is from theory.

    Parameters
    ----------
    row : mapping
        As a run writes it down: ``mean`` (None where nothing was measured), ``std_error``, ``expected``,
        ``z`` and ``p_value``.
    what : str
        Which mean: ``mean_cost`` and ``expected_cost`` are those of ``cost``.
    """
    suffix = what and f"_{what}"
    mean, expected = row[f"mean{suffix}"], row.get(f"expected{suffix}")
    theory = as_float(expected)
    tests = row.get("z"), row.get("p_value")
    if mean is None:
        return [None, None, None, cell(expected), None, *tests]
    half = Z95 * (row["std_error"] or 0.0)
    gap = None if theory is None else mean - theory
    return [mean, mean - half, mean + half, cell(expected), gap, *tests]


def means_figure(
    id: str,  # noqa: A002 - as of a figure
    title: str,
    heads: list[Column],
    rows: list[list[Any]],
    words: Mapping[str, str],
    apart: Sequence[str] = (),
    **more: Any,  # noqa: ANN401 - as of a figure
) -> Figure:
    """Show means against theory, with charts of them and of how far they are from it.

    Parameters
    ----------
    heads : list of Column
        `mean_columns` among them.
    words : mapping
        See the chart ``means`` in `parley.kit.present.page_model`.
    apart : sequence of str
        Who may differ from theory on purpose: a difference is then not marked.
    **more
        See `Figure`. The note goes on to explain z, where there is one.
    """
    drawn = {
        "chart": "means gaps",
        "alt": f"Left: each agent's {words['played']} and what theory expects. Right, enlarged: the"
        " difference, with 95% intervals.",
        "aside": "Intervals are of the sample, 1.96 standard errors either way.",
    }
    z = [head.key for head in heads].index("z")
    told = Z_SCORE if any(row[z] is not None for row in rows) else ""
    note = " ".join(filter(None, (more.pop("note", ""), told)))
    options: dict[str, Any] = {"words": dict(words), "alike": ["mean", "low", "high", "expected"]}
    options |= {"apart": True} if apart else {}
    return Figure(id, title, heads, rows, options=options, note=note, **drawn | more)


def paths_figure(paths: Mapping[str, int], games: int, notes: Mapping[str, str], unit: str) -> Figure:
    """Return the figure of games by path; only the page shows it if the paths are the endings.

    Parameters
    ----------
    notes : mapping of str to str
        What a word of a path means; told where a path has it.
    unit : str
        What readers call games, in the plural.
    """
    went = {word for path in paths for word in path.split(", ")[1:]}
    notes = {**notes, **{word: EXPIRED for word in went if word.endswith(" expired")}}
    return Figure(
        "paths",
        f"How {unit} went",
        columns(path="ending, and what came before", games=(unit, "count"), share=("share", "percent")),
        [[str(path), number, number / games] for path, number in paths.items()],
        note=" ".join(dict.fromkeys(note for word, note in notes.items() if word in went)),
        detail=not went,
    )


def gas_figures(gas: Mapping[str, Any] | None, evm: str, games: int) -> list[Figure]:
    """Return the figure of gas by function.

    Parameters
    ----------
    gas : mapping or None
        `per_game`, and `by_function` with `calls`, `min`, `mean` and `max`; None if not recorded.
    evm : str
        Backend that measured the gas.
    """
    if not gas or not gas.get("by_function") or not games:
        return []
    heads = columns(
        function="function",
        calls=("calls", "count"),
        least=("least gas", "count"),
        mean=("mean gas", "count"),
        most=("most gas", "count"),
        sum=("gas per game", "count"),
    )
    rows = [
        [name, used["calls"], used["min"], used["mean"], used["max"], used["calls"] * used["mean"] / games]
        for name, used in gas["by_function"].items()
    ]
    return [
        Figure(
            "gas",
            "Gas",
            heads,
            rows,
            chart="bars",
            alt="Gas that a game spends on each function of the contract.",
            options={"value": "sum", "unit": "gas of a game"},
            note=f"Measured on {evm} in {count(games, 'game')}: {gas['per_game']:,.0f} gas a game, all"
            " its transactions together.",
        )
    ]
