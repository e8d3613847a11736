"""A problem that was loaded, and everything that can be done with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from parley.core.errors import naming
from parley.kit.protocols import A, C, OutcomeT, P, S
from parley.kit.results import AuditReport, Result, RunReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Unpack

    import pyarrow as pa

    from parley.kit.live.board import Board
    from parley.kit.mechanism import Mechanism
    from parley.kit.play.setting import Setting
    from parley.kit.play.simulation import Simulation
    from parley.kit.present.page_model import Sheet
    from parley.kit.protocols import PlayOptions

__all__ = ["AnyProblem", "LoadedProblem"]


def silent(what: str, done: int, total: int | None) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class LoadedProblem(Generic[P, S, A, OutcomeT, C]):
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

    mechanism: Mechanism[P, S, A, OutcomeT, C] = field(repr=False)
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
        return Result(found, lambda: self.mechanism.solution_sheet(found.to_json(), self.problem))

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
        documents = self.mechanism.audit_documents(found)
        return AuditReport(
            found,
            lambda: self.mechanism.audit_sheet(found.to_json(), self.problem, documents.__getitem__),
            {"audit.json": found.to_json(), "problem.json": self.problem.to_mapping()} | documents,
        )

    def simulate(
        self,
        *,
        record: Callable[[pa.Table], None] | None = None,
        keep: bool = True,
        **play: Unpack[PlayOptions],
    ) -> RunReport[Simulation[P, S, OutcomeT, C]]:
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
            run, lambda: self.mechanism.simulation_sheet(run.to_json(), self.problem, self.kind), tables
        )

    def setting(self, bots: Sequence[str], seed: int) -> Setting[P, S, OutcomeT, C]:
        """Seat bots: all that decides how games of a seed go; see `parley.kit.play.setting.Setting`."""
        with naming(self.file):
            self.problem.check_playable(self.file)
            return self.mechanism.setting(self.problem, bots, seed)

    def board(self, outcome: OutcomeT) -> Board | None:
        """Return what the mechanism shows of a game on the live page, if it adds something."""
        return self.mechanism.board(self.problem, outcome)

    def sheet(self, report: Mapping[str, Any], name: str) -> Sheet:
        """Lay out the page of a run of this problem."""
        return self.mechanism.simulation_sheet(report, self.problem, name)


AnyProblem: TypeAlias = LoadedProblem[Any, Any, Any, Any, Any]
"""A problem, whatever its mechanism."""
