"""What a mechanism declares. Everything that users do with it goes through here.

A mechanism derives from :class:`Mechanism`, and its module ``mechanism`` holds one object of that class,
``MECHANISM``. It is found by its kind: see `parley.kit.registry`. A declaration imports what it names only
when that is asked for, so that every command starts fast.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias

from parley.core.files import read_object
from parley.kit.options import Given, Option
from parley.kit.play.declaration import Playable
from parley.kit.protocols import A, C, OutcomeT, P, S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Unpack

    import pyarrow as pa

    from parley.kit.declared import Description, Format, Laboratory
    from parley.kit.live.board import Board
    from parley.kit.play.setting import Setting
    from parley.kit.play.simulation import Simulation
    from parley.kit.present.page_model import Sheet
    from parley.kit.protocols import PlayOptions
    from parley.kit.verify.replay import Replay

__all__ = ["AnyMechanism", "Mechanism"]


class Mechanism(Playable[P, S, OutcomeT, C], Generic[P, S, A, OutcomeT, C]):
    """A kind of problem, and all that can be done with it.

    What it says of play is described with `parley.kit.play.declaration.Playable`.

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
    endings : mapping of str to Ending
        All ways in which a game can end.
    options : tuple of Option
        What only this kind takes.
    phases : mapping of str to bool
        Phases of a game in the contract's numbering, from 1, and whether seats act in them.
    formats : tuple of Format
        What can be imported.
    """

    about: ClassVar[str]
    descriptions: ClassVar[Mapping[str, Description]]
    phases: ClassVar[Mapping[str, bool]] = {}
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
    def verifier(self) -> type[Replay[Any]]:
        """Return how a deployed contract's games are replayed: with which model, and by which rules."""

    def laboratory(self) -> Laboratory | None:
        """Return its experiments, if it has any."""
        return None

    def board(self, problem: P, outcome: OutcomeT) -> Board | None:  # noqa: ARG002 - for who overrides
        """Return what the live page shows of a game besides calls, events and money; by default nothing."""
        return None

    # ── what people look at ──

    def solution_sheet(self, report: Mapping[str, Any], problem: P) -> Sheet:
        """Lay out a solution; without a mechanism's own words, as tables of what it says.

        Parameters
        ----------
        report : mapping
            What `parley solve --json` prints of it.
        problem : Problem
        """
        del problem  # a mechanism's own words may need it
        from parley.kit.present.plain import plain_sheet  # noqa: PLC0415 - slow to load

        return plain_sheet("solution", f"a problem of kind {self.kind}", report)

    def audit_sheet(
        self, report: Mapping[str, Any], problem: P, document: Callable[[str], Mapping[str, Any]]
    ) -> Sheet:
        """Lay out an audit; without a mechanism's own words, as tables of what it says.

        Parameters
        ----------
        report : mapping
            What `parley audit --json` prints of it.
        problem : Problem
        document : callable
            Gives one of `audit_documents`, by its name.
        """
        del problem, document  # a mechanism's own words may need them
        from parley.kit.present.plain import plain_sheet  # noqa: PLC0415 - slow to load

        return plain_sheet("audit", f"a problem of kind {self.kind}", report)

    def audit_documents(self, found: A) -> dict[str, Any]:
        """Return what an audit leaves in its folder besides report and problem: JSON by names of files."""
        del found  # nothing, if a mechanism does not say otherwise
        return {}

    def simulation_sheet(
        self, report: Mapping[str, Any], problem: P, name: str, folder: Path | None = None
    ) -> Sheet:
        """Lay out a run, for a terminal and for its page; by default, every statistic is a figure.

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
        del problem, folder  # a mechanism's own sheet may need them
        from parley.kit.present.page_simulation import standard_sheet  # noqa: PLC0415 - slow to load

        return standard_sheet(report, name)

    # ── derived ──

    def theory(self, problem: P, seed: int) -> S:  # noqa: ARG002 - a mechanism's own may sample
        """Return what theory says of a problem."""
        return self.solve(problem, self.given("solve", {}), lambda *_: None)

    def setting(self, problem: P, bots: Sequence[str], seed: int) -> Setting[P, S, OutcomeT, C]:
        """Seat bots, one name for all seats or one per seat: all that decides how games of a seed go.

        Raises
        ------
        ParleyError
            If a bot is not known.
        """
        from parley.kit.play.setting import Setting  # noqa: PLC0415 - slow to load

        return Setting.of(self, problem, bots, seed)

    def simulate(
        self,
        problem: P,
        record: Callable[[pa.Table], None] | None = None,
        **play: Unpack[PlayOptions],
    ) -> Simulation[P, S, OutcomeT, C]:
        """Play games, and compare them with theory.

        Parameters
        ----------
        problem : Problem
        record : callable, optional
            Called with the table of one batch of games after the other, in their order.
        **play
            See `PlayOptions`.
        """
        from parley.kit.play.simulate import simulate  # noqa: PLC0415 - slow to load

        return simulate(self, problem, record, **play)

    def sheet(self, folder: Path, verb: str) -> Sheet:
        """Lay out the page of what ``simulate`` or ``audit`` left in a folder."""
        from parley.kit.present.page_parts import written_by  # noqa: PLC0415 - slow to load

        what, writer = ("audit", "an audit") if verb == "audit" else ("simulation", "a simulation")
        path, file = folder / f"{what}.json", folder / "problem.json"
        report, problem = read_object(path), self.problem(read_object(file), str(file))
        with written_by(writer, path):
            if verb == "audit":
                return self.audit_sheet(report, problem, lambda name: read_object(folder / name))
            return self.simulation_sheet(report, problem, folder.resolve().name, folder)

    def given(self, verb: str, values: Mapping[str, object]) -> Given:
        """Check the options that were given to a verb."""
        return Given([option for option in self.options if option.verb == verb], values)


AnyMechanism: TypeAlias = Mechanism[Any, Any, Any, Any, Any]
"""A mechanism, whatever the types of its problems and results: what the registry holds."""
