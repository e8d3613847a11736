"""The declaration of ``parley import labels``; its reader is in `imported`, which is slow to load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.declared import Description, Format
from parley.kit.options import Option

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["labels"]


def labels(read: Callable[..., dict[str, Any]]) -> Format:
    """Declare the import of labels by a crowd."""
    return Format(
        "labels",
        Description(
            "A crowd that labels items, as a team problem: the project succeeds for an item that somebody in "
            "the team has labelled right, so that each item counts 1/items, and a worker costs in proportion "
            "to the labels that it has given.",
            ("parley import labels answers.csv --cost 1/50 --min-labels 20",),
        ),
        "A CSV file with the columns item, worker and correct (1 or 0); others are ignored.",
        (
            Option(
                "labels", "cost", str, "Cost of labelling all items, in units of the reward.", metavar="C"
            ),
            Option("labels", "min_labels", int, "Leave out workers with fewer labels.", metavar="K", least=0),
        ),
        read,
    )
