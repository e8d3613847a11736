"""Money: what comes in is what goes out, to whom it is owed, once, or is burnt and stays."""

from typing import Any

import pytest
from eth_abi.abi import decode, encode

from parley.core.randomness import keccak, word
from parley.kit.reference import Revert
from parley.mechanisms.coordination.game import Cause, Phase
from tests.coordination.table import BOND, Table, X, went
from tests.verification.on_chain import PAYEES, Outcome

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
    assert table.balance() == sum(DEPOSITS)
    left = sum(DEPOSITS)
    for seat in (1, 2, 0):
        to, amount = PAYEES[seat % 2], DEPOSITS[seat] + SIDE_PAYMENTS[seat]
        before = table.evm.balance(to)
        table.emitted(table.withdraw(seat, to), ("Withdrawn", seat, to, amount))
        left -= amount
        assert table.evm.balance(to) == before + amount
        assert table.balance() == left
    assert left == table.burnt() == 0


def test_a_seat_is_paid_once(table: Table) -> None:
    settle(table)
    went(table.withdraw(0))
    assert table.commitment(0) == bytes(32)
    table.expect(table.withdraw(0), "NothingToWithdraw", 0)
    assert table.balance() == sum(DEPOSITS[1:]) + sum(SIDE_PAYMENTS[1:])


def test_nobody_else_withdraws_for_a_seat(table: Table) -> None:
    settle(table)
    for sender in (table.agent(1), table.stranger, table.creator):
        table.expect(table.withdraw(0, sender=sender), "NotTheSeat", 0, sender)
    refused = table.do(table.agent(0), "withdraw", table.id, 3, PAYEES[0], table.answered, SHARES)
    table.expect(refused, "SeatOutOfRange", 3, 3)


def test_only_the_accepted_shares_are_paid(table: Table) -> None:
    settle(table)
    accepted = table.state().digest
    for shares in ((40, 40, 10), (), SHARES[:2], (*SHARES, 0), (-(2**127), 0, 0)):
        given = keccak(table.answered + b"".join(map(word, shares)))
        table.expect(table.withdraw(0, shares=shares), "StaleDigest", given, accepted)
    given = keccak(accepted + b"".join(map(word, SHARES)))
    table.expect(table.withdraw(0, digest=accepted), "StaleDigest", given, accepted)


def test_nothing_leaves_before_the_end(table: Table) -> None:
    for phase in (Phase.JOINING, Phase.ANNOUNCING, Phase.REVEALING, Phase.PROPOSING, Phase.RESPONDING):
        table.play_to(phase)
        refused = table.withdraw(0, shares=())
        table.expect(refused, "WrongPhase", table.id, phase, Phase.SETTLED)


# ───────────────────────────────────────────── broken down ───────────────────────────────────────────────


def refunded(table: Table, *lost: int) -> None:
    """Hold that each seat gets its deposit back, those in `lost` without the bond, and that bonds remain."""
    assert table.burnt() == BOND * len(lost)
    for seat, deposit in enumerate(DEPOSITS):
        amount = deposit - BOND * (seat in lost)
        table.emitted(table.withdraw(seat, PAYEES[0]), ("Withdrawn", seat, PAYEES[0], amount))
    assert table.balance() == table.burnt()


def test_without_savings_deposits_return_in_full(table: Table) -> None:
    table.play_to(Phase.ANNOUNCING)
    for seat, load in enumerate((4, 1, 0)):
        went(table.announce(seat, (load,)))
    assert table.state().cause is Cause.NO_SAVINGS
    refunded(table)


def test_not_continued_deposits_return_in_full() -> None:
    table = Table(continuation_numerator=0).play_to(Phase.REVEALING, rnd=2)
    for seat in range(3):
        went(table.reveal(seat))
    assert table.state().cause is Cause.NOT_CONTINUED
    refunded(table)


def test_after_the_last_round_deposits_return_in_full() -> None:
    table = Table(max_rounds=1).play_to(Phase.RESPONDING)
    went(table.respond(False))
    assert table.state().cause is Cause.LAST_ROUND
    refunded(table)


def test_a_missed_joining_window_refunds_everybody_in_full(table: Table) -> None:
    went(table.join(0))
    went(table.join(2))
    table.late(1)
    went(table.expire())
    assert table.burnt() == 0
    table.expect(table.withdraw(1), "NothingToWithdraw", 1)
    for seat in (0, 2):
        table.emitted(table.withdraw(seat, PAYEES[0]), ("Withdrawn", seat, PAYEES[0], DEPOSITS[seat]))
    assert table.balance() == 0


def test_a_silent_announcer_alone_loses_its_bond(table: Table) -> None:
    table.play_to(Phase.ANNOUNCING)
    went(table.announce(0, X[0]))
    table.late(1)
    went(table.expire())
    refunded(table, 1)


def test_all_who_withhold_lose_their_bonds(table: Table) -> None:
    table.play_to(Phase.REVEALING)
    went(table.reveal(2))
    table.late(1)
    went(table.expire())
    refunded(table, 0, 1)


def test_a_silent_proposer_alone_loses_its_bond(table: Table) -> None:
    table.play_to(Phase.PROPOSING)
    table.late(1)
    went(table.expire())
    refunded(table, table.state().proposer)


@pytest.mark.parametrize("answers", [0, 1])
def test_a_silent_responder_alone_loses_its_bond(table: Table, answers: int) -> None:
    table.play_to(Phase.RESPONDING)
    for _ in range(answers):
        went(table.respond(True))
    table.late(1)
    went(table.expire())
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
    assert table.balance() == table.burnt() == 3 * BOND
    for seat in range(3):
        table.expect(table.withdraw(seat), "NothingToWithdraw", seat)
    table.expect(table.expire(), "WrongPhase", table.id, Phase.BROKEN_DOWN, Phase.NONE)


# ──────────────────────────────────────────────── expiry ─────────────────────────────────────────────────


@pytest.mark.parametrize(
    "phase", [Phase.JOINING, Phase.ANNOUNCING, Phase.REVEALING, Phase.PROPOSING, Phase.RESPONDING]
)
def test_anyone_may_end_a_game_after_its_deadline_and_not_at_it(table: Table, phase: Phase) -> None:
    table.play_to(phase)
    turn = table.state().turn
    deadline = table.late(0)
    table.expect(table.expire(), "DeadlineNotPassed", table.id, deadline)
    table.late(1)
    went(table.expire(sender=table.stranger))
    state = table.state()
    assert (state.phase, state.cause, state.lapsed) == (Phase.BROKEN_DOWN, Cause.EXPIRED, phase)
    assert state.turn == turn


def test_there_is_nothing_to_end_in_a_game_that_is_not_under_way(table: Table) -> None:
    unknown = word(5)
    refused = table.do(table.stranger, "expire", unknown)
    table.expect(refused, "WrongPhase", unknown, Phase.NONE, Phase.NONE)
    settle(table)
    table.late(1)
    table.expect(table.expire(), "WrongPhase", table.id, Phase.SETTLED, Phase.NONE)


# ─────────────────────────────────────────────── receivers ───────────────────────────────────────────────


def test_a_receiver_that_refuses_money_delays_nobody_but_its_own_seat(table: Table) -> None:
    settle(table)
    silent = table.evm.deploy(table.contract.artifacts["Refusing"].bytecode)
    talking = table.evm.deploy(table.contract.artifacts["RefusingWithReason"].bytecode)
    amount = DEPOSITS[1] + SIDE_PAYMENTS[1]
    table.expect(table.withdraw(1, silent), "FailedCall")
    table.expect(table.withdraw(1, talking), "Refused", amount)
    assert table.balance() == sum(DEPOSITS)
    went(table.withdraw(0))
    table.emitted(table.withdraw(1, PAYEES[0]), ("Withdrawn", 1, PAYEES[0], amount))


class ContractSeat(Table):
    """A table at which the last seat is held by a contract that calls back when it is paid."""

    def __init__(self, **changes: Any) -> None:  # noqa: ANN401 - fields of any type
        super().__init__(**changes)
        artifact = self.contract.artifacts["Reentrant"]
        self.selectors = {
            name: keccak(f"{name}({types})".encode())[:4]
            for name, types in (
                ("execute", "address,bytes"),
                ("onPayment", "address,bytes"),
                ("attempted", ""),
                ("succeeded", ""),
                ("answer", ""),
                ("paid", ""),
            )
        }
        self.seat = self.evm.deploy(artifact.bytecode)
        agents = (*self.parameters.agents[:2], self.seat)
        self.parameters = self.parameters.__class__(**{**vars(self.parameters), "agents": agents})
        went(self.create())

    def do(self, sender: str, method: str, *args: Any, value: int = 0) -> Outcome:  # noqa: ANN401
        if sender != self.seat:
            return super().do(sender, method, *args, value=value)
        data = self.contract.coder.call_data(method, *args)
        call = self.selectors["execute"] + encode(["address", "bytes"], [self.contract.address, data])
        receipt = self.evm.transact(self.stranger, self.seat, call, value)
        return Outcome(receipt.ok, receipt.output, ())

    def when_paid(self, method: str, *args: Any) -> None:  # noqa: ANN401 - of any type
        """Make the seat call this while it is being paid."""
        data = self.contract.coder.call_data(method, *args)
        call = self.selectors["onPayment"] + encode(["address", "bytes"], [self.contract.address, data])
        assert self.evm.transact(self.stranger, self.seat, call).ok

    def read(self, name: str, kind: str) -> Any:  # noqa: ANN401 - of that kind
        return decode([kind], self.evm.call(self.stranger, self.seat, self.selectors[name]).output)[0]

    def expect_one_payment(self, amount: int, *error: Any) -> None:  # noqa: ANN401 - of any type
        """Hold that the seat was paid once, tried again meanwhile, and was refused."""
        assert self.read("paid", "uint256") == self.evm.balance(self.seat) == amount
        assert self.read("attempted", "bool")
        assert not self.read("succeeded", "bool")
        assert self.read("answer", "bytes") == self.contract.coder.revert_data(Revert(*error))


def test_a_receiver_that_calls_back_is_not_paid_twice_when_the_game_is_settled() -> None:
    table = ContractSeat()
    settle(table)
    table.when_paid("withdraw", table.id, 2, table.seat, table.answered, SHARES)
    went(table.withdraw(2))
    table.expect_one_payment(DEPOSITS[2] + SIDE_PAYMENTS[2], "NothingToWithdraw", 2)
    went(table.withdraw(0))
    went(table.withdraw(1))
    assert table.balance() == 0


def test_a_receiver_that_calls_back_is_not_paid_twice_when_the_game_is_broken_down() -> None:
    table = ContractSeat()
    table.play_to(Phase.PROPOSING)
    table.late(1)
    went(table.expire())
    table.when_paid("withdraw", table.id, 2, PAYEES[0], table.state().digest, ())
    went(table.withdraw(2))
    lost = BOND if table.state().proposer == 2 else 0
    table.expect_one_payment(DEPOSITS[2] - lost, "NothingToWithdraw", 2)
    assert table.evm.balance(PAYEES[0]) == 0


def test_a_receiver_that_calls_back_cannot_take_the_seat_again() -> None:
    table = ContractSeat()
    went(table.join(2))
    table.late(1)
    went(table.expire())
    again = (table.id, 2, table.parameters.digest(), word(1))
    table.when_paid("join", *again)
    went(table.withdraw(2))
    table.expect_one_payment(DEPOSITS[2], "WrongPhase", table.id, Phase.BROKEN_DOWN, Phase.JOINING)


def test_a_receiver_that_calls_back_cannot_break_another_payment() -> None:
    """Paid through somebody else's withdrawal, it still cannot reach a seat that it does not hold."""
    table = ContractSeat()
    settle(table)
    table.when_paid("withdraw", table.id, 1, table.seat, table.answered, SHARES)
    went(table.withdraw(0, to=table.seat))
    table.expect_one_payment(DEPOSITS[0] + SIDE_PAYMENTS[0], "NotTheSeat", 1, table.seat)


# ───────────────────────────────────────── the contract's balance ────────────────────────────────────────


def test_the_contract_takes_money_for_seats_only(table: Table) -> None:
    receipt = table.evm.transact(table.stranger, table.contract.address, b"", 1)
    assert not receipt.ok
    table.play_to(Phase.ANNOUNCING)
    digest = table.state().digest
    for method, args in (
        ("announce", (table.id, digest, (2,))),
        ("store", (table.id, digest, (), ())),
        ("reveal", (table.id, 0, digest, word(1), word(1))),
        ("propose", (table.id, digest, (1,))),
        ("respond", (table.id, digest, True)),
        ("expire", (table.id,)),
        ("withdraw", (table.id, 0, PAYEES[0], digest, ())),
        ("create", (word(2), table.parameters)),
    ):
        table.expect(table.do(table.agent(0), method, *args, value=1), "")
    assert table.balance() == sum(DEPOSITS)


def test_ether_forced_in_changes_nothing(table: Table) -> None:
    settle(table)
    # A contract whose code is PUSH20 mechanism, SELFDESTRUCT: its money goes there unasked.
    runtime = b"\x73" + bytes.fromhex(table.contract.address[2:]) + b"\xff"
    initcode = b"\x75" + runtime + bytes.fromhex("5f526016600af3")
    bomb = table.evm.deploy(initcode)
    assert table.evm.code(bomb) == runtime
    assert table.evm.transact(table.stranger, bomb, b"", 1_000).ok
    assert table.balance() == sum(DEPOSITS) + 1_000
    for seat in range(3):
        amount = DEPOSITS[seat] + SIDE_PAYMENTS[seat]
        table.emitted(table.withdraw(seat, PAYEES[0]), ("Withdrawn", seat, PAYEES[0], amount))
    assert table.balance() == 1_000
    assert table.burnt() == 0


def test_one_games_money_does_not_pay_for_another(table: Table) -> None:
    """A second game of the same agents, fully paid in, is untouched by the first one's end."""
    first = (table.id, table.salt)
    settle(table)
    shares = table.shares
    table.salt = word(2)
    table.id = table.create().output
    for seat in range(3):
        went(table.join(seat))
    assert table.balance() == 2 * sum(DEPOSITS)
    second = (table.id, table.salt)
    table.id, table.salt = first
    for seat in range(3):
        went(table.withdraw(seat, shares=shares))
        table.expect(table.withdraw(seat, shares=shares), "NothingToWithdraw", seat)
    assert table.balance() == sum(DEPOSITS)
    table.id, table.salt = second
    settle(table)
    for seat in range(3):
        went(table.withdraw(seat))
    assert table.balance() == 0


def test_balance_is_deposits_and_credits_and_burnt_bonds_after_every_action() -> None:
    table = Table().on_lucky_secrets(True)
    went(table.create())
    paid_in = 0

    def holds() -> None:
        assert table.balance() == paid_in + table.burnt()

    holds()
    for seat in range(3):
        went(table.join(seat))
        paid_in += DEPOSITS[seat]
        holds()
    for phase, rnd in (
        *((phase, 1) for phase in (Phase.REVEALING, Phase.PROPOSING, Phase.RESPONDING)),
        *((phase, 2) for phase in (Phase.REVEALING, Phase.PROPOSING, Phase.RESPONDING)),
    ):
        table.play_to(phase, rnd)
        holds()
    table.late(1)
    went(table.expire())
    paid_in -= BOND  # it is counted as burnt from now on
    holds()
    for seat in range(3):
        silent = seat == table.order()[0]
        went(table.withdraw(seat))
        paid_in -= DEPOSITS[seat] - BOND * silent
        holds()
    assert table.balance() == BOND
