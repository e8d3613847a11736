"""Deployment files: which contracts stand where on which chain.

A file is written once for a chain and never over another chain's. When it is there, what it names is held
against the chain instead of being deployed again.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eth_utils.address import is_address, to_checksum_address

from parley.chain.deploy import address_book, deploy, deploy_to_node, initcode
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
"""How often code is asked for again that is not what it should be, and seconds in between."""


class CodeError(ProblemError):
    """At an address of a deployment file there is not the code that there should be."""


@dataclass(frozen=True)
class DeploymentFile:
    """A deployment file that has been read.

    Attributes
    ----------
    path : Path
    content : dict
        All of it: ``chainId``, ``compiler`` and ``contracts``.
    addresses : Mapping[str, str]
        Of the contracts asked for, by name, with their checksums.
    """

    path: Path
    content: dict[str, Any]
    addresses: Mapping[str, str]

    @property
    def chain_id(self) -> int:
        """The chain that it speaks of."""
        return int(self.content["chainId"])

    def check_chain(self, evm: Evm) -> None:
        """See that a machine is the chain that the file speaks of.

        Raises
        ------
        ProblemError
            If it is another one.
        """
        if self.chain_id != evm.chain_id:
            raise ProblemError(
                str(self.path),
                "chainId",
                f"the file is for chain {self.chain_id}, but {evm.name} is chain {evm.chain_id}",
            )

    def check_code(self, evm: Evm, artifacts: Mapping[str, Artifact]) -> None:
        """See that every contract stands where the file says, with the code that it says and that we compile.

        Raises
        ------
        CodeError
            Naming the first contract that does not.
        """
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
    """Return the code at an address; another one than is wanted may be one that a node has not seen yet."""
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
    """Return where a chain's deployment file stands unless somebody says otherwise.

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
    path : Path
    names : Iterable[str]
        The contracts that it has to name.

    Raises
    ------
    ProblemError
        With file, key and reason, if it cannot be read or does not say what it should.
    """
    file = str(path)
    content = read_object(path)
    _, contracts = _entries(file, content)
    addresses = {name: _address(file, name, contracts.get(name)) for name in names}
    return DeploymentFile(path, content, addresses)


def _entries(file: str, content: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the chain id of a deployment file, and its entries by the contracts' names."""
    chain_id = content.get("chainId")
    if not isinstance(chain_id, int) or isinstance(chain_id, bool) or chain_id < 1:
        raise ProblemError(file, "chainId", f"must be a positive integer, not {shorten(chain_id)}")
    contracts = content.get("contracts")
    if not isinstance(contracts, dict):
        raise ProblemError(file, "contracts", f"must be an object, not {shorten(contracts)}")
    return chain_id, contracts


def _address(file: str, name: str, entry: object) -> str:
    """Return a contract's address, having looked at the rest of its entry."""
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
    """Deploy contracts and write the file, or if it is there already, hold the chain against it.

    Parameters
    ----------
    evm : Evm
        A node, or an embedded machine.
    path : Path or None
        The file; by default `default_path`.
    artifacts : Mapping[str, Artifact]
        Compiled contracts by name.
    names : Iterable[str]
        Which to deploy, in order.

    Returns
    -------
    DeploymentFile
    bool
        Whether anything was deployed.

    Raises
    ------
    CodeError
        If a contract of the file is not where it should be.
    ProblemError
        If the file is another chain's, or cannot be read.
    ParleyError
        If it cannot be written, or another run is writing it.
    """
    path = path if path is not None else default_path(evm.chain_id)
    names = tuple(names)
    if path.exists():
        return _checked(evm, path, artifacts, names), False
    try:
        # Locked before anything is paid for, and until the file is whole.
        with whole_file(path, over=False) as work:
            deployed = (
                deploy_to_node(evm, artifacts, names)
                if isinstance(evm, NodeEvm)
                else deploy(evm, artifacts, names)
            )
            content = address_book(evm.chain_id, deployed)
            work.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except FileExistsError:  # another run has just written it
        return _checked(evm, path, artifacts, names), False
    return read(path, names), True


def _checked(evm: Evm, path: Path, artifacts: Mapping[str, Artifact], names: Iterable[str]) -> DeploymentFile:
    """Read a deployment file, and hold the chain against it."""
    known = read(path, names)
    known.check_chain(evm)
    if isinstance(evm, NodeEvm):
        check_chain(evm, artifacts, names)
    known.check_code(evm, artifacts)
    return known


# ── what a file claims, to be verified ──────────────────────────────────────────────────────────────────────

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Claims:
    """What a deployment file says, by the contracts' names. Nothing of it is trusted.

    Attributes
    ----------
    chain_id : int
    addresses : dict of str to str
        In lower case; no two names have the same.
    first_blocks : dict of str to object
        Where each is said to have been deployed, whatever that is.
    code_hashes : dict of str to str
        Of each contract's code, if the file says.
    interfaces : dict of str to list
        Of each contract, if the file has it: asked only where the tree's own cannot be compiled.
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
    file : path
    names : sequence of str
        Contracts of which it has to name one at least, or there is nothing to audit.

    Raises
    ------
    ProblemError
        Naming the file, the key and what is wrong with it.
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
    """Whether this may be an interface: what it says is looked at when it is read."""
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
