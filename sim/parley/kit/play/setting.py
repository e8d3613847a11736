"""What a mechanism gives to the driver: who plays what, and how it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from parley.kit.play.player import OutcomeT
from parley.kit.play.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.chain.compiler import Artifact
    from parley.chain.evm import Evm
    from parley.kit.play.player import Player, Sent, UnexpectedRevertError

__all__ = ["Setting"]

T_co = TypeVar("T_co", bound=Tally[Any], covariant=True)


class Setting(Protocol[OutcomeT, T_co]):
    """A problem, bots and a seed: all that decides how games go.

    A mechanism's setting is a frozen dataclass that can be pickled: worker processes are told of it.
    """

    @property
    def seed(self) -> int:
        """Of all games."""

    @property
    def agents(self) -> int:
        """How many seats there are."""

    @property
    def contracts(self) -> tuple[str, ...]:
        """Names of what is deployed for the mechanism, in this order, which decides the addresses."""

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        """Compiled contracts by name, these among them."""

    @property
    def functions(self) -> Mapping[str, bytes]:
        """Selectors of the contract's actions."""

    @property
    def moves_clock(self) -> bool:
        """Whether some bot lets deadlines pass: on a node games are played one by one then."""

    def player(self, evm: Evm, addresses: Mapping[str, str]) -> Player[OutcomeT]:
        """What plays on a machine where the contracts stand at these addresses, by name."""

    def tally(self) -> T_co:
        """A tally that has counted nothing yet."""

    def row(self, outcome: OutcomeT) -> Any:  # noqa: ANN401 - whatever a table of games holds
        """What a table of games says of one; it can be pickled."""

    def money(self, sent: Sent) -> int:
        """Wei that a transaction moved out of the contract to its sender; negative if it paid in."""

    def explain(self, refusal: UnexpectedRevertError) -> str | None:
        """A plainer sentence for a refusal by a contract on a node, where there is one."""
