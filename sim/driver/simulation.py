"""What a run of any mechanism's games says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from sim.driver.tally import TallyT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.driver.run import CrossCheck

__all__ = ["Simulation"]


@dataclass(frozen=True)
class Simulation(Generic[TallyT]):
    """A finished run; a mechanism's own adds what it compares with theory.

    Attributes
    ----------
    kind : str
        Of the problem.
    agreed : str
        The ending of games that came to a result.
    evm : str
    seed : int
    bots : list of str
        Names, one per seat.
    tally : Tally
    cross_check : CrossCheck
    seconds : float
        Of play alone, without compiling and deploying.
    """

    kind: ClassVar[str]
    agreed: ClassVar[str]

    evm: str
    seed: int
    bots: list[str]
    tally: TallyT
    cross_check: CrossCheck
    seconds: float

    def shared_json(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """What `parley simulate --json` prints: what every mechanism says, around what this one says.

        Parameters
        ----------
        own : mapping of str to values
            The mechanism's keys.
        """
        tally = self.tally
        agreed = tally.endings[self.agreed]
        return {
            "kind": self.kind,
            "evm": self.evm,
            "games": tally.games,
            "seed": self.seed,
            "settled": agreed,
            "broken_down": tally.games - agreed,
            "expired": tally.endings["expired"],
            "paths": dict(sorted(tally.paths.items())),
            **own,
            "gas": self.cross_check.gas_json(),
            "transactions": tally.transactions,
            "seconds": self.seconds,
            "games_per_second": tally.games / self.seconds,
            "cross_check": self.cross_check.to_json(),
        }
