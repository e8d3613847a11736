"""The rules of joining and announcing, one test each, on the real contract."""

from dataclasses import replace

import pytest

from parley.core.randomness import keccak, pack_order, word
from parley.mechanisms.coordination.game import Cause, Phase
from parley.mechanisms.coordination.parameters import Cost, CostKind
from parley.mechanisms.coordination.recognition import Turn
from tests.coordination.on_chain import FAULTY
from tests.coordination.table import ACTION_WINDOW, BOND, Table, X
from tests.kit.rig.table import went

NOTHING = bytes(32)
HUGE = 2**256 - 1


@pytest.fixture
def table() -> Table:
    table = Table()
    went(table.create())
    return table


# ──────────────────────────────────────────────── joining ────────────────────────────────────────────────


def test_joining_takes_bond_and_contracted_cost_exactly(table: Table) -> None:
    for seat, deposit in enumerate((BOND + 160, BOND + 10, BOND)):
        table.emitted(table.join(seat, value=deposit), ("Joined", seat, table.promise(seat, 1), deposit))
    assert table.balance == 3 * BOND + 170


def test_seats_are_taken_in_any_order(table: Table) -> None:
    for seat in (2, 0, 1):
        assert table.state.phase == Phase.JOINING
        went(table.join(seat))
    assert table.state.phase == Phase.ANNOUNCING


# ─────────────────────────────────────────────── announcing ──────────────────────────────────────────────


def test_agents_announce_in_order(table: Table) -> None:
    table.play_to(Phase.ANNOUNCING)
    for turn in range(3):
        for seat in range(3):
            if seat != turn:
                refused = table.announce(turn, X[turn], sender=table.seats[seat])
                table.expect(refused, "NotTheSeat", turn, table.seats[seat])
        went(table.announce(turn, X[turn]))


def test_an_announcement_keeps_its_bounds_and_is_told_them(table: Table) -> None:
    table.play_to(Phase.ANNOUNCING)
    # Seat 1 has contracted on 4, of which the others could do 2 + 2.
    for amount in (5, 6, HUGE):
        table.expect(table.announce(0, (amount,)), "AnnouncementTooHigh", 0, amount, 4)
    went(table.announce(0, (2,)))
    # Seat 2 finds 2 + 1 and can do 3; at least 1, as seat 3 can do no more than 2.
    table.expect(table.announce(1, (4,)), "AnnouncementTooHigh", 0, 4, 3)
    table.expect(table.announce(1, (0,)), "AnnouncementTooLow", 0, 0, 1)
    went(table.announce(1, (2,)))
    # The last must take exactly what remains.
    table.expect(table.announce(2, (2,)), "AnnouncementTooHigh", 0, 2, 1)
    table.expect(table.announce(2, (0,)), "AnnouncementTooLow", 0, 0, 1)
    went(table.announce(2, (1,)))


def test_bounds_are_named_with_the_first_type_that_breaks_one() -> None:
    table = Table(task_types=3, contracted=(2, 2, 2, 0, 0, 0, 0, 0, 0), capacity=(2, 2, 2, 1, 1, 1, 0, 0, 0))
    table.play_to(Phase.ANNOUNCING)
    table.expect(table.announce(0, (2, 3, 0)), "AnnouncementTooHigh", 1, 3, 2)
    table.expect(table.announce(0, (1, 0, 9)), "AnnouncementTooLow", 1, 0, 1)
    table.expect(table.announce(0, (2, 2, 0)), "AnnouncementTooLow", 2, 0, 1)
    went(table.announce(0, (1, 2, 1)))


def test_an_announcement_has_one_entry_for_each_type(table: Table) -> None:
    table.play_to(Phase.ANNOUNCING)
    for announcement in ((), (2, 0), (2, 2, 2)):
        table.expect(table.announce(0, announcement), "AnnouncementLengthMismatch", len(announcement), 1)


def test_an_announcement_names_the_earlier_ones_so_that_no_reorganization_turns_it_into_consent(
    table: Table,
) -> None:
    table.play_to(Phase.ANNOUNCING)
    before = table.evm.snapshot()
    went(table.announce(0, (2,)))
    seen = table.state.digest
    assert seen == keccak(table.parameters.digest() + word(2))
    # Another branch of the chain, on which seat 1 announced something else.
    table.evm.restore(before)
    went(table.announce(0, (3,)))
    outcome = table.announce(1, (2,), digest=seen)
    table.expect(outcome, "StaleDigest", seen, table.state.digest)
    went(table.announce(1, (2,)))


def test_each_announcement_has_a_window_of_its_own_from_the_one_before(table: Table) -> None:
    table.play_to(Phase.ANNOUNCING)
    for turn in range(3):
        assert table.state.deadline == table.evm.timestamp + ACTION_WINDOW
        deadline = table.late(0)  # in the last second
        table.expect(table.expire(), "DeadlineNotPassed", table.id, deadline)
        went(table.announce(turn, X[turn]))
    assert table.state.deadline == table.evm.timestamp + ACTION_WINDOW


@pytest.mark.parametrize(
    ("costs", "announced"),
    [((1, 10, 100), X), ((10, 10, 10), ((4,), (1,), (0,)))],
    ids=["losing", "nothing gained"],
)
def test_without_savings_the_game_breaks_down_at_once(
    costs: tuple[int, ...], announced: tuple[tuple[int], ...]
) -> None:
    table = Table(costs=tuple(Cost(CostKind.QUADRATIC, denominator=1, coefficient=a) for a in costs))
    table.play_to(Phase.ANNOUNCING)
    for seat in range(2):
        went(table.announce(seat, announced[seat]))
    outcome = table.announce(2, announced[2])
    table.emitted(outcome, ("Announced", 2, announced[2], 0, 0), ("BrokenDown", 0, Cause.NO_SAVINGS, 0))
    assert table.state.phase == Phase.BROKEN_DOWN
    assert table.burnt() == 0


def test_savings_of_one_wei_are_bargained_over() -> None:
    # 16 a + b against 4 a + 4 b + c: b, the dearer, takes the gain back but for one wei.
    costs = [Cost(CostKind.QUADRATIC, denominator=1, coefficient=a) for a in (4, 15, 2)]
    table = Table(costs=tuple(costs))
    assert (16 * 4 + 15) - (4 * 4 + 4 * 15 + 2) == 1
    table.play_to(Phase.REVEALING)
    assert table.state.announced_cost == 78


# ────────────────────────────────────────── recognition fractions ────────────────────────────────────────


@pytest.mark.parametrize(
    ("rule", "fractions"),
    [
        ("PStarRecognition", [(4, 5), (3, 3)]),
        ("EqualRecognition", [(1, 3), (1, 2)]),
        ("ContractProportionalRecognition", [(4, 5), (1, 1)]),
        ("AnnouncementProportionalRecognition", [(2, 5), (2, 3)]),
        ("ReorderedRecognition", [(4, 5), (2, 3)]),
    ],
)
def test_recognition_fractions_are_frozen_as_they_are_announced(
    rule: str, fractions: list[tuple[int, int]]
) -> None:
    table = Table(recognition=rule).play_to(Phase.ANNOUNCING)
    for seat in range(3):
        expected = [*fractions, (0, 0)][seat]
        table.emitted(table.announce(seat, X[seat]), ("Announced", seat, X[seat], *expected))
    assert [table.fraction(seat) for seat in range(3)] == [*fractions, (0, 0)]
    for seat in range(2):
        went(table.reveal(seat))
    proposer, order = table.drawn(1, fractions)
    table.emitted(
        table.reveal(2),
        ("Revealed", 1, 2, table.secret(2, 1), table.promise(2, 2)),
        ("ProposerDrawn", 1, proposer, pack_order(order)),
    )


def test_the_last_agent_is_recognized_when_nobody_else_can_be() -> None:
    table = Table(recognition="NobodyRecognition").play_to(Phase.PROPOSING)
    assert table.state.proposer == 2


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("AboveOneRecognition", (6, 5)),
        ("TooFineRecognition", (1, 2**32)),
        ("HugeRecognition", (2**255 + 1, 2**255 + 2)),
    ],
)
def test_what_is_no_fraction_of_32_bits_counts_as_no_answer(rule: str, answer: tuple[int, int]) -> None:
    table = Table(recognition=rule).play_to(Phase.ANNOUNCING)
    asked = Turn(0, 3, 5, 5, (4,), (4,), X[0])
    assert FAULTY[rule](asked) == answer
    table.emitted(table.announce(0, X[0]), ("Announced", 0, X[0], 1, 3))
    table.emitted(table.announce(1, X[1]), ("Announced", 1, X[1], 1, 2))


def test_a_recognition_function_that_changes_its_mind_is_too_late() -> None:
    table = Table()
    fickle = table.evm.deploy(table.subject.artifacts["FickleRecognition"].bytecode)
    code = keccak(table.evm.code(fickle))
    table.parameters = replace(table.parameters, recognition=fickle, recognition_code=code)
    went(table.create())
    table.play_to(Phase.ANNOUNCING)
    frozen = []
    for seat in range(3):
        table.evm.warp(table.evm.timestamp + 3)
        frozen.append((table.evm.timestamp % 7, 7))
        went(table.announce(seat, X[seat]))
    table.evm.warp(table.evm.timestamp + 5)
    assert [table.fraction(seat) for seat in range(2)] == frozen[:2]
    table.play_to(Phase.PROPOSING)
    assert table.state.proposer == table.drawn(1, frozen[:2])[0]
