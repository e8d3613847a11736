"""Whether a chain can run what the compiler makes: its EVM may be older, or its blocks too small."""

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
"""What every probe returns."""

_OLD = bytes.fromhex("602a60005260206000f3")
"""The probe that every EVM can run."""

_CREATION = 53_000
"""Gas of a transaction that creates a contract."""
_ZERO_BYTE, _BYTE, _CODE_BYTE = 4, 16, 200
"""Gas for each byte of its data, and for each byte of code that it leaves."""


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
"""Opcodes that compilers use, by the fork that brought them, with creation code that needs them."""

_PUSH1, _PUSH32 = 0x60, 0x7F


def opcodes(code: bytes) -> set[int]:
    """Return the opcodes in some code, without what they push and the compiler's metadata.

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
    """Return the gas below which code cannot be created on any fork: its data's and its storage's alone.

    Examples
    --------
    >>> least_gas(bytes(10), bytes(100))
    73040
    """
    zeros = initcode.count(0)
    data = _ZERO_BYTE * zeros + _BYTE * (len(initcode) - zeros)
    return _CREATION + data + _CODE_BYTE * len(code)


def check_chain(evm: NodeEvm, artifacts: Mapping[str, Artifact], names: Iterable[str]) -> None:
    """See that a node's chain can hold and run contracts.

    Every opcode of theirs that older chains lack is tried out by a call that changes nothing.

    Parameters
    ----------
    evm : NodeEvm
    artifacts : mapping of str to Artifact
    names : iterable of str
        The contracts that are wanted.

    Raises
    ------
    ForkError
        Naming the EVM version that is needed, or the gas limit that is too low.
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
    most = evm.dispatcher.most_gas
    for entry in wanted:
        least = least_gas(entry.bytecode, entry.deployed_bytecode)
        if least > most:
            raise ForkError(
                f"{evm.name}: {entry.name} needs more than {least} gas to be created, and a transaction on "
                f"chain {evm.chain_id} may use {most} (block gas limit {evm.dispatcher.gas_limit})"
            )


def _runs(evm: NodeEvm, probe: bytes) -> bool | None:
    """Whether creation code returns what it should; None if the node does not say."""
    try:
        return evm.try_creation(probe) == _ANSWER
    except RpcError as error:
        return False if error.is_revert or error.is_out_of_gas else None


def _target() -> str:
    """Say what the contracts are compiled for, where that is known."""
    try:
        return f", compiled for {read_settings().evm_version},"
    except CompilerError:  # an installed package
        return ""
