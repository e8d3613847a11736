"""Many lotteries: played and counted by the driver, and compared with the probabilities of the rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from parley.chain.urls import shown
from parley.core import exact
from parley.kit.bots import seated
from parley.kit.play import simulation as driver
from parley.kit.play.player import explained
from parley.kit.play.run import play_games
from parley.mechanisms.assignment.bots import make_bots
from parley.mechanisms.assignment.comparison import Comparison, Tally, compare
from parley.mechanisms.assignment.contracts import CONTRACTS, MECHANISM
from parley.mechanisms.assignment.lottery import show_matrix
from parley.mechanisms.assignment.plan import plan
from parley.mechanisms.assignment.play import Player
from parley.mechanisms.assignment.solution import solve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from fractions import Fraction
    from typing import Unpack

    from parley.chain.evm import Evm
    from parley.kit.play.player import UnexpectedRevertError
    from parley.kit.protocols import RunOptions
    from parley.mechanisms.assignment.plan import Plan
    from parley.mechanisms.assignment.play import Outcome
    from parley.mechanisms.assignment.problem import Problem
    from parley.mechanisms.assignment.solution import Solution

__all__ = ["GameRow", "Setting", "Simulation", "simulate"]


class GameRow(NamedTuple):
    """One lottery in a table.

    Attributes
    ----------
    game : int
    ending : str
    items : tuple of int
        By agent, -1 for nothing.
    draw : int
        The term that was drawn; under serial dictatorship the seat that came first; -1 if nothing was drawn.
    """

    game: int
    ending: str
    items: tuple[int, ...]
    draw: int


@dataclass(frozen=True)
class Setting(driver.MechanismSetting):
    """What the driver plays lotteries of: see `parley.kit.play.setting.Setting`.

    Attributes
    ----------
    plan : Plan
        What the bots do, settled once for all processes.
    seed : int
    """

    plan: Plan
    seed: int

    contracts: ClassVar[tuple[str, ...]] = CONTRACTS
    mechanism: ClassVar[str] = MECHANISM

    @property
    def agents(self) -> int:
        """How many seats there are."""
        return self.plan.problem.agents

    @property
    def moves_clock(self) -> bool:
        """Whether some bot lets deadlines pass."""
        return self.plan.waits

    def player(self, evm: Evm, addresses: Mapping[str, str]) -> Player:
        """What plays on a machine."""
        return Player(evm, addresses[MECHANISM], self.plan, self.seed)

    def tally(self) -> Tally:
        """A tally that has counted nothing yet."""
        return Tally(*self.plan.problem.shape)

    def row(self, outcome: Outcome) -> GameRow:
        """What a table of lotteries says of one."""
        items = tuple(-1 if item is None else item for item in outcome.assignment)
        draw = outcome.order[0] if outcome.order else outcome.term
        return GameRow(outcome.game, outcome.ending, items, draw)

    def explain(self, refusal: UnexpectedRevertError) -> str | None:
        """A plainer sentence for a refusal by a contract on a node."""
        return explained(refusal, exists="GameExists", window=self.plan.problem.window)


@dataclass(frozen=True)
class Simulation(driver.Simulation[Tally]):
    """A finished run, compared with theory.

    Attributes
    ----------
    plan : Plan
        What the bots do.
    solution : Solution
        If all are truthful.
    comparison : Comparison
    """

    kind: ClassVar[str] = "assignment"
    endings: ClassVar[Mapping[str, driver.Ending]] = {
        "drawn": driver.Ending.SUCCESS,
        "cancelled": driver.Ending.FAILURE,
    }

    plan: Plan
    solution: Solution
    comparison: Comparison

    @property
    def holds(self) -> bool:
        """Whether no exact test contradicts theory."""
        return self.comparison.holds

    @property
    def problem(self) -> Problem:
        """What was played."""
        return self.plan.problem

    def to_json(self) -> dict[str, Any]:
        """The object that `parley simulate --json` prints."""
        comparison = self.comparison
        return self.shared_json(
            {
                "expired": self.tally.expired,
                "rule": self.problem.rule,
                "counts": [row[:-1] for row in comparison.counts],
                "unassigned": [row[-1] for row in comparison.counts],
                "expected": [[float(count) for count in row[:-1]] for row in comparison.expected],
                "truthful": show_matrix(self.solution.matrix) if self.solution.exact else None,
                "p_value": comparison.p_value,
                "agents": [
                    {
                        "agent": agent.agent,
                        "bot": agent.bot,
                        "report": None if agent.report is None else list(agent.report),
                        "mean_utility": None if agent.mean is None else float(agent.mean),
                        "std_error": agent.std_error,
                        "expected_utility": _show(agent.expected, exactly=comparison.exact),
                        "truthful_utility": _show(agent.truthful, exactly=self.solution.exact),
                        "z": agent.z,
                        "bonds_lost": agent.bonds_lost,
                    }
                    for agent in comparison.agents
                ],
            }
        )


def _show(number: Fraction | None, *, exactly: bool) -> str | float | None:
    """Exact numbers as text, estimates as numbers."""
    if number is None:
        return None
    return exact.show(number) if exactly else float(number)


def simulate(
    problem: Problem,
    record: Callable[[list[GameRow]], None] | None = None,
    *,
    seed: int = 0,
    bots: Sequence[str] = ("truthful",),
    **how: Unpack[RunOptions],
) -> Simulation:
    """Play lotteries of a problem and compare who got what with the probabilities of its rule.

    Parameters
    ----------
    problem : Problem
        One that a lottery on chain can take (`plan.check_playable`).
    record : callable, optional
        Called with the rows of one batch after the other, in the order of their lotteries.
    seed : int
        Of the lotteries, and of theory's own sample where it needs one.
    bots : sequence of str
        One name for all seats, or one per seat.
    **how
        See `parley.kit.protocols.RunOptions`.

    Raises
    ------
    ProblemError
        If the problem or its certificate is too large for a lottery on chain.
    ParleyError
        If a bot's name is not known, or the EVM is a node and cannot be played on.
    """
    names = seated(bots, problem.agents)
    setting = Setting(plan(problem, make_bots(names, problem.agents)), seed)
    solution = solve(problem, seed=seed)
    played = play_games(setting, record=record, **how)
    return Simulation(
        shown(how.get("evm", "revm")),
        seed,
        names,
        played.tally,
        played.cross_check,
        played.seconds,
        setting.plan,
        solution,
        compare(played.tally, solution, names, seed=seed),
    )
