"""What the contract's events mean beyond their fields, which are decoded as the interface says.

See contracts/interfaces/ITwoStageMechanism.sol.
"""

__all__ = ["seats_in"]


def seats_in(order: tuple[int, int]) -> bytes:
    r"""Return the seats of an order, one byte each, and zeros behind the last.

    The first one is in the lowest byte of the first of two words.

    Examples
    --------
    >>> seats_in((0x000102, 3))[:3], seats_in((0x000102, 3))[32]
    (b'\x02\x01\x00', 3)
    """
    first, second = order
    return first.to_bytes(32, "little") + second.to_bytes(32, "little")
