"""How deep Python may nest calls, once an Ethereum library has been loaded."""

import sys

__all__ = ["limit_recursion"]

FRAMES = 10_240
"""Python frames: enough for calls nested as deep as a transaction's gas allows (some 500, at ten frames or so
each)."""


def limit_recursion() -> None:
    """Take back what loading web3 or py-evm does: they let Python nest 100,000 calls.

    So many overflow the stack of the process, where input that is nested too deeply is to be refused.
    """
    sys.setrecursionlimit(min(sys.getrecursionlimit(), FRAMES))
