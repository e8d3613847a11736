"""A loaded problem: solve, audit and simulate it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeAlias

from parley.core.errors import naming
from parley.kit.protocols import A, AuditResult, C, Cast, Outcome, OutcomeT, P, Problem, S, Solution
from parley.kit.results import AuditReport, Result, RunReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Unpack

    import pyarrow as pa

    from parley.core.files import JsonObject
    from parley.kit.live.board import Board
    from parley.kit.mechanism import Mechanism
    from parley.kit.play.setting import Setting
    from parley.kit.play.simulation import Simulation
    from parley.kit.present.page_model import Sheet
    from parley.kit.protocols import PlayOptions

__all__ = ["AnyProblem", "LoadedProblem"]


def silent(what: str, done: int, total: int | None) -> None:
    """Ignore progress."""


@dataclass(frozen=True)
class LoadedProblem(Generic[P, S, A, OutcomeT, C]):
    """A problem and its mechanism, as returned by `parley.load`.

    Attributes
    ----------
    mechanism : Mechanism
        The mechanism of the problem's kind.
    problem : Problem
        The mechanism's own problem object.
    file : str
        File name for error messages; empty if there is no file.
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
        """Number of agents."""
        return self.problem.agents

    def to_mapping(self) -> JsonObject:
        """Return the keys of a problem file."""
        return self.problem.to_mapping()

    @property
    def warnings(self) -> Sequence[str]:
        """What is legal in the problem and probably not meant: one line each, with its key."""
        return self.mechanism.warnings(self.problem)

    @property
    def told_warnings(self) -> Sequence[str]:
        """The warnings, with the file."""
        return [f"{self.file}: {text}" if self.file else text for text in self.warnings]

    def solve(self, *, tell: Callable[[str, int, int | None], None] = silent, **options: object) -> Result[S]:
        """Compute the exact equilibrium or assignment.

        Parameters
        ----------
        tell : callable
            Called with a description, the finished amount and the total.
        **options
            The mechanism's options for ``solve``.

        Raises
        ------
        ParleyError
            If an option is invalid, or the problem cannot be solved.
        """
        given = self.mechanism.given("solve", options)
        with naming(self.file):
            found = self.mechanism.solve(self.problem, given, tell)
        return Result(found, lambda: self.mechanism.solution_sheet(found.to_json(), self.problem))

    def audit(
        self, *, tell: Callable[[str, int, int | None], None] = silent, **options: object
    ) -> AuditReport[A]:
        """Check which properties hold, and which agents gain by deviating.

        Parameters
        ----------
        tell : callable
            Called with a description, the finished amount and the total.
        **options
            The mechanism's options for ``audit``.

        Raises
        ------
        ParleyError
            If an option is invalid, or the problem cannot be audited.
        """
        given = self.mechanism.given("audit", options)
        with naming(self.file):
            found = self.mechanism.audit(self.problem, given, tell)
        documents = cache(lambda: self.mechanism.audit_documents(found))
        own = {"audit.json": found.to_json(), "problem.json": self.problem.to_mapping()}
        return AuditReport(
            found,
            lambda: self.mechanism.audit_sheet(found.to_json(), self.problem, lambda name: documents()[name]),
            lambda: own | documents(),
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
            Called with the table of each batch of games, in order.
        keep : bool
            Keep the table of all games in the result; without effect if `record` is given.
        **play
            ``games``, ``seed``, ``bots`` (a sequence, or text with commas), ``evm``, ``workers`` and more:
            see `PlayOptions`.

        Raises
        ------
        ParleyError
            If the contract cannot hold the problem, a bot is unknown, or the backend is not usable.
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

    def setting(
        self, bots: Sequence[str], seed: int, options: Mapping[str, object] = MappingProxyType({})
    ) -> Setting[P, S, OutcomeT, C]:
        """Return the setting of games with these bots, this seed and the mechanism's own options."""
        with naming(self.file):
            self.problem.check_playable(self.file)
            return self.mechanism.setting(self.problem, bots, seed, options)

    def board(self, outcome: OutcomeT) -> Board | None:
        """Return the mechanism's own tables of a game for the live page, if it has any."""
        return self.mechanism.board(self.problem, outcome)

    def sheet(self, report: Mapping[str, object], name: str) -> Sheet:
        """Return the page of a run of this problem."""
        return self.mechanism.simulation_sheet(report, self.problem, name)


AnyProblem: TypeAlias = LoadedProblem[Problem, Solution, AuditResult, Outcome, Cast]
"""A problem of any mechanism."""
