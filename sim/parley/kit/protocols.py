"""What verbs take and give, whatever the mechanism: the least that its own classes have."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol, TypedDict, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any

__all__ = [
    "AuditResult",
    "Cast",
    "Ending",
    "Outcome",
    "PlayOptions",
    "Problem",
    "RunOptions",
    "Solution",
    "path_of",
]


class Problem(Protocol):
    """A problem as a mechanism reads it from a file."""

    @property
    def agents(self) -> int:
        """How many seats there are."""

    @property
    def agent_names(self) -> Sequence[str]:
        """What the agents are called, by seat."""

    @property
    def window(self) -> int:
        """Seconds that a seat has for its action."""

    def check_playable(self, file: str = "") -> None:
        """Raise ProblemError unless a game on chain can hold it."""

    def to_mapping(self) -> dict[str, Any]:
        """Return the keys of its file."""


class Solution(Protocol):
    """What theory says of a problem."""

    def to_json(self) -> dict[str, Any]:
        """Return the object that `parley solve --json` prints."""


class AuditResult(Protocol):
    """Which properties hold."""

    @property
    def holds(self) -> bool:
        """Whether nothing was refuted."""

    def to_json(self) -> dict[str, Any]:
        """Return the object that `parley audit --json` prints."""


class Outcome(Protocol):
    """How one game went; a mechanism's own outcome says more.

    One that has a `path` says by it which kind of way the game took: one game of every path is replayed on
    another backend. See `path_of`.
    """

    @property
    def game(self) -> int:
        """Its number."""

    @property
    def ending(self) -> str:
        """How it ended, in a word or two of the mechanism's."""


class Cast(Protocol):
    """Who plays: the bots, and what they have settled before the first game."""

    @property
    def waits(self) -> bool:
        """Whether somebody lets deadlines pass: on a node games are then played one by one."""


class Ending(Enum):
    """What an ending means, whatever the mechanism calls it."""

    SUCCESS = "success"
    FAILURE = "failure"
    EXPIRY = "expiry"


def path_of(outcome: Outcome) -> str:
    """Return the kind of way that a game took: its outcome's `path`, or where there is none, its ending."""
    path: str = getattr(outcome, "path", outcome.ending)
    return path


class RunOptions(TypedDict, total=False):
    """How games are played, whatever the mechanism.

    Attributes
    ----------
    games : int
        How many, at least 1.
    evm : str
        ``revm``, ``py-evm`` or the URL of a node.
    deployment : Path or None
        On a node: the file of a deployment to play on. Without one, the contracts are deployed first.
    confirmations : int or None
        On a node: blocks that bots wait for after each step.
    workers : int
        Processes to spread the games over.
    cluster : str or None
        Address of a Dask scheduler, whose workers then play.
    progress : callable
        Called with the number of games just finished.
    """

    games: int
    evm: str
    deployment: Path | None
    confirmations: int | None
    workers: int
    cluster: str | None
    progress: Callable[[int], None]


class PlayOptions(RunOptions, total=False):
    """What `simulate` takes.

    Attributes
    ----------
    seed : int
    bots : sequence of str
        One name for all seats, or one per seat.
    """

    seed: int
    bots: Sequence[str]


P = TypeVar("P", bound=Problem)
S = TypeVar("S", bound=Solution)
A = TypeVar("A", bound=AuditResult)
OutcomeT = TypeVar("OutcomeT", bound=Outcome)
C = TypeVar("C", bound=Cast)
