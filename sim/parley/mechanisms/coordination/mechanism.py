"""The declaration of coordination: two stages, announcing workloads and then bargaining over their cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from parley.core.limits import MAX_GAMES, MAX_SAMPLE
from parley.kit.bots import Bots
from parley.kit.declared import Description, class_of, later
from parley.kit.mechanism import Mechanism
from parley.kit.options import Option, seed
from parley.kit.protocols import Ending
from parley.mechanisms.coordination.contracts import CONTRACTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.kit.options import Given

with later(__name__):
    from parley.mechanisms.coordination.bots import Bot, cast
    from parley.mechanisms.coordination.comparison import comparison
    from parley.mechanisms.coordination.demonstration import PlayedAudit, audit_and_play
    from parley.mechanisms.coordination.experiment.specification import laboratory
    from parley.mechanisms.coordination.live import Board
    from parley.mechanisms.coordination.play import Outcome, player
    from parley.mechanisms.coordination.present.audit import audit_documents, audit_sheet
    from parley.mechanisms.coordination.present.page_simulation import simulation_sheet
    from parley.mechanisms.coordination.present.solution import solution_sheet
    from parley.mechanisms.coordination.problem import Problem
    from parley.mechanisms.coordination.solution import Solution
    from parley.mechanisms.coordination.statistics import columns, report, statistics
    from parley.mechanisms.coordination.unintended import warnings
    from parley.mechanisms.coordination.verify import GameReplay

__all__ = ["MECHANISM", "Coordination"]


_CONTRACT = "The contract of your own function: compared with it, and used to play."
_PROBLEMS = "Number of random problems to search for counterexamples."
_GAMES = "Games to play with the manipulation, and as many without it; 0 for none."


class Coordination(Mechanism[Problem, Solution, PlayedAudit, Outcome, Bots[Bot]]):
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
                "parley simulate problems/paper-example-1.toml --bots random --evm py-evm --games 2 --json",
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
        "compare": Description(
            "the recognition functions: their axioms, the cost in equilibrium, and gains of single agents.",
            ("parley compare problems/paper-example-1.toml --out build/compared",),
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
        Option("audit", "contract", Path, _CONTRACT, metavar="FILE.sol"),
        Option("audit", "problems", int, _PROBLEMS, default="1000", least=1, most=MAX_SAMPLE),
        Option("compare", "problems", int, _PROBLEMS, default="1000", least=1, most=MAX_SAMPLE),
        Option("audit", "games", int, _GAMES, default="400", least=0, most=MAX_GAMES),
        seed("audit", "Seed of the search and of the games.", "1"),
    )

    across = {"recognition": comparison}
    keys = staticmethod(class_of(Problem.keys))
    problem = staticmethod(Problem.from_mapping)
    warnings = staticmethod(warnings)
    audit = staticmethod(audit_and_play)
    cast = staticmethod(cast)
    player = staticmethod(player)
    verifier = staticmethod(class_of(GameReplay))
    statistics = staticmethod(statistics)
    columns = staticmethod(columns)
    report = staticmethod(report)
    laboratory = staticmethod(laboratory)
    board = staticmethod(Board)
    solution_sheet = staticmethod(solution_sheet)
    audit_sheet = staticmethod(audit_sheet)
    audit_documents = staticmethod(audit_documents)
    simulation_sheet = staticmethod(simulation_sheet)

    def solve(self, problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> Solution:
        """Find allocation and equilibrium."""
        from parley.mechanisms.coordination.solution import announced_in, solve

        tell("solving", 0, None)
        announced = announced_in(problem, given.text("announce"))
        return solve(problem, exact=given.flag("exact"), announced=announced)


MECHANISM = Coordination()
