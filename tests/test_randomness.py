"""Draws have exactly the probabilities they should have, and hashes are the chain's."""

from collections import Counter
from collections.abc import Callable
from itertools import permutations, product

import pytest
from eth_abi.abi import encode
from eth_abi.packed import encode_packed
from hypothesis import given
from hypothesis import strategies as st

from parley.core import randomness
from parley.core.randomness import (
    address_word,
    commitment,
    drawn_word,
    game_id,
    highest_accepted,
    keccak,
    pack_order,
    permutation,
    purpose_word,
    seed,
    uniform,
    unpack_order,
    word,
)

words = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20).map(lambda data: "0x" + data.hex())


class NotDrawnAgainError(Exception):
    """The first attempt was rejected."""


def first_attempt_only(value: int) -> Callable[[bytes, int, int], int]:
    def source(_seed: bytes, _index: int, attempt: int) -> int:
        if attempt > 0:
            raise NotDrawnAgainError
        return value

    return source


@pytest.mark.parametrize("bits", range(1, 9))
def test_every_result_comes_from_the_same_number_of_words(bits: int) -> None:
    for bound in range(1, 2**bits + 1):
        results: Counter[int] = Counter()
        rejected = 0
        for value in range(2**bits):
            try:
                results[uniform(bytes(32), 0, bound, source=first_attempt_only(value), bits=bits)] += 1
            except NotDrawnAgainError:
                rejected += 1
        assert results == Counter(dict.fromkeys(range(bound), 2**bits // bound))
        assert rejected == 2**bits % bound < bound


def test_a_rejected_word_is_drawn_again_until_one_is_accepted() -> None:
    seen: list[tuple[int, int]] = []

    def source(_seed: bytes, index: int, attempt: int) -> int:
        seen.append((index, attempt))
        return [15, 15, 15, 13][attempt]

    assert uniform(bytes(32), 7, 5, source=source, bits=4) == 13 % 5
    assert seen == [(7, 0), (7, 1), (7, 2), (7, 3)]


def test_rejection_is_reached_with_real_hashes() -> None:
    # With a bound just above 2^255 nearly half of all words are rejected.
    bound = 2**255 + 1
    attempts: Counter[int] = Counter()
    for index in range(64):
        result = uniform(word(1), index, bound)
        attempt = next(a for a in range(99) if drawn_word(word(1), index, a) <= highest_accepted(bound))
        assert result == drawn_word(word(1), index, attempt) % bound
        attempts[attempt] += 1
    assert set(attempts) >= {0, 1, 2}


def test_the_highest_accepted_word_closes_the_last_complete_class() -> None:
    for bound in (1, 2, 3, 5, 7, 64, 224, 2**32 - 1, 2**128, 2**255 + 1, 2**256 - 1):
        highest = highest_accepted(bound)
        assert (highest + 1) % bound == 0
        assert 0 <= 2**256 - 1 - highest < bound


@pytest.mark.parametrize("bound", [0, -1, 2**256 + 1])
def test_a_bound_without_results_or_beyond_a_word_is_refused(bound: int) -> None:
    with pytest.raises(ValueError, match="bound must lie between"):
        uniform(bytes(32), 0, bound)


def drawn_from(results: dict[int, int]) -> Callable[[bytes, int, int], int]:
    return lambda _seed, index, _bound: results[index]


@pytest.mark.parametrize("length", range(1, 6))
def test_every_permutation_comes_from_the_same_number_of_draws(length: int) -> None:
    items = [10 * k for k in range(length)]
    reached: Counter[tuple[int, ...]] = Counter()
    for draws in product(*(range(k + 1) for k in range(length - 1, 0, -1))):
        results = dict(zip(range(length - 1, 0, -1), draws, strict=True))
        reached[tuple(permutation(bytes(32), items, draw=drawn_from(results)))] += 1
    assert reached == Counter(dict.fromkeys(permutations(items), 1))


def test_a_permutation_asks_for_the_draws_that_the_chain_makes() -> None:
    asked: list[tuple[bytes, int, int]] = []

    def draw(seed_word: bytes, index: int, bound: int) -> int:
        asked.append((seed_word, index, bound))
        return 0

    permutation(word(5), [1, 2, 3, 4], draw=draw)
    assert asked == [(word(5), 3, 4), (word(5), 2, 3), (word(5), 1, 2)]
    assert permutation(word(5), []) == []


@given(words, st.lists(st.integers(0, 63), max_size=64))
def test_a_permutation_keeps_the_items(seed_word: bytes, items: list[int]) -> None:
    before = list(items)
    assert sorted(permutation(seed_word, items)) == sorted(items)
    assert items == before


@given(st.lists(st.integers(0, 255), max_size=64))
def test_an_order_survives_packing(order: list[int]) -> None:
    packed = pack_order(order)
    assert unpack_order(packed, len(order)) == order
    for k, entry in enumerate(order):
        assert packed[k // 32] >> 8 * (k % 32) & 255 == entry
    assert packed[0] >> 8 * min(len(order), 32) == 0
    assert packed[1] >> 8 * max(len(order) - 32, 0) == 0


def test_an_order_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 64"):
        pack_order([0] * 65)
    with pytest.raises(ValueError, match="range"):
        pack_order([256])
    for packed, entries in (((0, 0), 65), ((0, 0), -1), ((0,), 1)):
        with pytest.raises(ValueError, match="at most 64"):
            unpack_order(packed, entries)


@given(st.integers(0, 2**256 - 1), addresses, addresses, words)
def test_a_game_id_is_what_the_abi_encodes(chain: int, contract: str, creator: str, salt: bytes) -> None:
    encoded = encode(["uint256", "address", "address", "bytes32"], [chain, contract, creator, salt])
    assert game_id(chain, contract, creator, salt) == keccak(encoded)


@given(words, st.integers(0, 63), words)
def test_a_commitment_is_what_the_abi_encodes(game: bytes, seat: int, secret: bytes) -> None:
    assert commitment(game, seat, secret) == keccak(
        encode(["bytes32", "uint256", "bytes32"], [game, seat, secret])
    )


@given(
    st.sampled_from([b"continuation", b"proposer", b"order"]), words, st.integers(1, 65535), st.lists(words)
)
def test_a_seed_is_what_solidity_packs(purpose: bytes, game: bytes, rnd: int, secrets: list[bytes]) -> None:
    packed = encode_packed(["bytes32", "bytes32", "uint256"], [purpose.ljust(32, b"\0"), game, rnd])
    assert seed(purpose, game, rnd, secrets) == keccak(packed + b"".join(secrets))


def test_seeds_differ_by_purpose_game_round_and_the_order_of_the_secrets() -> None:
    a, b = word(1), word(2)
    seeds = {
        seed(b"proposer", word(1), 1, [a, b]),
        seed(b"order", word(1), 1, [a, b]),
        seed(b"proposer", word(2), 1, [a, b]),
        seed(b"proposer", word(1), 2, [a, b]),
        seed(b"proposer", word(1), 1, [b, a]),
        seed(b"proposer", word(1), 1, [a, bytes(32)]),
    }
    assert len(seeds) == 6


def test_secrets_that_cancel_under_xor_do_not_cancel() -> None:
    same = [word(7), word(7), word(1)]
    other = [word(9), word(9), word(1)]
    assert seed(b"proposer", word(1), 1, same) != seed(b"proposer", word(1), 1, other)


@given(st.integers(-(2**255), 2**256 - 1))
def test_a_word_is_twos_complement(value: int) -> None:
    assert word(value) == encode(["uint256"], [value % 2**256])


def test_what_does_not_fit_a_word_is_refused() -> None:
    for value in (2**256, -(2**255) - 1):
        with pytest.raises(OverflowError):
            word(value)
    for short in (b"", b"\1" * 31, b"\1" * 33):
        with pytest.raises(ValueError, match="32 bytes"):
            commitment(short, 0, bytes(32))
        with pytest.raises(ValueError, match="32 bytes"):
            commitment(bytes(32), 0, short)
        with pytest.raises(ValueError, match="32 bytes"):
            seed(b"order", bytes(32), 1, [short])
        with pytest.raises(ValueError, match="32 bytes"):
            game_id(1, "0x" + "00" * 20, "0x" + "00" * 20, short)
    with pytest.raises(ValueError, match="at most 32"):
        purpose_word(b"a" * 33)
    for text in ("0x12", "00" * 21, "0x" + "zz" * 20):
        with pytest.raises(ValueError, match=r"not an address|non-hexadecimal"):
            address_word(text)


def test_both_sources_of_keccak_agree() -> None:
    sha3 = pytest.importorskip("sha3")
    from Crypto.Hash import keccak as pycryptodome  # noqa: PLC0415 - beside the other source

    for data in (b"", b"a", bytes(135), bytes(136), bytes(137), bytes(10_000)):
        slow = pycryptodome.new(digest_bits=256, data=data).digest()
        assert keccak(data) == sha3.keccak_256(data).digest() == slow


def test_without_the_fast_keccak_the_slow_one_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sha3", None)
    slower = randomness._choose_keccak()
    assert slower is not randomness._keccak
    assert slower(b"abc").digest() == keccak(b"abc")
