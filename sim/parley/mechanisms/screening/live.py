"""The live page's table of a market: what each seat chooses, and what it does in the end."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from parley.kit.live import board
from parley.kit.live.board import Change, Panel, number
from parley.mechanisms.screening.present.words import in_words
from parley.mechanisms.screening.solution import market_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.chain.codec import Event
    from parley.kit.live.board import Cell
    from parley.mechanisms.screening.play import Outcome
    from parley.mechanisms.screening.problem import Problem

__all__ = ["Board"]


class Board(board.Board):
    """Follows one market."""

    def __init__(self, problem: Problem, outcome: Outcome) -> None:
        self.problem, self.outcome = problem, outcome
        self.market = market_of(problem)
        self._choices = dict.fromkeys(range(problem.agents), 0)

    def panels(self) -> list[Panel]:
        """Return the table before the first transaction."""
        rows: list[list[Cell]] = [
            ["", "", *(number(float(amount)) for amount in row)] for row in self.problem.status_quo
        ]
        return [
            Panel(
                "market",
                "The market",
                "What each seat chooses, how much of it is carried out, and its expected tasks.",
                ("agent", "choice", "share", *self.problem.task_names),
                range(self.problem.agents),
                rows,
            )
        ]

    def follow(self, event: Event) -> tuple[str, Sequence[Change]]:
        """Say what an event means, and what it changes."""
        names = self.problem.agent_names
        match event.name:
            case "Chosen":
                self._choices[event.seat] = event.choice
                said = self._said(event.seat, event.choice)
                return f"{names[event.seat]}: {said}.", [Change("market", event.seat, 1, said)]
            case "Expired":
                return "The deadline passes.", []
            case "Posted":
                return "The selection is posted, and the contract verifies it.", []
            case "Settled":
                return self._settled([Fraction(share, event.denominator) for share in event.shares])
            case "Lapsed":
                return "Nothing was posted: everybody keeps what it has.", []
            case _:
                return "", []

    def _said(self, seat: int, choice: int) -> str:
        menu = self.market.menus[seat]
        if not choice:
            return "stays"
        if menu.remedial:
            return "gives any tasks and takes none"
        return in_words([str(x) for x in menu.rays[choice - 1]], self.problem.task_names)

    def _settled(self, shares: Sequence[Fraction]) -> tuple[str, list[Change]]:
        assigned = [list(row) for row in self.problem.status_quo]
        most: dict[int, Fraction] = {}
        chosen = [one for one in self.market.columns if one[1] == self._choices[one[0]]]
        for share, (seat, _, change) in zip(shares, chosen, strict=True):
            most[seat] = max(share, most.get(seat, Fraction(0)))
            assigned[seat] = [x + share * y for x, y in zip(assigned[seat], change, strict=True)]
        changes = [Change("market", seat, 2, number(float(share))) for seat, share in most.items()]
        changes += [
            Change("market", seat, 3 + i, number(float(x)))
            for seat, row in enumerate(assigned)
            for i, x in enumerate(row)
            if x != self.problem.status_quo[seat][i]
        ]
        traded = sum(share > 0 for share in most.values())
        return f"{traded} of {len(assigned)} agents trade." if traded else "Nobody trades.", changes
