"""What the contract's events mean beyond their fields, which are decoded as the interface says.

See contracts/interfaces/IAssignmentLottery.sol.
"""

__all__ = ["by_seat"]


def by_seat(words: tuple[int, int]) -> bytes:
    r"""Return an order, or an assignment, one byte for each seat, and zeros behind the last.

    Of an order the bytes are seats; of an assignment one more than the seat's item, or 0 for nothing. The
    first one is in the lowest byte of the first of two words.

    Examples
    --------
    >>> by_seat((0x000102, 3))[:3], by_seat((0x000102, 3))[32]
    (b'\x02\x01\x00', 3)
    """
    first, second = words
    return first.to_bytes(32, "little") + second.to_bytes(32, "little")
