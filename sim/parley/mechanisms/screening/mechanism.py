"""The declaration of polarized rays: agents choose from menus how their tasks may change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.core.limits import MAX_SAMPLE
from parley.kit.declared import Description, Format, class_of, later
from parley.kit.mechanism import Mechanism
from parley.kit.options import Option, seed
from parley.kit.protocols import Ending
from parley.mechanisms.screening.contracts import CONTRACTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.kit.options import Given

with later(__name__):
    from parley.mechanisms.screening.audit import Audit
    from parley.mechanisms.screening.bots import Cast, cast
    from parley.mechanisms.screening.cases import read_cases
    from parley.mechanisms.screening.live import Board
    from parley.mechanisms.screening.play import Outcome, player, with_options
    from parley.mechanisms.screening.present.audit import audit_documents, audit_sheet
    from parley.mechanisms.screening.present.page_simulation import simulation_sheet
    from parley.mechanisms.screening.present.solution import solution_sheet
    from parley.mechanisms.screening.problem import Problem
    from parley.mechanisms.screening.solution import Solution, theory
    from parley.mechanisms.screening.statistics import columns, report, statistics
    from parley.mechanisms.screening.unintended import warnings
    from parley.mechanisms.screening.verify import MarketReplay

__all__ = ["MECHANISM", "Screening"]

_SEED = "Seed of samples, where figures are not exact."


class Screening(Mechanism[Problem, Solution, Audit, Outcome, Cast]):
    """Menus of polarized rays."""

    kind = "screening"
    about = (
        "what each agent's tasks cost society, who has which tasks now, and menus of changes to choose from"
    )
    contracts = CONTRACTS
    endings = {"settled": Ending.SUCCESS, "lapsed": Ending.EXPIRY}
    descriptions = {
        "solve": Description(
            "the menus as played, the probability of each choice, and the expected social cost, against the "
            "status quo, the best allocation that ignores what agents like, and the best trade between two "
            "agents. Exact up to 100,000 profiles of choices. Menus are designed if the file has none.",
            (
                "parley solve problems/screening-worked-example.toml",
                "parley solve problems/screening-worked-example.toml --bound --replicas 100",
            ),
        ),
        "simulate": Description(
            "what seats chose, what the market settled, and what it saved, compared with the exact "
            "probabilities and with theory's own selection. Menus must be polarized.",
            (
                "parley simulate problems/screening-worked-example.toml --check",
                (
                    "parley simulate problems/screening-worked-example.toml --poster crooked "
                    "--bots truthful,responder,contrarian"
                ),
            ),
        ),
        "audit": Description(
            "whether menus are polarized and obviously strategy-proof, whether choice improves on the status "
            "quo and is optimal, what agents and pairs of agents gain by choosing otherwise than they like, "
            "and what the menus are worth if preferences are not as guessed.",
            ("parley audit problems/screening-worked-example.toml --check",),
        ),
        "verify": Description("every choice and posting; each selection is solved again."),
    }
    bots = {
        "truthful": "chooses what it likes, or stays",
        "random": "chooses any set with the same probability",
        "contrarian": "chooses what adds most to its workload",
        "responder": "chooses last, and searches all choices for a gain",
        "silent": "does not choose",
    }
    phases = {"choosing": True, "posting": False, "settled": False, "lapsed": False}
    options = (
        Option(
            "solve", "bound", bool, "Bound the cost of any menus in the large market, for given menus too."
        ),
        Option(
            "solve",
            "replicas",
            int,
            "Also play up to N copies of the market with these menus.",
            metavar="N",
            least=1,
            most=MAX_SAMPLE,
        ),
        seed("solve", _SEED, "0"),
        seed("audit", _SEED, "0"),
        Option(
            "simulate",
            "poster",
            str,
            "Who posts the selection: honest, late (nobody, before the deadline), crooked (first tries wrong "
            "certificates) or seat.",
            default="honest",
            metavar="NAME",
        ),
    )

    formats = (
        Format(
            "cases",
            Description(
                "Read past cases from a CSV file: one line per case, with columns agent, type, and cost or "
                "outcome. Social costs are means, shrunk toward the mean of the type; the status quo is the "
                "number of cases. What agents like is not in such data: the file gets a guess to change.",
                (
                    "parley import cases cases.csv --out cases.toml",
                    "parley import cases labels.csv --agent worker --type gold --outcome correct --agents 12",
                ),
            ),
            "A CSV file with one line per case.",
            (
                Option("cases", "agent", str, "Column of agents.", default="agent", metavar="COLUMN"),
                Option("cases", "type", str, "Column of types of cases.", default="type", metavar="COLUMN"),
                Option("cases", "cost", str, "Column of what a case cost.", default="cost", metavar="COLUMN"),
                Option(
                    "cases",
                    "outcome",
                    str,
                    "Column of what a case was worth, instead of costs.",
                    metavar="COLUMN",
                ),
                Option(
                    "cases",
                    "prior",
                    int,
                    "Cases of the type's mean that are added to each agent's own.",
                    default="estimated for each type",
                    metavar="N",
                    least=0,
                    most=MAX_SAMPLE,
                ),
                Option(
                    "cases",
                    "agents",
                    int,
                    "Keep N agents: those with most cases.",
                    metavar="N",
                    least=1,
                    most=MAX_SAMPLE,
                ),
            ),
            read_cases,
        ),
    )

    keys = staticmethod(class_of(Problem.keys))
    problem = staticmethod(Problem.from_mapping)
    warnings = staticmethod(warnings)
    theory = staticmethod(theory)
    cast = staticmethod(cast)
    with_options = staticmethod(with_options)
    player = staticmethod(player)
    verifier = staticmethod(class_of(MarketReplay))
    statistics = staticmethod(statistics)
    columns = staticmethod(columns)
    report = staticmethod(report)
    board = staticmethod(Board)
    solution_sheet = staticmethod(solution_sheet)
    audit_sheet = staticmethod(audit_sheet)
    audit_documents = staticmethod(audit_documents)
    simulation_sheet = staticmethod(simulation_sheet)

    def solve(self, problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> Solution:
        """Compute choices, expected cost, benchmarks and bounds."""
        from parley.mechanisms.screening.solution import solve

        return solve(
            problem,
            bound=given.flag("bound"),
            copies=given.integer("replicas", 0) or None,
            seed=given.integer("seed", 0),
            tell=lambda what: tell(what, 0, None),
        )

    def audit(self, problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> Audit:
        """Check menus, the value of choice, and deviations."""
        from parley.mechanisms.screening.audit import audit

        return audit(problem, seed=given.integer("seed", 0), tell=lambda what: tell(what, 0, None))


MECHANISM = Screening()
