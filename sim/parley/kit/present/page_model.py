"""Figures: tables of numbers with or without charts.

A chart shows only the numbers of its table, so that readers who cannot see the chart can read the table.
Terminal, page, pictures and files show the same figures: see `terminal`, `page`, `drawing` and `arrow`.

The page (``assets/*.js``) and the pictures (`parley.kit.present.drawing`) use the same names of charts. The
first column is the row's name. Charts read these other columns, by key or as named in the options:

- ``matrix``: cells of a matrix, the first column down, the second across. Options: ``down`` and ``across``,
  the names in their order; ``value``, the column that colours a cell; ``beside``, one that is written in
  brackets; ``most``, the value of the deepest colour; ``tone``.
- ``means``: ``mean`` against ``expected``. Options: ``words``, with ``title``, ``played``, ``unit`` and
  ``alone``, what the column ``alone`` is.
- ``gaps``: ``gap``, the same mean less theory, and its 95% interval; columns and options as of ``means``.
- ``frequencies``: ``share`` with ``low`` and ``high``, against ``probability``. Options: ``words``, with
  ``title``, ``played`` and ``unit``.
- ``funnel``: all ``share`` less ``probability``, and where 95% are expected. Options: ``drawn``, of how many.
- ``bars``: one bar for each row, down. Options: ``value``, ``unit``.
- ``histogram``: one bar for each row, across. Options: ``value``, ``unit``.
- ``stacked``: one bar for each row, divided. Options: ``parts``, the columns; ``unit``.
- ``lines``: columns along another one, as shares; one panel for each name in the first column. Options:
  ``across``, that column; ``up``, the axis; ``lines``, each with ``key``, ``text``, ``tone``, ``dash`` and
  ``around``, two columns with an interval between them; ``top``, the least height of the axis (1).
- ``timeline``: bars from ``start`` to ``end``, the darker the greater ``value``. Options: ``rows``, the names
  in the first column in their order; ``title``.
- ``curves``: one line for each row, from 0. Options: ``steps``, the columns; ``across`` and ``up``, the axes.
- ``triangle``: one point for each row that divides the whole among three. Options: ``corners``, the columns;
  ``areas``, polygons with ``label``, ``tone`` and ``corners``; ``down``, whether the first corner is below.

The option ``alike`` of any figure names columns that are written with as many decimals as each other; so are
``parts`` and ``steps``.

In the last two charts the column ``kind`` says what a row is, and the option ``kinds`` gives each kind its
tone, the one in front last. Tones are ``played``, ``theory``, ``shade``, ``other`` and ``ink``; of lines also
``series-0`` to ``series-7``. The chart ``areas``, along the generations of an experiment, is on pages only:
see ``assets/chartslines.js``.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from parley.core.exact import show, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = [
    "Column",
    "Figure",
    "Sheet",
    "cell",
    "columns",
    "cost",
    "count",
    "exactly",
    "p_value",
    "percent",
    "plain",
    "plus_minus",
    "titled",
]

Format = Literal["text", "cell", "count", "number", "exact", "percent", "verdict", "z", "p"]

Z95 = 1.96
"""Half-width of a two-sided 95% interval in standard errors."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    key : str
        Name for charts.
    label : str
        Heading, with the unit.
    format : str
        Format of its values: `exact` means fractions with ``--exact``; `cell` links to a cell of the sweep,
        by number; a `verdict` begins with "holds", "fails" or "not known".
    detail : bool
        Whether only the page shows it: a terminal is narrow.
    """

    key: str
    label: str
    format: Format = "text"
    detail: bool = False


def columns(**labels: str | tuple[str, Format] | tuple[str, Format, bool]) -> list[Column]:
    """Make columns by their keys: each a heading, with its format and whether it is a detail if need be.

    Examples
    --------
    >>> columns(agent="agent", times=("times drawn", "count"))[1]
    Column(key='times', label='times drawn', format='count', detail=False)
    """
    return [
        Column(key, label) if isinstance(label, str) else Column(key, *label) for key, label in labels.items()
    ]


@dataclass(frozen=True)
class Figure:
    """A table, and how to draw it.

    Attributes
    ----------
    id : str
        Unique on the page, except that all cells have the same ids.
    rows : list of list
        One value per column: text, a number, None, or the result of `exactly`.
    chart : str
        Names of its charts, separated by spaces; may be empty.
    alt : str
        Description of the chart for screen readers.
    note : str
        Explanation: units, sources.
    aside : str
        What only readers of the page need: about its charts, links and intervals.
    folded : bool
        Whether the table is closed at first, because the chart shows the same.
    detail : bool
        Whether only the page shows it: a terminal is narrow.
    picture : str
        Name of its picture; figures with the same name share a picture. Empty for none.
    """

    id: str
    title: str
    columns: list[Column]
    rows: list[list[Any]]
    chart: str = ""
    alt: str = ""
    note: str = ""
    folded: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    detail: bool = False
    picture: str = ""
    aside: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "id": self.id,
            "title": self.title,
            "columns": [[column.key, column.label, column.format] for column in self.columns],
            # Fewer digits for long curves halve the page.
            "rows": [[plain(value, 7 if self.folded else 12) for value in row] for row in self.rows],
            "chart": self.chart,
            "alt": self.alt,
            "note": " ".join(filter(None, (self.note, self.aside))),
            "folded": self.folded,
            "options": self.options,
        }


@dataclass
class Sheet:
    """All figures and texts of a result.

    Attributes
    ----------
    kind : str
        ``solution``, ``experiment``, ``simulation``, ``audit``, ``comparison`` or ``verification``.
    facts : list of (str, str)
        Labels and values at the top.
    warnings : list of str
        Reasons to distrust the figures: an unfinished run, a failed cross-check.
    findings : list of (str, str)
        Results: a subject (may be empty) and sentences.
    verdict : str
        The result in one sentence, if it is an audit.
    apart : list of str
        Bots that may differ from theory on purpose.
    passages : list of (str, sequence of str or Figure)
        Headings, each with lines of text and small tables.
    proofs : list of (str, sequence of str or Figure)
        As passages, for the page only.
    figures : list of Figure
        Figures of the whole run.
    cells : list of (str, list of str, list of Figure)
        Name, sentences and figures of each cell.
    unit : str
        What readers call a cell.
    method : list of (str, list of (str, str))
        How the result was made: headings, each with labels and values.
    strategies : list of str
        Names in the order of their colours.
    """

    kind: str
    title: str
    question: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    findings: list[tuple[str, str]] = field(default_factory=list)
    passages: list[tuple[str, Sequence[str | Figure]]] = field(default_factory=list)
    proofs: list[tuple[str, Sequence[str | Figure]]] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    cells: list[tuple[str, list[str], list[Figure]]] = field(default_factory=list)
    method: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    strategies: list[str] = field(default_factory=list)
    unit: str = "cell"
    verdict: str = ""
    apart: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the page's data: figures, and the order of colours.

        Cells have the same figures with different rows; the common parts are under ``heads``.
        """
        heads: dict[str, int] = {}
        cells = []
        for name, notes, figures in self.cells:
            entries = []
            for figure in figures:
                whole = figure.to_json()
                own = {key: whole.pop(key) for key in ("rows", "note")}
                head = json.dumps(whole, ensure_ascii=False)
                entries.append({"head": heads.setdefault(head, len(heads)), **own})
            cells.append({"name": name, "notes": notes, "figures": entries})
        return {
            "figures": [figure.to_json() for figure in self.figures],
            "heads": [json.loads(head) for head in heads],
            "cells": cells,
            "strategies": self.strategies,
        }


def exactly(value: Fraction | str | int) -> dict[str, Any]:
    """Return an exact number for a table: a float for charts, and the fraction if it is no integer.

    Examples
    --------
    >>> exactly("453/7")
    {'v': 64.7142857143, 'x': '453/7'}
    >>> exactly(Fraction(38))
    {'v': 38.0}
    """
    fraction = shown(value) if isinstance(value, str) else Fraction(value)
    rounded = {"v": plain(float(fraction))}
    return rounded if fraction.denominator == 1 else rounded | {"x": show(fraction)}


def cell(value: Fraction | str | float | None) -> Any:  # noqa: ANN401 - what a table holds
    """Return a number of JSON for a table: exact if it is text, an estimate if it is a float.

    Examples
    --------
    >>> cell("1/2"), cell(0.5), cell(None)
    ({'v': 0.5, 'x': '1/2'}, 0.5, None)
    """
    return value if value is None or isinstance(value, float) else exactly(value)


def plain(value: Any, digits: int = 12) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return a value for JSON: floats with this many digits, null for NaN."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: plain(entry, digits) for key, entry in value.items()}
    return value


# ── numbers in sentences ────────────────────────────────────────────────────────────────────────────────────


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> count(1, "game"), count(12_000, "game"), count(2, "box", "boxes")
    ('1 game', '12,000 games', '2 boxes')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def titled(name: str, kind: str, agents: Collection[int]) -> str:
    """Return the title of a page: its name, the kind of mechanism, and the number of agents.

    Examples
    --------
    >>> titled("Three clinics", "coordination", [3]), titled("", "team", [2]), titled("Scale", "team", [2, 9])
    ('Three clinics · coordination, 3 agents', 'Team, 2 agents', 'Scale · team, 2 to 9 agents')
    """
    least, most = min(agents, default=0), max(agents, default=0)
    several = f"{least:,} to {count(most, 'agent')}" if least < most else count(most, "agent")
    words = ", ".join(filter(None, [kind, several if most else ""]))
    return " · ".join(filter(None, [name, words if name else words[:1].upper() + words[1:]]))


def percent(share: float, half_width: float | None = None) -> str:
    """Return a share in per cent, with the half-width of its interval in percentage points.

    Examples
    --------
    >>> percent(0.6183, 0.0041), percent(1.0)
    ('61.8% ± 0.4', '100%')
    >>> percent(0.5, 0.00001)
    '50% ± less than 0.1'
    """
    text = f"{100 * share:.1f}".removesuffix(".0")
    text = "0" if text == "-0" else text
    if half_width is None:
        return f"{text}%"
    if 0 < half_width < 0.0005:
        return f"{text}% ± less than 0.1"
    return f"{text}% ± {100 * half_width:.1f}"


def cost(value: float) -> str:
    """Return a cost with four significant digits or two decimals, whichever is more.

    Examples
    --------
    >>> cost(64.7142857), cost(12345.678), cost(-0.00042), cost(4.0)
    ('64.71', '12,345.68', '-0.00042', '4')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "not known"
    decimals = max(2, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plus_minus(mean: float, half_width: float) -> str:
    """Return a cost and the half-width of its interval, the latter with two significant digits.

    Examples
    --------
    >>> plus_minus(0.62024, 0.02165), plus_minus(2.749, 1.598), plus_minus(12345.6, 0.0)
    ('0.620 ± 0.022', '2.7 ± 1.6', '12,345.6')
    """
    if half_width <= 0 or not math.isfinite(half_width):
        return cost(mean)
    decimals = max(0, 1 - math.floor(math.log10(half_width)))
    return f"{mean:,.{decimals}f} ± {half_width:,.{decimals}f}"


def p_value(p: float) -> str:
    """Return a p-value with three significant digits, or a bound if it is tiny.

    Examples
    --------
    >>> p_value(0.48218), p_value(3e-9), p_value(1.0)
    ('0.482', 'below 0.000001', '1')
    """
    return "below 0.000001" if p < 1e-6 else f"{p:.3g}"
