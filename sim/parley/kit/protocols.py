"""What verbs take and give, whatever the mechanism: the least that its own classes have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypedDict, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any

__all__ = ["AuditResult", "PlayOptions", "Problem", "Run", "RunOptions", "Solution"]


class Problem(Protocol):
    """A problem as a mechanism reads it from a file."""

    @property
    def agents(self) -> int:
        """How many seats there are."""

    @property
    def agent_names(self) -> Sequence[str]:
        """What the agents are called, by seat."""

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


class Run(Protocol):
    """Games that were played, compared with theory."""

    @property
    def identical(self) -> bool:
        """Whether the games that were replayed on another backend came out the same."""

    @property
    def holds(self) -> bool:
        """Whether no exact test contradicts theory."""

    def to_json(self) -> dict[str, Any]:
        """Return the object that `parley simulate --json` prints."""


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
R = TypeVar("R", bound=Run)
