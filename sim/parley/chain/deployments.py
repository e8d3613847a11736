"""Deployment files: the addresses of contracts on a chain.

A file for another chain is never overwritten. If the file exists, its contracts are compared with the chain,
and nothing is deployed.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eth_utils.address import is_address, to_checksum_address

from parley.chain.deploy import deploy, deploy_to_node, deployment_json, initcode
from parley.chain.forks import check_chain
from parley.chain.node import NodeEvm
from parley.chain.revm import RevmEvm
from parley.core.errors import ParleyError, ProblemError, shorten
from parley.core.files import read_object
from parley.core.folders import whole_file
from parley.core.randomness import keccak

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from parley.chain.compiler import Artifact
    from parley.chain.evm import Evm


_LOOKS, _PAUSE = 6, 0.25
"""Number of attempts to read wrong code again, and the pause in seconds."""


class CodeError(ProblemError):
    """The code at an address of a deployment file is wrong or missing."""


@dataclass(frozen=True)
class DeploymentFile:
    """The content of a deployment file; `addresses` has the requested contracts by name, with checksums."""

    path: Path
    content: dict[str, Any]
    addresses: Mapping[str, str]

    @property
    def chain_id(self) -> int:
        """The chain of the file."""
        return int(self.content["chainId"])

    def check_chain(self, evm: Evm) -> None:
        """Check that a backend has the file's chain; raises `ProblemError`."""
        if self.chain_id != evm.chain_id:
            raise ProblemError(
                str(self.path),
                "chainId",
                f"the file is for chain {self.chain_id}, but {evm.name} is chain {evm.chain_id}",
            )

    def check_code(self, evm: Evm, artifacts: Mapping[str, Artifact]) -> None:
        """Compare the code of every contract with the file and the compiled sources; raises `CodeError`."""
        for name, address in self.addresses.items():
            entry = self.content["contracts"][name]
            key = f"contracts.{name}"
            code = _code_at(evm, address, entry["bytecodeHash"])
            if not code:
                raise CodeError(
                    str(self.path),
                    key,
                    f"no code at {address} on chain {evm.chain_id} (if the chain was restarted, remove "
                    "the file and deploy again)",
                )
            if "0x" + keccak(code).hex() != entry["bytecodeHash"]:
                raise CodeError(
                    str(self.path), key, f"the code at {address} differs from what was deployed there"
                )
            try:
                ours = created_code(artifacts, name, entry.get("args", ()))
            except ParleyError as error:
                raise CodeError(str(self.path), key, str(error)) from None
            if code != ours:
                raise CodeError(
                    str(self.path), key, f"the code at {address} was not compiled from these sources"
                )


def _code_at(evm: Evm, address: str, code_hash: str) -> bytes:
    """Return the code at an address; retry if it is not the expected one, because a node may lag."""
    code = evm.code(address)
    for _ in range(_LOOKS if isinstance(evm, NodeEvm) else 0):
        if "0x" + keccak(code).hex() == code_hash:
            break
        time.sleep(_PAUSE)
        code = evm.code(address)
    return code


def created_code(artifacts: Mapping[str, Artifact], name: str, args: Iterable[Any] = ()) -> bytes:
    """Return the code that creating a contract leaves on a chain.

    Raises
    ------
    DeploymentError
        If the contract is not known or takes other arguments.
    EvmError
        If it cannot be created.
    """
    evm = RevmEvm()
    return evm.code(evm.deploy(initcode(artifacts, name, tuple(args))))


def default_path(chain_id: int) -> Path:
    """Return the default path of a chain's deployment file.

    Examples
    --------
    >>> default_path(31337).as_posix()
    'deployments/31337.json'
    """
    return Path("deployments") / f"{chain_id}.json"


def read(path: Path, names: Iterable[str]) -> DeploymentFile:
    """Read a deployment file.

    Parameters
    ----------
    names : Iterable[str]
        Required contracts.

    Raises
    ------
    ProblemError
        If it cannot be read or is invalid.
    """
    file = str(path)
    content = read_object(path)
    _, contracts = _entries(file, content)
    addresses = {name: _address(file, name, contracts.get(name)) for name in names}
    return DeploymentFile(path, content, addresses)


def _entries(file: str, content: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the chain id and the entries of a deployment file."""
    chain_id = content.get("chainId")
    if not isinstance(chain_id, int) or isinstance(chain_id, bool) or chain_id < 1:
        raise ProblemError(file, "chainId", f"must be a positive integer, not {shorten(chain_id)}")
    contracts = content.get("contracts")
    if not isinstance(contracts, dict):
        raise ProblemError(file, "contracts", f"must be an object, not {shorten(contracts)}")
    return chain_id, contracts


def _address(file: str, name: str, entry: object) -> str:
    """Check a contract's entry and return its address."""
    if not isinstance(entry, dict):
        raise ProblemError(file, f"contracts.{name}", "is missing")
    address, code_hash, args = entry.get("address"), entry.get("bytecodeHash"), entry.get("args", [])
    if not isinstance(address, str) or not is_address(address):
        raise ProblemError(file, f"contracts.{name}.address", f"must be an address, not {shorten(address)}")
    if not isinstance(code_hash, str):
        raise ProblemError(file, f"contracts.{name}.bytecodeHash", "must be a hash in hexadecimal")
    if not isinstance(args, list):
        raise ProblemError(file, f"contracts.{name}.args", "must be a list")
    return str(to_checksum_address(address))


def deploy_once(
    evm: Evm, path: Path | None, artifacts: Mapping[str, Artifact], names: Iterable[str]
) -> tuple[DeploymentFile, bool]:
    """Deploy contracts and write the file; or, if the file exists, compare it with the chain.

    Returns
    -------
    (DeploymentFile, bool)
        The file, and whether anything was deployed.

    Raises
    ------
    CodeError
        If a contract of the file is missing or differs.
    ProblemError
        If the file is for another chain or cannot be read.
    ParleyError
        If it cannot be written, or another run is writing it.
    """
    path = path if path is not None else default_path(evm.chain_id)
    names = tuple(names)
    if path.exists():
        return _checked(evm, path, artifacts, names), False
    try:
        # Locked from before the first payment until the file is written.
        with whole_file(path, over=False) as work:
            deployed = (
                deploy_to_node(evm, artifacts, names)
                if isinstance(evm, NodeEvm)
                else deploy(evm, artifacts, names)
            )
            content = deployment_json(evm.chain_id, deployed)
            work.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except FileExistsError:  # another run has just written it
        return _checked(evm, path, artifacts, names), False
    return read(path, names), True


def _checked(evm: Evm, path: Path, artifacts: Mapping[str, Artifact], names: Iterable[str]) -> DeploymentFile:
    """Read a deployment file and compare it with the chain."""
    known = read(path, names)
    known.check_chain(evm)
    if isinstance(evm, NodeEvm):
        check_chain(evm, artifacts, names)
    known.check_code(evm, artifacts)
    return known


# ── claims of a file, to be verified ────────────────────────────────────────────────────────────────────────

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Claims:
    """The claims of a deployment file, by contract name. They are not trusted.

    Attributes
    ----------
    addresses : dict of str to str
        In lower case; no two names have the same.
    first_blocks : dict of str to object
        Claimed block of each deployment, unchecked.
    code_hashes : dict of str to str
        Hash of each contract's code, if given.
    interfaces : dict of str to list
        Interface of each contract, if given; used only if the tree's own cannot be compiled.
    """

    chain_id: int
    addresses: Mapping[str, str]
    first_blocks: Mapping[str, object]
    code_hashes: Mapping[str, str]
    interfaces: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def read_claims(file: str | Path, names: Sequence[str]) -> Claims:
    """Read a deployment file.

    Parameters
    ----------
    names : sequence of str
        The file must have at least one of these contracts.

    Raises
    ------
    ProblemError
        If the file is invalid.
    """
    name = str(file)
    chain_id, entries = _entries(name, read_object(file))
    addresses: dict[str, str] = {}
    for contract, entry in entries.items():
        address = _claimed_address(name, contract, entry)
        same = next((other for other, known in addresses.items() if known == address), None)
        if same is not None:
            raise ProblemError(name, f"contracts.{contract}.address", f"is also the address of {same}")
        addresses[contract] = address
    if not any(wanted in addresses for wanted in names):
        raise ProblemError(name, "contracts", f"contains none of {', '.join(names)}: nothing to verify")
    hashes = {
        contract: _code_hash(name, contract, entry["bytecodeHash"])
        for contract, entry in entries.items()
        if entry.get("bytecodeHash") is not None
    }
    blocks = {contract: entry.get("blockNumber") for contract, entry in entries.items()}
    interfaces = {
        contract: entry["abi"] for contract, entry in entries.items() if _is_interface(entry.get("abi"))
    }
    return Claims(chain_id, addresses, blocks, hashes, interfaces)


def _is_interface(found: object) -> bool:
    """Whether a value has the form of an interface; its content is checked later."""
    return isinstance(found, list) and all(isinstance(one, dict) and "type" in one for one in found)


def _claimed_address(file: str, contract: str, entry: object) -> str:
    if not isinstance(entry, dict):
        raise ProblemError(file, f"contracts.{contract}", f"must be an object, not {shorten(entry)}")
    address = entry.get("address")
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        key = f"contracts.{contract}.address"
        raise ProblemError(file, key, f"must be an address, not {shorten(address)}")
    return address.lower()


def _code_hash(file: str, contract: str, found: object) -> str:
    if not isinstance(found, str) or not _HASH.fullmatch(found):
        key = f"contracts.{contract}.bytecodeHash"
        raise ProblemError(file, key, f"must be 0x and 64 hexadecimal digits, not {shorten(found)}")
    return found.lower()
