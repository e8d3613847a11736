"""Money: what comes in is what goes out, to whom it is owed, once, or is burnt and stays."""

import pytest

from parley.core.randomness import keccak, word
from parley.mechanisms.coordination.game import Cause, Phase
from tests.coordination.table import BOND, Table, X
from tests.kit.rig.on_chain import PAYEES
from tests.kit.rig.table import went

DEPOSITS = (160 + BOND, 10 + BOND, BOND)
SHARES = (100, 20, -30)
# f_i(load_i) = 40, 40, 10: what each is owed above its deposit.
SIDE_PAYMENTS = (-60, 20, 40)


@pytest.fixture
def table() -> Table:
    table = Table()
    went(table.create())
    return table


def settle(table: Table) -> Table:
    table.play_to(Phase.PROPOSING)
    went(table.propose(SHARES))
    for _ in range(2):
        went(table.respond(True))
    return table


# ─────────────────────────────────────────────── settled ─────────────────────────────────────────────────


@pytest.mark.parametrize("evm", ["revm", "py-evm"])
def test_settled_seats_get_their_deposits_and_side_payments_at_an_address_of_their_choice(evm: str) -> None:
    table = settle(Table(evm))
    assert sum(SIDE_PAYMENTS) == 0
    assert table.balance == sum(DEPOSITS)
    left = sum(DEPOSITS)
    for seat in (1, 2, 0):
        to, amount = PAYEES[seat % 2], DEPOSITS[seat] + SIDE_PAYMENTS[seat]
        before = table.evm.balance(to)
        table.emitted(table.withdraw(seat, to), ("Withdrawn", seat, to, amount))
        left -= amount
        assert table.evm.balance(to) == before + amount
        assert table.balance == left
    assert left == table.burnt() == 0


def test_only_the_accepted_shares_are_paid(table: Table) -> None:
    settle(table)
    accepted = table.state.digest
    for shares in ((40, 40, 10), (), SHARES[:2], (*SHARES, 0), (-(2**127), 0, 0)):
        given = keccak(table.answered + b"".join(map(word, shares)))
        table.expect(table.withdraw(0, shares=shares), "StaleDigest", given, accepted)
    given = keccak(accepted + b"".join(map(word, SHARES)))
    table.expect(table.withdraw(0, digest=accepted), "StaleDigest", given, accepted)


# ───────────────────────────────────────────── broken down ───────────────────────────────────────────────


def refunded(table: Table, *lost: int) -> None:
    """Hold that each seat gets its deposit back, those in `lost` without the bond, and that bonds remain."""
    assert table.burnt() == BOND * len(lost)
    for seat, deposit in enumerate(DEPOSITS):
        amount = deposit - BOND * (seat in lost)
        table.emitted(table.withdraw(seat, PAYEES[0]), ("Withdrawn", seat, PAYEES[0], amount))
    assert table.balance == table.burnt()


def test_without_savings_deposits_return_in_full(table: Table) -> None:
    table.play_to(Phase.ANNOUNCING)
    for seat, load in enumerate((4, 1, 0)):
        went(table.announce(seat, (load,)))
    assert table.state.cause == Cause.NO_SAVINGS
    refunded(table)


def test_not_continued_deposits_return_in_full() -> None:
    table = Table(continuation_numerator=0).play_to(Phase.REVEALING, rnd=2)
    for seat in range(3):
        went(table.reveal(seat))
    assert table.state.cause == Cause.NOT_CONTINUED
    refunded(table)


def test_after_the_last_round_deposits_return_in_full() -> None:
    table = Table(max_rounds=1).play_to(Phase.RESPONDING)
    went(table.respond(False))
    assert table.state.cause == Cause.LAST_ROUND
    refunded(table)


def test_a_missed_joining_window_refunds_everybody_in_full(table: Table) -> None:
    went(table.join(0))
    went(table.join(2))
    table.late(1)
    table.emitted(table.expire(), ("BrokenDown", 0, Cause.EXPIRED, 0))
    assert table.burnt() == 0
    table.expect(table.withdraw(1), "NothingToWithdraw", 1)
    for seat in (0, 2):
        table.emitted(table.withdraw(seat, PAYEES[0]), ("Withdrawn", seat, PAYEES[0], DEPOSITS[seat]))
    assert table.balance == 0


def test_a_silent_announcer_alone_loses_its_bond(table: Table) -> None:
    table.play_to(Phase.ANNOUNCING)
    went(table.announce(0, X[0]))
    table.late(1)
    table.emitted(table.expire(), ("BrokenDown", 0, Cause.EXPIRED, 0b010))
    refunded(table, 1)


def test_all_who_withhold_lose_their_bonds(table: Table) -> None:
    table.play_to(Phase.REVEALING)
    went(table.reveal(2))
    table.late(1)
    table.emitted(table.expire(), ("BrokenDown", 1, Cause.EXPIRED, 0b011))
    refunded(table, 0, 1)


def test_a_silent_proposer_alone_loses_its_bond(table: Table) -> None:
    table.play_to(Phase.PROPOSING)
    table.late(1)
    table.emitted(table.expire(), ("BrokenDown", 1, Cause.EXPIRED, 1 << table.state.proposer))
    refunded(table, table.state.proposer)


@pytest.mark.parametrize("answers", [0, 1])
def test_a_silent_responder_alone_loses_its_bond(table: Table, answers: int) -> None:
    table.play_to(Phase.RESPONDING)
    for _ in range(answers):
        went(table.respond(True))
    table.late(1)
    table.emitted(table.expire(), ("BrokenDown", 1, Cause.EXPIRED, 1 << table.order()[answers]))
    refunded(table, table.order()[answers])


def test_a_broken_down_game_pays_by_no_proposal(table: Table) -> None:
    table.play_to(Phase.RESPONDING)
    table.late(1)
    went(table.expire())
    table.expect(table.withdraw(0, shares=table.shares), "ProposalLengthMismatch", 3, 0)


def test_burnt_bonds_stay_for_ever(table: Table) -> None:
    table.play_to(Phase.REVEALING)
    table.late(1)
    went(table.expire())
    refunded(table, 0, 1, 2)
    assert table.balance == table.burnt() == 3 * BOND
    for seat in range(3):
        table.expect(table.withdraw(seat), "NothingToWithdraw", seat)
    table.expect(table.expire(), "WrongPhase", table.id, Phase.BROKEN_DOWN, Phase.NONE)


# ──────────────────────────────────────────────── expiry ─────────────────────────────────────────────────


@pytest.mark.parametrize(
    "phase", [Phase.JOINING, Phase.ANNOUNCING, Phase.REVEALING, Phase.PROPOSING, Phase.RESPONDING]
)
def test_a_game_that_expired_says_in_which_phase(table: Table, phase: Phase) -> None:
    table.play_to(phase)
    turn = table.state.turn
    table.late(1)
    went(table.expire(sender=table.stranger))
    state = table.state
    assert (state.phase, state.cause, state.lapsed) == (Phase.BROKEN_DOWN, Cause.EXPIRED, phase)
    assert state.turn == turn
