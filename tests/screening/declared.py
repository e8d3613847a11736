"""What the rig of contract and model has to know of screening."""

from typing import Any

from parley.chain.compiler import Artifact, compile_contracts
from parley.chain.evm import Evm
from parley.kit.verify.replay import Replay
from parley.kit.verify.rules import Rules
from parley.mechanisms.screening.contracts import CONTRACTS
from parley.mechanisms.screening.model import Market, RayMarketModel
from tests.kit.rig.on_chain import OnChain


class MarketReplay(Replay[Market]):
    """How markets are replayed."""

    contract = RayMarketModel
    rules = Rules({})


class Declaration:
    """Contract and model, as a mechanism declares them."""

    kind = "screening"
    contracts = CONTRACTS

    def verifier(self) -> type[Replay[Any]]:
        """Name what replays markets."""
        return MarketReplay

    def artifacts(self) -> dict[str, Artifact]:
        """Return the tree's contracts."""
        return dict(compile_contracts())


def subject(evm: Evm, contract: Artifact | None = None) -> OnChain:
    """The contract on a machine, and those who call it."""
    return OnChain(Declaration(), evm, contract)
