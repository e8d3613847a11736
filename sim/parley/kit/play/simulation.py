"""What a run of any mechanism's games says of itself, and what all settings of such runs share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from parley.chain.compiler import compile_contracts
from parley.kit.play.tally import TallyT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.chain.compiler import Artifact
    from parley.kit.play.player import Sent
    from parley.kit.play.run import CrossCheck

__all__ = ["MechanismSetting", "Simulation"]


class MechanismSetting:
    """What the settings of this tree's mechanisms have in common: see `parley.kit.play.setting.Setting`.

    Attributes
    ----------
    functions : mapping of str to bytes
        Selectors of the contract's actions. ``withdraw`` emits ``Withdrawn`` first, with seat, receiver and
        amount for its data.
    """

    functions: ClassVar[Mapping[str, bytes]]

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        """The tree's contracts."""
        return compile_contracts()

    def money(self, sent: Sent) -> int:
        """Wei that a transaction moved out of the contract to its sender; negative if it paid in."""
        if sent.data[:4] == self.functions["withdraw"]:
            return int.from_bytes(sent.logs[0][1][64:96])
        return -sent.value


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
