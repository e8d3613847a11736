"""Recognition functions that nobody should trust: what they can do to a game, and what they cannot."""

from bisect import bisect_left
from dataclasses import astuple, replace
from random import Random

import pytest
from eth_abi.abi import decode, encode

from parley.chain.backends import open_reference
from parley.chain.evm import Receipt
from parley.core.randomness import address_word, keccak
from parley.kit.reference import Revert, encode_bytes, encode_tuple
from parley.mechanisms.coordination.game import Phase
from parley.mechanisms.coordination.recognition import RECOGNITION, Turn, equal
from tests.coordination.on_chain import HOSTILE, SOUND
from tests.coordination.table import BOND, Table, X
from tests.kit.rig.gas import sent_with
from tests.kit.rig.table import went

GAS_GIVEN = 150_000
"""What a recognition function may use: see `ITwoStageMechanism.announce`."""
GAS_NEEDED = 160_000
"""What must be left before it is called."""
FALLBACK = [(1, 3), (1, 2), (0, 0)]
"""An equal share of the probability that is left, and nothing for the last, who needs none."""


def test_the_share_that_stands_in_for_an_answer_is_equals() -> None:
    assert SOUND["EqualRecognition"] is RECOGNITION["equal"] is equal
    assert len(Table(recognition="EqualRecognition").seats) == 3


def asked(table: Table, rule: str, turn: Turn) -> Receipt:
    """Ask a function directly, as the mechanism does."""
    types = "(uint256,uint256,uint256,uint256,uint256[],uint256[],uint256[])"
    question = keccak(f"fraction({types})".encode())[:4] + encode([types], [astuple(turn)])
    return table.evm.call(table.stranger, table.subject.recognition[rule], question)


@pytest.mark.parametrize("rule", SOUND)
def test_a_function_answers_any_question_as_its_twin_does(rule: str) -> None:
    """Also those that no game asks."""
    table, dice = Table(), Random(1)
    for agents in range(1, 6):
        for agent in range(agents):
            rows = [tuple(dice.randrange(2**32) for _ in range(3)) for _ in range(3)]
            turn = Turn(agent, agents, dice.randrange(2**32), dice.randrange(2**32), *rows)
            receipt = asked(table, rule, turn)
            assert receipt.ok
            assert decode(["uint256", "uint256"], receipt.output) == SOUND[rule](turn)


@pytest.mark.parametrize("rule", [rule for rule in SOUND if rule != "EqualRecognition"])
def test_a_sum_beyond_a_word_is_no_answer(rule: str) -> None:
    table, row = Table(), (2**256 - 1, 1)
    for agent in range(3):
        assert not asked(table, rule, Turn(agent, 3, 1, 1, row, row, row)).ok


@pytest.mark.parametrize("rule", HOSTILE)
def test_a_function_that_fails_costs_the_announcing_seat_nothing(rule: str) -> None:
    """It writes, reverts, answers nothing, too little or far too much, or burns all the gas it is given."""
    table = Table(recognition=rule).play_to(Phase.ANNOUNCING)
    for seat, fraction in enumerate(FALLBACK):
        table.emitted(table.announce(seat, X[seat]), ("Announced", seat, X[seat], *fraction))
    table.play_to(Phase.PROPOSING)
    assert table.state.proposer == table.drawn(1, FALLBACK[:2])[0]
    table.play_to(Phase.SETTLED)
    for seat in range(3):
        went(table.withdraw(seat))
    assert (table.balance, table.burnt()) == (0, 0)


@pytest.mark.parametrize("rule", ["ThoroughRecognition", "LongRecognition"])
def test_a_function_that_answers_is_believed_however_slow_or_long_winded_it_is(rule: str) -> None:
    table = Table(recognition=rule).play_to(Phase.ANNOUNCING)
    answer = {"ThoroughRecognition": (1, 7), "LongRecognition": (2, 7)}[rule]
    for seat in range(2):
        table.emitted(table.announce(seat, X[seat]), ("Announced", seat, X[seat], *answer))


@pytest.mark.parametrize("rule", ["ThoroughRecognition", "EqualRecognition"])
def test_nobody_makes_a_function_fail_by_sending_too_little_gas(rule: str) -> None:
    """With every gas limit the announcement fails, or gives the fraction that the function gives."""
    table = Table(open_reference(), recognition=rule).play_to(Phase.ANNOUNCING)
    answer = {"ThoroughRecognition": (1, 7), "EqualRecognition": (1, 3)}[rule]
    data = table.coder.call_data("announce", table.id, table.state.digest, X[0])
    refused = went_through = 0
    for gas in range(GAS_GIVEN + 20_000, GAS_GIVEN + 130_000, 2_500):
        snapshot = table.evm.snapshot()
        receipt = sent_with(table.evm, table.seats[0], table.address, data, gas)
        if receipt.ok:
            went_through += 1
            assert table.fraction(0) == answer
        else:
            error = table.coder.show_revert(receipt.output) if receipt.output else ""
            refused += error.startswith("NotEnoughGas")
            assert not error or error.startswith("NotEnoughGas")
        table.evm.restore(snapshot)
    assert refused
    assert went_through


def test_an_announcement_that_leaves_one_gas_too_little_says_how_much_is_needed() -> None:
    table = Table().play_to(Phase.ANNOUNCING)
    data = table.coder.call_data("announce", table.id, table.state.digest, X[0])

    def sent(gas: int) -> Receipt:
        snapshot = table.evm.snapshot()
        receipt = sent_with(table.evm, table.seats[0], table.address, data, gas)
        table.evm.restore(snapshot)
        return receipt

    limits = range(GAS_NEEDED, GAS_NEEDED + 500_000)
    least = limits[bisect_left(limits, True, key=lambda gas: sent(gas).ok)]
    refusal = Revert("NotEnoughGas", GAS_NEEDED - 1, GAS_NEEDED)
    assert sent(least - 1).output == table.coder.revert_data(refusal)


def test_a_function_that_burns_its_gas_makes_an_announcement_dearer_by_no_more_than_that() -> None:
    used = {}
    for rule in ("EqualRecognition", "BurningRecognition", "InvalidRecognition", "BombRecognition"):
        table = Table(open_reference(), recognition=rule).play_to(Phase.ANNOUNCING)
        data = table.coder.call_data("announce", table.id, table.state.digest, X[0])
        used[rule] = table.evm.transact(table.seats[0], table.address, data).gas_used
    least = used.pop("EqualRecognition")
    assert all(gas <= least + GAS_GIVEN for gas in used.values()), used
    assert used["BurningRecognition"] > GAS_GIVEN


# ──────────────────────────────────────────── knowing the code ────────────────────────────────────────────


def test_a_game_is_about_the_code_that_it_names() -> None:
    table = Table()
    right = table.parameters.recognition_code
    assert right == keccak(table.evm.code(table.parameters.recognition))
    for code in (bytes(32), keccak(b""), keccak(right)):
        wrong = replace(table.parameters, recognition_code=code)
        table.expect(table.create(wrong), "RecognitionCodeMismatch", code, right)
    went(table.create())


def test_whoever_joins_names_the_code() -> None:
    """Two games that differ in nothing but the recognition function's code have different digests."""
    table = Table()
    other = replace(table.parameters, recognition_code=keccak(b""))
    assert other.digest() != table.parameters.digest()
    went(table.create())
    table.expect(
        table.join(0, digest=other.digest()), "StaleDigest", other.digest(), table.parameters.digest()
    )


@pytest.mark.filterwarnings(
    "ignore:SELFDESTRUCT opcode"
)  # py-evm says that it is going away; we use it on purpose
def test_code_that_is_no_longer_there_counts_as_no_answer() -> None:
    """Deployed, named and destroyed in one transaction, which on the fast machine never ends."""
    table = Table(open_reference())
    conjurer = table.evm.deploy(table.subject.artifacts["Conjurer"].bytecode)
    vanishing = bytes.fromhex("3660065733ff5b60025f52600760205260405ff3")
    # The first contract that another one creates: keccak256(rlp([creator, 1])).
    conjured = "0x" + keccak(b"\xd6\x94" + bytes.fromhex(conjurer[2:]) + b"\x01")[12:].hex()
    table.creator = conjurer
    table.parameters = replace(table.parameters, recognition=conjured, recognition_code=keccak(vanishing))
    creation = table.coder.call_data("create", table.salt, table.parameters)
    data = keccak(b"create(address,bytes)")[:4] + encode_tuple(
        [int.from_bytes(address_word(table.address)), encode_bytes(creation)]
    )
    assert table.evm.transact(table.stranger, conjurer, data).ok
    assert table.evm.code(conjured) == b""
    assert table.state.phase == Phase.JOINING
    table.play_to(Phase.ANNOUNCING)
    for seat, fraction in enumerate(FALLBACK):
        table.emitted(table.announce(seat, X[seat]), ("Announced", seat, X[seat], *fraction))


def test_the_bond_of_a_victim_stays_its_own() -> None:
    """The attack: a function that refuses whatever one seat announces, so that its deadline passes."""
    table = Table(recognition="RefusingRecognition").play_to(Phase.ANNOUNCING)
    victim = table.state.turn
    went(table.announce(victim, X[victim]))
    table.late(1)
    went(table.expire())  # the next seat is silent, and nobody else is blamed
    before = table.evm.balance(table.seats[victim])
    went(table.withdraw(victim))
    assert table.evm.balance(table.seats[victim]) - before == table.parameters.deposit(victim)
    assert table.burnt() == BOND
