"""What a result is presented as: figures, each of them a table of numbers with or without charts of it.

A chart is drawn from its table and from nothing else: a reader who cannot see the one reads the other.
Terminal, page, pictures and files show the same figures: see `terminal`, `page`, `pictures` and `plain`.

Charts have names, which the page (``assets/*.js``) and pictures (`parley.kit.present.drawing`) share. A row's
first column names it. The other columns that a chart reads have these keys, or are named in the options:

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
- ``curves``: one line for each row, from 0. Options: ``steps``, the columns; ``across`` and ``up``, the axes.
- ``triangle``: one point for each row that divides the whole among three. Options: ``corners``, the columns;
  ``areas``, polygons with ``label``, ``tone`` and ``corners``; ``down``, whether the first corner is below.

In the last two the column ``kind`` says what a row is, and the option ``kinds`` gives each kind its tone, the
one in front last. Tones are ``played``, ``theory``, ``shade``, ``other`` and ``ink``. The charts ``areas``
and ``lines``, along the generations of an experiment, are on pages only: see ``assets/chartslines.js``.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from parley.core.exact import show

__all__ = [
    "Column",
    "Figure",
    "Sheet",
    "cost",
    "count",
    "exactly",
    "p_value",
    "percent",
    "plain",
    "plus_minus",
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
        What charts call it.
    label : str
        Its heading, which names the unit.
    format : str
        How its numbers are written: `exact` as fractions where these are short; `cell` is a link to a cell
        of the sweep, by its number. A `verdict` begins with "holds", "fails" or "not known".
    detail : bool
        Whether only the page shows it: a terminal is narrow.
    """

    key: str
    label: str
    format: Format = "text"
    detail: bool = False


@dataclass(frozen=True)
class Figure:
    """A table, and how to draw it.

    Attributes
    ----------
    id : str
        Unique on the page, but that every cell has the same ones.
    title : str
    columns : list of Column
    rows : list of list
        One value per column: text, a number, None where there is none, or what `exactly` returns.
    chart : str
        Names of its charts, with blanks between them; empty for none.
    alt : str
        What the chart shows, in words, for those who do not see it.
    note : str
        How to read it: units, intervals, sources.
    folded : bool
        Whether the table is the long form of the chart, opened on demand.
    options : dict
        What else the charts need.
    detail : bool
        Whether only the page shows it: a terminal is narrow.
    picture : str
        Name of the picture that it is drawn in, beside others that name the same; empty for none.
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

    def to_json(self) -> dict[str, Any]:
        """Give the figure as plain values."""
        return {
            "id": self.id,
            "title": self.title,
            "columns": [[column.key, column.label, column.format] for column in self.columns],
            # Long curves are drawn, seldom read: fewer digits halve the page.
            "rows": [[plain(value, 7 if self.folded else 12) for value in row] for row in self.rows],
            "chart": self.chart,
            "alt": self.alt,
            "note": self.note,
            "folded": self.folded,
            "options": self.options,
        }


@dataclass
class Sheet:
    """All that is shown of a result.

    Attributes
    ----------
    kind : str
        ``solution``, ``experiment``, ``simulation`` or ``audit``.
    title, question : str
    facts : list of (str, str)
        What a reader wants to know before anything else, labelled.
    warnings : list of str
        What makes the figures worth less than they seem: an unfinished run, machines that differ.
    findings : list of (str, str)
        What came out: what it is about (may be empty), and sentences.
    passages : list of (str, list of str)
        What is to be read line by line, under headings.
    figures : list of Figure
        Of the whole run.
    cells : list of (str, list of str, list of Figure)
        Of one cell each: its name, sentences about it, its figures.
    unit : str
        What a cell is, to the reader.
    method : list of (str, list of (str, str))
        How it was made: headings, each with labelled values.
    strategies : list of str
        In the order of their colours.
    """

    kind: str
    title: str
    question: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    findings: list[tuple[str, str]] = field(default_factory=list)
    passages: list[tuple[str, list[str]]] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    cells: list[tuple[str, list[str], list[Figure]]] = field(default_factory=list)
    method: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    strategies: list[str] = field(default_factory=list)
    unit: str = "cell"

    def to_json(self) -> dict[str, Any]:
        """Give what the page's script draws: figures, and the colours' order.

        Cells have the same figures with other rows: what they have in common stands once, under ``heads``.
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


def exactly(value: Fraction | str) -> dict[str, Any]:
    """An exact number for a table: what charts draw, and the fraction it stands for where it is no integer.

    Examples
    --------
    >>> exactly("453/7")
    {'v': 64.7142857143, 'x': '453/7'}
    >>> exactly(Fraction(38))
    {'v': 38.0}
    """
    fraction = Fraction(value)
    rounded = {"v": plain(float(fraction))}
    return rounded if fraction.denominator == 1 else rounded | {"x": show(fraction)}


def plain(value: Any, digits: int = 12) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """A value as JSON takes it: floats with so many digits, and null for NaN."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: plain(entry, digits) for key, entry in value.items()}
    return value


# ── numbers in sentences ────────────────────────────────────────────────────────────────────────────────────


def count(number: int, singular: str, plural: str | None = None) -> str:
    """A number of things, in words.

    Examples
    --------
    >>> count(1, "game"), count(12_000, "game"), count(2, "box", "boxes")
    ('1 game', '12,000 games', '2 boxes')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def percent(share: float, half_width: float | None = None) -> str:
    """A share in per cent, with the half-width of its interval in percentage points.

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
    """A cost with four significant digits or two decimals, whichever is more.

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
    """A cost with the half-width of its interval, both with the decimals that give the latter two digits.

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
    """A p-value: three significant digits, or a bound where it is tiny.

    Examples
    --------
    >>> p_value(0.48218), p_value(3e-9), p_value(1.0)
    ('0.482', 'below 0.000001', '1')
    """
    return "below 0.000001" if p < 1e-6 else f"{p:.3g}"
