"""The interface of a mechanism. All commands use it.

A mechanism derives from :class:`Mechanism`, and its module ``mechanism`` holds one object of that class,
``MECHANISM``. `parley.kit.registry` finds it by its kind. Declarations import their parts late, so that every
command starts fast.
"""

from __future__ import annotations

from abc import abstractmethod
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Generic, TypeAlias

from parley.core.files import read_object
from parley.kit.play.declaration import Playable
from parley.kit.protocols import A, AuditResult, C, Cast, Outcome, OutcomeT, P, Problem, S, Solution

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Unpack

    import pyarrow as pa

    from parley.core.files import JsonObject
    from parley.core.keys import Keys
    from parley.kit.declared import Compared, Description, Format, Laboratory
    from parley.kit.live.board import Board
    from parley.kit.options import Given
    from parley.kit.play.setting import Setting
    from parley.kit.play.simulation import Simulation
    from parley.kit.present.page_model import Sheet
    from parley.kit.protocols import PlayOptions
    from parley.kit.verify.contract import Declared
    from parley.kit.verify.replay import AnyReplay

__all__ = ["AnyMechanism", "Mechanism"]


class Mechanism(Playable[P, S, OutcomeT, C], Generic[P, S, A, OutcomeT, C]):
    """The declaration of one kind of problem.

    `parley.kit.play.declaration.Playable` describes the part about play.

    Attributes
    ----------
    kind : str
        Name in problem files.
    about : str
        Content of its problem files, in half a sentence.
    contracts : tuple of str
        Contracts in the order of deployment; the first one holds the games.
    descriptions : mapping of str to Description
        Help by command: ``solve``, ``simulate``, ``audit``, ``verify``.
    bots : mapping of str to str
        Description of each bot, by its name for ``--bots``; the first is the default.
    endings : mapping of str to Ending
        All endings of a game.
    phases : mapping of str to bool
        Phases of a game in the contract's numbering, from 1; true if seats act in the phase.
    formats : tuple of Format
        Formats for ``parley import``.
    across : mapping of str to callable
        What ``parley compare`` compares, by the names for ``--across``; the first is the default.
    """

    about: ClassVar[str]
    descriptions: ClassVar[Mapping[str, Description]]
    phases: ClassVar[Mapping[str, bool]] = {}
    formats: ClassVar[tuple[Format, ...]] = ()
    across: ClassVar[Mapping[str, Callable[[], Compared]]] = {}

    # ── verbs ──

    @abstractmethod
    def keys(self) -> type[Keys]:
        """Return the keys of its problem files; the texts below them describe them for users."""

    @abstractmethod
    def problem(self, mapping: Mapping[str, object], file: str) -> P:
        """Read a problem from the keys of its file; errors name the file.

        Raises
        ------
        ProblemError
        """

    def warnings(self, problem: P) -> Sequence[str]:  # noqa: ARG002 - for who overrides
        """Return what is legal in a problem and probably not meant: one line each, with its key."""
        return ()

    @abstractmethod
    def solve(self, problem: P, given: Given, tell: Callable[[str, int, int | None], None]) -> S:
        """Compute the exact equilibrium or assignment."""

    @abstractmethod
    def audit(self, problem: P, given: Given, tell: Callable[[str, int, int | None], None]) -> A:
        """Check which properties hold, and which agents gain by deviating."""

    @abstractmethod
    def verifier(self) -> type[AnyReplay]:
        """Return the class that replays a deployed contract's games."""

    def replayed(self) -> Sequence[Declared]:
        """Return what verification replays: by default the contract that holds the games, and no other."""
        return (self,)

    def laboratory(self) -> Laboratory | None:
        """Return the mechanism's own experiments, if it has any."""
        return None

    def board(self, problem: P, outcome: OutcomeT) -> Board | None:  # noqa: ARG002 - for who overrides
        """Return tables for the live page besides calls, events and money; by default none."""
        return None

    # ── what people look at ──

    def solution_sheet(self, report: Mapping[str, object], problem: P, /) -> Sheet:
        """Return a solution as figures; by default plain tables of its JSON.

        Parameters
        ----------
        report : mapping
            As `parley solve --json` prints it.
        """
        del problem  # a mechanism's own words may need it
        from parley.kit.present.plain import plain_sheet  # noqa: PLC0415 - slow to load

        return plain_sheet("solution", f"a problem of kind {self.kind}", report)

    def audit_sheet(
        self, report: Mapping[str, object], problem: P, document: Callable[[str], Mapping[str, object]], /
    ) -> Sheet:
        """Return an audit as figures; by default plain tables of its JSON.

        Parameters
        ----------
        report : mapping
            As `parley audit --json` prints it.
        document : callable
            Returns one of `audit_documents` by its name.
        """
        del problem, document  # a mechanism's own words may need them
        from parley.kit.present.plain import plain_sheet  # noqa: PLC0415 - slow to load

        return plain_sheet("audit", f"a problem of kind {self.kind}", report)

    def audit_documents(self, found: A) -> dict[str, JsonObject]:
        """Return further JSON files of an audit, by file name; asked if it is shown or kept."""
        del found  # nothing, if a mechanism does not say otherwise
        return {}

    def simulation_sheet(
        self, report: Mapping[str, object], problem: P, name: str, folder: Path | None = None
    ) -> Sheet:
        """Return a run as figures; by default one figure per statistic.

        Parameters
        ----------
        report : mapping
            As `parley simulate --json` prints it.
        folder : Path, optional
            Folder with the table of games, for figures that need all games.
        """
        del problem, folder  # a mechanism's own sheet may need them
        from parley.kit.present.page_simulation import standard_sheet  # noqa: PLC0415 - slow to load

        return standard_sheet(report, name)

    # ── derived ──

    def theory(self, problem: P, seed: int) -> S:  # noqa: ARG002 - a mechanism's own may sample
        """Return the theory of a problem."""
        return self.solve(problem, self.given("solve", {}), lambda *_: None)

    def setting(
        self,
        problem: P,
        bots: Sequence[str],
        seed: int,
        options: Mapping[str, object] = MappingProxyType({}),
    ) -> Setting[P, S, OutcomeT, C]:
        """Return the setting of games with these bots: one name for all seats, or one per seat.

        Parameters
        ----------
        options : mapping of str to value
            The mechanism's own options of ``simulate``.

        Raises
        ------
        ParleyError
            If a bot or an option is unknown.
        """
        from parley.kit.play.setting import Setting  # noqa: PLC0415 - slow to load

        return Setting.of(self, problem, bots, seed, options)

    def simulate(
        self,
        problem: P,
        record: Callable[[pa.Table], None] | None = None,
        **play: Unpack[PlayOptions],
    ) -> Simulation[P, S, OutcomeT, C]:
        """Play games, and compare them with theory.

        Parameters
        ----------
        record : callable, optional
            Called with the table of each batch of games, in order.
        **play
            See `PlayOptions`.
        """
        from parley.kit.play.simulate import simulate  # noqa: PLC0415 - slow to load

        return simulate(self, problem, record, **play)

    def sheet(self, folder: Path, verb: str) -> Sheet:
        """Return the page of a folder that ``simulate`` or ``audit`` wrote."""
        from parley.kit.present.page_model import titled  # noqa: PLC0415 - slow to load
        from parley.kit.present.page_parts import written_by  # noqa: PLC0415 - as above
        from parley.kit.present.page_read import read_run  # noqa: PLC0415 - as above

        what, writer = ("audit", "an audit") if verb == "audit" else ("simulation", "a simulation")
        path, file = folder / f"{what}.json", folder / "problem.json"
        report, problem = read_object(path), self.problem(read_object(file), str(file))
        with written_by(writer, path):
            if verb == "audit":
                sheet = self.audit_sheet(report, problem, lambda name: read_object(folder / name))
            else:
                sheet = self.simulation_sheet(report, problem, "", folder)
        sheet.title = titled(str(read_run(folder).get("name", "")), self.kind, [problem.agents])
        sheet.warnings += self.warnings(problem)
        return sheet


AnyMechanism: TypeAlias = Mechanism[Problem, Solution, AuditResult, Outcome, Cast]
"""A mechanism of any types."""
