"""The default figures of a mechanism: plain tables of its JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Column, Figure, Sheet, exactly

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["plain_figures", "plain_sheet", "text_of"]

SHOWN = {
    "kind",
    "evm",
    "games",
    "seed",
    "endings",
    "paths",
    "gas",
    "transactions",
    "seconds",
    "games_per_second",
}
SHOWN |= {"settled", "broken_down", "expired", "cross_check"}
"""Keys of a run's JSON that every page shows elsewhere."""


def plain_sheet(kind: str, name: str, report: Mapping[str, Any]) -> Sheet:
    """Return a report as figures: single values as facts, everything else as tables.

    Parameters
    ----------
    kind : str
        Kind of the `Sheet`.
    name : str
        Subject of the report.
    report : mapping
        As ``--json`` prints it.

    Examples
    --------
    >>> sheet = plain_sheet("solution", "a coin", {"kind": "coin", "shares": ["1/2", "1/2"]})
    >>> sheet.facts, [figure.title for figure in sheet.figures]
    ([('kind', 'coin')], ['shares'])
    """
    facts = [
        (_said(key), text_of(value)) for key, value in report.items() if not isinstance(value, list | dict)
    ]
    return Sheet(kind, f"{kind.capitalize()}: {name}", "", facts=facts, figures=plain_figures(report))


def plain_figures(report: Mapping[str, Any], *above: str) -> list[Figure]:
    """Return a figure per list and object of a report.

    Parameters
    ----------
    *above : str
        Keys that lead to the report in a larger one.
    """
    figures = []
    for key, value in report.items():
        name = (*above, key)
        if isinstance(value, dict):
            single = {k: entry for k, entry in value.items() if not isinstance(entry, list | dict)}
            if single:
                rows = [[_said(k), _value(entry)] for k, entry in single.items()]
                figures.append(_figure(name, ["key", "value"], rows))
            figures += plain_figures({k: v for k, v in value.items() if k not in single}, *name)
        elif isinstance(value, list) and value:
            figures.append(_of_list(name, value))
    return figures


def _of_list(name: tuple[str, ...], entries: list[Any]) -> Figure:
    if all(isinstance(entry, dict) for entry in entries):
        keys = list(dict.fromkeys(key for entry in entries for key in entry))
        return _figure(name, keys, [[_value(entry.get(key)) for key in keys] for entry in entries])
    widths = {len(entry) for entry in entries if isinstance(entry, list)}
    if len(widths) == 1 and all(isinstance(entry, list) for entry in entries):
        cells = [
            [str(i), str(k), _value(value)] for i, row in enumerate(entries) for k, value in enumerate(row)
        ]
        down, across = ([str(k) for k in range(length)] for length in (len(entries), *widths))
        figure = _figure(name, ["row", "column", "value"], cells)
        drawn = cells and all(isinstance(value, dict) for _, _, value in cells)
        chart = "matrix" if drawn and all(value["v"] >= 0 for _, _, value in cells) else ""
        figure.options.update(down=down, across=across, value="value")
        return replace(figure, chart=chart, picture=figure.id if chart else "")
    return _figure(name, ["number", "value"], [[str(k), _value(entry)] for k, entry in enumerate(entries)])


def _figure(name: tuple[str, ...], keys: list[str], rows: list[list[Any]]) -> Figure:
    """Make a table; a column with only numbers is numeric."""
    columns = []
    for k, key in enumerate(keys):
        numbers = any(row[k] is not None for row in rows) and all(
            row[k] is None or isinstance(row[k], dict) for row in rows
        )
        columns.append(Column(key, _said(key), "exact" if numbers else "text"))
        if not numbers:
            for row in rows:
                row[k] = text_of(row[k]["x"] if isinstance(row[k], dict) and "x" in row[k] else row[k])
    return Figure("-".join(name), ", ".join(map(_said, name)), columns, rows)


def _value(value: object) -> Any:  # noqa: ANN401 - what a table holds
    """Return numbers, including exact ones in strings, as numbers and other values as text."""
    if value is None or isinstance(value, bool):
        return None if value is None else text_of(value)
    if isinstance(value, int | float):
        return {"v": float(value)}
    if isinstance(value, str):
        try:
            return exactly(value)
        except ValueError:
            return value
    return text_of(value)


def text_of(value: object) -> str:
    """Write a value of JSON as text.

    Examples
    --------
    >>> text_of({"jobs_lost": [1, 2], "all": True})
    'jobs lost 1, 2, all yes'
    """
    match value:
        case None | True | False:
            return {None: "", True: "yes", False: "no"}[value]
        case {"v": float(number)}:
            return f"{number:g}"
        case dict():
            return ", ".join(f"{_said(key)} {text_of(entry)}" for key, entry in value.items())
        case list():
            return ", ".join(map(text_of, value))
    return str(value)


def _said(key: str) -> str:
    return key.replace("_", " ")
