"""What a mechanism says of play: who plays, who sends what, what is counted and written down."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple

from parley.kit.protocols import C, OutcomeT, P, S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from parley.chain.codec import Codec
    from parley.chain.compiler import Artifact
    from parley.chain.evm import Evm
    from parley.kit.play.player import Player, Sent, UnexpectedRevertError
    from parley.kit.play.simulation import Simulation
    from parley.kit.protocols import Ending
    from parley.kit.statistics import Statistic

__all__ = ["Columns", "Playable"]


class Columns(NamedTuple, Generic[OutcomeT]):
    """Columns of the table of games.

    Attributes
    ----------
    names : sequence of str
    type : str
        Of Arrow, by its alias; or ``wei``, for exact amounts of money up to 38 digits.
    of : callable
        From the outcome of a game, what is written down: a value for each name.
    """

    names: Sequence[str]
    type: str
    of: Callable[[OutcomeT], Iterable[Any]]


class Playable(ABC, Generic[P, S, OutcomeT, C]):
    """A mechanism, as far as its games go. It can be pickled: worker processes are told of it.

    Attributes
    ----------
    kind : str
        As problem files name it.
    contracts : tuple of str
        What is deployed for it, in this order, which decides the addresses; the first one holds the games.
    bots : mapping of str to str
        What each bot does, by its name as ``--bots`` takes it; the first is the default.
    endings : mapping of str to Ending
        All ways in which a game can end.
    """

    kind: ClassVar[str]
    contracts: ClassVar[tuple[str, ...]]
    bots: ClassVar[Mapping[str, str]]
    endings: ClassVar[Mapping[str, Ending]]

    # ── what a mechanism says ──

    @abstractmethod
    def cast(self, problem: P, names: Sequence[str]) -> C:
        """Make what plays: the bots, and what they settle before the first game, once for all processes.

        Parameters
        ----------
        problem : Problem
        names : sequence of str
            One per seat.

        Raises
        ------
        ParleyError
            If a name is not known, or no game on chain can hold the problem.
        """

    @abstractmethod
    def player(
        self, evm: Evm, addresses: Mapping[str, str], problem: P, cast: C, seed: int
    ) -> Player[OutcomeT]:
        """Return what plays on a machine where the contracts are deployed at these addresses."""

    @abstractmethod
    def theory(self, problem: P, seed: int) -> S:
        """Return what theory says of a problem; the seed is for theory that has to sample."""

    @abstractmethod
    def statistics(self, problem: P) -> Sequence[Statistic[OutcomeT, S]]:
        """Say what is counted, and what theory expects of it."""

    def columns(self, problem: P) -> Sequence[Columns[OutcomeT]]:  # noqa: ARG002 - a mechanism's own may
        """Say what the table of games has beside a game's number and its ending."""
        return ()

    def report(self, run: Simulation[P, S, OutcomeT, C]) -> Mapping[str, Any]:
        """Return the mechanism's own keys of `parley simulate --json`; by default its statistics."""
        compared = run.comparison
        return {
            "agents": [{"agent": i, "bot": bot} for i, bot in enumerate(run.bots)],
            "statistics": {
                "means": {name: [row.to_json() for row in rows] for name, rows in compared.means.items()},
                "counts": {name: found.to_json() for name, found in compared.counts.items()},
            },
        }

    # ── what follows, unless a contract is of another kind ──

    @classmethod
    def artifacts(cls) -> Mapping[str, Artifact]:
        """Return compiled contracts by name, the mechanism's among them: by default the tree's."""
        from parley.chain.compiler import compile_contracts  # noqa: PLC0415 - declarations load fast

        return compile_contracts()

    @classmethod
    @cache
    def codec(cls) -> Codec:
        """Return what calls and reads the contract that holds the games."""
        from parley.chain.codec import Codec  # noqa: PLC0415 - declarations load fast

        return Codec(cls.artifacts()[cls.contracts[0]].abi)

    def money(self, sent: Sent) -> int:
        """Wei that a transaction moved out of the contract to its sender; negative if it paid in.

        A contract of games pays by ``withdraw``, which emits ``Withdrawn`` first, with an ``amount``.
        """
        codec = self.codec()
        if sent.data[:4] != codec.selectors["withdraw"]:
            return -sent.value
        withdrawn, *_ = codec.decode(sent.logs)
        return int(withdrawn.amount)

    def explain(self, problem: P, refusal: UnexpectedRevertError) -> str | None:
        """Return a plainer sentence for a refusal by a contract on a node, where there is one."""
        from parley.kit.play.player import explained  # noqa: PLC0415 - declarations load fast

        return explained(refusal, problem.window)
