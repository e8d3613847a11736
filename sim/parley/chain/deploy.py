"""Deployment of compiled contracts to a backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eth_abi.abi import encode
from eth_abi.exceptions import EncodingError

from parley.chain.abi import argument_types
from parley.chain.compiler import compile_contracts
from parley.chain.forks import check_chain
from parley.core.errors import ParleyError
from parley.core.randomness import keccak

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from parley.chain.compiler import Artifact
    from parley.chain.evm import Evm
    from parley.chain.node import NodeEvm


class DeploymentError(ParleyError):
    """A contract cannot be deployed."""


@dataclass(frozen=True)
class Deployment:
    """One deployed contract.

    Attributes
    ----------
    address : str
        With its checksum.
    code_hash : str
        Keccak-256 of the code at the address, ``0x`` and 64 digits.
    transaction, block : str or None, int or None
        Hash and block of the creation; None on an embedded EVM.
    """

    artifact: Artifact
    address: str
    args: tuple[Any, ...]
    code_hash: str
    transaction: str | None = None
    block: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry of a deployment file."""
        return {
            "address": self.address,
            "transactionHash": self.transaction,
            "blockNumber": self.block,
            "abi": self.artifact.abi,
            "bytecodeHash": self.code_hash,
            "args": list(self.args),
        }


def deploy(
    evm: Evm,
    artifacts: Mapping[str, Artifact],
    names: Iterable[str],
    arguments: Mapping[str, Sequence[Any]] | None = None,
) -> dict[str, Deployment]:
    """Deploy contracts by name, in order, from the backend's deployer; the order decides the addresses.

    Raises
    ------
    DeploymentError
        If a contract is not known, has no code, or takes other arguments.
    """
    deployed = {}
    for name in names:
        args = tuple((arguments or {}).get(name, ()))
        address = evm.deploy(initcode(artifacts, name, args))
        deployed[name] = Deployment(artifacts[name], address, args, "0x" + keccak(evm.code(address)).hex())
    return deployed


def deployed_addresses(evm: Evm, names: Iterable[str]) -> dict[str, str]:
    """Deploy compiled contracts of this tree in order; return their addresses by name."""
    return {name: one.address for name, one in deploy(evm, compile_contracts(), names).items()}


def deploy_to_node(
    evm: NodeEvm,
    artifacts: Mapping[str, Artifact],
    names: Iterable[str],
    arguments: Mapping[str, Sequence[Any]] | None = None,
) -> dict[str, Deployment]:
    """Deploy contracts to a node as `deploy`, but all in one batch; the result has transactions and blocks.

    Raises
    ------
    DeploymentError
        As `deploy`.
    EvmError
        If a creation fails, or the contracts cannot run on this chain (`parley.chain.forks`).
    """
    args = {name: tuple((arguments or {}).get(name, ())) for name in names}
    check_chain(evm, artifacts, args)
    created = evm.create([initcode(artifacts, name, args[name]) for name in args])
    deployed = {}
    for name, mined in zip(args, created, strict=True):
        address = mined.created or ""
        code_hash = "0x" + keccak(evm.code(address)).hex()
        deployed[name] = Deployment(artifacts[name], address, args[name], code_hash, mined.hash, mined.block)
    return deployed


def deployment_json(chain_id: int, deployed: Mapping[str, Deployment]) -> dict[str, Any]:
    """Return the content of a deployment file."""
    return {
        "chainId": chain_id,
        "compiler": next((entry.artifact.compiler for entry in deployed.values()), None),
        "contracts": {name: entry.to_json() for name, entry in deployed.items()},
    }


def initcode(artifacts: Mapping[str, Artifact], name: str, args: Sequence[Any] = ()) -> bytes:
    """Return the code that creates a contract: its bytecode, then the constructor's arguments.

    Raises
    ------
    DeploymentError
        If the contract is not known, has no code, or takes other arguments.
    """
    try:
        artifact = artifacts[name]
    except KeyError:
        raise DeploymentError(f"unknown contract {name!r}") from None
    if not artifact.bytecode:
        raise DeploymentError(f"{name} is an interface or abstract: it has no code to deploy")
    constructor = next((entry for entry in artifact.abi if entry["type"] == "constructor"), None)
    types = argument_types(constructor["inputs"]) if constructor else []
    try:
        return artifact.bytecode + encode(types, args)
    except (EncodingError, TypeError, ValueError) as error:
        raise DeploymentError(f"{name} takes ({', '.join(types)}): {error}") from error
