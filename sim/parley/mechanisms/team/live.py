"""The live page's table of a project: wages, consents, efforts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.kit.live import board
from parley.kit.live.board import Change, Panel, ether
from parley.mechanisms.team.decisions import plan_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.chain.codec import Event
    from parley.kit.live.board import Cell
    from parley.mechanisms.team.play import Outcome
    from parley.mechanisms.team.problem import Problem

__all__ = ["Board"]

SAID = {
    "Created": "The principal offers wages, and the contract finds them fair.",
    "Accepted": "accepts.",
    "Vouched": "The referee vouches, and its guarantor pays the bond.",
    "Started": "Everybody has consented: work begins.",
    "Retracted": "The principal retracts.",
    "Reported": "The referee reports.",
    "Opened": "The guarantor commits to its secret.",
    "Committed": "commits to its effort and a secret.",
    "Revealed": "reveals both.",
    "Drawn": "The guarantor's secret decides.",
    "Expired": "The deadline passes.",
    "PhaseExpired": "The deadline of the draw passes.",
    "Lapsed": "The referee is silent: the bond pays the wages.",
    "Dissolved": "The project dissolves, and everybody gets everything back.",
}
"""What events mean; after a member's name if they are about a seat."""


class Board(board.Board):
    """Follows one project."""

    def __init__(self, problem: Problem, outcome: Outcome) -> None:
        self.problem = problem
        self.plan = plan_of(problem, outcome.bots, outcome.principal, outcome.referee)

    def panels(self) -> list[Panel]:
        """Return the table before the first transaction."""
        terms = self.plan.terms
        cells: list[list[Cell]] = [
            [ether(wage), ether(cost), "", ""] for wage, cost in zip(terms.wages, terms.costs, strict=True)
        ]
        return [
            Panel(
                "team",
                "The team",
                "What each member is offered, what work costs it, and what it has done.",
                ("member", "wage", "cost", "consent", "effort"),
                self.plan.team,
                cells,
            )
        ]

    def follow(self, event: Event) -> tuple[str, Sequence[Change]]:
        """Say what an event means, and what it changes."""
        said = SAID.get(event.name, "")
        changes = {"Accepted": (3, "accepted"), "Committed": (4, "committed")}
        match event.name:
            case "Accepted" | "Committed":
                column, cell = changes[event.name]
                return self._about(event.seat, said), [Change("team", event.seat, column, cell)]
            case "Revealed":
                done = "works" if event.works else "does not work"
                return self._about(event.seat, said), [Change("team", event.seat, 4, done)]
            case "Reported":
                return f"{said[:-1]} {'success' if event.success else 'failure'}.", []
            case "Drawn":
                chance = f"{event.numerator}/{event.denominator}"
                return f"{said[:-1]}: the chance of success is {chance}.", []
        return said, []

    def _about(self, seat: int, said: str) -> str:
        return f"{self.problem.agent_names[self.plan.team[seat]]} {said}"
