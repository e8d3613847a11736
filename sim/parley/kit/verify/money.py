"""Check of every payment of a contract.

The reference model gives the expected payments. The actual payments come from traces, call by call; without
traces, from the balances of the payees and of the contract before and after each block.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from parley.chain.history import Call, Gain, History
from parley.core.randomness import Word

__all__ = ["Ledger", "Seen"]

Note = Callable[[Word | None, str, str, str | None], None]
"""Records a violation: game, rule, detail, transaction."""


class Seen(IntEnum):
    """Source of the actual payments, the best first."""

    TRACES = 0
    BALANCES = 1
    NOT_SEEN = 2

    @property
    def text(self) -> str:
        """Name in reports."""
        return self.name.lower().replace("_", " ")


class _Flow(NamedTuple):
    game: Word | None
    transaction: str
    due: Mapping[str, int]
    announced: Mapping[str, int]


class Ledger:
    """The money of one contract.

    Attributes
    ----------
    seen : Seen
        Source of the payments: the worst that was needed.
    received, paid : int
        Wei that the contract received and paid; unseen payments as the events state.
    unseen : int
        Number of blocks with unseen payments.
    """

    def __init__(self, history: History, note: Note) -> None:
        self._history = history
        self._note = note
        self.seen = Seen.TRACES
        self.received = 0
        self.paid = 0
        self.unseen = 0
        self._block = 0
        self._open: list[_Flow] = []

    def enter(
        self, call: Call, game: Word | None, due: Mapping[str, int] | None, announced: Mapping[str, int]
    ) -> None:
        """Record a successful call.

        Parameters
        ----------
        due : mapping of str to int, or None
            Expected payments by receiver; None if unknown, then the announced ones count.
        announced : mapping of str to int
            Payments that the contract's events state.
        """
        self.received += call.value
        flow = _Flow(
            game, call.transaction, _positive(announced if due is None else due), _positive(announced)
        )
        if call.payments is None:
            if call.block != self._block:
                self.close()
            self._block = call.block
            self._open.append(flow)
            return
        found = _positive(dict(call.payments))
        self.paid += sum(found.values())
        # A wrong announcement is a violation of the event.
        if found not in (flow.due, flow.announced):
            self._blame(flow, found)

    def close(self) -> None:
        """Check the calls of a block without traces."""
        flows, self._open = self._open, []
        due = _total(flow.due for flow in flows)
        announced = _total(flow.announced for flow in flows)
        if not due and not announced:
            # A payment that was not due shows in the final balance.
            return
        self.seen = max(self.seen, Seen.BALANCES)
        accounts = [*(due | announced).keys(), self._history.contract]
        gains = self._history.gains(self._block, accounts)
        if gains is None:
            self._miss()
            self.paid += announced.total()
            return
        lost = -gains[self._history.contract].amount
        beyond = lost > max(due.total(), announced.total())
        wrong = [flow for flow in flows if not self._is_paid(flow, due, announced, gains)]
        self.paid += max(lost, 0 if wrong else due.total())
        certain = [flow for flow in wrong if all(gains[to].certain for to in flow.due)]
        for flow in certain:
            found = {to: gains[to].amount for to in flow.due if gains[to].amount > 0}
            elsewhere = lost - sum(found.values())
            self._blame(flow, found | ({"somebody else": elsewhere} if elsewhere > 0 else {}))
        if beyond and not certain:
            detail = f"{lost} wei left the contract instead of {due.total()}"
            self._note(flows[0].game, "payment", detail, flows[0].transaction)
        elif len(certain) < len(wrong):
            self._miss()

    @staticmethod
    def _is_paid(
        flow: _Flow, due: Mapping[str, int], announced: Mapping[str, int], gains: Mapping[str, Gain]
    ) -> bool:
        """Whether the receivers of a call gained the due or announced amounts in the block."""
        receivers = flow.due.keys() | flow.announced.keys()
        return all(gains[to].amount in (due.get(to, 0), announced.get(to, 0)) for to in receivers)

    def _miss(self) -> None:
        self.seen = Seen.NOT_SEEN
        self.unseen += 1

    def _blame(self, flow: _Flow, found: Mapping[str, int]) -> None:
        excess = Counter(dict(found)) - Counter(dict(flow.due))
        short = Counter(dict(flow.due)) - Counter(dict(found))
        rule = "payee" if excess and short else "payment"
        detail = f"{_shown(found)} instead of {_shown(flow.due)}"
        self._note(flow.game, rule, detail, flow.transaction)


def _positive(amounts: Mapping[str, int]) -> dict[str, int]:
    return {to: amount for to, amount in amounts.items() if amount}


def _total(flows: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for flow in flows:
        total.update(flow)
    return total


def _shown(amounts: Mapping[str, int]) -> str:
    return " and ".join(f"{amount} wei to {to}" for to, amount in amounts.items()) or "nothing"
