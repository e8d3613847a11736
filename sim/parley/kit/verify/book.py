"""Deployment files, as far as an audit needs them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parley.chain.urls import shown
from parley.core.errors import ParleyError, ProblemError, shorten
from parley.core.files import read_object

if TYPE_CHECKING:
    from parley.chain.nodehistory import NodeHistory

__all__ = ["Book", "open_history", "read_book"]


_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Book:
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
    """

    chain_id: int
    addresses: Mapping[str, str]
    first_blocks: Mapping[str, object]
    code_hashes: Mapping[str, str]


def read_book(file: str | Path, names: Sequence[str]) -> Book:
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
    content = read_object(file)
    if not isinstance(content.get("contracts"), dict):
        raise ProblemError(name, "contracts", "no deployment file: the contracts are missing")
    chain_id = content.get("chainId")
    if not isinstance(chain_id, int) or isinstance(chain_id, bool) or chain_id < 1:
        raise ProblemError(name, "chainId", f"must be a positive integer, not {shorten(chain_id)}")
    entries = content["contracts"]
    addresses: dict[str, str] = {}
    for contract, entry in entries.items():
        address = _address(name, contract, entry)
        same = next((other for other, known in addresses.items() if known == address), None)
        if same is not None:
            raise ProblemError(name, f"contracts.{contract}.address", f"is also the address of {same}")
        addresses[contract] = address
    if not any(wanted in addresses for wanted in names):
        raise ProblemError(name, "contracts", f"no {' and no '.join(names)} among them: nothing to verify")
    hashes = {
        contract: _code_hash(name, contract, entry["bytecodeHash"])
        for contract, entry in entries.items()
        if entry.get("bytecodeHash") is not None
    }
    blocks = {contract: entry.get("blockNumber") for contract, entry in entries.items()}
    return Book(chain_id, addresses, blocks, hashes)


def _address(file: str, contract: str, entry: object) -> str:
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


def open_history(
    url: str, book: Book, name: str, question: bytes, answer: int, *, events_only: bool = False
) -> "NodeHistory":
    """Return the history, on a node, of the contract that the book has under a name.

    Parameters
    ----------
    url : str
    book : Book
    name : str
    question : bytes
        Calldata of a view that only this contract has.
    answer : int
        How many bytes it answers.
    events_only : bool
        See `parley.chain.nodehistory.NodeHistory`.

    Raises
    ------
    ParleyError
        If nobody answers, the chain is another one, or there is no such contract at the address.
    """
    from parley.chain.nodehistory import NodeHistory  # noqa: PLC0415 -- web3 takes a second to load

    address = book.addresses[name]
    history = NodeHistory(url, address, book.first_blocks.get(name), events_only=events_only)
    if history.chain_id != book.chain_id:
        raise ParleyError(
            f"{shown(url)}: chain {history.chain_id}, but the deployment is on chain {book.chain_id}"
        )
    if not history.code(address):
        raise ParleyError(f"{shown(url)}: there is no code at {address}: nothing to verify")
    (found,) = history.ask([(address, question)])
    if found is None or len(found) != answer:
        raise ParleyError(
            f"{shown(url)}: the contract at {address} is no {name}: it has no such view as state(bytes32)"
        )
    return history
