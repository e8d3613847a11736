"""What the live page shows of a game: tables whose cells change as transactions come.

The kit shows who sits where and what everybody paid. A mechanism may add tables of its own: it derives from
:class:`Board`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.chain.codec import Event

__all__ = ["Board", "Cell", "Change", "Panel", "Track", "ether", "number"]


class Track(TypedDict, total=False):
    """Marks on a line from 0 to 1: a bar in the seat's colour, a notch and a circle.

    Attributes
    ----------
    text : str
        Beside the line, and read aloud.
    bar : (float, float)
    notch, circle : float
    """

    text: str
    bar: tuple[float, float]
    notch: float
    circle: float


class Wei(TypedDict):
    """Money: as people read it, and exactly."""

    text: str
    wei: str


Cell: TypeAlias = str | Track | Wei


class Change(NamedTuple):
    """A cell of a panel becomes another one."""

    panel: str
    row: int
    column: int
    cell: Cell


@dataclass(frozen=True)
class Panel:
    """A table of the page.

    Attributes
    ----------
    id : str
    title, note : str
        The note says how to read it.
    head : sequence of str
        Headings, the first column's included.
    rows : sequence of (int or str)
        What the rows begin with: a seat, or a text.
    cells : sequence of sequences of Cell
        Before the first transaction.
    """

    id: str
    title: str
    note: str
    head: Sequence[str]
    rows: Sequence[int | str]
    cells: Sequence[Sequence[Cell]]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**vars(self), "rows": list(self.rows)}


class Board(ABC):
    """The tables that a mechanism adds for one game; made anew for each, it follows the game's events."""

    @abstractmethod
    def panels(self) -> Sequence[Panel]:
        """Return the tables before the first transaction."""

    @abstractmethod
    def follow(self, event: Event) -> tuple[str, Sequence[Change]]:
        """Say in a sentence what an event means (or nothing), and what it changes in the tables."""


def number(value: float) -> str:
    """Write a number as a person wants to see it: three decimals at most, fewer the greater it is.

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
    """Write an amount of money in the unit that fits it.

    Examples
    --------
    >>> ether(38 * 10**9)["text"], ether(-5)["text"], ether(0)["text"], ether(25 * 10**17)["text"]
    ('38 gwei', '−5 wei', '0', '2.5 ether')
    """
    units = ((10**18, "ether"), (10**9, "gwei"), (1, "wei"))
    size, unit = next((entry for entry in units if abs(wei) >= entry[0]), (1, ""))
    return {"text": f"{number(wei / size)} {unit}".strip(), "wei": str(wei)}
