"""A chain that is reorganized: whatever an agent has signed means the same in the other world, or fails.

Each test plays one world from a snapshot, goes back, plays another, and sends there what was signed in the
first: the same calldata by the same sender.
"""

import pytest

from parley.core.randomness import commitment, word
from parley.mechanisms.coordination.game import Phase
from tests.coordination.table import Table
from tests.kit.rig.table import Done, went


class Worlds(Table):
    """A table that remembers what was signed."""

    def __init__(self) -> None:
        super().__init__()
        self.signed: list[tuple[str, bytes, int]] = []
        went(self.create())

    def do(self, sender: str, method: str, *args: object, value: int = 0) -> Done:
        self.signed.append((sender, self.coder.call_data(method, *args), value))
        return super().do(sender, method, *args, value=value)

    def again(self, signed: tuple[str, bytes, int]) -> str:
        """Send what was signed, and return what the contract says; nothing if it takes it."""
        sender, data, value = signed
        receipt = self.evm.transact(sender, self.address, data, value)
        return "" if receipt.ok else self.coder.show_revert(receipt.output)


@pytest.fixture
def table() -> Worlds:
    return Worlds()


def last(table: Worlds) -> tuple[str, bytes, int]:
    return table.signed[-1]


def stale(answer: str) -> bool:
    return answer.startswith("StaleDigest(")


def test_in_a_later_round_too_nobody_who_has_seen_secrets_commits_anew(
    table: Worlds,
) -> None:
    table.on_lucky_secrets(True).play_to(Phase.REVEALING)
    went(table.reveal(0))
    went(table.reveal(1))
    fork = table.evm.snapshot()
    went(table.reveal(2))
    table.play_to(Phase.REVEALING, rnd=2)
    went(table.reveal(0))
    revealed = last(table)
    table.evm.restore(fork)
    went(table.reveal(2, next_commitment=commitment(table.id, 2, word(12345))))
    went(table.propose(table.own_costs()))
    went(table.respond(False))
    assert (table.state.phase, table.state.round) == (Phase.REVEALING, 2)
    assert stale(table.again(revealed))


def test_a_reveal_names_the_announcements_and_what_was_rejected(table: Worlds) -> None:
    table.on_lucky_secrets(True).play_to(Phase.ANNOUNCING)
    fork = table.evm.snapshot()
    table.play_to(Phase.REVEALING)
    went(table.reveal(0))
    first = last(table)
    table.evm.restore(fork)
    other = ((3,), (1,), (1,))
    for seat, row in enumerate(other):
        went(table.announce(seat, row))
    assert table.state.phase == Phase.REVEALING
    assert stale(table.again(first))

    table = Worlds()
    table.on_lucky_secrets(True).play_to(Phase.PROPOSING)
    fork = table.evm.snapshot()
    table.play_to(Phase.REVEALING, rnd=2)
    went(table.reveal(0))
    second = last(table)
    table.evm.restore(fork)
    went(table.propose((90, 0, 0)))
    went(table.respond(False))
    assert stale(table.again(second))


@pytest.mark.parametrize("act", ["propose", "respond"])
def test_a_proposal_and_an_answer_are_about_one_allocation(table: Worlds, act: str) -> None:
    """Two allocations of the same total cost: the same shares of it are another bargain."""
    table.play_to(Phase.ANNOUNCING)
    fork = table.evm.snapshot()
    signed: list[tuple[str, bytes, int]] = []
    for loads in ((2, 2, 1), (2, 1, 2)):
        for seat, load in enumerate(loads):
            went(table.announce(seat, (load,)))
        for seat in range(3):
            went(table.reveal(seat))
        assert table.state.announced_cost == 90
        shares = (70, 15, 5)
        if signed:
            if act == "propose":
                assert stale(table.again(signed[0]))
            else:
                went(table.propose(shares))
                assert stale(table.again(signed[0]))
            return
        went(table.propose(shares))
        if act == "respond":
            went(table.respond(True))
        signed.append(last(table))
        table.evm.restore(fork)
        fork = table.evm.snapshot()


def test_a_withdrawal_is_about_one_ending(table: Worlds) -> None:
    table.play_to(Phase.RESPONDING)
    fork = table.evm.snapshot()
    table.late(1)
    went(table.expire())
    went(table.withdraw(0))
    broken = last(table)
    table.evm.restore(fork)
    other = table.evm.snapshot()
    went(table.respond(True))
    went(table.respond(True))
    assert table.state.phase == Phase.SETTLED
    assert stale(table.again(broken))
    went(table.withdraw(0))
    settled = last(table)
    table.evm.restore(other)
    table.late(1)
    went(table.expire())
    assert table.again(settled).startswith("ProposalLengthMismatch(")
