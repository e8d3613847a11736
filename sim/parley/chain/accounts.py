"""The accounts of the embedded EVMs.

Their keys follow from their names and are public: never send them anything of value on a live chain.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from parley.core.randomness import keccak

if TYPE_CHECKING:
    from eth_keys.datatypes import PrivateKey

AGENTS = 64
"""The most seats of one game."""


@cache
def private_key(role: str) -> PrivateKey:
    """Return the private key of a role: Keccak-256 of its name.

    Parameters
    ----------
    role : str
        ``"deployer"``, or ``"agent 1"`` to ``"agent 64"``.
    """
    from eth_keys.main import KeyAPI  # noqa: PLC0415 -- slow to load, and not always needed

    # Below the order of the curve, except for one hash in 2^128.
    return KeyAPI.PrivateKey(keccak(f"parley: {role}".encode()))


def deployer_key() -> PrivateKey:
    """Return the key of the account that deploys contracts."""
    return private_key("deployer")


def agent_keys() -> tuple[PrivateKey, ...]:
    """Return the keys of the 64 agents' accounts, in seat order."""
    return tuple(private_key(f"agent {number}") for number in range(1, AGENTS + 1))


@cache
def deployer() -> str:
    """Return the address that deploys contracts, with its checksum."""
    return str(deployer_key().public_key.to_checksum_address())


@cache
def agents() -> tuple[str, ...]:
    """Return the addresses of the 64 agents, with their checksums.

    Examples
    --------
    >>> len(set(agents()))
    64
    """
    return tuple(str(key.public_key.to_checksum_address()) for key in agent_keys())
