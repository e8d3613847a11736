"""Opening of backends by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.chain.evm import EvmError
from parley.chain.urls import is_url, shown

if TYPE_CHECKING:
    from parley.chain.evm import Evm

__all__ = ["open_evm", "open_reference"]


def open_evm(name: str) -> Evm:
    """Return a new embedded EVM by name, or the node at a URL.

    Raises
    ------
    EvmError
        If the name is unknown, or there is no node at the URL.

    Examples
    --------
    >>> from parley.chain.evm import FUNDS
    >>> evm = open_evm("revm")
    >>> evm.transact(evm.deployer, evm.accounts[0], b"", value=5).ok
    True
    >>> evm.balance(evm.accounts[0]) - FUNDS
    5
    """
    # Imported when asked for: web3 alone takes a second to load.
    if name == "revm":
        from parley.chain.revm import RevmEvm  # noqa: PLC0415 -- as above

        return RevmEvm()
    if name == "py-evm":
        from parley.chain.tester import TesterEvm  # noqa: PLC0415 -- as above

        return TesterEvm()
    if is_url(name):
        from parley.chain.node import NodeEvm  # noqa: PLC0415 -- as above

        return NodeEvm(name)
    raise EvmError(f"unknown EVM {shown(name)!r}; use revm, py-evm or the URL of a node")


def open_reference() -> Evm:
    """Return a new backend with exact gas, for cross-checks.

    Examples
    --------
    >>> evm = open_reference()
    >>> evm.name, evm.transact(evm.deployer, evm.accounts[0], b"", value=5).gas_used
    ('py-evm', 21000)
    """
    from parley.chain.pyevm import PyEvm  # noqa: PLC0415 -- py-evm takes half a second to load

    return PyEvm()
