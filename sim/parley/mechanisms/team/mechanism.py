"""The declaration of fair team contracts: whom a principal hires, at what shares, and who works."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from parley.core.errors import ParleyError
from parley.kit.declared import Description, class_of, later
from parley.kit.mechanism import Mechanism
from parley.kit.options import Option
from parley.kit.protocols import Ending
from parley.mechanisms.team.contracts import CONTRACTS, REFEREE
from parley.mechanisms.team.formats import labels

with later(__name__):
    from parley.mechanisms.team.audit import Audit
    from parley.mechanisms.team.decisions import Plan, cast, with_options
    from parley.mechanisms.team.imported import read_labels
    from parley.mechanisms.team.live import Board
    from parley.mechanisms.team.play import Outcome, player
    from parley.mechanisms.team.present.audit import audit_sheet
    from parley.mechanisms.team.present.page_simulation import simulation_sheet
    from parley.mechanisms.team.present.solution import solution_sheet
    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.solution import Solution
    from parley.mechanisms.team.statistics import columns, report, statistics
    from parley.mechanisms.team.unintended import warnings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction

    from parley.chain.codec import Codec
    from parley.kit.options import Given
    from parley.kit.verify.contract import Declared
    from parley.kit.verify.replay import AnyReplay

__all__ = ["MECHANISM", "Team"]


class Team(Mechanism[Problem, Solution, Audit, Outcome, Plan]):
    """Fair team contracts."""

    kind = "team"
    about = "a project that succeeds or fails, and what each agent adds to the chance of success and costs"
    contracts = CONTRACTS
    roles = ("principal", "guarantor")
    endings = {
        "succeeded": Ending.SUCCESS,
        "failed": Ending.SUCCESS,
        "lapsed": Ending.EXPIRY,
        "dissolved": Ending.FAILURE,
        "refused": Ending.FAILURE,
    }
    descriptions = {
        "solve": Description(
            "whom to hire and at what shares of the reward, so that all work and nobody envies anybody; the "
            "best contract with equal shares, and without fairness; what fairness costs. Proved, or with "
            "bounds if the time is over.",
            (
                "parley solve problems/team-worked-example.toml",
                "parley solve problems/team-worked-example.toml --method constant-factor",
            ),
        ),
        "simulate": Description(
            "how often projects succeeded, and what members and principal gained, compared with exact "
            "expectations given who worked. The contract checks that the wages are fair, and refuses others. "
            "`--bots` names one bot for all agents or one each.",
            (
                "parley simulate problems/team-worked-example.toml --games 500 --check",
                "parley simulate problems/team-worked-example.toml --bots rational,dearer",
                "parley simulate problems/team-worked-example.toml --principal favouring",
            ),
        ),
        "audit": Description(
            "whether the posted contract, else the fair optimum, makes all work and is fair, from the "
            "definition: who envies whom after which exchange, with each equilibrium; under four notions of "
            "which equilibrium follows; and the least fair contract of the same team.",
            ("parley audit problems/audits/team-unfair-split.toml --check",),
        ),
        "verify": Description(
            "the terms of every project, efforts, draws and payments, of both contracts: the projects' and "
            "that of the referee that draws. All draws are tested together."
        ),
    }
    bots = {
        "rational": "works if its wage is at least its cut-off",
        "shirker": "never works",
        "random": "works or not, by a fair coin",
        "dearer[:FACTOR]": "rational, but effort costs it FACTOR times what is stated (default 11/10)",
        "silent:PHASE": "does nothing in a phase: forming, committing or revealing",
    }
    phases = {"forming": True, "working": False, "settled": False, "lapsed": False, "dissolved": False}
    options = (
        Option(
            "solve",
            "method",
            str,
            "auto, exact, fptas (additive functions) or constant-factor: how the fair contract is found.",
            default="auto",
            metavar="NAME",
        ),
        Option(
            "solve",
            "epsilon",
            str,
            "The FPTAS earns at least 1 − E of the optimum.",
            default="1/2",
            metavar="E",
        ),
        Option(
            "solve", "time_limit", str, "Seconds; bounds are proved then.", default="60", metavar="SECONDS"
        ),
        Option(
            "simulate",
            "principal",
            str,
            "What the principal does: honest, underpaying (one wage is a wei too low), favouring (one is so "
            "high that it is envied), overpromising (more than the reward) or retracting (before work).",
            default="honest",
            metavar="NAME",
        ),
        Option(
            "simulate",
            "referee",
            str,
            "What the referee does: prompt (draws and reports) or silent (so that the bond pays the wages).",
            default="prompt",
            metavar="NAME",
        ),
    )
    formats = (labels(read_labels),)

    keys = staticmethod(class_of(Problem.keys))
    problem = staticmethod(Problem.from_mapping)
    warnings = staticmethod(warnings)
    cast = staticmethod(cast)
    with_options = staticmethod(with_options)
    player = staticmethod(player)
    statistics = staticmethod(statistics)
    columns = staticmethod(columns)
    report = staticmethod(report)
    board = staticmethod(Board)
    solution_sheet = staticmethod(solution_sheet)
    audit_sheet = staticmethod(audit_sheet)
    simulation_sheet = staticmethod(simulation_sheet)

    def solve(self, problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> Solution:
        """Find the best contracts under three rules."""
        from parley.mechanisms.team.solution import EPSILON, TIME_LIMIT, solve

        epsilon = given.text("epsilon")
        return solve(
            problem,
            method=given.text("method") or "auto",
            epsilon=EPSILON if epsilon is None else _share(epsilon),
            time_limit=given.seconds("time_limit", TIME_LIMIT),
            tell=lambda what: tell(what, 0, None),
        )

    def audit(self, problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]) -> Audit:
        """Judge the posted contract, else the fair optimum."""
        from parley.mechanisms.team.audit import audit

        del given
        return audit(problem, tell=lambda what: tell(what, 0, None))

    def verifier(self) -> type[AnyReplay]:
        """Return the replay of projects."""
        from parley.mechanisms.team.verify import TeamReplay

        return TeamReplay

    def replayed(self) -> Sequence[Declared]:
        """Return both contracts: the projects', and the referee's."""
        from parley.kit.verify.contract import Beside
        from parley.mechanisms.team.verify import DrawReplay

        return self, Beside(
            self, (REFEREE, *(name for name in CONTRACTS if name != REFEREE)), lambda: DrawReplay
        )

    @classmethod
    @cache
    def codec(cls) -> Codec:
        """Return the codec of both contracts."""
        from parley.mechanisms.team.play import codec

        return codec()


def _share(text: str) -> Fraction:
    from parley.core.exact import parse

    try:
        return parse(text)
    except ValueError as error:
        raise ParleyError(f"--epsilon: {error}") from None


MECHANISM = Team()
