"""Checks that a chain can run the compiled contracts: EVM version and gas limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parley.chain.compiler import CompilerError, read_settings
from parley.chain.evm import EvmError
from parley.chain.rpc import RpcError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from parley.chain.compiler import Artifact
    from parley.chain.node import NodeEvm

__all__ = ["ForkError", "check_chain", "least_gas", "opcodes"]

_ANSWER = (42).to_bytes(32)
"""Result of every probe."""

_OLD = bytes.fromhex("602a60005260206000f3")
"""The probe for every EVM."""

_CREATION = 53_000
"""Gas of a transaction that creates a contract."""
_ZERO_BYTE, _BYTE, _CODE_BYTE = 4, 16, 200
"""Gas per byte of data, and per byte of stored code."""


class ForkError(EvmError):
    """A chain on which the contracts cannot run."""


class _Fork(NamedTuple):
    name: str
    opcodes: Mapping[int, str]
    probe: bytes


_FORKS = (
    _Fork("shanghai", {0x5F: "PUSH0"}, bytes.fromhex("5f602a5f5260205ff3")),
    _Fork("cancun", {0x5E: "MCOPY"}, bytes.fromhex("602a6000526020600060205e60206020f3")),
    _Fork("cancun", {0x5C: "TLOAD", 0x5D: "TSTORE"}, bytes.fromhex("602a60005d60005c60005260206000f3")),
)
"""Opcodes by the fork that introduced them, with creation code that needs them."""

_PUSH1, _PUSH32 = 0x60, 0x7F


def opcodes(code: bytes) -> set[int]:
    """Return the opcodes of some code, without pushed data and the compiler's metadata.

    Examples
    --------
    >>> sorted(map(hex, opcodes(bytes.fromhex("60fe5f5260ff"))))
    ['0x52', '0x5f', '0x60']
    """
    # The metadata's length is in the last two bytes.
    end = len(code) - 2 - int.from_bytes(code[-2:])
    found, at = set(), 0
    while at < (end if end > 0 else len(code)):
        found.add(code[at])
        at += 1 + (code[at] - _PUSH1 + 1 if _PUSH1 <= code[at] <= _PUSH32 else 0)
    return found


def least_gas(initcode: bytes, code: bytes) -> int:
    """Return a lower bound of the gas to create code on any fork: data and code storage.

    Examples
    --------
    >>> least_gas(bytes(10), bytes(100))
    73040
    """
    zeros = initcode.count(0)
    data = _ZERO_BYTE * zeros + _BYTE * (len(initcode) - zeros)
    return _CREATION + data + _CODE_BYTE * len(code)


def check_chain(evm: NodeEvm, artifacts: Mapping[str, Artifact], names: Iterable[str]) -> None:
    """Check that a node's chain can create and run contracts, by read-only calls with their newer opcodes.

    Raises
    ------
    ForkError
        With the required EVM version, or the gas limit that is too low.
    """
    wanted = [artifacts[name] for name in names if name in artifacts]
    used = set().union(*(opcodes(entry.deployed_bytecode) for entry in wanted))
    needed = [fork for fork in _FORKS if used & fork.opcodes.keys()]
    if needed and _runs(evm, _OLD):
        for fork in needed:
            if _runs(evm, fork.probe) is False:
                lacking = " and ".join(fork.opcodes.values())
                raise ForkError(
                    f"{evm.name}: chain {evm.chain_id} lacks {lacking}: the contracts{_target()} need "
                    f"EVM version {needed[-1].name} or later"
                )
    most = evm.manager.most_gas
    for entry in wanted:
        least = least_gas(entry.bytecode, entry.deployed_bytecode)
        if least > most:
            raise ForkError(
                f"{evm.name}: {entry.name} needs more than {least} gas to be created, and a transaction on "
                f"chain {evm.chain_id} may use {most} (block gas limit {evm.manager.gas_limit})"
            )


def _runs(evm: NodeEvm, probe: bytes) -> bool | None:
    """Whether a probe returns its result; None if the node does not say."""
    try:
        return evm.try_creation(probe) == _ANSWER
    except RpcError as error:
        return False if error.is_revert or error.is_out_of_gas else None


def _target() -> str:
    """Describe the EVM version of the compiled contracts, if known."""
    try:
        return f", compiled for {read_settings().evm_version},"
    except CompilerError:  # an installed package
        return ""
