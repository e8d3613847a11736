"""The contracts draw what their Python twin draws, rejected words and long orders included."""

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import pytest
from eth_abi.abi import decode, encode

from parley.chain.backends import open_evm
from parley.core.randomness import (
    commitment,
    drawn_word,
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
from tests.kit.rig.on_chain import harnesses

SIGNATURES = {
    "commitment": (["bytes32", "uint256", "bytes32"], ["bytes32"]),
    "seed": (["bytes32", "bytes32", "uint256", "bytes32[]"], ["bytes32"]),
    "uniform": (["bytes32", "uint256", "uint256"], ["uint256"]),
    "permutation": (["bytes32", "uint256", "uint256"], ["uint256", "uint256"]),
    "at": (["uint256[2]", "uint256"], ["uint256"]),
}

Harness = Callable[..., Any]


@cache
def deployed() -> Harness:
    evm = open_evm("revm")
    address = evm.deploy(harnesses()["DrawsHarness"].bytecode)

    def call(name: str, *args: Any) -> Any:  # noqa: ANN401 - of any type
        inputs, outputs = SIGNATURES[name]
        selector = keccak(f"{name}({','.join(inputs)})".encode())[:4]
        receipt = evm.call(evm.deployer, address, selector + encode(inputs, args))
        assert receipt.ok, receipt.output.hex()
        values = decode(outputs, receipt.output)
        return values if len(values) > 1 else values[0]

    return call


@pytest.fixture(scope="module")
def harness() -> Harness:
    return deployed()


BOUNDS = [
    *range(1, 20),
    *(2**bits + step for bits in (8, 32, 64, 128, 255) for step in (-1, 0, 1)),
    *(2**256 - step for step in (1, 2, 3, 2**128)),
    3 * 2**254,
]


@pytest.mark.parametrize("bound", BOUNDS)
def test_integers_are_those_of_the_twin(harness: Harness, bound: int) -> None:
    for index in range(20):
        assert harness("uniform", word(bound), index, bound) == uniform(word(bound), index, bound)


def test_rejected_words_are_reached(harness: Harness) -> None:
    """With a bound just above half of all words, nearly half are rejected; the chain draws again as often."""
    bound = 2**255 + 1
    attempts = []
    for index in range(60):
        attempt = next(a for a in range(99) if drawn_word(word(9), index, a) <= highest_accepted(bound))
        assert harness("uniform", word(9), index, bound) == drawn_word(word(9), index, attempt) % bound
        attempts.append(attempt)
    assert {0, 1, 2, 3} <= set(attempts)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 31, 32, 33, 34, 63, 64])
def test_orders_are_those_of_the_twin(harness: Harness, count: int) -> None:
    dice = Random(count)
    for omitted in {0, 1, count // 2, count - 1}:
        seed_word = dice.randbytes(32)
        others = [item for item in range(count) if item != omitted]
        packed = harness("permutation", seed_word, count, omitted)
        order = permutation(seed_word, others)
        assert packed == pack_order(order)
        assert sorted(unpack_order(packed, count - 1)) == others
        for k in (0, (count - 2) // 2, count - 2):
            assert harness("at", packed, k) == order[k]


@pytest.mark.parametrize("count", [0, 1, 2, 5, 64])
def test_seeds_and_commitments_are_those_of_the_twin(harness: Harness, count: int) -> None:
    dice = Random(count)
    game = dice.randbytes(32)
    secrets = [dice.randbytes(32) for _ in range(count)]
    for purpose in (b"continuation", b"proposer", b"order"):
        assert harness("seed", purpose_word(purpose), game, 7, secrets) == seed(purpose, game, 7, secrets)
    for seat, secret in enumerate(secrets):
        assert harness("commitment", game, seat, secret) == commitment(game, seat, secret)
