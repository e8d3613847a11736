"""The declaration of random assignment: probabilities of items by a rule, and lotteries on chain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from parley.core.limits import MAX_GAMES, MAX_SAMPLE
from parley.kit.declared import Description, Format, class_of, later
from parley.kit.mechanism import Mechanism
from parley.kit.options import Option, counted, seed
from parley.kit.protocols import Ending
from parley.mechanisms.assignment.contracts import CONTRACTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.kit.options import Given

with later(__name__):
    from parley.mechanisms.assignment.audit import Audit
    from parley.mechanisms.assignment.comparison import comparison
    from parley.mechanisms.assignment.csvfile import read_csv
    from parley.mechanisms.assignment.plan import Plan, cast
    from parley.mechanisms.assignment.play import Outcome, player
    from parley.mechanisms.assignment.preflib import read_preflib
    from parley.mechanisms.assignment.present.audit import audit_documents, audit_sheet
    from parley.mechanisms.assignment.present.page_simulation import simulation_sheet
    from parley.mechanisms.assignment.present.solution import solution_sheet
    from parley.mechanisms.assignment.problem import Problem
    from parley.mechanisms.assignment.solution import Solution, theory
    from parley.mechanisms.assignment.statistics import columns, report, statistics
    from parley.mechanisms.assignment.unintended import warnings
    from parley.mechanisms.assignment.verify import LotteryReplay

__all__ = ["MECHANISM", "Assignment"]

_RUNS = "Number of sampled runs, where exact probabilities are out of reach."
_RULES = "serial-dictatorship, probabilistic-serial, boston; with utilities also welfare, pseudo-market."
_SELECT = "Read only the lines with this value; may be repeated."
_SCALE = "Scale all capacities down in proportion, to this total."


def _shared(name: str, or_else: str = "") -> tuple[Option, ...]:
    """Options of both formats."""
    return (
        Option(
            name,
            "capacities",
            Path,
            "Capacity of each item: a CSV file with items in the first column and a column capacity"
            f"{or_else}. Without it, every capacity is 1.",
            metavar="FILE",
        ),
        Option(name, "rule", str, _RULES, default="serial-dictatorship", metavar="RULE"),
    )


_SUPERVISORS = (
    "; or PrefLib's .dat file of supervisors, whose projects get capacity 1, or 0 if the supervisor takes "
    "nobody"
)


class Assignment(Mechanism[Problem, Solution, Audit, Outcome, Plan]):
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
        "compare": Description(
            "the rules, and whether an agent gains by a misreport.",
            ("parley compare problems/assignment-three-utilities.toml",),
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
        seed("solve", "Seed of these runs.", "0"),
        Option("audit", "runs", int, _RUNS, default="100000", least=2, most=MAX_SAMPLE),
        seed("audit", "Seed of these runs.", "0"),
        Option("compare", "runs", int, _RUNS, default="100000", least=2, most=MAX_SAMPLE),
        seed("compare", "Seed of these runs.", "0"),
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
            _shared("preflib", _SUPERVISORS),
            read_preflib,
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
                Option("csv", "select", list, _SELECT, metavar="COLUMN=VALUE"),
                Option("csv", "seats", int, _SCALE, least=1, most=MAX_GAMES),
            ),
            read_csv,
        ),
    )

    across = {"rules": comparison}
    keys = staticmethod(class_of(Problem.keys))
    problem = staticmethod(Problem.from_mapping)
    warnings = staticmethod(warnings)
    theory = staticmethod(theory)
    cast = staticmethod(cast)
    player = staticmethod(player)
    verifier = staticmethod(class_of(LotteryReplay))
    statistics = staticmethod(statistics)
    columns = staticmethod(columns)
    report = staticmethod(report)
    solution_sheet = staticmethod(solution_sheet)
    audit_sheet = staticmethod(audit_sheet)
    audit_documents = staticmethod(audit_documents)
    simulation_sheet = staticmethod(simulation_sheet)

    def solve(self, problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> Solution:
        """Find the probabilities, and a lottery that has them."""
        from parley.mechanisms.assignment.solution import RUNS, solve

        tell("solving", 0, None)
        runs = given.integer("runs", RUNS)
        progress = counted(tell, "solving", runs)
        return solve(problem, runs=runs, seed=given.integer("seed", 0), progress=progress)

    def audit(self, problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> Audit:
        """Say which properties hold here, and whose false report gains."""
        from parley.mechanisms.assignment.audit import audit
        from parley.mechanisms.assignment.solution import RUNS

        return audit(problem, runs=given.integer("runs", RUNS), seed=given.integer("seed", 0), progress=tell)


MECHANISM = Assignment()
