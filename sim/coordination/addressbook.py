"""Deployment files, as far as an audit of the mechanism needs them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.coordination.play import RECOGNITION_CONTRACTS
from sim.errors import ParleyError, ProblemError

if TYPE_CHECKING:
    from sim.chain.nodehistory import NodeHistory

__all__ = ["Book", "open_history", "read_book"]


@dataclass(frozen=True)
class Book:
    """What a deployment file says of the mechanism.

    Attributes
    ----------
    chain_id : int
    mechanism : str
        Its address in lower case.
    first_block : int
        Where it was deployed, 0 if the file does not say.
    claimed : dict of str to str
        Recognition functions, as problem files call them, by the address of their contract in lower case.
    code_hashes : dict of str to (str, str)
        Name and hash of the code of every contract, by address in lower case.
    """

    chain_id: int
    mechanism: str
    first_block: int
    claimed: Mapping[str, str]
    code_hashes: Mapping[str, tuple[str, str]]


def read_book(file: str | Path) -> Book:
    """Read a deployment file.

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
    addresses = {}
    for contract, entry in content["contracts"].items():
        address = entry.get("address") if isinstance(entry, dict) else None
        if not isinstance(address, str) or not re.fullmatch(r"0x[0-9a-fA-F]{40}", address):
            raise ProblemError(name, f"contracts.{contract}.address", "must be an address")
        addresses[contract] = address.lower()
    if "TwoStageMechanism" not in addresses:
        raise ProblemError(name, "contracts.TwoStageMechanism", "is missing")
    entries = content["contracts"]
    block = entries["TwoStageMechanism"].get("blockNumber")
    return Book(
        chain_id,
        addresses["TwoStageMechanism"],
        block if isinstance(block, int) else 0,
        {addresses[c]: function for function, c in RECOGNITION_CONTRACTS.items() if c in addresses},
        {
            address: (contract, str(entries[contract]["bytecodeHash"]).lower())
            for contract, address in addresses.items()
            if entries[contract].get("bytecodeHash")
        },
    )


def open_history(url: str, book: Book, *, every_block: bool = False) -> "NodeHistory":
    """Return the history of the mechanism on a node.

    Raises
    ------
    ParleyError
        If nobody answers, the chain is another one, or there is no code at the address.
    """
    from sim.chain.nodehistory import NodeHistory  # noqa: PLC0415 -- web3 takes a second to load

    history = NodeHistory(url, book.mechanism, book.first_block, every_block=every_block)
    if history.chain_id != book.chain_id:
        raise ParleyError(f"{url}: chain {history.chain_id}, but the deployment is on chain {book.chain_id}")
    if not history.code(book.mechanism):
        raise ParleyError(f"{url}: there is no code at {book.mechanism}: nothing to verify")
    return history
