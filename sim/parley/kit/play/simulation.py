"""What a run of any mechanism's games says of itself, and what all settings of such runs share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from parley.chain.codec import compiled_codec
from parley.chain.compiler import compile_contracts
from parley.kit.play.tally import TallyT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.chain.compiler import Artifact
    from parley.kit.play.player import Sent
    from parley.kit.play.run import CrossCheck

__all__ = ["Ending", "MechanismSetting", "Simulation"]


class MechanismSetting:
    """What the settings of this tree's mechanisms have in common: see `parley.kit.play.setting.Setting`.

    Attributes
    ----------
    mechanism : str
        The contract that is played on. Its ``withdraw`` emits ``Withdrawn`` first, with an ``amount``.
    """

    mechanism: ClassVar[str]

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        """The tree's contracts."""
        return compile_contracts()

    @property
    def functions(self) -> Mapping[str, bytes]:
        """Selectors of the contract's functions."""
        return compiled_codec(self.mechanism).selectors

    def money(self, sent: Sent) -> int:
        """Wei that a transaction moved out of the contract to its sender; negative if it paid in."""
        if sent.data[:4] == self.functions["withdraw"]:
            withdrawn, *_ = compiled_codec(self.mechanism).decode(sent.logs)
            return int(withdrawn.amount)
        return -sent.value


class Ending(Enum):
    """What an ending means, whatever the mechanism calls it."""

    SUCCESS = "success"
    FAILURE = "failure"
    EXPIRY = "expiry"


@dataclass(frozen=True)
class Simulation(Generic[TallyT]):
    """A finished run; a mechanism's own adds what it compares with theory.

    Attributes
    ----------
    kind : str
        Of the problem.
    endings : mapping of str to Ending
        All ways in which a game can end, in the mechanism's own words.
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
    endings: ClassVar[Mapping[str, Ending]]

    evm: str
    seed: int
    bots: list[str]
    tally: TallyT
    cross_check: CrossCheck
    seconds: float

    @property
    def identical(self) -> bool:
        """Whether the games that were replayed on another backend came out the same."""
        return self.cross_check.identical

    def shared_json(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """What `parley simulate --json` prints: what every mechanism says, around what this one says.

        Parameters
        ----------
        own : mapping of str to values
            The mechanism's keys.
        """
        tally = self.tally
        good = [name for name, ending in self.endings.items() if ending is Ending.SUCCESS]
        settled = sum(tally.endings[name] for name in good)
        return {
            "kind": self.kind,
            "evm": self.evm,
            "games": tally.games,
            "seed": self.seed,
            "endings": {name.replace(" ", "_"): tally.endings[name] for name in self.endings},
            "settled": settled,
            "broken_down": tally.games - settled,
            "expired": tally.endings["expired"],
            "paths": dict(sorted(tally.paths.items())),
            **own,
            "gas": self.cross_check.gas_json(),
            "transactions": tally.transactions,
            "seconds": self.seconds,
            "games_per_second": tally.games / self.seconds,
            "cross_check": self.cross_check.to_json(),
        }
