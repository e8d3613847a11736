"""The interface of an experiment: steps in sequence, and tables.

Every mechanism has sweeps (`parley.kit.experiment.sweep`). A mechanism adds experiments of its own by
deriving from these two classes; see `parley.kit.declared.Laboratory`.
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
    from parley.core.files import JsonObject

__all__ = ["Batch", "Experiment", "Play", "check_counts"]

MOST_CELLS = 100_000


class Batch(NamedTuple):
    """Games of one batch.

    Attributes
    ----------
    tables : mapping of str to Table
        Rows of the experiment's tables.
    """

    games: int
    tables: Mapping[str, pa.Table]


class Play(ABC):
    """A running experiment. A step depends only on its number and on the earlier steps.

    Attributes
    ----------
    keeps : bool
        Whether `restore` needs the states of all steps instead of the last one.
    """

    keeps: ClassVar[bool] = False

    @abstractmethod
    def step(self, number: int) -> Iterator[Batch]:
        """Play a step; its games are in a fixed order."""

    @abstractmethod
    def state(self) -> Any:  # noqa: ANN401 - plain data, as JSON has it
        """Return the state after the step, as plain data that JSON represents exactly."""

    @abstractmethod
    def restore(self, states: list[Any]) -> None:
        """Restore the states of all steps, or of the last one."""

    @abstractmethod
    def finish(self) -> tuple[pa.Table, JsonObject]:
        """Return the table of cells, and the summary."""


class Experiment(ABC):
    """A checked experiment file.

    Attributes
    ----------
    steps : int
        Number of steps; a stopped run resumes after its last complete step.
    unit : str
        What is counted, in the singular.
    schemas : mapping of str to Schema
        Tables whose columns are known in advance.
    results : tuple of str
        Keys of the summary that ``--json`` repeats at the top.
    drawn : bool
        Whether the pictures of the page are drawn into the folder.
    same : mapping of str to str
        Keys of the manifest that must not change when a run resumes, with descriptions for errors.
    """

    kind: str
    title: str
    question: str
    steps: int
    games: int
    unit: ClassVar[str] = "game"
    schemas: ClassVar[Mapping[str, pa.Schema]] = {}
    results: ClassVar[tuple[str, ...]] = ()
    drawn: ClassVar[bool] = False
    same: ClassVar[Mapping[str, str]] = {
        "experiment": "experiment",
        "problems": "problem",
        "contracts": "contract code",
    }

    @abstractmethod
    def to_mapping(self) -> JsonObject:
        """Return the keys with all defaults, as plain data; exact numbers as strings."""

    @abstractmethod
    def about(self) -> JsonObject:
        """Return further keys of the manifest: hashes of the ``problems``, the number of ``cells``.

        Also, where they are known, the numbers of ``agents``.
        """

    def warnings(self) -> Sequence[str]:
        """Return what is legal in the file and probably not meant: one line each, with its key."""
        return ()

    @property
    @abstractmethod
    def contracts(self) -> Mapping[str, Artifact]:
        """Return the deployed contracts."""

    @abstractmethod
    def play(self, workers: int) -> Play:
        """Prepare to play on this number of processes."""


def check_counts(
    problems: int,
    varied: Mapping[str, Sequence[Any]],
    seeds: int,
    games: int,
    generations: int = 1,
    key: str = "vary",
) -> None:
    """Check the number of cells and games before building them.

    Parameters
    ----------
    varied : mapping of str to sequence
        Values of each varied key.
    games : int
        Games per generation and cell, if not varied.

    Raises
    ------
    ProblemError
        If there are too many.
    """
    cells = problems * prod(map(len, varied.values())) * seeds
    if cells > MOST_CELLS:
        raise ProblemError("", key, f"{cells} cells, more than {MOST_CELLS}")
    each = varied.get("games", [games])
    total = generations * sum(each) * (cells // len(each))
    if total > MAX_GAMES:
        of = f"{cells} cells and {generations} generations"
        raise ProblemError("", "games", f"{total} in {of}, more than {MAX_GAMES}")
