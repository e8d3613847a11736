"""Open the history of a deployed contract on a node."""

from typing import TYPE_CHECKING

from parley.chain.deployments import Claims
from parley.chain.urls import shown
from parley.core.errors import ParleyError
from parley.kit.verify.decoder import Decoder

if TYPE_CHECKING:
    from parley.chain.nodehistory import NodeHistory

__all__ = ["open_history"]


def open_history(
    url: str, claims: Claims, name: str, decoder: Decoder, *, events_only: bool = False
) -> "NodeHistory":
    """Return the history of a contract of a deployment file.

    Parameters
    ----------
    decoder : Decoder
        Decoder of the contract; its view ``state`` identifies the contract.
    events_only : bool
        See `parley.chain.nodehistory.NodeHistory`.

    Raises
    ------
    ParleyError
        If no node answers, the chain differs, or the address has no such contract.
    """
    from parley.chain.nodehistory import NodeHistory  # noqa: PLC0415 -- web3 takes a second to load

    address = claims.addresses[name]
    history = NodeHistory(url, address, claims.first_blocks.get(name), events_only=events_only)
    if history.chain_id != claims.chain_id:
        raise ParleyError(
            f"{shown(url)}: chain {history.chain_id}, but the deployment is on chain {claims.chain_id}"
        )
    if not history.code(address):
        raise ParleyError(f"{shown(url)}: no code at {address}")
    size = 32 * sum(kind.words for kind in decoder.views["state"].outputs)
    (found,) = history.ask([(address, decoder.question("state", bytes(32)))])
    if found is None or len(found) != size:
        raise ParleyError(
            f"{shown(url)}: the contract at {address} is not {name}: it has no view state(bytes32)"
        )
    return history
