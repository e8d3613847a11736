"""What a mechanism declares. Everything that users do with it goes through here.

A mechanism derives from :class:`Mechanism`, and its module ``mechanism`` holds one object of that class,
``MECHANISM``. It is found by its kind: see `parley.kit.registry`. A declaration imports what it names only
when that is asked for, so that every command starts fast.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Generic, NamedTuple, Protocol, TypedDict, TypeVar

from parley.core.errors import ProblemError
from parley.core.files import read_object
from parley.kit.options import Given, Option
from parley.kit.results import AuditReport, Result, RunReport

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any, Unpack

    import pyarrow as pa
    from matplotlib.figure import Figure
    from rich.console import RenderableType

    from parley.chain.deployments import Claims
    from parley.chain.history import History
    from parley.kit.present.page_model import Sheet
    from parley.kit.verify.verification import Verification

__all__ = [
    "AnyMechanism",
    "AnyProblem",
    "AuditResult",
    "Description",
    "Format",
    "Laboratory",
    "LivePage",
    "LoadedProblem",
    "Mechanism",
    "PlayOptions",
    "Problem",
    "Run",
    "RunOptions",
    "Solution",
    "Verifier",
]

# ── what verbs take and give ────────────────────────────────────────────────────────────────────────────────


class Problem(Protocol):
    """A problem as a mechanism reads it from a file."""

    @property
    def agents(self) -> int:
        """How many seats there are."""

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


# ── what a mechanism may have besides ───────────────────────────────────────────────────────────────────────


class Description(NamedTuple):
    """What the help of a command says of a mechanism.

    Attributes
    ----------
    text : str
        One paragraph.
    examples : tuple of str
        Commands as one would type them.
    """

    text: str
    examples: tuple[str, ...] = ()


class Format(NamedTuple):
    """A public file format that problems are imported from.

    Attributes
    ----------
    name : str
        As in ``parley import NAME``.
    description : Description
    file : str
        What the help says of the file.
    options : tuple of Option
        What this format takes.
    read : callable
        From a file, its options and a function that is told of what may not have been meant, the keys of a
        problem file.
    """

    name: str
    description: Description
    file: str
    options: tuple[Option, ...]
    read: Callable[[str, Given, Callable[[str], None]], Mapping[str, Any]]


class Verifier(NamedTuple):
    """How the history of a mechanism's contract is judged.

    Attributes
    ----------
    question : bytes
        Calldata of a view that no other contract has.
    answer : int
        How many bytes it answers.
    verify : callable
        From the history, the deployment file, whoever is told of blocks read and to read, and the creators
        whose games are judged together.
    """

    question: bytes
    answer: int
    verify: Callable[[History, Claims, Callable[[int, int], None], Collection[str]], Verification]


class ExperimentRun(Protocol):
    """A finished experiment."""

    @property
    def folder(self) -> Path:
        """Where its tables are."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What was run, and with what."""

    def tables(self) -> RenderableType:
        """Return what a person reads of it."""

    @property
    def summary(self) -> Any:  # noqa: ANN401 - plain data, as JSON has it
        """What came out, cell by cell."""


class Laboratory(NamedTuple):
    """Experiments of a mechanism.

    Attributes
    ----------
    run : callable
        From an experiment file, the folder to write, the number of workers, and whoever is told of games
        finished and games in all.
    page : callable
        From a finished experiment's folder, its page, and what writes its pictures into that folder.
    """

    run: Callable[[str, Path, int, Callable[[int, int], None]], ExperimentRun]
    page: Callable[[Path], tuple[Sheet, Callable[[], None]]]


class Serve(Protocol):
    """Serves a live page until it is interrupted."""

    def __call__(
        self, problem: Problem | None, port: int, announce: Callable[[str], None], *, browser: bool
    ) -> None:
        """See `LivePage`."""


class LivePage(NamedTuple):
    """The live page of a mechanism.

    Attributes
    ----------
    text : str
        What it shows, for the help.
    serve : callable
        From a problem to begin with, a port, and a function that is told the address; ``browser`` says
        whether to open one.
    """

    text: str
    serve: Serve


# ── the declaration ─────────────────────────────────────────────────────────────────────────────────────────


class Mechanism(ABC, Generic[P, S, A, R]):
    """A kind of problem, and all that can be done with it.

    Attributes
    ----------
    kind : str
        As problem files name it.
    about : str
        What its problem files state, in half a sentence.
    contracts : tuple of str
        What is deployed for it, in this order; the first one holds the games.
    descriptions : mapping of str to Description
        For the help, by command: ``solve``, ``simulate``, ``audit``, ``verify``.
    bots : mapping of str to str
        What each bot does, by its name as ``--bots`` takes it; the first is the default.
    options : tuple of Option
        What only this kind takes.
    formats : tuple of Format
        What can be imported.
    """

    kind: ClassVar[str]
    about: ClassVar[str]
    contracts: ClassVar[tuple[str, ...]]
    descriptions: ClassVar[Mapping[str, Description]]
    bots: ClassVar[Mapping[str, str]]
    options: ClassVar[tuple[Option, ...]] = ()
    formats: ClassVar[tuple[Format, ...]] = ()

    # ── verbs ──

    @abstractmethod
    def problem(self, mapping: Mapping[str, Any], file: str) -> P:
        """Read a problem from the keys of its file, which is named in errors.

        Raises
        ------
        ProblemError
        """

    @abstractmethod
    def solve(self, problem: P, given: Given, tell: Callable[[str, int, int | None], None]) -> S:
        """Say what theory says."""

    @abstractmethod
    def audit(self, problem: P, given: Given, tell: Callable[[str, int, int | None], None]) -> A:
        """Say which properties hold, and who gains by deviating."""

    @abstractmethod
    def simulate(
        self, problem: P, record: Callable[[pa.Table], None] | None, **play: Unpack[PlayOptions]
    ) -> R:
        """Play games, and compare them with theory.

        Parameters
        ----------
        problem : Problem
        record : callable or None
            Called with the table of one batch of games after the other, in their order.
        **play
            See `PlayOptions`.
        """

    @abstractmethod
    def verifier(self) -> Verifier:
        """Say how a deployed contract is verified."""

    def laboratory(self) -> Laboratory | None:
        """Return its experiments, if it has any."""
        return None

    def live_page(self) -> LivePage | None:
        """Return its live page, if it has one."""
        return None

    # ── what people look at ──

    @abstractmethod
    def solution_tables(self, solution: S) -> Iterable[RenderableType]:
        """Return a solution for a person to read."""

    @abstractmethod
    def audit_tables(self, found: A) -> RenderableType:
        """Return an audit for a person to read."""

    @abstractmethod
    def simulation_sheet(
        self, report: Mapping[str, Any], problem: P, name: str, folder: Path | None = None
    ) -> Sheet:
        """Lay out a run, for a terminal and for its page.

        Parameters
        ----------
        report : mapping
            What `parley simulate --json` prints of it.
        problem : Problem
        name : str
            What the run is called.
        folder : Path, optional
            Where the table of its games is, for figures that need all games.
        """

    @abstractmethod
    def pictures(self, run: R) -> dict[str, Figure]:
        """Draw a run, for its folder: pictures by their names."""

    @abstractmethod
    def write_audit(self, folder: Path, found: A) -> list[str]:
        """Write an audit into a folder; returns the names of the files."""

    @abstractmethod
    def audit_sheet(self, folder: Path) -> Sheet:
        """Lay out the page of what ``audit`` left in a folder."""

    # ── derived ──

    def load(self, mapping: Mapping[str, Any], file: str = "") -> LoadedProblem[P, S, A, R]:
        """Read a problem, and give it everything that can be done with it.

        Parameters
        ----------
        mapping : mapping
            The keys of a problem file.
        file : str
            Named in errors.

        Raises
        ------
        ProblemError
        """
        return LoadedProblem(self, self.problem(mapping, file), file)

    def sheet(self, folder: Path, verb: str) -> Sheet:
        """Lay out the page of what ``simulate`` or ``audit`` left in a folder."""
        from parley.kit.present.page_parts import written_by  # noqa: PLC0415 - slow to load

        if verb == "audit":
            return self.audit_sheet(folder)
        path, file = folder / "simulation.json", folder / "problem.json"
        report, problem = read_object(path), self.problem(read_object(file), str(file))
        with written_by("a simulation", path):
            return self.simulation_sheet(report, problem, folder.resolve().name, folder)

    def simulation_tables(self, problem: P, run: R) -> RenderableType:
        """Return a run for a person to read: the figures of its page."""
        from parley.kit.present.terminal import sheet_tables  # noqa: PLC0415 - slow to load

        sheet = self.simulation_sheet(run.to_json(), problem, self.kind)
        return sheet_tables(sheet, holds=run.holds)

    def given(self, verb: str, values: Mapping[str, object]) -> Given:
        """Check the options that were given to a verb."""
        return Given([option for option in self.options if option.verb == verb], values)


class AnyMechanism(Protocol):
    """A mechanism, whatever the types of its problems and results: what the registry holds."""

    kind: ClassVar[str]
    about: ClassVar[str]
    contracts: ClassVar[tuple[str, ...]]
    descriptions: ClassVar[Mapping[str, Description]]
    bots: ClassVar[Mapping[str, str]]
    options: ClassVar[tuple[Option, ...]]
    formats: ClassVar[tuple[Format, ...]]

    def load(self, mapping: Mapping[str, Any], file: str = "") -> AnyProblem:
        """Read a problem."""

    def verifier(self) -> Verifier:
        """Say how a deployed contract is verified."""

    def laboratory(self) -> Laboratory | None:
        """Return its experiments, if it has any."""

    def live_page(self) -> LivePage | None:
        """Return its live page, if it has one."""

    def sheet(self, folder: Path, verb: str) -> Sheet:
        """Lay out the page of what ``simulate`` or ``audit`` left in a folder."""


class AnyProblem(Protocol):
    """A problem that was loaded, whatever its mechanism: see `LoadedProblem`."""

    @property
    def kind(self) -> str:
        """The kind of the problem."""

    @property
    def problem(self) -> Problem:
        """The problem, as its mechanism has read it."""

    def solve(
        self, *, tell: Callable[[str, int, int | None], None] = ..., **options: object
    ) -> Result[Solution]:
        """Say what theory says."""

    def audit(
        self, *, tell: Callable[[str, int, int | None], None] = ..., **options: object
    ) -> AuditReport[AuditResult]:
        """Say which properties hold, and who gains by deviating."""

    def simulate(
        self,
        *,
        record: Callable[[pa.Table], None] | None = None,
        keep: bool = True,
        **play: Unpack[PlayOptions],
    ) -> RunReport[Run]:
        """Play games, and compare them with theory."""


# ── a problem, loaded ───────────────────────────────────────────────────────────────────────────────────────


def silent(what: str, done: int, total: int | None) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class LoadedProblem(Generic[P, S, A, R]):
    """A problem and its mechanism: what `parley.load` gives.

    Attributes
    ----------
    mechanism : Mechanism
        What knows everything about problems of this kind.
    problem : Problem
        As the mechanism has read it.
    file : str
        Where it was read, for errors; empty if it was no file.
    """

    mechanism: Mechanism[P, S, A, R] = field(repr=False)
    problem: P
    file: str = field(default="", repr=False)

    @property
    def kind(self) -> str:
        """The kind of the problem."""
        return self.mechanism.kind

    @property
    def agents(self) -> int:
        """How many seats there are."""
        return self.problem.agents

    def to_mapping(self) -> dict[str, Any]:
        """Return the keys of a problem file."""
        return self.problem.to_mapping()

    def solve(self, *, tell: Callable[[str, int, int | None], None] = silent, **options: object) -> Result[S]:
        """Say what theory says.

        Parameters
        ----------
        tell : callable
            Told of progress: what is being done, how much of it is done, and of how much.
        **options
            What the mechanism declares for ``solve``.

        Raises
        ------
        ParleyError
            If an option is wrong, or the problem cannot be solved.
        """
        given = self.mechanism.given("solve", options)
        with naming(self.file):
            found = self.mechanism.solve(self.problem, given, tell)
        return Result(found, lambda: list(self.mechanism.solution_tables(found)))

    def audit(
        self, *, tell: Callable[[str, int, int | None], None] = silent, **options: object
    ) -> AuditReport[A]:
        """Say which properties hold, and who gains by deviating.

        Parameters
        ----------
        tell : callable
            Told of progress: what is being done, how much of it is done, and of how much.
        **options
            What the mechanism declares for ``audit``.

        Raises
        ------
        ParleyError
            If an option is wrong, or the problem cannot be audited.
        """
        given = self.mechanism.given("audit", options)
        with naming(self.file):
            found = self.mechanism.audit(self.problem, given, tell)
        return AuditReport(
            found,
            lambda: [self.mechanism.audit_tables(found)],
            lambda folder: self.mechanism.write_audit(folder, found),
        )

    def simulate(
        self,
        *,
        record: Callable[[pa.Table], None] | None = None,
        keep: bool = True,
        **play: Unpack[PlayOptions],
    ) -> RunReport[R]:
        """Play games, and compare them with theory.

        Parameters
        ----------
        record : callable, optional
            Called with the table of one batch of games after the other.
        keep : bool
            Whether the run keeps the table of all games, if it is not recorded elsewhere.
        **play
            ``games``, ``seed``, ``bots`` (a name for all, names separated by commas, or a sequence of one
            for each seat), ``evm``, ``workers`` and more: see `PlayOptions`.

        Raises
        ------
        ParleyError
            If no game on chain can hold the problem, a bot is not known, or the backend cannot be played on.
        """
        bots = play.get("bots")
        if isinstance(bots, str):
            play["bots"] = bots.split(",")
        tables: list[pa.Table] = []
        with naming(self.file):
            self.problem.check_playable(self.file)
            run = self.mechanism.simulate(self.problem, record or (tables.append if keep else None), **play)
        return RunReport(
            run,
            lambda: [self.mechanism.simulation_tables(self.problem, run)],
            tables,
            lambda: self.mechanism.pictures(run),
        )


@contextmanager
def naming(file: str) -> Iterator[None]:
    """Name the file of a problem in errors that name none."""
    try:
        yield
    except ProblemError as error:
        raise (error if error.file or not file else error.in_file(file)) from None
