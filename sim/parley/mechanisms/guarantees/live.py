"""The live page's table of a dispatch: what each provider is to do, and what it is paid."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from parley.core.randomness import unpack_order
from parley.kit.live import board
from parley.kit.live.board import Change, Panel, number
from parley.mechanisms.guarantees.decisions import plan_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.chain.codec import Event
    from parley.kit.live.board import Cell
    from parley.mechanisms.guarantees.play import Outcome
    from parley.mechanisms.guarantees.problem import Problem
    from parley.mechanisms.guarantees.schedules import Allocation

__all__ = ["Board"]


SAID = {
    "Enrolled": "takes part.",
    "Registered": "The registrar registers the jobs.",
    "Posted": "The dispatcher posts an allocation.",
    "Challenged": "Somebody claims to know a fairer allocation.",
    "Disclosed": "It is shown, and it is fairer.",
    "Upheld": "The posted allocation is disproved.",
    "Repaired": "The dispatcher posts again.",
    "Opened": "opens its secret.",
    "Drawn": "Schedules are drawn.",
    "Attested": "The registrar says what became of each job.",
    "Settled": "Everybody is paid.",
    "Conceded": "The dispatcher concedes, and floors are paid.",
    "Expired": "The deadline passes.",
    "Lapsed": "The dispatch lapses.",
    "Burnt": "Bonds burn.",
    "Withdrawn": "Money is withdrawn.",
}
"""What events mean; after a seat's name if they are about a seat."""


class Board(board.Board):
    """Follows one dispatch."""

    def __init__(self, problem: Problem, outcome: Outcome) -> None:
        self.problem = problem
        self.plan = plan_of(problem, outcome.bots, outcome.registrar)
        self._standing: Allocation = ()

    def panels(self) -> list[Panel]:
        """Return the table before the first transaction."""
        rows: list[list[Cell]] = [["", "", ""] for _ in range(self.problem.providers)]
        return [
            Panel(
                "dispatch",
                "The dispatch",
                "Which jobs each provider is to do, what they are worth, and what it is paid.",
                ("provider", "jobs", "value", "pay"),
                range(self.problem.providers),
                rows,
            )
        ]

    def follow(self, event: Event) -> tuple[str, Sequence[Change]]:
        """Say what an event means, and what it changes."""
        said, names, plan = SAID.get(event.name, ""), self.problem.provider_names, self.plan
        match event.name:
            case "Enrolled" | "Opened":
                return f"{names[event.seat]} {said}", []
            case "Posted" | "Repaired":
                shown = plan.posted if event.name == "Posted" else plan.repaired
                return said, self._shown(shown or ())
            case "Upheld":
                return said, self._shown(plan.claims[event.challenge].allocation)
            case "Drawn":
                return said, self._drawn(event.schedules)
            case "Settled":
                unit = self.problem.wei_per_value
                paid = (number(float(Fraction(pay, unit))) for pay in event.pays)
                return said, [Change("dispatch", i, 3, pay) for i, pay in enumerate(paid)]
        return said, []

    def _shown(self, allocation: Allocation) -> list[Change]:
        self._standing = allocation
        changes = []
        for seat, jobs in enumerate(allocation):
            names = ", ".join(self.problem.job_names[job] for job in jobs)
            value = sum((self.problem.values[job] for job in jobs), Fraction(0))
            changes += [
                Change("dispatch", seat, 1, names),
                Change("dispatch", seat, 2, number(float(value)) if jobs else ""),
            ]
        return changes

    def _drawn(self, schedules: Sequence[int]) -> list[Change]:
        found = unpack_order(schedules, self.problem.providers)
        held = self._standing
        return self._shown(tuple(held[schedule - 1] if schedule else () for schedule in found))
