"""All that decides how games go: a mechanism, a problem, who plays, and a seed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic

from parley.kit.bots import seated
from parley.kit.play.tally import Tally
from parley.kit.protocols import C, OutcomeT, P, S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

    from parley.chain.evm import Evm
    from parley.kit.play.declaration import Playable
    from parley.kit.play.player import Player, UnexpectedRevertError

__all__ = ["Setting"]


@dataclass(frozen=True)
class Setting(Generic[P, S, OutcomeT, C]):
    """What games are played of. It can be pickled: worker processes are told of it.

    Attributes
    ----------
    mechanism : Playable
    problem : Problem
    cast : Cast
    seed : int
        Of all games.
    """

    mechanism: Playable[P, S, OutcomeT, C]
    problem: P
    cast: C
    seed: int

    @classmethod
    def of(
        cls, mechanism: Playable[P, S, OutcomeT, C], problem: P, bots: Sequence[str] = (), seed: int = 0
    ) -> Self:
        """Let bots play that are named: one name for all seats, or one per seat; without any, the default.

        Raises
        ------
        ParleyError
            If a name is not known, or no game on chain can hold the problem.
        """
        names = seated(bots or [next(iter(mechanism.bots))], problem.agents)
        return cls(mechanism, problem, mechanism.cast(problem, names), seed)

    def player(self, evm: Evm, addresses: Mapping[str, str]) -> Player[OutcomeT]:
        """Return what plays on a machine where the contracts are deployed at these addresses."""
        return self.mechanism.player(evm, addresses, self.problem, self.cast, self.seed)

    def tally(self) -> Tally[OutcomeT]:
        """Return a tally that has counted nothing yet."""
        return Tally(self.mechanism.statistics(self.problem))

    def row(self) -> Callable[[OutcomeT], tuple[Any, ...]]:
        """Return what gives the row of a game in the table of games; it can be pickled."""
        reads = [columns.of for columns in self.mechanism.columns(self.problem)]
        return lambda outcome: (
            outcome.game,
            outcome.ending,
            *chain.from_iterable(read(outcome) for read in reads),
        )

    def explain(self, refusal: UnexpectedRevertError) -> str | None:
        """Return a plainer sentence for a refusal by a contract on a node, where there is one."""
        return self.mechanism.explain(self.problem, refusal)
