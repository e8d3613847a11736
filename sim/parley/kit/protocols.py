"""Types that every mechanism's own classes satisfy."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol, TypedDict, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from parley.core.files import JsonObject

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
    """A mechanism's problem."""

    @property
    def agents(self) -> int:
        """Number of seats."""

    @property
    def agent_names(self) -> Sequence[str]:
        """Names of the agents by seat."""

    @property
    def window(self) -> int:
        """Seconds that a seat has for each step."""

    def check_playable(self, file: str = "") -> None:
        """Raise ProblemError if the contract cannot hold the problem."""

    def to_mapping(self) -> JsonObject:
        """Return the keys of the problem file."""


class Solution(Protocol):
    """The exact equilibrium or assignment of a problem."""

    def to_json(self) -> JsonObject:
        """Return the object that `parley solve --json` prints."""


class AuditResult(Protocol):
    """The result of an audit."""

    @property
    def holds(self) -> bool:
        """Whether no property was refuted."""

    def to_json(self) -> JsonObject:
        """Return the object that `parley audit --json` prints."""


class Outcome(Protocol):
    """The outcome of one game.

    It may have a `path`, which classifies how the game went: the cross-check covers one game of every path.
    """

    @property
    def game(self) -> int:
        """Number of the game."""

    @property
    def ending(self) -> str:
        """One of the mechanism's endings."""


class Cast(Protocol):
    """The bots and what they prepare before the first game."""

    @property
    def waits(self) -> bool:
        """Whether any bot lets deadlines pass: on a node, games are then played one by one."""


class Ending(Enum):
    """The meaning of a mechanism's ending."""

    SUCCESS = "success"
    FAILURE = "failure"
    EXPIRY = "expiry"


def path_of(outcome: Outcome) -> str:
    """Return the `path` of an outcome, or its ending if it has no path."""
    path: str = getattr(outcome, "path", outcome.ending)
    return path


class RunOptions(TypedDict, total=False):
    """Options of play.

    Attributes
    ----------
    games : int
        Number of games, at least 1.
    evm : str
        ``revm``, ``py-evm`` or the URL of a node.
    deployment : Path or None
        On a node: the deployment file to use. If None, the contracts are deployed first.
    confirmations : int or None
        On a node: blocks that bots wait for after each step.
    cluster : str or None
        Address of a Dask scheduler; its workers play.
    progress : callable
        Called with the number of newly finished games.
    """

    games: int
    evm: str
    deployment: Path | None
    confirmations: int | None
    workers: int
    cluster: str | None
    progress: Callable[[int], None]


class PlayOptions(RunOptions, total=False):
    """Options of `simulate`.

    Attributes
    ----------
    bots : sequence of str
        One name for all seats, or one per seat.
    options : mapping of str to value
        The mechanism's own options of ``simulate``.
    """

    seed: int
    bots: Sequence[str]
    options: Mapping[str, object]


P = TypeVar("P", bound=Problem)
S = TypeVar("S", bound=Solution)
A = TypeVar("A", bound=AuditResult)
OutcomeT = TypeVar("OutcomeT", bound=Outcome)
C = TypeVar("C", bound=Cast)
