"""The recursion limit after loading an Ethereum library."""

import sys

__all__ = ["limit_recursion"]

FRAMES = 10_240
"""Enough Python frames for the deepest calls that a transaction's gas allows (about 500, ten frames each)."""


def limit_recursion() -> None:
    """Undo the recursion limit of 100,000 that web3 and py-evm set: it can overflow the stack."""
    sys.setrecursionlimit(min(sys.getrecursionlimit(), FRAMES))
