"""The rules of bargaining, one test each, on the real contract: revealing, proposing, responding."""

from dataclasses import replace
from itertools import permutations

import pytest

from parley.core.randomness import keccak, pack_order, word
from parley.mechanisms.coordination.game import Cause, Phase
from tests.coordination.table import ACTION_WINDOW, BOND, Table, X
from tests.kit.rig.table import went

NOTHING = bytes(32)
HUGE = 2**256 - 1
INT128_MAX, INT128_MIN = 2**127 - 1, -(2**127)


@pytest.fixture
def table() -> Table:
    table = Table()
    went(table.create())
    return table


# ─────────────────────────────────────────────── revealing ───────────────────────────────────────────────


def test_a_used_secret_does_not_serve_again() -> None:
    table = Table().on_lucky_secrets(True).play_to(Phase.REVEALING, rnd=2)
    table.expect(table.reveal(0, secret=table.secret(0, 1)), "WrongSecret", 0, table.promise(0, 2))
    went(table.reveal(0))


def test_who_reveals_when_changes_nothing(table: Table) -> None:
    table.play_to(Phase.REVEALING)
    before = table.evm.snapshot()
    results = set()
    for arrival in permutations(range(3)):
        for seat in arrival:
            went(table.reveal(seat))
        results.add((table.state.proposer, tuple(table.order())))
        table.evm.restore(before)
        before = table.evm.snapshot()
    proposer, order = table.drawn(1, [(1, 3), (1, 2)])
    assert results == {(proposer, tuple(order))}


def test_a_draw_that_somebody_withholds_from_is_never_repeated(table: Table) -> None:
    table.play_to(Phase.REVEALING)
    for seat in range(2):
        went(table.reveal(seat))
    table.late(1)
    went(table.expire())
    table.expect(table.reveal(2), "WrongPhase", table.id, Phase.BROKEN_DOWN, Phase.REVEALING)


# ─────────────────────────────────────────────── proposing ───────────────────────────────────────────────


def test_only_the_proposer_proposes_and_once(table: Table) -> None:
    table.play_to(Phase.PROPOSING)
    proposer = table.state.proposer
    for sender in (*(table.seats[seat] for seat in range(3) if seat != proposer), table.stranger):
        table.expect(table.propose(table.own_costs(), sender=sender), "NotTheSeat", proposer, sender)
    outcome = table.propose(table.own_costs())
    table.emitted(outcome, ("Proposed", 1, proposer, table.own_costs()))
    refused = table.propose(table.own_costs())
    table.expect(refused, "WrongPhase", table.id, Phase.RESPONDING, Phase.PROPOSING)


def test_shares_sum_to_the_cost_of_the_announced_allocation_exactly(table: Table) -> None:
    table.play_to(Phase.PROPOSING)
    for shares in ((40, 40, 11), (40, 40, 9), (0, 0, 0), (90, 0, 1), (-90, 0, 0), (INT128_MAX,) * 3):
        table.expect(table.propose(shares), "ProposalSumMismatch", sum(shares), 90)
    for count in (0, 1, 2, 4):
        table.expect(table.propose((90, 0, 0, 0)[:count]), "ProposalLengthMismatch", count, 3)
    went(table.propose((130, -40, 0)))


def test_a_proposal_takes_from_nobody_more_than_its_deposit(table: Table) -> None:
    table.play_to(Phase.PROPOSING)
    before = table.evm.snapshot()
    for seat, deposit in enumerate((160 + BOND, 10 + BOND, BOND)):
        other = (seat + 1) % 3
        shares = list(table.own_costs())
        shares[seat] += deposit + 1
        shares[other] -= deposit + 1
        table.expect(table.propose(shares), "ProposalBeyondDeposit", seat, deposit + 1, deposit)
        shares[seat] -= 1
        shares[other] += 1
        went(table.propose(shares))
        table.evm.restore(before)
        before = table.evm.snapshot()
    refused = table.propose((INT128_MAX, 90 - INT128_MAX, 0))
    table.expect(refused, "ProposalBeyondDeposit", 0, INT128_MAX - 40, 160 + BOND)
    refused = table.propose((INT128_MIN, INT128_MAX, 91))
    table.expect(refused, "ProposalBeyondDeposit", 1, INT128_MAX - 40, 10 + BOND)


def test_a_share_may_be_as_negative_as_the_deposits_of_the_others_allow(table: Table) -> None:
    table.play_to(Phase.PROPOSING)
    went(table.propose((40 + 167, 40 + 17, 10 - 184)))
    table.play_to(Phase.SETTLED)
    assert table.subject.evm.balance(table.address) == 170 + 3 * BOND
    went(table.withdraw(2))
    assert table.balance == 0


# ────────────────────────────────────────────── responding ───────────────────────────────────────────────


def test_responders_answer_in_the_order_drawn_and_all_must_accept(table: Table) -> None:
    table.play_to(Phase.RESPONDING)
    first, second = table.order()
    proposer = table.state.proposer
    assert sorted((first, second, proposer)) == [0, 1, 2]
    for seat in (second, proposer):
        refused = table.respond(True, sender=table.seats[seat])
        table.expect(refused, "NotTheSeat", first, table.seats[seat])
    table.emitted(table.respond(True), ("Responded", 1, first, True))
    refused = table.respond(True, sender=table.seats[first])
    table.expect(refused, "NotTheSeat", second, table.seats[first])
    table.emitted(table.respond(True), ("Responded", 1, second, True), ("Settled", 1))
    assert table.state.phase == Phase.SETTLED


@pytest.mark.parametrize("seats", [32, 33, 34, 35, 62])
def test_responders_beyond_the_first_word_of_the_order_answer_in_turn(seats: int) -> None:
    """An order has a byte for each responder; the thirty-third begins a second word."""
    idle = seats - 3
    table = Table(contracted=(4, 1, 0, *[0] * idle), capacity=(4, 3, 2, *[0] * idle))
    table.parameters = replace(table.parameters, agents=tuple(table.subject.accounts[:seats]))
    table.rows = [*X, *[(0,)] * idle]
    table.play_to(Phase.RESPONDING)
    proposer, order = table.drawn(1, [(1, seats - seat) for seat in range(seats - 1)])
    assert (table.state.proposer, table.order()) == (proposer, order)
    for seat in order:
        assert table.state.phase == Phase.RESPONDING
        went(table.respond(True, sender=table.seats[seat]))
    assert table.state.phase == Phase.SETTLED


def test_an_answer_names_the_proposal_so_that_no_reorganization_turns_it_into_consent(table: Table) -> None:
    table.play_to(Phase.PROPOSING)
    answered = table.state.digest
    before = table.evm.snapshot()
    went(table.propose(table.own_costs()))
    seen = table.state.digest
    assert seen == keccak(answered + b"".join(map(word, table.own_costs())))
    table.evm.restore(before)
    went(table.propose((50, 30, 10)))
    for digest in (seen, answered, NOTHING):
        table.expect(table.respond(True, digest=digest), "StaleDigest", digest, table.state.digest)


def test_each_answer_has_a_window_of_its_own_from_the_one_before(table: Table) -> None:
    table.play_to(Phase.RESPONDING)
    for _ in range(2):
        assert table.state.deadline == table.evm.timestamp + ACTION_WINDOW
        deadline = table.late(0)
        table.expect(table.expire(), "DeadlineNotPassed", table.id, deadline)
        went(table.respond(True))
    assert table.state.phase == Phase.SETTLED


def test_the_first_rejection_ends_the_round(table: Table) -> None:
    table.play_to(Phase.RESPONDING)
    first, second = table.order()
    table.emitted(table.respond(False), ("Responded", 1, first, False))
    state = table.state
    assert (state.phase, state.round, state.turn) == (Phase.REVEALING, 2, 0)
    refused = table.respond(True, sender=table.seats[second])
    table.expect(refused, "WrongPhase", table.id, Phase.REVEALING, Phase.RESPONDING)


def test_after_a_rejection_only_fresh_secrets_decide_whether_to_go_on() -> None:
    """Twice the same first round; the second round's secrets, unknown when the answer is given, tell."""
    for goes_on in (True, False):
        table = Table().on_lucky_secrets(goes_on)
        table.play_to(Phase.REVEALING, rnd=2)
        for seat in range(2):
            went(table.reveal(seat))
            assert table.state.phase == Phase.REVEALING
        outcome = table.reveal(2)
        revealed = ("Revealed", 2, 2, table.secret(2, 2), table.promise(2, 3))
        if goes_on:
            proposer, order = table.drawn(2, [(1, 3), (1, 2)])
            table.emitted(outcome, revealed, ("ProposerDrawn", 2, proposer, pack_order(order)))
            assert table.order() == order
        else:
            table.emitted(outcome, revealed, ("BrokenDown", 2, Cause.NOT_CONTINUED, 0))
            assert table.state.phase == Phase.BROKEN_DOWN


def test_the_first_round_needs_no_luck() -> None:
    table = Table(continuation_numerator=0).play_to(Phase.PROPOSING)
    assert table.state.round == 1


def test_with_a_discount_of_zero_a_rejection_ends_the_game() -> None:
    for salt in range(5):
        table = Table(continuation_numerator=0)
        table.secret_salt = salt
        table.play_to(Phase.REVEALING, rnd=2)
        for seat in range(3):
            went(table.reveal(seat))
        assert table.state.cause == Cause.NOT_CONTINUED


def test_withholding_after_a_rejection_costs_a_bond_too(table: Table) -> None:
    table.play_to(Phase.REVEALING, rnd=2)
    went(table.reveal(0))
    table.late(1)
    table.emitted(table.expire(), ("BrokenDown", 2, Cause.EXPIRED, 0b110))
    assert table.burnt() == 2 * BOND


def test_a_rejection_in_the_last_round_ends_the_game() -> None:
    table = Table().on_lucky_secrets(True, True).play_to(Phase.RESPONDING, rnd=3)
    responder = table.order()[0]
    outcome = table.respond(False)
    table.emitted(outcome, ("Responded", 3, responder, False), ("BrokenDown", 3, Cause.LAST_ROUND, 0))
    assert table.burnt() == 0


def test_a_later_round_can_settle_as_well() -> None:
    table = Table().on_lucky_secrets(True, True).play_to(Phase.RESPONDING, rnd=3)
    went(table.respond(True))
    table.emitted(table.respond(True), ("Responded", 3, table.order()[1], True), ("Settled", 3))
