"""Who makes a node's blocks, and transaction fees."""

from __future__ import annotations

import enum
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from parley.chain.guard import Guard
from parley.chain.rpc import NodeError, RpcError, as_number
from parley.chain.signals import deferred_signals, ending_signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parley.chain.rpc import Rpc

_TIP = 10**9
"""Default tip in wei per unit of gas."""


_DEVELOPMENT_CHAINS = frozenset({1337, 31337})
"""Default chain ids of development nodes."""

_RESTORING = 5.0
"""Time limit, in seconds, to let a node mine again after a failed run."""


class Mining(enum.Enum):
    """Who makes blocks."""

    EACH = enum.auto()
    """The node, one block for each transaction, unless it is held."""
    ASKED = enum.auto()
    """The node, on request."""
    OTHERS = enum.auto()
    """The node or its network, at their own pace."""


def who_mines(rpc: Rpc) -> Mining:
    """Ask a development node how it makes blocks; a node that does not know is no development node."""
    try:
        # Hardhat's name for it; anvil answers to it too.
        if rpc.ask("hardhat_getAutomine"):
            return Mining.EACH
    except RpcError:
        return Mining.OTHERS
    try:
        interval = rpc.ask("anvil_getIntervalMining")
    except RpcError:
        interval = None
    return Mining.OTHERS if interval else Mining.ASKED


@contextmanager
def held(rpc: Rpc) -> Iterator[None]:
    """Hold the mining of a node that mines every transaction at once.

    Mining continues after an exception or a signal; after SIGKILL or a crash, a guard process lets the node
    mine.
    """
    guard = _guard_of(rpc)
    with ending_signals():
        try:
            guard.arm()
            rpc.ask("evm_setAutomine", False)
            yield
        except BaseException:
            # Report the original error. If this fails too, the guard continues.
            with suppress(NodeError), deferred_signals(), rpc.patient(_RESTORING):
                _mine_again(rpc, guard)
            raise
        with deferred_signals():
            _mine_again(rpc, guard)


def _mine_again(rpc: Rpc, guard: Guard) -> None:
    rpc.ask("evm_setAutomine", True)
    guard.disarm()


def is_development(rpc: Rpc, chain_id: int) -> bool:
    """Whether a chain is a development chain, by control over mining or by its id."""
    if chain_id in _DEVELOPMENT_CHAINS:
        return True
    try:
        rpc.ask("hardhat_getAutomine")
    except RpcError:
        return False
    return True


_guards: WeakKeyDictionary[Rpc, Guard] = WeakKeyDictionary()


def _guard_of(rpc: Rpc) -> Guard:
    """Return the guard of a connection; start it at the first use."""
    if rpc not in _guards:
        _guards[rpc] = Guard(rpc.secret_url)
    return _guards[rpc]


def find_tip(rpc: Rpc) -> int:
    """Return the tip in wei per unit of gas."""
    try:
        return as_number(rpc.ask("eth_maxPriorityFeePerGas"), "eth_maxPriorityFeePerGas")
    except RpcError:
        return _TIP


def fees(rpc: Rpc, block: Mapping[str, Any], tip: int) -> tuple[dict[str, int], int]:
    """Return the fee fields of a transaction after the latest block, and the highest gas price in wei."""
    base = block.get("baseFeePerGas")
    if base is None:
        price = as_number(rpc.ask("eth_gasPrice"), "eth_gasPrice")
        return {"gasPrice": price}, price
    # The base fee doubles in six full blocks, enough time to be mined.
    most = 2 * as_number(base, "baseFeePerGas") + tip
    return {"type": 2, "maxFeePerGas": most, "maxPriorityFeePerGas": tip}, most
