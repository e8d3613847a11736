"""The declaration of random assignment: probabilities of items by a rule, and lotteries on chain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError
from parley.core.limits import MAX_GAMES, MAX_SAMPLE, MAX_SEED
from parley.kit.declared import Description, Format
from parley.kit.mechanism import Mechanism
from parley.kit.options import Option
from parley.kit.protocols import Ending
from parley.mechanisms.assignment.contracts import CONTRACTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from parley.chain.evm import Evm
    from parley.kit.options import Given
    from parley.kit.play import simulation
    from parley.kit.play.declaration import Columns
    from parley.kit.present.page_model import Sheet
    from parley.kit.statistics import Statistic
    from parley.mechanisms.assignment.audit import Audit
    from parley.mechanisms.assignment.plan import Plan
    from parley.mechanisms.assignment.play import Outcome, Player
    from parley.mechanisms.assignment.problem import Problem
    from parley.mechanisms.assignment.solution import Solution
    from parley.mechanisms.assignment.verify import LotteryReplay

    Simulation: TypeAlias = simulation.Simulation[Problem, Solution, Outcome, Plan]

__all__ = ["MECHANISM", "Assignment"]

_RUNS = "Number of sampled runs, where exact probabilities are out of reach."
_RULES = "serial-dictatorship, probabilistic-serial, boston; with utilities also welfare, pseudo-market."
_SERIAL = "serial-dictatorship"


def _shared(name: str) -> tuple[Option, ...]:
    """Options of both formats."""
    return (
        Option(
            name,
            "capacities",
            Path,
            "Capacity of each item: a CSV file with items in the first column and a column capacity"
            + (
                "; or PrefLib's .dat file of supervisors, whose projects get capacity 1, or 0 if the "
                "supervisor takes nobody."
                if name == "preflib"
                else "."
            )
            + " Without it, every capacity is 1.",
            metavar="FILE",
        ),
        Option(name, "rule", str, _RULES, default=_SERIAL),
    )


def _read_preflib(file: str, given: Given, warn: Callable[[str], None]) -> Mapping[str, Any]:
    from parley.mechanisms.assignment.preflib import read_preflib

    return read_preflib(
        file, capacities=given.text("capacities"), rule=given.text("rule") or _SERIAL, warn=warn
    )


def _read_csv(file: str, given: Given, warn: Callable[[str], None]) -> Mapping[str, Any]:
    from parley.mechanisms.assignment.csvfile import read_csv

    chosen = {}
    for text in given.texts("select"):
        column, equals, value = text.partition("=")
        if not equals or column in chosen:
            raise ParleyError(f"--select: {text!r} is not COLUMN=VALUE, or the column was given twice")
        chosen[column] = value
    return read_csv(
        file,
        capacities=given.text("capacities"),
        select=chosen,
        seats=given.integer("seats", 0) or None,
        rule=given.text("rule") or _SERIAL,
        warn=warn,
    )


class Assignment(Mechanism["Problem", "Solution", "Audit", "Outcome", "Plan"]):
    """Random assignment of items to agents."""

    kind = "assignment"
    about = "agents' preferences over items, and the rule that assigns the items"
    contracts = CONTRACTS
    endings = {"drawn": Ending.SUCCESS, "cancelled": Ending.FAILURE}
    descriptions = {
        "solve": Description(
            "the probability that each agent gets each item under the problem's rule, a lottery over "
            "assignments with these probabilities, ranks and expected utilities, as fractions. Where exact "
            "probabilities are out of reach, they are estimated, with standard errors. A posted lottery is "
            "verified.",
            ("parley solve problems/assignment-bogomolnaia-moulin.toml",),
        ),
        "simulate": Description(
            "how often each agent got each item, compared with the exact probabilities at the revealed "
            "rankings.",
            (
                "parley simulate problems/assignment-bogomolnaia-moulin.toml --games 5000 --check",
                "parley simulate problems/assignment-option-set.toml --bots absent:revealing",
            ),
        ),
        "audit": Description(
            "whether the rule's random assignment is efficient (ex post, ordinally, ex ante) and envy-free "
            "and treats equals equally, and whether there is a profitable misreport; each with a witness or "
            "a proof. Also the option sets: all lotteries that an agent could get by other reports.",
            ("parley audit problems/assignment-three-utilities.toml --check",),
        ),
        "verify": Description("every ranking, posted assignment and lottery, every order and result."),
    }
    bots = {
        "truthful": "reveals its true ranking",
        "misreporting": "searches for a profitable misreport",
        "absent[:PHASE]": "does not act in a phase: committing, revealing or opening",
        "copying": "copies another agent's commitment",
    }
    phases = {
        "committing": True,
        "revealing": True,
        "posting": False,
        "opening": True,
        "drawn": False,
        "cancelled": False,
    }
    options = (
        Option("solve", "runs", int, _RUNS, default="100000", least=2, most=MAX_SAMPLE),
        Option("solve", "seed", int, "Seed of these runs.", default="0", least=0, most=MAX_SEED),
        Option("audit", "runs", int, _RUNS, default="100000", least=2, most=MAX_SAMPLE),
        Option("audit", "seed", int, "Seed of these runs.", default="0", least=0, most=MAX_SEED),
    )
    formats = (
        Format(
            "preflib",
            Description(
                "Read rankings from a PrefLib file (preflib.org): .soc, .soi, .toc or .toi. A .toc that was "
                "made from a .soi ties all unranked items at the end, so that every agent wants every item.",
                (
                    "parley import preflib 00038-00000004.soi --out projects.toml",
                    "parley solve projects.toml",
                ),
            ),
            "A PrefLib file: .soc, .soi, .toc or .toi.",
            _shared("preflib"),
            _read_preflib,
        ),
        Format(
            "csv",
            Description(
                "Read rankings or points from a CSV file: one line per agent, its name in the first column. "
                "Columns rank1, rank2, … name items, best first. Without such columns, every column is an "
                "item and holds the agent's points for it (utilities); empty where the agent does not want "
                "the item.",
                (
                    "parley import csv valuations.csv --capacities courses.csv --seats 26 --out courses.toml",
                    "parley import csv projects.csv --select year=2010-11 --rule boston",
                ),
            ),
            "A CSV file with one line per agent.",
            (
                *_shared("csv"),
                Option(
                    "csv",
                    "select",
                    list,
                    "Read only the lines with this value; may be repeated.",
                    metavar="COLUMN=VALUE",
                ),
                Option(
                    "csv",
                    "seats",
                    int,
                    "Scale all capacities down in proportion, to this total.",
                    least=1,
                    most=MAX_GAMES,
                ),
            ),
            _read_csv,
        ),
    )

    def problem(self, mapping: Mapping[str, Any], file: str) -> Problem:
        """Read a problem."""
        from parley.mechanisms.assignment.problem import Problem

        return Problem.from_mapping(mapping, file)

    def solve(self, problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> Solution:
        """Find the probabilities, and a lottery that has them."""
        from parley.mechanisms.assignment.solution import RUNS, solve

        runs = given.integer("runs", RUNS)
        done = 0

        def progress(more: int) -> None:
            nonlocal done
            done += more
            tell("solving", done, runs)

        tell("solving", 0, None)
        return solve(problem, runs=runs, seed=given.integer("seed", 0), progress=progress)

    def audit(self, problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> Audit:
        """Say which properties hold here, and whose false report gains."""
        from parley.mechanisms.assignment.audit import audit
        from parley.mechanisms.assignment.solution import RUNS

        return audit(problem, runs=given.integer("runs", RUNS), seed=given.integer("seed", 0), progress=tell)

    def theory(self, problem: Problem, seed: int) -> Solution:
        """Return the probabilities; where they are sampled, by this seed."""
        from parley.mechanisms.assignment.solution import solve

        return solve(problem, seed=seed)

    def cast(self, problem: Problem, names: Sequence[str]) -> Plan:
        """Let the bots settle what they do."""
        from parley.mechanisms.assignment.bots import make_bots
        from parley.mechanisms.assignment.plan import plan

        return plan(problem, make_bots(names, problem.agents))

    def player(
        self,
        evm: Evm,
        addresses: Mapping[str, str],
        problem: Problem,  # noqa: ARG002 - the plan has it
        cast: Plan,
        seed: int,
    ) -> Player:
        """Return what plays on a machine."""
        from parley.mechanisms.assignment.play import Player

        return Player(evm, addresses[CONTRACTS[0]], cast, seed)

    def statistics(self, problem: Problem) -> Sequence[Statistic[Outcome, Solution]]:
        """Count who got what, utilities, and lost bonds."""
        from parley.mechanisms.assignment.statistics import statistics

        return statistics(problem)

    def columns(self, problem: Problem) -> Sequence[Columns[Outcome]]:
        """Write down who got what, and the draw."""
        from parley.mechanisms.assignment.statistics import columns

        return columns(problem)

    def report(self, run: Simulation) -> Mapping[str, Any]:
        """Give this kind's own keys of a run."""
        from parley.mechanisms.assignment.statistics import report

        return report(run)

    def verifier(self) -> type[LotteryReplay]:
        """Return how a deployed contract's games are replayed."""
        from parley.mechanisms.assignment.verify import LotteryReplay

        return LotteryReplay

    def solution_sheet(self, report: Mapping[str, Any], problem: Problem) -> Sheet:
        """Lay out a solution."""
        from parley.mechanisms.assignment.present.solution import solution_sheet

        return solution_sheet(report, problem)

    def audit_sheet(
        self, report: Mapping[str, Any], problem: Problem, document: Callable[[str], Mapping[str, Any]]
    ) -> Sheet:
        """Lay out an audit."""
        from parley.mechanisms.assignment.present.audit import audit_sheet

        return audit_sheet(report, problem, document)

    def audit_documents(self, found: Audit) -> dict[str, Any]:
        """Return what an audit is about."""
        from parley.mechanisms.assignment.present.audit import SOLUTION

        return {SOLUTION: found.solution.to_json()}

    def simulation_sheet(
        self, report: Mapping[str, Any], problem: Problem, name: str, folder: Path | None = None
    ) -> Sheet:
        """Lay out a run, for a terminal and for its page."""
        from parley.mechanisms.assignment.present.page_simulation import simulation_sheet

        return simulation_sheet(report, problem, name, folder)


MECHANISM = Assignment()
