"""Many games: played and counted by the driver, and compared with theory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Unpack

from parley.chain.evm import Evm
from parley.chain.urls import shown
from parley.core import exact
from parley.core.errors import ParleyError
from parley.kit.bots import seated
from parley.kit.play import simulation as driver
from parley.kit.play.player import UnexpectedRevertError, explained
from parley.kit.play.run import play_games
from parley.kit.protocols import RunOptions
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.comparison import Comparison, Tally, compare
from parley.mechanisms.coordination.contracts import CONTRACTS, MECHANISM, RECOGNITION_CONTRACTS
from parley.mechanisms.coordination.play import Deployment, Outcome, Player
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.solution import Solution, solve

__all__ = ["GameRow", "Setting", "Simulation", "simulate"]

CLOCK_MOVERS = ("silent", "withholder")
"""Kinds of bots that let deadlines pass."""


class GameRow(NamedTuple):
    """One game in a table: its number, ending, rounds, first proposer (-1 if none), and costs in wei."""

    game: int
    ending: str
    rounds: int
    proposer: int
    costs: tuple[int, ...]


@dataclass(frozen=True)
class Setting(driver.MechanismSetting):
    """What the driver plays games of: see `parley.kit.play.setting.Setting`.

    Attributes
    ----------
    problem : Problem
    bots : sequence of str
        One name for all seats, or one per seat.
    seed : int
    """

    problem: Problem
    bots: Sequence[str]
    seed: int

    contracts: ClassVar[tuple[str, ...]] = CONTRACTS
    mechanism: ClassVar[str] = MECHANISM

    @property
    def agents(self) -> int:
        """How many seats there are."""
        return self.problem.agents

    @property
    def moves_clock(self) -> bool:
        """Whether some bot lets deadlines pass."""
        return any(bot.kind in CLOCK_MOVERS for bot in make_bots(self.bots, self.agents))

    def player(self, evm: Evm, addresses: Mapping[str, str]) -> Player:
        """What plays on a machine, with bots of its own.

        Raises
        ------
        ParleyError
            If the recognition function there has code that the bots do not know: they would not join.
        """
        contract = RECOGNITION_CONTRACTS[self.problem.recognition]
        if evm.code(addresses[contract]) != self.artifacts[contract].deployed_bytecode:
            raise ParleyError(
                f"bots refuse to join a game with an unknown recognition function: the code at "
                f"{addresses[contract]} is not that of {contract}"
            )
        bots = make_bots(self.bots, self.agents)
        return Player(evm, Deployment.at(addresses), self.problem, bots, self.seed)

    def tally(self) -> Tally:
        """A tally that has counted nothing yet."""
        return Tally(self.agents)

    def row(self, outcome: Outcome) -> GameRow:
        """What a table of games says of one."""
        return GameRow(outcome.game, outcome.ending, outcome.rounds, outcome.proposer, outcome.costs)

    def explain(self, refusal: UnexpectedRevertError) -> str | None:
        """A plainer sentence for a refusal by a contract on a node."""
        return explained(refusal, exists="GameExists", window=self.problem.window)


@dataclass(frozen=True)
class Simulation(driver.Simulation[Tally]):
    """A finished run, compared with theory.

    Attributes
    ----------
    problem : Problem
    solution : Solution
    comparison : Comparison
    """

    kind: ClassVar[str] = "coordination"
    endings: ClassVar[Mapping[str, driver.Ending]] = {
        "settled": driver.Ending.SUCCESS,
        "broken down": driver.Ending.FAILURE,
        "expired": driver.Ending.EXPIRY,
    }

    problem: Problem
    solution: Solution
    comparison: Comparison

    @property
    def holds(self) -> bool:
        """Whether no exact test contradicts theory."""
        return self.comparison.holds

    def to_json(self) -> dict[str, Any]:
        """The object that `parley simulate --json` prints."""
        tally, comparison = self.tally, self.comparison
        return self.shared_json(
            {
                "mean_rounds": tally.rounds / tally.games,
                "proposer": {
                    "counts": tally.proposed,
                    "expected": [float(count) for count in comparison.proposer_expected],
                    "p_value": comparison.p_value,
                },
                "agents": [
                    {
                        "agent": agent.agent,
                        "bot": agent.bot,
                        "mean_cost": float(agent.mean),
                        "std_error": agent.std_error,
                        "expected_cost": exact.show(agent.expected),
                        "z": agent.z,
                        "p_value": agent.p_value,
                    }
                    for agent in comparison.agents
                ],
            }
        )


def simulate(
    problem: Problem,
    record: Callable[[list[GameRow]], None] | None = None,
    *,
    seed: int = 0,
    bots: Sequence[str] = ("equilibrium",),
    **how: Unpack[RunOptions],
) -> Simulation:
    """Play games of a problem and compare what was paid with theory.

    Parameters
    ----------
    problem : Problem
        One that a game on chain can take (`Problem.check_playable`).
    record : callable, optional
        Called with the rows of one batch after the other, in the order of their games.
    seed : int
    bots : sequence of str
        One name for all seats, or one per seat.
    **how
        See `parley.kit.protocols.RunOptions`.

    Raises
    ------
    ParleyError
        If a bot's name is not known, the problem's allocation is not cost-effective, or the EVM is a node
        and cannot be played on.
    """
    names = seated(bots, problem.agents)
    make_bots(names, problem.agents)
    solution = solve(problem)
    played = play_games(Setting(problem, names, seed), record=record, **how)
    return Simulation(
        shown(how.get("evm", "revm")),
        seed,
        names,
        played.tally,
        played.cross_check,
        played.seconds,
        problem,
        solution,
        compare(played.tally, solution, names),
    )
