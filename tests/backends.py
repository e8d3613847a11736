"""Backends for tests: the reference one without web3, which other tests hold to the one with it."""

from parley.chain.backends import open_evm, open_reference
from parley.chain.evm import Evm


def open_backend(name: str) -> Evm:
    """Open revm, or py-evm at the level of its state: several times as fast as behind eth-tester and web3."""
    return open_reference() if name == "py-evm" else open_evm(name)
