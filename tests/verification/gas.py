"""Transactions with a gas limit of their own."""

from unittest.mock import patch

from parley.chain import pyevm
from parley.chain.evm import Evm, Receipt
from parley.chain.pyevm import PyEvm


def sent_with(evm: Evm, sender: str, to: str, data: bytes, gas: int) -> Receipt:
    """Send a transaction with so much gas, on the reference machine."""
    assert isinstance(evm, PyEvm)
    with patch.object(pyevm, "GAS_LIMIT", gas):
        return evm.transact(sender, to, data)
