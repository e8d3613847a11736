"""Who makes a node's blocks, and what that asks of whoever sends transactions."""

from __future__ import annotations

import enum
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sim.chain.rpc import RpcError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.chain.rpc import Rpc

_TIP = 10**9
"""Wei per unit of gas offered on top of the base fee where the node names no tip."""


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
    """Keep a node that mines at once from doing so, for a while."""
    rpc.ask("evm_setAutomine", False)
    try:
        yield
    except UnreachableError:
        raise
    except BaseException:
        rpc.ask("evm_setAutomine", True)
        raise
    rpc.ask("evm_setAutomine", True)


def find_tip(rpc: Rpc) -> int:
    """Return what miners are to be offered on top of the base fee, in wei per unit of gas."""
    try:
        return int(rpc.ask("eth_maxPriorityFeePerGas"), 16)
    except RpcError:
        return _TIP
