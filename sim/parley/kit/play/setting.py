"""The inputs of games: a mechanism, a problem, bots and a seed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeAlias

from parley.kit.play.tally import Tally
from parley.kit.protocols import C, OutcomeT, P, S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

    from parley.chain.evm import Evm
    from parley.kit.play.declaration import Playable
    from parley.kit.play.player import Player, UnexpectedRevertError

__all__ = ["Row", "Setting"]

Row: TypeAlias = tuple[object, ...]
"""A row of the table of games: number, ending and the mechanism's columns."""


@dataclass(frozen=True)
class Setting(Generic[P, S, OutcomeT, C]):
    """The inputs of games; picklable for worker processes."""

    mechanism: Playable[P, S, OutcomeT, C]
    problem: P
    cast: C
    seed: int

    @classmethod
    def of(
        cls,
        mechanism: Playable[P, S, OutcomeT, C],
        problem: P,
        bots: Sequence[str] = (),
        seed: int = 0,
        options: Mapping[str, object] = MappingProxyType({}),
    ) -> Self:
        """Return a setting with bots by name, as `Playable.seated` takes them.

        Parameters
        ----------
        options : mapping of str to value
            The mechanism's own options of ``simulate``.

        Raises
        ------
        ParleyError
            If a name or an option is unknown, or the contract cannot hold the problem.
        """
        names = mechanism.seated(bots, problem)
        given = mechanism.given("simulate", options)
        cast = mechanism.cast(problem, names)
        return cls(mechanism, problem, mechanism.with_options(cast, given) if options else cast, seed)

    def player(self, evm: Evm, addresses: Mapping[str, str]) -> Player[OutcomeT]:
        """Return the player on a backend with the contracts at these addresses."""
        return self.mechanism.player(evm, addresses, self.problem, self.cast, self.seed)

    def tally(self) -> Tally[OutcomeT]:
        """Return an empty tally."""
        return Tally(self.mechanism.statistics(self.problem))

    def row(self) -> Callable[[OutcomeT], Row]:
        """Return a picklable function from an outcome to its row in the table of games."""
        reads = [columns.of for columns in self.mechanism.columns(self.problem)]
        return lambda outcome: (
            outcome.game,
            outcome.ending,
            *chain.from_iterable(read(outcome) for read in reads),
        )

    def explain(self, refusal: UnexpectedRevertError) -> str | None:
        """Return a clearer message for a revert on a node, if there is one."""
        return self.mechanism.explain(self.problem, refusal)
