"""The live page's tables of a two-stage game: work, chances, proposals, costs."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from parley.core.randomness import unpack_order
from parley.kit.live import board
from parley.kit.live.board import Change, Panel, number
from parley.mechanisms.coordination.game import Cause
from parley.mechanisms.coordination.recognition import stick_breaking

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parley.chain.codec import Event
    from parley.kit.live.board import Cell, Track
    from parley.mechanisms.coordination.play import Outcome
    from parley.mechanisms.coordination.problem import Problem

__all__ = ["Board"]

_BROKEN = {
    Cause.EXPIRED: "The deadline passes",
    Cause.NO_SAVINGS: "The announced work costs no less than the contracted",
    Cause.NOT_CONTINUED: "The secrets decide that the bargaining ends here",
    Cause.LAST_ROUND: "It was the last round",
}


class Board(board.Board):
    """Follows one game.

    Parameters
    ----------
    outcome : Outcome
        The game's outcome; its position has the thresholds.
    """

    def __init__(self, problem: Problem, outcome: Outcome) -> None:
        self.problem = problem
        self.outcome = outcome
        self.names = problem.agent_names
        self._fractions: list[tuple[int, int]] = []
        self._left: list[int] = problem.contracted.sum(axis=0).tolist()

    # ── tables ──

    def panels(self) -> list[Panel]:
        """Return the tables before the first transaction."""
        problem, seats = self.problem, range(self.problem.agents)
        work: list[list[Cell]] = [
            [*map(self._tasks, row), self._tasks(sum(row))] for row in self._contracted()
        ]
        work.append([*map(self._tasks, self._left), self._tasks(sum(self._left))])
        return [
            Panel(
                "work",
                "The work",
                "Tasks by agent and type: contracted at first, then as announced.",
                ("agent", *problem.task_names, "in all"),
                [*seats, "still to be taken on"],
                work,
            ),
            Panel(
                "stick",
                "Chances to propose",
                "Each agent takes its fraction of the probability that earlier agents leave. The result is"
                " its chance to propose, and so its share of the savings.",
                ("agent", "fraction of the rest", "chance", "drawn"),
                seats,
                [["", "", ""]] * problem.agents,
            ),
            Panel(
                "offer",
                "The proposal",
                "The bar is an agent's cost share. The notch is the highest cost accepted in equilibrium,"
                " the circle the cost of its contracts alone.",
                ("agent", "cost share", "highest cost accepted", "", "answer"),
                seats,
                [["", "", "", ""]] * problem.agents,
            ),
            Panel(
                "cost",
                "Costs of the game",
                "Costs including own work, compared with the contracts alone.",
                ("agent", "contracts alone", "the game", "saved"),
                seats,
                [[number(self._cost(alone)), "", ""] for alone in self._alone()],
            ),
        ]

    def _contracted(self) -> list[list[int]]:
        rows: list[list[int]] = self.problem.contracted.tolist()
        return rows

    def _alone(self) -> list[int]:
        """Return the cost of each agent's contracts alone, in wei."""
        return [self.problem.cost_wei(i, sum(row)) for i, row in enumerate(self._contracted())]

    def _tasks(self, units: int) -> str:
        return number(units / self.problem.unit)

    def _cost(self, wei: int) -> float:
        return float(Fraction(wei, self.problem.wei_per_cost))

    def _money(self, wei: int) -> Cell:
        """Return an amount in units of cost."""
        return {"text": number(self._cost(wei)), "wei": str(wei)}

    # ── events ──

    def follow(self, event: Event) -> tuple[str, Sequence[Change]]:
        """Return the meaning of an event, and its changes."""
        tell = getattr(self, f"_{event.name.lower()}", None)
        said, changes = ("", ()) if tell is None else tell(event)
        return said, list(changes)

    def _joined(self, event: Event) -> tuple[str, Iterable[Change]]:
        said = f"{self._name(event.seat)} deposits what its contracts cost, and a bond of"
        bond = number(self._cost(self.problem.bond_wei))
        return f"{said} {bond}. It commits to a secret number.", ()

    def _announced(self, event: Event) -> tuple[str, Iterable[Change]]:
        seat, row, n = event.seat, event.announcement, self.problem.agents
        self._fractions.append((event.numerator, event.denominator))
        self._left = [left - x for left, x in zip(self._left, row, strict=True)]
        # A chance depends only on earlier agents; the last agent gets the rest.
        last = seat == n - 1
        p = stick_breaking(self._fractions if last else [*self._fractions, (0, 0)])
        broken = sum(p[:seat], Fraction(0))
        fraction = "all" if last else f"{event.numerator}/{event.denominator}" if event.denominator else "0"
        share = f"{float(100 * p[seat]):.1f}%"
        said = f"{self._name(seat)} announces {self._tasks(sum(row))} tasks. It will propose with probability"
        piece: Cell = {"text": share, "bar": (float(broken), float(broken + p[seat]))}
        return f"{said} {share}.", [
            *(Change("work", seat, t + 1, self._tasks(x)) for t, x in enumerate([*row, sum(row)])),
            *(Change("work", n, t + 1, self._tasks(x)) for t, x in enumerate([*self._left, sum(self._left)])),
            Change("stick", seat, 1, fraction),
            Change("stick", seat, 2, piece),
        ]

    def _revealed(self, event: Event) -> tuple[str, Iterable[Change]]:
        again = (Change("offer", i, column, "") for i in range(self.problem.agents) for column in range(1, 5))
        said = f"{self._name(event.seat)} reveals its secret number, and commits to one for the next round."
        return said, again

    def _proposerdrawn(self, event: Event) -> tuple[str, Iterable[Change]]:
        order = unpack_order(event.order, self.problem.agents - 1)
        drawn = {event.proposer: "proposes"} | {seat: f"answers {k + 1}." for k, seat in enumerate(order)}
        on = f"Bargaining goes on into round {event.round}. " if event.round > 1 else ""
        said = f"{on}All secrets together draw the proposer: {self.names[event.proposer]}."
        return said, (Change("stick", seat, 3, text) for seat, text in drawn.items())

    def _proposed(self, event: Event) -> tuple[str, Iterable[Change]]:
        shares, last = event.shares, event.round == self.problem.max_rounds
        bargaining, alone = self.outcome.position.bargaining, self._alone()
        most = [bargaining.threshold(i, last_round=last) for i in range(len(shares))]
        low, high = min(0, *shares, *most, *alone), max(0, *shares, *most, *alone)
        at = [[(wei - low) / (high - low or 1) for wei in row] for row in ((0,), shares, most, alone)]
        own, others = event.proposer, most[: event.proposer] + most[event.proposer + 1 :]
        asked = [*shares[:own], *shares[own + 1 :]]
        exact = (
            "exactly the most that it accepts in equilibrium" if asked == others else "what the table shows"
        )
        said = (
            f"{self._name(own)} proposes to bear {number(self._cost(shares[own]))} of"
            f" {number(self._cost(sum(shares)))}, and asks everybody else for {exact}."
        )
        changes = []
        for i, share in enumerate(shares):
            marks: Track = {"text": "", "bar": (at[0][0], at[1][i]), "circle": at[3][i]}
            cells: tuple[Cell, ...] = (self._money(share), "", marks, "its proposal")
            if i != own:
                marks["notch"] = at[2][i]
                cells = (self._money(share), self._money(most[i]), marks, "")
            changes += [Change("offer", i, column, cell) for column, cell in enumerate(cells, 1)]
        return said, changes

    def _responded(self, event: Event) -> tuple[str, Iterable[Change]]:
        answer = "accepts" if event.accepted else "rejects"
        return f"{self._name(event.seat)} {answer}.", (Change("offer", event.seat, 4, answer),)

    def _settled(self, _: Event) -> tuple[str, Iterable[Change]]:
        return "Everybody has accepted: each agent does the work that it announced.", ()

    def _brokendown(self, event: Event) -> tuple[str, Iterable[Change]]:
        silent = [name for i, name in enumerate(self.names) if event.silent >> i & 1]
        blamed = f" Silent, and without its bond: {', '.join(silent)}." if silent else ""
        return f"{_BROKEN[Cause(event.cause)]}: the contracts stay as they are.{blamed}", ()

    def _withdrawn(self, event: Event) -> tuple[str, Iterable[Change]]:
        seat = event.seat
        cost, alone = self.outcome.costs[seat], self._alone()[seat]
        said = f"{self._name(seat)} takes its money. The game cost it {number(self._cost(cost))}."
        return said, (
            Change("cost", seat, 2, self._money(cost)),
            Change("cost", seat, 3, self._money(alone - cost)),
        )

    def _name(self, seat: int) -> str:
        """Return an agent's name at the start of a sentence."""
        return self.names[seat][:1].upper() + self.names[seat][1:]
