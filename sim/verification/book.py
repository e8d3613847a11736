"""Deployment files, as far as an audit needs them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.chain.urls import shown
from sim.errors import ParleyError, ProblemError

if TYPE_CHECKING:
    from sim.chain.nodehistory import NodeHistory

__all__ = ["Book", "open_history", "read_book"]


@dataclass(frozen=True)
class Book:
    """What a deployment file says, by the contracts' names.

    Attributes
    ----------
    chain_id : int
    addresses : dict of str to str
        In lower case.
    first_blocks : dict of str to int
        Where each was deployed, if the file says.
    code_hashes : dict of str to str
        Of each contract's code, if the file says.
    """

    chain_id: int
    addresses: Mapping[str, str]
    first_blocks: Mapping[str, int]
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
    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise ProblemError(name, "", error.strerror or "cannot be read") from None
    except ValueError as error:
        raise ProblemError(name, "", f"is not JSON: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("contracts"), dict):
        raise ProblemError(name, "contracts", "no deployment file: the contracts are missing")
    chain_id = content.get("chainId")
    if not isinstance(chain_id, int):
        raise ProblemError(name, "chainId", "must be an integer")
    entries = content["contracts"]
    addresses = {}
    for contract, entry in entries.items():
        address = entry.get("address") if isinstance(entry, dict) else None
        if not isinstance(address, str) or not re.fullmatch(r"0x[0-9a-fA-F]{40}", address):
            raise ProblemError(name, f"contracts.{contract}.address", "must be an address")
        addresses[contract] = address.lower()
    if not any(wanted in addresses for wanted in names):
        raise ProblemError(name, "contracts", f"no {' and no '.join(names)} among them: nothing to verify")
    blocks = {contract: entry.get("blockNumber") for contract, entry in entries.items()}
    hashes = {contract: entry.get("bytecodeHash") for contract, entry in entries.items()}
    return Book(
        chain_id,
        addresses,
        {contract: block for contract, block in blocks.items() if isinstance(block, int)},
        {contract: str(code_hash).lower() for contract, code_hash in hashes.items() if code_hash},
    )


def open_history(url: str, book: Book, name: str, *, every_block: bool = False) -> "NodeHistory":
    """Return the history, on a node, of the contract that the book has under a name.

    Raises
    ------
    ParleyError
        If nobody answers, the chain is another one, or there is no code at the address.
    """
    from sim.chain.nodehistory import NodeHistory  # noqa: PLC0415 -- web3 takes a second to load

    address = book.addresses[name]
    history = NodeHistory(url, address, book.first_blocks.get(name, 0), every_block=every_block)
    if history.chain_id != book.chain_id:
        raise ParleyError(
            f"{shown(url)}: chain {history.chain_id}, but the deployment is on chain {book.chain_id}"
        )
    if not history.code(address):
        raise ParleyError(f"{shown(url)}: there is no code at {address}: nothing to verify")
    return history
