"""Who makes a node's blocks, and what that asks of whoever sends transactions."""

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
"""Wei per unit of gas offered on top of the base fee where the node names no tip."""


_DEVELOPMENT_CHAINS = frozenset({1337, 31337})
"""Chain ids that development nodes have unless they are told otherwise."""

_RESTORING = 5.0
"""Seconds that a node is waited for when a run has failed that kept it from mining."""


class Mining(enum.Enum):
    """Who makes blocks."""

    EACH = enum.auto()
    """The node, one for each transaction, unless told to hold on."""
    ASKED = enum.auto()
    """The node, when asked to."""
    OTHERS = enum.auto()
    """The node or its network, in their own time."""


def who_mines(rpc: Rpc) -> Mining:
    """Ask a development node how it makes blocks; what does not know is none."""
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
    """Keep a node that mines at once from doing so, for a while.

    Whatever ends the program meanwhile, mining goes on: an exception and a signal by what is done here, and
    what leaves no time for it (SIGKILL, a crash) by a process of its own that outlives this one.

    Parameters
    ----------
    rpc : Rpc
        A node that mines at once.
    """
    guard = _guard_of(rpc)
    with ending_signals():
        try:
            guard.arm()
            rpc.ask("evm_setAutomine", False)
            yield
        except BaseException:
            # Whatever went wrong is what is reported. Where this fails too, the guard goes on trying.
            with suppress(NodeError), deferred_signals(), rpc.patient(_RESTORING):
                _mine_again(rpc, guard)
            raise
        with deferred_signals():
            _mine_again(rpc, guard)


def _mine_again(rpc: Rpc, guard: Guard) -> None:
    rpc.ask("evm_setAutomine", True)
    guard.disarm()


def is_development(rpc: Rpc, chain_id: int) -> bool:
    """Whether a chain is there for development: its node can be told when to mine, or its id says so."""
    if chain_id in _DEVELOPMENT_CHAINS:
        return True
    try:
        rpc.ask("hardhat_getAutomine")
    except RpcError:
        return False
    return True


_guards: WeakKeyDictionary[Rpc, Guard] = WeakKeyDictionary()


def _guard_of(rpc: Rpc) -> Guard:
    """Return the guard of a connection, started when it is first needed."""
    if rpc not in _guards:
        _guards[rpc] = Guard(rpc.secret_url)
    return _guards[rpc]


def find_tip(rpc: Rpc) -> int:
    """Return what miners are to be offered on top of the base fee, in wei per unit of gas."""
    try:
        return as_number(rpc.ask("eth_maxPriorityFeePerGas"), "eth_maxPriorityFeePerGas")
    except RpcError:
        return _TIP


def fees(rpc: Rpc, block: Mapping[str, Any], tip: int) -> tuple[dict[str, int], int]:
    """Return a transaction's fields on fees, and the most that a unit of gas may come to cost, in wei.

    Parameters
    ----------
    rpc : Rpc
    block : mapping
        The latest one.
    tip : int
        What miners are offered on top of the base fee.
    """
    base = block.get("baseFeePerGas")
    if base is None:
        price = as_number(rpc.ask("eth_gasPrice"), "eth_gasPrice")
        return {"gasPrice": price}, price
    # The base fee doubles over six full blocks: time enough to be mined.
    most = 2 * as_number(base, "baseFeePerGas") + tip
    return {"type": 2, "maxFeePerGas": most, "maxPriorityFeePerGas": tip}, most
