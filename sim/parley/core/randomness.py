"""Commitments, seeds and unbiased draws: the Python twin of ``contracts/randomness``.

All functions compute bit for bit what the contracts compute. A seed is made from secrets that the
participants committed to before any secret was known. Integers are drawn by rejection, and permutations by
the Fisher–Yates shuffle, so that with a uniform seed every outcome has exactly its stated probability. Hashes
are words of 32 bytes (``bytes``), everything else is an ``int``.

Examples
--------
Two seats commit, reveal, and draw one number below six:

>>> game = game_id(chain_id=1, contract="0x" + "11" * 20, creator="0x" + "22" * 20, salt=bytes(32))
>>> secrets = [keccak(b"first"), keccak(b"second")]
>>> commitment(game, 0, secrets[0]) == commitment(game, 1, secrets[0])  # a copied commitment opens to nothing
False
>>> drawn = uniform(seed(b"proposer", game, 1, secrets), index=0, bound=6)
>>> 0 <= drawn < 6
True
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Protocol, TypeAlias

Word: TypeAlias = bytes
"""A word of 32 bytes."""

WORD_BITS = 256
"""Bits of a word of the EVM."""

ORDER_ENTRIES_PER_WORD = 32
"""One byte each: seats are numbered below 64."""


class _Hash(Protocol):
    def digest(self) -> bytes: ...


def _choose_keccak() -> Callable[[bytes], _Hash]:
    """Return the fastest installed implementation of Keccak-256."""
    try:
        import sha3  # noqa: PLC0415 - safe-pysha3, much faster than pycryptodome, may lack a wheel
    except ImportError:
        from eth_hash.auto import keccak as slower  # noqa: PLC0415 - only where it is needed

        return slower.new
    fastest: Callable[[bytes], _Hash] = sha3.keccak_256
    return fastest


_keccak = _choose_keccak()


def keccak(data: bytes) -> Word:
    """Return the Keccak-256 hash, 32 bytes.

    Examples
    --------
    >>> keccak(b"").hex()
    'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'
    """
    return _keccak(data).digest()


def word(value: int) -> Word:
    """Return the 32-byte big-endian word of an integer from -2^255 to 2^256 - 1, as two's complement.

    Raises
    ------
    OverflowError
        If the value does not fit.

    Examples
    --------
    >>> word(258).hex()[-6:], word(-1) == bytes([255]) * 32
    ('000102', True)
    """
    return value.to_bytes(32, "big", signed=value < 0)


def address_word(address: str) -> Word:
    """Return the ABI encoding of an address (``0x`` and 40 hexadecimal digits), a word.

    Raises
    ------
    ValueError
        If the text is not an address.

    Examples
    --------
    >>> address_word("0x00000000000000000000000000000000000000fF")[-2:].hex()
    '00ff'
    """
    if len(address) != 42 or address[:2] != "0x":
        raise ValueError(f"not an address: {address!r}")
    return bytes(12) + bytes.fromhex(address[2:])


def game_id(chain_id: int, contract: str, creator: str, salt: Word) -> Word:
    """Return the id of a game: keccak256(abi.encode(chain id, contract, creator, salt)).

    It is known before creation. It binds every commitment and seed to this chain and contract. `salt`, a
    word, distinguishes the games of one creator.

    Examples
    --------
    >>> one = game_id(1, "0x" + "11" * 20, "0x" + "22" * 20, word(7))
    >>> one == game_id(2, "0x" + "11" * 20, "0x" + "22" * 20, word(7))  # another chain, another game
    False
    """
    return keccak(_origin(chain_id, contract, creator) + _checked(salt))


@lru_cache(maxsize=64)
def _origin(chain_id: int, contract: str, creator: str) -> bytes:
    """Return what the ids of all games of one creator hash before the salt."""
    return word(chain_id) + address_word(contract) + address_word(creator)


def commitment(game: Word, seat: int, secret: Word) -> Word:
    """Return what a seat publishes before its secret: keccak256(abi.encode(id, seat, secret)).

    Parameters
    ----------
    game : bytes
        Id of the game.
    seat : int
        From 0.
    secret : bytes
        32 random bytes.

    Examples
    --------
    >>> secret = keccak(b"example")
    >>> commitment(word(1), 0, secret) == keccak(word(1) + word(0) + secret)
    True
    """
    if len(game) != 32 or len(secret) != 32:
        raise ValueError(f"not words of 32 bytes: {game!r}, {secret!r}")
    return _keccak(game + seat.to_bytes(32, "big") + secret).digest()


def purpose_word(purpose: bytes) -> Word:
    """Return a purpose as Solidity stores a ``bytes32`` literal: ASCII from the left, then zeros.

    Raises
    ------
    ValueError
        If it is longer than a word.

    Examples
    --------
    >>> purpose_word(b"order") == b"order" + bytes(27)
    True
    """
    if len(purpose) > 32:
        raise ValueError("a purpose has at most 32 bytes")
    return purpose.ljust(32, b"\0")


def seed(purpose: bytes, game: Word, moment: int | Word, secrets: Iterable[Word]) -> Word:
    """Return the seed of one draw: keccak256(purpose, id, round or digest, the secrets in seat order).

    Secrets are in seat order, so that the time of a reveal does not matter. They are hashed together and not
    XORed, so that the last agent to reveal cannot choose the result. Seeds of different purposes are
    independent.

    Parameters
    ----------
    purpose : bytes
        At most 32 ASCII characters.
    game : bytes
        Id of the game.
    moment : int or bytes
        The round, from 1, or a digest.
    secrets : iterable of bytes
        One word for each seat, in seat order.

    Examples
    --------
    >>> a, b = word(1), word(2)
    >>> seed(b"order", word(9), 1, [a, b]) == seed(b"order", word(9), 1, [b, a])
    False
    """
    moment_word = word(moment) if isinstance(moment, int) else _checked(moment)
    return keccak(
        purpose_word(purpose) + _checked(game) + moment_word + b"".join(_checked(s) for s in secrets)
    )


def highest_accepted(bound: int, bits: int = WORD_BITS) -> int:
    """Return the largest word that an unbiased draw below ``bound`` accepts.

    It is (2^bits - 1) - (2^bits mod bound): the top 2^bits mod bound words would favour small results.

    Raises
    ------
    ValueError
        If the bound is not from 1 to 2^bits.

    Examples
    --------
    Of the sixteen values of four bits, fifteen make three classes of five:

    >>> highest_accepted(3, bits=4)
    14
    """
    if not 1 <= bound <= 1 << bits:
        raise ValueError(f"bound must lie between 1 and 2^{bits}: {bound}")
    return (1 << bits) - 1 - (1 << bits) % bound


def drawn_word(seed_word: Word, index: int, attempt: int) -> int:
    """Return the word for one attempt of a draw: keccak256(abi.encode(seed, index, attempt)).

    Examples
    --------
    >>> drawn_word(word(5), 0, 1) == int.from_bytes(keccak(word(5) + word(0) + word(1)), "big")
    True
    """
    return int.from_bytes(keccak(seed_word + word(index) + word(attempt)), "big")


def uniform(
    seed_word: Word,
    index: int,
    bound: int,
    *,
    source: Callable[[Word, int, int], int] = drawn_word,
    bits: int = WORD_BITS,
) -> int:
    """Draw an integer in [0, bound), each with exactly the same probability, by rejection.

    Parameters
    ----------
    seed_word : bytes
        Seed of the draw.
    index : int
        Number of the draw from this seed; draws with different indices are independent.
    bound : int
        At least 1.
    source, bits
        Source and width of words, by default the chain's; tests use a narrow source with all its words.

    Examples
    --------
    >>> [uniform(word(1), index, 10) for index in range(5)] == [
    ...     drawn_word(word(1), index, 0) % 10 for index in range(5)]
    True

    A word in the incomplete class at the top is drawn again:

    >>> uniform(word(1), 0, 3, source=lambda seed, index, attempt: [15, 4][attempt], bits=4)
    1
    """
    highest = highest_accepted(bound, bits)
    attempt = 0
    while True:
        value = source(seed_word, index, attempt)
        if value <= highest:
            return value % bound
        attempt += 1


def permutation(
    seed_word: Word,
    items: Sequence[int],
    *,
    draw: Callable[[Word, int, int], int] = uniform,
) -> list[int]:
    """Shuffle the items uniformly (Fisher and Yates).

    For k from the last down to 1, entry k is swapped with entry ``uniform(seed, k, k + 1)``. Tests replace
    `draw`.

    Examples
    --------
    >>> sorted(permutation(word(3), [0, 1, 2, 4]))
    [0, 1, 2, 4]
    >>> permutation(word(3), [7, 8, 9], draw=lambda seed, index, bound: 0)
    [8, 9, 7]
    """
    order = list(items)
    for k in range(len(order) - 1, 0, -1):
        other = draw(seed_word, k, k + 1)
        order[k], order[other] = order[other], order[k]
    return order


def pack_order(order: Sequence[int]) -> tuple[int, int]:
    """Pack an order of at most 64 seats into two words: one byte each, entry k in word k // 32, lowest first.

    Raises
    ------
    ValueError
        If there are more than 64 entries or one does not fit a byte.

    Examples
    --------
    >>> [hex(packed) for packed in pack_order([2, 0, 1])]
    ['0x10002', '0x0']
    """
    if len(order) > 2 * ORDER_ENTRIES_PER_WORD:
        raise ValueError("an order has at most 64 entries")
    data = bytes(order).ljust(2 * ORDER_ENTRIES_PER_WORD, b"\0")
    return (
        int.from_bytes(data[:ORDER_ENTRIES_PER_WORD], "little"),
        int.from_bytes(data[ORDER_ENTRIES_PER_WORD:], "little"),
    )


def unpack_order(words: Sequence[int], entries: int) -> list[int]:
    """Return the first ``entries`` seats of a packed order: the inverse of :func:`pack_order`.

    Raises
    ------
    ValueError
        If two words hold no such number of entries.

    Examples
    --------
    >>> unpack_order(pack_order([2, 0, 1]), 3)
    [2, 0, 1]
    """
    if not 0 <= entries <= 2 * ORDER_ENTRIES_PER_WORD or len(words) != 2:
        raise ValueError("two words hold at most 64 entries")
    data = b"".join(packed.to_bytes(ORDER_ENTRIES_PER_WORD, "little") for packed in words)
    return list(data[:entries])


def _checked(value: Word) -> Word:
    """Check the length of a word: a shorter one would shift the hashed data."""
    if len(value) != 32:
        raise ValueError(f"not a word of 32 bytes: {value!r}")
    return value
