"""Tables of the live page whose cells change with each transaction.

The kit shows seats and payments. A mechanism adds its own tables by deriving from :class:`Board`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.chain.codec import Event
    from parley.core.files import JsonObject

__all__ = ["Board", "Cell", "Change", "Panel", "Track", "ether", "number"]


class Track(TypedDict, total=False):
    """Marks on a line from 0 to 1: a bar in the seat's colour, a notch, a circle.

    Attributes
    ----------
    text : str
        Text beside the line, also for screen readers.
    """

    text: str
    bar: tuple[float, float]
    notch: float
    circle: float


class Wei(TypedDict):
    """An amount of money: readable and exact."""

    text: str
    wei: str


Cell: TypeAlias = str | Track | Wei


class Change(NamedTuple):
    """A new value of a panel's cell."""

    panel: str
    row: int
    column: int
    cell: Cell


@dataclass(frozen=True)
class Panel:
    """A table of the live page.

    Attributes
    ----------
    title, note : str
        The note explains the table.
    head : sequence of str
        Headings, including the first column's.
    rows : sequence of (int or str)
        First entry of each row: a seat or a text.
    cells : sequence of sequences of Cell
        Values before the first transaction.
    """

    id: str
    title: str
    note: str
    head: Sequence[str]
    rows: Sequence[int | str]
    cells: Sequence[Sequence[Cell]]

    def to_json(self) -> JsonObject:
        """Return plain values."""
        return {**vars(self), "rows": list(self.rows)}


class Board(ABC):
    """A mechanism's own tables for one game; they follow the game's events."""

    @abstractmethod
    def panels(self) -> Sequence[Panel]:
        """Return the tables before the first transaction."""

    @abstractmethod
    def follow(self, event: Event) -> tuple[str, Sequence[Change]]:
        """Return a sentence about an event (may be empty), and its changes to the tables."""


def number(value: float) -> str:
    """Format a number with at most three decimals, fewer for large numbers.

    Examples
    --------
    >>> number(-23 / 11), number(12.5), number(61234.56)
    ('−2.091', '12.5', '61,234.6')
    """
    decimals = 3 if abs(value) < 100 else 2 if abs(value) < 10_000 else 1
    text = f"{value:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text.replace("-", "−")


def ether(wei: int) -> Wei:
    """Format an amount of money in a suitable unit.

    Examples
    --------
    >>> ether(38 * 10**9)["text"], ether(-5)["text"], ether(0)["text"], ether(25 * 10**17)["text"]
    ('38 gwei', '−5 wei', '0', '2.5 ether')
    """
    units = ((10**18, "ether"), (10**9, "gwei"), (1, "wei"))
    size, unit = next((entry for entry in units if abs(wei) >= entry[0]), (1, ""))
    return {"text": f"{number(wei / size)} {unit}".strip(), "wei": str(wei)}
