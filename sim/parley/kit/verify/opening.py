"""The history of a contract that a deployment file names, on a node."""

from typing import TYPE_CHECKING

from parley.chain.deployments import Claims
from parley.chain.urls import shown
from parley.core.errors import ParleyError
from parley.kit.verify.records import Records

if TYPE_CHECKING:
    from parley.chain.nodehistory import NodeHistory

__all__ = ["open_history"]


def open_history(
    url: str, claims: Claims, name: str, records: Records, *, events_only: bool = False
) -> "NodeHistory":
    """Return the history, on a node, of the contract that a deployment file has under a name.

    Parameters
    ----------
    url : str
    claims : Claims
    name : str
    records : Records
        What this contract answers: to ``state``, something that no other contract does.
    events_only : bool
        See `parley.chain.nodehistory.NodeHistory`.

    Raises
    ------
    ParleyError
        If nobody answers, the chain is another one, or there is no such contract at the address.
    """
    from parley.chain.nodehistory import NodeHistory  # noqa: PLC0415 -- web3 takes a second to load

    address = claims.addresses[name]
    history = NodeHistory(url, address, claims.first_blocks.get(name), events_only=events_only)
    if history.chain_id != claims.chain_id:
        raise ParleyError(
            f"{shown(url)}: chain {history.chain_id}, but the deployment is on chain {claims.chain_id}"
        )
    if not history.code(address):
        raise ParleyError(f"{shown(url)}: there is no code at {address}: nothing to verify")
    size = 32 * sum(kind.words for kind in records.views["state"].outputs)
    (found,) = history.ask([(address, records.question("state", bytes(32)))])
    if found is None or len(found) != size:
        raise ParleyError(
            f"{shown(url)}: the contract at {address} is no {name}: it has no such view as state(bytes32)"
        )
    return history
