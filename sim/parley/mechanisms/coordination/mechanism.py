"""The declaration of coordination: two stages, announcing workloads and then bargaining over their cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parley.core import problemfile
from parley.core.errors import ParleyError, ProblemError
from parley.core.limits import MAX_GAMES, MAX_SAMPLE, MAX_SEED
from parley.kit.declared import Description, Laboratory
from parley.kit.mechanism import Mechanism
from parley.kit.options import Option
from parley.kit.protocols import Ending
from parley.mechanisms.coordination.contracts import CONTRACTS, RECOGNITION_CONTRACTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from parley.chain.evm import Evm
    from parley.kit.bots import Bots
    from parley.kit.options import Given
    from parley.kit.play import simulation
    from parley.kit.play.declaration import Columns
    from parley.kit.present.page_model import Sheet
    from parley.kit.statistics import Statistic
    from parley.mechanisms.coordination.audit import Audit
    from parley.mechanisms.coordination.bots import Bot
    from parley.mechanisms.coordination.demonstration import Demonstration
    from parley.mechanisms.coordination.experiment.specification import Experiment
    from parley.mechanisms.coordination.live import Board
    from parley.mechanisms.coordination.play import Outcome, Player
    from parley.mechanisms.coordination.problem import Problem
    from parley.mechanisms.coordination.solution import Solution
    from parley.mechanisms.coordination.verify import GameReplay

    Simulation: TypeAlias = simulation.Simulation[Problem, Solution, Outcome, Bots[Bot]]

__all__ = ["MECHANISM", "Coordination", "PlayedAudit"]


@dataclass(frozen=True)
class PlayedAudit:
    """An audit, and the manipulation that it found as it was played, if there is one.

    Attributes
    ----------
    audit : Audit
    played : Demonstration or None
    """

    audit: Audit
    played: Demonstration | None

    @property
    def holds(self) -> bool:
        """Whether no axiom was refuted and no single agent gains."""
        return self.audit.holds

    def to_json(self) -> dict[str, Any]:
        """Return the object that `parley audit --json` prints."""
        return self.audit.to_json() | {"played": None if self.played is None else self.played.to_json()}


class Coordination(Mechanism["Problem", "Solution", PlayedAudit, "Outcome", "Bots[Bot]"]):
    """Task coordination with recognition (Gudmundsson, Hougaard and Platz)."""

    kind = "coordination"
    about = "agents with contracts for tasks, their capacities and their costs"
    contracts = CONTRACTS
    endings = {"settled": Ending.SUCCESS, "broken down": Ending.FAILURE, "expired": Ending.EXPIRY}
    descriptions = {
        "solve": Description(
            "the cost-effective allocation, optimal in whole units, and the equilibrium of the bargaining: "
            "recognition probabilities, expected costs, acceptance thresholds and proposals, as fractions.",
            (
                "parley solve problems/paper-example-1.toml",
                "parley solve problems/support-desk.toml --json",
                "parley solve examples/reordered.toml --announce examples/reordered-announced.toml",
            ),
        ),
        "simulate": Description(
            "what agents paid, compared with the expected costs of the equilibrium.",
            (
                "parley simulate problems/paper-example-1.toml --games 2000 --seed 1",
                "parley simulate problems/support-desk.toml --bots greedy,equilibrium,equilibrium",
                "parley simulate problems/paper-example-1.toml --bots random --evm py-evm --games 20 --json",
                "parley simulate problems/paper-example-1.toml --evm http://127.0.0.1:8545 --games 200",
            ),
        ),
        "audit": Description(
            "which axioms the recognition function satisfies on all problems of the special domain: "
            "cost-effective implementation (equilibrium announcements have least cost), consistency (the "
            "other agents' shares do not change when the first agent leaves and passes its excess on) and "
            "top-agent proportionality (the first agent's probability is its share of the contracts). "
            "If an axiom fails, the command shows a complete counterexample; if an agent gains by an "
            "announcement that is not cost-effective, this game is also played on the embedded EVM. For the "
            "problem itself: all equilibria, if the game is small enough, and the gain of every agent and "
            "every pair of agents from other announcements. Your own function is FILE.py:FUNCTION. With one "
            "parameter, a turn, it returns a numerator and a denominator, as the contract does. With three "
            "(announced, contracted, capacity) it returns probabilities.",
            (
                "parley audit problems/paper-example-1.toml",
                "parley audit problems/paper-example-1.toml --recognition reordered --json",
                "parley audit mine.toml --recognition mine.py:fraction --contract Mine.sol --out build/audit",
            ),
        ),
        "verify": Description("every announcement, recognition fraction, proposal, answer and settlement."),
    }
    bots = {
        "equilibrium": "announces cost-effectively and bargains as in equilibrium",
        "greedy": "announces as much as it can",
        "minimal": "announces as little as it can",
        "stubborn[:share]": "accepts only if it gets this share of the savings more than in equilibrium",
        "random": "announces and answers at random",
        "withholder": "reveals last, and only if it becomes the proposer",
        "silent:PHASE": "does not act in a phase: joining, announcing, revealing, proposing or responding",
    }
    phases = {
        "creating": False,
        "joining": True,
        "announcing": True,
        "revealing": True,
        "proposing": True,
        "responding": True,
        "settled": False,
        "broken down": False,
    }
    options = (
        Option("solve", "exact", bool, "Print fractions beyond 64 agents too."),
        Option(
            "solve",
            "announce",
            Path,
            "Solve the bargaining after the announcements in this file, cost-effective or not: "
            '{"allocation": matrix}, in tasks, TOML or JSON.',
            metavar="FILE",
        ),
        Option(
            "audit",
            "recognition",
            str,
            "Audit this recognition function instead of the problem's own. A Python file is executed.",
            metavar="NAME|FILE.py:FUNCTION",
        ),
        Option(
            "audit",
            "contract",
            Path,
            "The contract of your own function: compared with it, and used to play.",
            metavar="FILE.sol",
        ),
        Option(
            "audit",
            "problems",
            int,
            "Number of random problems to search for counterexamples.",
            default="1000",
            least=1,
            most=MAX_SAMPLE,
        ),
        Option(
            "audit",
            "games",
            int,
            "Games to play with the manipulation, and as many without it; 0 for none.",
            default="400",
            least=0,
            most=MAX_GAMES,
        ),
        Option(
            "audit",
            "seed",
            int,
            "Seed of the search and of the games.",
            default="1",
            least=0,
            most=MAX_SEED,
        ),
    )

    def problem(self, mapping: Mapping[str, Any], file: str) -> Problem:
        """Read a problem."""
        from parley.mechanisms.coordination.problem import Problem

        return Problem.from_mapping(mapping, file)

    def solve(self, problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> Solution:
        """Find allocation and equilibrium."""
        from parley.mechanisms.coordination.solution import read_announcement, solve

        tell("solving", 0, None)
        announced = None
        file = given.text("announce")
        if file is not None:
            mapping = problemfile.read(file)
            try:
                announced = read_announcement(problem, mapping)
            except ProblemError as error:
                raise error.in_file(file) from None
        return solve(problem, exact=given.flag("exact"), announced=announced)

    def audit(
        self, problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]
    ) -> PlayedAudit:
        """Audit a recognition function, and play the manipulation that is found, if one is."""
        from parley.mechanisms.coordination.audit import PROBLEMS, audit
        from parley.mechanisms.coordination.demonstration import audited

        name, contract = given.text("recognition"), given.path("contract")
        if contract is not None and name is None:
            raise ParleyError("--contract requires --recognition FILE.py:FUNCTION")
        function = audited(name, contract)
        seed = given.integer("seed", 1)
        found = audit(
            problem, function, problems=given.integer("problems", PROBLEMS), seed=seed, progress=tell
        )
        return PlayedAudit(found, self._played(found, contract, given, tell))

    @staticmethod
    def _played(
        found: Audit, contract: Path | None, given: Given, tell: Callable[[str, int, int | None], None]
    ) -> Demonstration | None:
        from parley.mechanisms.coordination import demonstration

        games = given.integer("games", demonstration.GAMES)
        done = 0

        def advance(more: int) -> None:
            nonlocal done
            done += more
            tell("playing the manipulation", done, 2 * games)

        return demonstration.demonstrate_found(
            found, contract=contract, games=games, seed=given.integer("seed", 1), progress=advance
        )

    def cast(self, problem: Problem, names: Sequence[str]) -> Bots[Bot]:
        """Make the bots."""
        from parley.mechanisms.coordination.bots import make_bots

        return make_bots(names, problem.agents)

    def player(
        self, evm: Evm, addresses: Mapping[str, str], problem: Problem, cast: Bots[Bot], seed: int
    ) -> Player:
        """Return what plays on a machine.

        Raises
        ------
        ParleyError
            If the recognition function there has code that the bots do not know: they would not join.
        """
        from parley.mechanisms.coordination.play import Deployment, Player

        contract = RECOGNITION_CONTRACTS[problem.recognition]
        if evm.code(addresses[contract]) != self.artifacts()[contract].deployed_bytecode:
            raise ParleyError(
                f"bots refuse to join a game with an unknown recognition function: the code at "
                f"{addresses[contract]} is not that of {contract}"
            )
        return Player(evm, Deployment.at(addresses), problem, cast, seed)

    def statistics(self, problem: Problem) -> Sequence[Statistic[Outcome, Solution]]:
        """Count costs, proposers and rounds."""
        from parley.mechanisms.coordination.statistics import statistics

        return statistics(problem)

    def columns(self, problem: Problem) -> Sequence[Columns[Outcome]]:
        """Write down rounds, proposers and costs."""
        from parley.mechanisms.coordination.statistics import columns

        return columns(problem)

    def report(self, run: Simulation) -> Mapping[str, Any]:
        """Give this kind's own keys of a run."""
        from parley.mechanisms.coordination.statistics import report

        return report(run)

    def verifier(self) -> type[GameReplay]:
        """Return how a deployed contract's games are replayed."""
        from parley.mechanisms.coordination.verify import GameReplay

        return GameReplay

    def laboratory(self) -> Laboratory:
        """Return what populations add to sweeps."""
        return Laboratory(self._experiment, self._experiment_sheet)

    @staticmethod
    def _experiment(mapping: Mapping[str, Any], file: str) -> Experiment | None:
        """Read an experiment with populations; a file that names bots, or what varies, asks for a sweep."""
        from parley.mechanisms.coordination.experiment.specification import Experiment

        problem = mapping.get("problem")
        whole = isinstance(problem, dict) and "kind" in problem
        return None if whole or {"vary", "bots"} & mapping.keys() else Experiment(mapping, file)

    @staticmethod
    def _experiment_sheet(folder: Path) -> Sheet:
        """Lay out the page of an experiment with populations."""
        from parley.mechanisms.coordination.experiment.page import experiment_sheet

        return experiment_sheet(folder)

    def board(self, problem: Problem, outcome: Outcome) -> Board:
        """Show work, chances, the proposal and costs."""
        from parley.mechanisms.coordination.live import Board

        return Board(problem, outcome)

    def solution_sheet(self, report: Mapping[str, Any], problem: Problem) -> Sheet:
        """Lay out a solution."""
        from parley.mechanisms.coordination.present.solution import solution_sheet

        return solution_sheet(report, problem)

    def audit_sheet(
        self, report: Mapping[str, Any], problem: Problem, document: Callable[[str], Mapping[str, Any]]
    ) -> Sheet:
        """Lay out an audit."""
        del document  # its report says all that is shown
        from parley.mechanisms.coordination.present.audit import audit_sheet

        return audit_sheet(report, problem)

    def audit_documents(self, found: PlayedAudit) -> dict[str, Any]:
        """Return the problems of counterexamples."""
        from parley.mechanisms.coordination.present.audit import audit_documents

        return audit_documents(found.to_json())

    def simulation_sheet(
        self, report: Mapping[str, Any], problem: Problem, name: str, folder: Path | None = None
    ) -> Sheet:
        """Lay out a run, for a terminal and for its page."""
        from parley.mechanisms.coordination.present.page_simulation import simulation_sheet

        return simulation_sheet(report, problem, name, folder)


MECHANISM = Coordination()
