"""What an experiment is to the engine that runs it: steps that are played one after the other, and tables.

The kit has one kind of its own, the sweep (`parley.kit.experiment.sweep`), which every mechanism has. A
mechanism may add another: it derives from these two classes, and says so by `parley.kit.declared.Laboratory`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from parley.core.errors import ProblemError
from parley.core.limits import MAX_GAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from parley.chain.compiler import Artifact

__all__ = ["Batch", "Experiment", "Play", "check_counts"]

MOST_CELLS = 100_000


class Batch(NamedTuple):
    """Games that were played together.

    Attributes
    ----------
    games : int
    tables : mapping of str to Table
        Rows for the experiment's tables.
    """

    games: int
    tables: Mapping[str, pa.Table]


class Play(ABC):
    """An experiment under way. All that a step does follows from its number and from the steps before.

    Attributes
    ----------
    keeps : bool
        Whether the states of all steps are needed, not only the last one's.
    """

    keeps: ClassVar[bool] = False

    @abstractmethod
    def step(self, number: int) -> Iterator[Batch]:
        """Play a step, whose games come in a fixed order."""

    @abstractmethod
    def state(self) -> Any:  # noqa: ANN401 - plain data, as JSON has it
        """Return what is to be known of the step, as plain data that JSON keeps exactly."""

    @abstractmethod
    def restore(self, states: list[Any]) -> None:
        """Take up the states that all steps have left, or the last one."""

    @abstractmethod
    def finish(self) -> tuple[pa.Table, dict[str, Any]]:
        """Return the table of cells, and the summary."""


class Experiment(ABC):
    """An experiment file, read and checked.

    Attributes
    ----------
    kind : str
        The mechanism's.
    title, question : str
    steps : int
        Parts in which it is played: a run that was stopped goes on from its last whole one.
    games : int
        In all.
    schemas : mapping of str to Schema
        Tables that grow with the steps, where their columns are known before.
    same : mapping of str to str
        Keys of the manifest that must not change while a run goes on, and what they are about.
    """

    kind: str
    title: str
    question: str
    steps: int
    games: int
    schemas: ClassVar[Mapping[str, pa.Schema]] = {}
    same: ClassVar[Mapping[str, str]] = {
        "experiment": "experiment",
        "problems": "problem",
        "contracts": "contract code",
    }

    @abstractmethod
    def to_mapping(self) -> dict[str, Any]:
        """Return the keys with every default written out, as plain data; exact numbers as strings."""

    @abstractmethod
    def about(self) -> dict[str, Any]:
        """Return what else the manifest says, with hashes of the ``problems`` and the number of ``cells``."""

    @property
    @abstractmethod
    def contracts(self) -> Mapping[str, Artifact]:
        """What is deployed."""

    @abstractmethod
    def play(self, workers: int) -> Play:
        """Prepare to play on so many processes."""


def check_counts(
    problems: int,
    varied: Mapping[str, Sequence[Any]],
    seeds: int,
    games: int,
    generations: int = 1,
    key: str = "vary",
) -> None:
    """Check how many cells and games there are, before anything is made.

    Parameters
    ----------
    problems : int
    varied : mapping of str to sequence
        What is varied.
    seeds : int
    games : int
        Of a generation and cell, where they are not varied.
    generations : int
    key : str
        Of what is varied.

    Raises
    ------
    ProblemError
        If they are too many.
    """
    cells = problems * prod(map(len, varied.values())) * seeds
    if cells > MOST_CELLS:
        raise ProblemError("", key, f"{cells} cells, more than {MOST_CELLS}")
    each = varied.get("games", [games])
    total = generations * sum(each) * (cells // len(each))
    if total > MAX_GAMES:
        of = f"{cells} cells and {generations} generations"
        raise ProblemError("", "games", f"{total} in {of}, more than {MAX_GAMES}")
