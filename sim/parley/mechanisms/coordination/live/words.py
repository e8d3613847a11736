"""What happened in a transaction, in plain words, for somebody who has not read the paper."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from parley.core.exact import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parley.mechanisms.coordination.position import Bargaining
    from parley.mechanisms.coordination.problem import Problem

__all__ = ["Words", "counted", "listed", "number"]

NO_SAVINGS, NOT_CONTINUED, LAST_ROUND = 2, 3, 4
"""Causes of a breakdown other than a deadline, as the contract numbers them."""


def number(value: Fraction | float) -> str:
    """Write a number as a person wants to see it: three decimals at most, fewer the greater it is.

    Examples
    --------
    >>> number(Fraction(-23, 11)), number(12.5), number(61234.56)
    ('−2.091', '12.5', '61,234.6')
    """
    exact = float(value)
    decimals = 3 if abs(exact) < 100 else 2 if abs(exact) < 10_000 else 1
    text = f"{exact:,.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text.replace("-", "−")


def listed(items: Iterable[str]) -> str:
    """Join words as English does.

    Examples
    --------
    >>> listed(["Ada", "Ben", "Cleo"])
    'Ada, Ben and Cleo'
    """
    *most, last = items
    return f"{', '.join(most)} and {last}" if most else last


def counted(count: int, what: str) -> str:
    """Count things.

    Examples
    --------
    >>> counted(1, "agent"), counted(5, "agent")
    ('1 agent', '5 agents')
    """
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


class Words:
    """Sentences about one problem's games.

    Parameters
    ----------
    problem : Problem
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.names = problem.agent_names
        self.begin = tuple(name[:1].upper() + name[1:] for name in self.names)
        """The names as they begin a sentence."""

    def money(self, wei: int) -> str:
        """An amount of wei in units of cost."""
        return number(Fraction(wei, self.problem.wei_per_cost))

    def work(self, units: int) -> str:
        """An amount of work in tasks."""
        tasks = self.problem.tasks(units)
        return "1 task" if tasks == 1 else f"{number(tasks)} tasks"

    def row(self, row: Sequence[int]) -> str:
        """A row of the allocation, type by type."""
        names = self.problem.task_names
        parts = [f"{number(self.problem.tasks(x))} of {names[t]}" for t, x in enumerate(row) if x]
        if len(parts) > 6:
            return f"{listed(parts[:5])} and {len(parts) - 5} more types"
        return listed(parts)

    def stored(self, seat: int) -> str:
        """A page of the terms has been stored."""
        return f"The contract now holds the contracts and capacities from {self.begin[seat]} on."

    def opened(self) -> str:
        """Somebody has created the game."""
        return (
            "The game is opened. The contract now holds its terms for everybody to read: who has contracted"
            " on what, who could do what, and at what cost. It waits for"
            f" {counted(self.problem.agents, 'agent')} to join."
        )

    def joined(self, seat: int, deposit: int) -> str:
        """A seat was taken."""
        return (
            f"{self.begin[seat]} joins and deposits {self.money(deposit)}: what its contracted work costs,"
            f" and a bond of {self.money(self.problem.bond_wei)} that it loses if it falls silent. It also"
            " seals a secret number: the contract keeps its hash, so that it cannot be changed later."
        )

    def announced(
        self, seat: int, row: Sequence[int], fraction: tuple[int, int], p: Fraction, left: int
    ) -> str:
        """A seat has said how much it would do."""
        name, load, contracted = self.begin[seat], sum(row), int(self.problem.contracted[seat].sum())
        what = f": {self.row(row)}" if load else ""
        difference = f"{self.work(abs(load - contracted))} {'more' if load > contracted else 'fewer'} than"
        change = difference if load != contracted else "as much as"
        said = f"{name} announces {self.work(load)}{what}. That is {change} it has contracted on."
        offer = f"it will be the one to make an offer with probability {self._probability(p)}."
        if seat == self.problem.agents - 1:
            return f"{said} {name} is the last, so all of the rest of the stick is its own: {offer}"
        still = f"{self.work(left)} {'is' if left == self.problem.unit else 'are'} still to be taken on."
        if fraction[1] == 0 or fraction[0] == 0:
            return f"{said} {still} It breaks nothing off the stick: it will not be the one to make an offer."
        stick = "the stick of chances" if seat == 0 else "what is left of the stick"
        return f"{said} {still} It breaks {fraction[0]}/{fraction[1]} off {stick}: {offer}"

    def _probability(self, p: Fraction) -> str:
        exact = show(p)
        percent = f"{float(100 * p):.1f}%"
        return f"{exact}, or {percent}" if len(exact) < 12 and "/" in exact else percent

    def opened_secret(self, seat: int) -> str:
        """A seat has revealed."""
        return (
            f"{self.begin[seat]} opens its secret number, which fits the hash it gave before, and seals a new"
            " one in case there is another round."
        )

    def drawn(self, round_number: int, proposer: int, order: Sequence[int]) -> str:
        """The proposer is known."""
        delta = self.problem.continuation
        goes_on = (
            f" First they decide that the bargaining goes on, which had probability {show(delta)}."
            if round_number > 1
            else ""
        )
        return (
            " All secret numbers together now decide by chance, so that nobody could choose the result."
            f"{goes_on} {self.begin[proposer]} is recognized: it makes the offer."
            f" {self._answerers(order)}"
        )

    def _answerers(self, order: Sequence[int]) -> str:
        if len(order) > 8:
            return f"The other {len(order)} will answer in an order that was drawn too."
        answer = "will answer" if len(order) == 1 else "will answer in this order"
        who = listed(self.names[i] for i in order)
        return f"{who[:1].upper()}{who[1:]} {answer}."

    def proposed(self, proposer: int, shares: Sequence[int], bargaining: Bargaining, *, last: bool) -> str:
        """An offer stands."""
        name, own = self.begin[proposer], shares[proposer]
        exact = all(
            share == bargaining.threshold(i, last_round=last)
            for i, share in enumerate(shares)
            if i != proposer
        )
        others = (
            "everybody else is asked to bear exactly the most that theory says it accepts."
            if exact
            else "the others are asked for what the table shows."
        )
        bears = f"itself bear {self.money(own)}" if own >= 0 else f"itself receive {self.money(-own)}"
        return (
            f"{name} offers to split the {self.money(bargaining.total_cost)} that the announced work costs."
            f" It would {bears}; {others}"
        )

    def answered(self, seat: int, share: int, threshold: int, *, accepted: bool) -> str:
        """A seat has accepted or rejected."""
        asked = f"asked to bear {self.money(share)}" if share >= 0 else f"offered {self.money(-share)}"
        most = (
            f"theory says it accepts up to {self.money(threshold)}"
            if threshold >= 0
            else f"theory says it accepts {self.money(-threshold)} or more"
        )
        return f"{self.begin[seat]} is {asked} and {'accepts' if accepted else 'rejects'}; {most}."

    def settled(self) -> str:
        """All have accepted."""
        return " Everybody has accepted: the offer holds, and each agent does the work it announced."

    def broken_down(self, cause: int, silent: Sequence[int]) -> str:
        """The game has ended without agreement."""
        if cause == NO_SAVINGS:
            return (
                " But all of it together costs no less than what was contracted: there is nothing to share,"
                " and the contracts stand."
            )
        if cause == NOT_CONTINUED:
            chance = show(1 - self.problem.continuation)
            return (
                f" The secret numbers decide that the bargaining ends here, which had probability {chance}."
                " The contracts stand."
            )
        if cause == LAST_ROUND:
            return " It was the last round allowed, so the bargaining breaks down and the contracts stand."
        if not silent:
            return (
                "The deadline passes and not everybody has joined. The game is off, and who did join gets all"
                " of its money back."
            )
        who = listed(self.names[i] for i in silent)
        loses = "loses its bond" if len(silent) == 1 else "lose their bonds"
        who = listed(self.names[i] for i in silent)
        return (
            f"The deadline passes: {who} did not act in time and {loses}. The game ends and the contracts"
            " stand."
        )

    def rejected(self) -> str:
        """What a rejection leads to, when the round was not the last."""
        delta = self.problem.continuation
        if delta == 0:
            return " The next secrets will end the bargaining for certain, since δ is 0."
        return f" All open their next secrets: with probability {show(delta)} there is another round."

    def withdrew(self, seat: int, amount: int, deposit: int, cost: int) -> str:
        """A seat took its money."""
        contracted = self.problem.cost_wei(seat, int(self.problem.contracted[seat].sum()))
        saved = contracted - cost
        came = f"cost it {self.money(cost)}" if cost >= 0 else f"brought it {self.money(-cost)}"
        alone = (
            f"where its contracts alone would have cost {self.money(contracted)}:"
            f" {self.money(abs(saved))} {'saved' if saved > 0 else 'lost'}"
            if saved
            else "exactly what its contracts alone cost"
        )
        return (
            f"{self.begin[seat]} takes out {self.money(amount)}, after {self.money(deposit)} put in. Its work"
            f" counted, the game {came}, {alone}."
        )
