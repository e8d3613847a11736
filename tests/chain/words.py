"""Words of what a contract returns."""


def read_word(data: bytes, index: int) -> int:
    """Word number `index` as an unsigned number."""
    return int.from_bytes(data[32 * index : 32 * index + 32])
