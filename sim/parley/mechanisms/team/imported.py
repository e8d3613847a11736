"""Problem files from the labels of a crowd: which workers to hire for a benchmark.

The file has one line per label, with columns *item*, *worker* and *correct* (1 or 0); others are ignored. An
item counts 1/items if somebody in the team had it right: the chance of success is the share of such items. A
worker costs as much as all items would, times its labels over items.
"""

from __future__ import annotations

from fractions import Fraction
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from parley.core import exact
from parley.core.errors import ParleyError, ProblemError, shorten
from parley.core.keys import did_you_mean
from parley.core.limits import MAX_SEATS
from parley.core.texttables import Warn, listed, read_name, read_table, say_nothing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.texttables import Line

__all__ = ["read_labels"]

COLUMNS = ("item", "worker", "correct")


def read_labels(
    path: str | PathLike[str],
    *,
    cost: str | None = None,
    min_labels: int | None = None,
    warn: Warn | None = None,
) -> dict[str, Any]:
    """Read a table of labels.

    Parameters
    ----------
    cost : str
        What labelling all items costs, in units of the reward.
    min_labels : int, optional
        Leave out workers with fewer labels. Their items still count.
    warn : callable, optional
        Gets notes about unusual data.

    Returns
    -------
    dict
        The keys of a problem file: coverage of the items, workers in order of appearance.

    Raises
    ------
    ParleyError
        In one line: file, line, column and reason.
    """
    file, tell = fspath(path), warn or say_nothing
    head, header, lines = read_table(file)
    for column in COLUMNS:
        if column not in header:
            raise ProblemError(file, head, f"unknown column {shorten(column)}{did_you_mean(column, header)}")
    if not lines:
        raise ProblemError(file, head, "no labels")
    labels, price = _labels(file, lines), _price(cost)
    items = {item: k for k, item in enumerate(dict.fromkeys(item for _, item, _ in labels))}
    workers: dict[str, list[tuple[int, bool]]] = {}
    for worker, item, correct in labels:
        workers.setdefault(worker, []).append((items[item], correct))
    kept = {worker: own for worker, own in workers.items() if len(own) >= (min_labels or 0)}
    if not kept:
        raise ProblemError(file, "", f"no worker with {min_labels} labels")
    _look_over(kept, tell)
    return {
        "kind": "team",
        "costs": [exact.show(price * Fraction(len(own), len(items))) for own in kept.values()],
        "success": {
            "type": "coverage",
            "weights": [exact.show(Fraction(1, len(items)))] * len(items),
            "sets": [sorted({item for item, correct in own if correct}) for own in kept.values()],
        },
        "names": {"agents": list(kept)},
    }


def _price(cost: str | None) -> Fraction:
    if cost is None:
        raise ParleyError("missing --cost")
    try:
        price = exact.parse(cost)
    except ValueError as error:
        raise ParleyError(f"--cost: {error}") from None
    if price <= 0:
        raise ParleyError(f"--cost: {price} is not above 0")
    return price


def _labels(file: str, lines: Sequence[Line]) -> list[tuple[str, str, bool]]:
    """Read who labelled which item, and whether that was correct."""
    found = []
    for place, row in lines:
        item, worker = (read_name(file, f"{place}, column {column}", row[column]) for column in COLUMNS[:2])
        for column, name in zip(COLUMNS, (item, worker), strict=False):
            if not name:
                raise ProblemError(file, f"{place}, column {column}", "empty")
        if row["correct"] not in {"0", "1"}:
            reason = f"{shorten(row['correct'])} is neither 1 nor 0"
            raise ProblemError(file, f"{place}, column correct", reason)
        found.append((worker, item, row["correct"] == "1"))
    return found


def _look_over(workers: dict[str, list[tuple[int, bool]]], tell: Warn) -> None:
    """Report unusual features of the crowd."""
    if wrong := [worker for worker, own in workers.items() if not any(right for _, right in own)]:
        tell(f"workers without a correct label: {listed(wrong)}")
    if twice := [worker for worker, own in workers.items() if len({item for item, _ in own}) < len(own)]:
        tell(f"workers with several labels of an item, each of which costs: {listed(twice)}")
    if len(workers) > MAX_SEATS:
        tell(f"{len(workers)} workers: a team on chain has at most {MAX_SEATS}")
