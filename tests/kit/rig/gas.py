"""Transactions with a gas limit of their own."""

from functools import partial
from unittest.mock import patch

from parley.chain import pyevm
from parley.chain.evm import Evm, Receipt
from parley.chain.pyevm import PyEvm
from parley.chain.revm import RevmEvm


def sent_with(evm: Evm, sender: str, to: str, data: bytes, gas: int) -> Receipt:
    """Send a transaction with so much gas, on the reference machine or the fast one."""
    if isinstance(evm, RevmEvm):
        with patch.object(evm, "_message_call", partial(evm._message_call, gas=gas)):
            return evm.transact(sender, to, data)
    assert isinstance(evm, PyEvm)
    with patch.object(pyevm, "GAS_LIMIT", gas):
        return evm.transact(sender, to, data)
