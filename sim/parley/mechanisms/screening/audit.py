"""The audit of a screening problem: its menus, the value of choice, deviations, and other preferences."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Any

from parley.core.exact import show, show_all
from parley.kit.verdict import Verdict
from parley.mechanisms.screening.bilateral import Trade, best_trade, construct_trade, trade_of
from parley.mechanisms.screening.expectation import Expectation, expectation, laws_of
from parley.mechanisms.screening.manipulation import Deviation, manipulations
from parley.mechanisms.screening.market import cost_of, least_cost
from parley.mechanisms.screening.rays import positive_type, weigh
from parley.mechanisms.screening.robustness import Variant, robustness
from parley.mechanisms.screening.solution import market_of
from parley.mechanisms.screening.theorems import best_without_choice, box_of, theorem_1

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.mechanisms.screening.market import Market
    from parley.mechanisms.screening.problem import Problem
    from parley.mechanisms.screening.rays import Type, Vector

__all__ = ["PROPERTIES", "Audit", "audit"]

PROPERTIES = {
    "polarized": "polarized",
    "obviously_strategy_proof": "obviously strategy-proof",
    "ex_post_participation": "ex-post participation",
    "choice_improves": "choice improves on the status quo",
    "choice_optimal": "choice is optimal",
}
"""The properties by their keys, with their names."""


@dataclass(frozen=True, eq=False)
class Audit:
    """All that the audit of a problem found."""

    problem: Problem
    market: Market
    verdicts: dict[str, Verdict]
    manipulation: tuple[Deviation, ...]
    robustness: tuple[Variant, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values: exact numbers as strings, agents and tasks from 0."""
        return {
            "kind": "screening",
            **{key: verdict.to_json() for key, verdict in self.verdicts.items()},
            "manipulation": [found.to_json() for found in self.manipulation],
            "robustness": [variant.to_json() for variant in self.robustness],
        }

    @property
    def holds(self) -> bool:
        """Whether no property was refuted."""
        return not any(verdict.holds is False for verdict in self.verdicts.values())


def audit(problem: Problem, *, seed: int = 0, tell: Callable[[str], None] = lambda _: None) -> Audit:
    """Audit the menus of a problem as played, and the value of choice in it.

    Parameters
    ----------
    seed : int
        Of samples and searches.
    tell : callable, optional
        Called with a description of each step.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> found = audit(worked_example())
    >>> [verdict.holds for verdict in found.verdicts.values()]
    [True, True, True, True, True]
    """
    tell("menus")
    market = market_of(problem)
    laws = laws_of(market, seed=seed)
    verdicts = {
        "polarized": polarized(market),
        "obviously_strategy_proof": obviously_strategy_proof(market),
        "ex_post_participation": ex_post_participation(),
    }
    tell("trades between two agents")
    verdicts["choice_improves"] = improves = choice_improves(problem, seed=seed)
    tell("mechanisms without choice")
    verdicts["choice_optimal"] = choice_optimal(problem, improves, expectation(market, laws, seed=seed))
    tell("deviations")
    found = manipulations(market, laws, seed=seed)
    tell("other preferences")
    return Audit(problem, market, verdicts, found, robustness(market, seed=seed))


# ── menus ───────────────────────────────────────────────────────────────────────────────────────────────────


def _witness(agent: int, sets: tuple[int, int], kind: Type) -> dict[str, Any]:
    return {"agent": agent, "sets": list(sets), "type": show_all(kind)}


def polarized(market: Market) -> Verdict:
    """Decide whether all menus are polarized.

    Returns
    -------
    Verdict
        The witness is an agent, two places in its menu, and a positive type that likes both rays. The
        certificate is for each pair of rays weights y′ and y″ with y′κ′ + y″κ″ ≥ 0.
    """
    proofs = []
    for agent, menu in enumerate(market.menus):
        for (k, one), (place, other) in combinations(enumerate(menu.rays), 2):
            weighed = weigh(one, other)
            if weighed.type is not None:
                kind = positive_type(weighed.type, (one, other))
                return Verdict(holds=False, witness=_witness(agent, (k, place), kind))
            proofs.append({"agent": agent, "sets": [k, place], "weights": show_all(weighed.weights or ())})
    return Verdict(holds=True, certificate={"pairs": proofs})


def obviously_strategy_proof(market: Market) -> Verdict:
    """Decide whether the tie rule is obviously dominant for all types, under every selection rule.

    It is if and only if no type of an agent's support likes two rays of its menu. The menus of one selection
    rule may be obviously strategy-proof although this fails, if bad outcomes are never selected.

    Returns
    -------
    Verdict
        The witness is an agent, two places in its menu, and a type of its support that likes both rays.
    """
    for agent, (menu, preferences) in enumerate(zip(market.menus, market.preferences, strict=True)):
        for (k, one), (place, other) in combinations(enumerate(menu.rays), 2):
            if kind := preferences.likes_two(one, other):
                return Verdict(holds=False, witness=_witness(agent, (k, place), kind))
    return Verdict(holds=True, certificate={"reason": "no type of the support likes two rays of its menu"})


def ex_post_participation() -> Verdict:
    """State that nobody who follows the tie rule is ever worse off than at the status quo.

    That holds for all menus: an agent stays, or chooses a ray with c·κ < 0, or the remedial set.
    """
    reason = "an agent chooses only what it likes, and each share of it is at least as good as the status quo"
    return Verdict(holds=True, certificate={"reason": reason})


# ── the value of choice ─────────────────────────────────────────────────────────────────────────────────────


def choice_improves(problem: Problem, *, seed: int = 0) -> Verdict:
    """Decide whether some obviously strategy-proof choice improves on the status quo (Theorem 1).

    Returns
    -------
    Verdict
        The certificate is a trade between two agents: the first receives it, the second gives it up. Unknown
        where the conditions of Theorem 1 fail and no trade is found.
    """
    if cost_of(*_given(problem)) == least_cost(*_given(problem)):
        return Verdict(holds=False, witness={"reason": "no allocation costs less than the status quo"})
    if trade := best_trade(problem, seed=seed) or _constructed(problem):
        return Verdict(holds=True, certificate=_certificate(trade))
    value = theorem_1(problem)
    if value.improves is False:
        return Verdict(holds=False, witness={"reason": value.reason})
    return Verdict(None, certificate={"reason": f"{value.reason}, and no trade between two agents gains"})


def _given(problem: Problem) -> tuple[tuple[Vector, ...], tuple[Vector, ...]]:
    return problem.social_costs, problem.status_quo


def _constructed(problem: Problem) -> Trade | None:
    """Return the first trade that Proposition 1 constructs, of full support."""
    if theorem_1(problem).improves:
        for j, k in combinations(range(problem.agents), 2):
            if trade := construct_trade(problem, j, k):
                return trade_of(problem, j, k, trade)
    return None


def _certificate(trade: Trade) -> dict[str, Any]:
    gain = -trade.change
    return {
        "agents": [trade.receiver, trade.giver],
        "trade": show_all(trade.trade),
        "expected_gain": show(gain) if isinstance(gain, Fraction) else gain,
    }


def choice_optimal(problem: Problem, improves: Verdict, played: Expectation) -> Verdict:
    """Decide whether every optimal mechanism lets agents choose, with β = 1 (Theorem 1 and Corollary 1).

    Returns
    -------
    Verdict
        The certificate is the least cost of an allocation that all types accept, and a mechanism with choice
        that costs less. The witness is an allocation without choice that nothing beats.
    """
    if any(box_of(preferences) is None for preferences in problem.preferences):
        return Verdict(None, certificate={"reason": "types are not on bounded boxes"})
    cost, assignments = best_without_choice(problem)
    without = {"cost": show(cost), "assignments": [show_all(row) for row in assignments]}
    if cost == least_cost(*_given(problem)) or improves.holds is False:
        return Verdict(holds=False, witness=without)
    quo = cost_of(*_given(problem))
    if improves.certificate and "expected_gain" in improves.certificate:
        gain = Fraction(improves.certificate["expected_gain"])
        if quo - gain < cost:
            return Verdict(holds=True, certificate={"without_choice": show(cost), **improves.certificate})
    if played.exact and quo + Fraction(played.change) < cost:
        menus = {"without_choice": show(cost), "with_these_menus": show(quo + Fraction(played.change))}
        return Verdict(holds=True, certificate=menus)
    return Verdict(None, certificate={"reason": "no choice was found that beats all allocations", **without})
