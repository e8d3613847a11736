"""The declaration of provider guarantees: a dispatcher allocates jobs, and has promised something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.core.errors import ParleyError, shorten
from parley.kit.declared import Description, class_of, later
from parley.kit.mechanism import Mechanism
from parley.kit.options import Option
from parley.kit.protocols import Ending
from parley.mechanisms.guarantees.contracts import CONTRACTS
from parley.mechanisms.guarantees.formats import tlc

with later(__name__):
    from parley.mechanisms.guarantees.audit import Audit
    from parley.mechanisms.guarantees.decisions import Plan, cast, seated, with_options
    from parley.mechanisms.guarantees.experiment.specification import laboratory
    from parley.mechanisms.guarantees.imported import read_tlc
    from parley.mechanisms.guarantees.live import Board
    from parley.mechanisms.guarantees.play import Outcome, player
    from parley.mechanisms.guarantees.present.audit import audit_sheet
    from parley.mechanisms.guarantees.present.page_simulation import simulation_sheet
    from parley.mechanisms.guarantees.present.solution import solution_sheet
    from parley.mechanisms.guarantees.problem import Problem
    from parley.mechanisms.guarantees.solution import Solution
    from parley.mechanisms.guarantees.statistics import columns, report, statistics
    from parley.mechanisms.guarantees.unintended import warnings
    from parley.mechanisms.guarantees.verify import DispatchReplay

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.kit.options import Given

__all__ = ["MECHANISM", "Guarantees"]


class Guarantees(Mechanism[Problem, Solution, Audit, Outcome, Plan]):
    """Dispatch under provider guarantees."""

    kind = "guarantees"
    about = "jobs with values and times, the providers who do them, and what these are promised"
    contracts = CONTRACTS
    roles = ("dispatcher", "challenger")
    endings = {"settled": Ending.SUCCESS, "conceded": Ending.FAILURE, "lapsed": Ending.EXPIRY}
    descriptions = {
        "solve": Description(
            "the greatest value of any allocation and under the guarantee, the share that is lost, and both "
            "allocations; proved, or with bounds if the time is over.",
            (
                "parley solve problems/guarantees-worked-example.toml",
                "parley solve problems/guarantees-worked-example.toml --frontier",
            ),
        ),
        "simulate": Description(
            "what providers were paid and what the platform got, compared with exact expectations; "
            "allocations that were refused, challenged and repaired, and who drew which schedule. `--bots` "
            "names the dispatcher, the challenger, and then one bot for all providers or one each.",
            (
                "parley simulate problems/guarantees-worked-example.toml --games 500 --check",
                "parley simulate problems/guarantees-worked-example.toml --bots lazy,copying",
            ),
        ),
        "audit": Description(
            "whether the assumptions of the paper's theorems hold, each with a reason or a witness; how much "
            "could be lost at most; what is lost without each of its drivers; pay with and without the "
            "guarantee; and whether the bond deters a dispatcher from breaking it.",
            ("parley audit problems/guarantees-worked-example.toml --check",),
        ),
        "verify": Description(
            "every allocation, draw and payment. Accepted allocations that are not the fairest are reported "
            "as findings.",
        ),
    }
    bots = {
        "honest": "(dispatcher) posts the best allocation under the guarantee",
        "greedy": "(dispatcher) posts the allocation of the greatest value; concedes if it is refused",
        "lazy": "(dispatcher) gives each job to the first who is free; concedes if that is refused",
        "insured": "(dispatcher) a lazy one that challenges itself if need be",
        "conceding": "(dispatcher) concedes",
        "absent": "(dispatcher) neither posts nor concedes; (provider) does not enrol",
        "watchful": "(challenger) challenges if a fairer allocation wins",
        "sleeping": "(challenger) does not challenge",
        "copying": "(challenger) a watchful one, and somebody who repeats its calls",
        "griefing": "(challenger) always commits: to what barely wins and wastes value, or to the posted one",
        "reliable": "(provider) enrols, opens its secret and does its jobs",
        "withholding": "(provider) does not open its secret",
        "no-show[:P]": "(provider) misses all its jobs, with probability P in each dispatch",
    }
    phases = {
        "enrolling": True,
        "registering": False,
        "posting": False,
        "challenging": False,
        "disclosing": False,
        "repairing": False,
        "opening": True,
        "attesting": False,
        "settled": False,
        "conceded": False,
        "lapsed": False,
    }
    options = (
        Option(
            "solve",
            "frontier",
            bool,
            "Also say what every uniform floor costs: for each value that one leaves, the largest.",
        ),
        Option(
            "solve",
            "sweep",
            str,
            "Also solve for every number of providers from A to B; they must be identical.",
            metavar="A:B",
        ),
        Option(
            "solve", "time_limit", str, "Seconds; bounds are proved then.", default="120", metavar="SECONDS"
        ),
        Option(
            "solve",
            "method",
            str,
            "auto, columns (schedules are packed) or assignment (one variable for each job and provider: the "
            "baseline).",
            default="auto",
            metavar="NAME",
        ),
        Option(
            "audit",
            "guarantee",
            str,
            "Replace the guarantee by the allocations that maximize a function of the list of all v(A_i).",
            metavar="FILE.py:FUNCTION",
        ),
        Option(
            "simulate",
            "registrar",
            str,
            "What the registrar does: honest, late (does not attest: all jobs count as done) or silent "
            "(registers no jobs).",
            default="honest",
            metavar="NAME",
        ),
    )

    formats = (tlc(read_tlc),)

    keys = staticmethod(class_of(Problem.keys))
    problem = staticmethod(Problem.from_mapping)
    warnings = staticmethod(warnings)
    seated = staticmethod(seated)
    cast = staticmethod(cast)
    with_options = staticmethod(with_options)
    player = staticmethod(player)
    verifier = staticmethod(class_of(DispatchReplay))
    statistics = staticmethod(statistics)
    columns = staticmethod(columns)
    report = staticmethod(report)
    laboratory = staticmethod(laboratory)
    board = staticmethod(Board)
    solution_sheet = staticmethod(solution_sheet)
    audit_sheet = staticmethod(audit_sheet)
    simulation_sheet = staticmethod(simulation_sheet)

    def solve(self, problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> Solution:
        """Find the best allocations, with and without the guarantee."""
        from parley.mechanisms.guarantees.solution import TIME_LIMIT, solve

        sweep = given.text("sweep")
        return solve(
            problem,
            frontier=given.flag("frontier"),
            sweep=None if sweep is None else _range(sweep),
            time_limit=given.seconds("time_limit", TIME_LIMIT),
            method=given.text("method") or "auto",
            tell=lambda what: tell(what, 0, None),
        )

    def audit(self, problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> Audit:
        """Check assumptions and bounds, and what the guarantee costs and why."""
        from parley.mechanisms.guarantees.audit import audit
        from parley.mechanisms.guarantees.custom import load_judge

        judge = given.text("guarantee")
        return audit(
            problem,
            judge=None if judge is None else load_judge(judge),
            tell=lambda what: tell(what, 0, None),
        )


def _range(text: str) -> tuple[int, int]:
    least, colon, most = text.partition(":")
    if not (colon and least.isdecimal() and most.isdecimal() and len(text) < _DIGITS):
        raise ParleyError(f"--sweep: {shorten(text)} is not of the form A:B")
    return int(least), int(most)


_DIGITS = 20

MECHANISM = Guarantees()
