"""Equilibria and counterexamples as plain values, as JSON has them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from parley.core.exact import show, show_all
from parley.mechanisms.coordination.axioms.counterexamples import (
    Disproportion,
    Inconsistency,
    InefficientHere,
    NoDistribution,
    Unimplemented,
)
from parley.mechanisms.coordination.axioms.equilibrium import (
    TIE_RULE,
    Equilibria,
    backward_induction,
    stage_one,
)
from parley.mechanisms.coordination.axioms.implementation import CONTINUATION
from parley.mechanisms.coordination.axioms.triple import Rows, Triple
from parley.mechanisms.coordination.costs import Quadratic
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.solution import in_tasks

if TYPE_CHECKING:
    from parley.mechanisms.coordination.axioms.custom import Named

__all__ = ["Witness", "plain_deviation", "plain_equilibria", "plain_witness"]

Witness = Unimplemented | InefficientHere | Inconsistency | NoDistribution | Disproportion
"""A counterexample to an axiom."""


def _plain(rows: Rows) -> list[list[int]]:
    return [list(row) for row in rows]


def _problem_file(triple: Triple, function: Named) -> dict[str, Any]:
    """A problem file with D and C; the costs play no role."""
    problem = Problem(
        contracted=np.array(triple.contracted),
        capacity=np.array(triple.capacity),
        costs=(Quadratic(Fraction(1)),),
        continuation=CONTINUATION,
    )
    return problem.to_mapping() | {"recognition": function.name}


def plain_witness(witness: Witness | None, function: Named) -> dict[str, Any] | None:
    """The whole counterexample; its `problem` is a problem file."""
    match witness:
        case Unimplemented():
            game = witness.game
            problem = game.problem
            return {
                "problem": problem.to_mapping() | {"recognition": function.name},
                "agent": game.agent,
                "allocation": _plain(game.allocation),
                "deviation": _plain(game.deviation),
                "probabilities": show_all(game.probabilities),
                "total_costs": show_all(map(problem.total_cost, (game.allocation, game.deviation))),
                "cost_contracted": show(problem.total_cost(problem.contracted)),
                "expected_costs": show_all(game.costs),
                "gain": show(game.gain),
                "equilibria": plain_equilibria(
                    witness.equilibria, backward_induction(stage_one(problem, function.probabilities))
                ),
            }
        case InefficientHere():
            problem = witness.problem
            found = witness.equilibria
            return {
                "problem": problem.to_mapping() | {"recognition": function.name},
                "allocation": in_tasks(np.array(witness.allocation), problem.unit),
                "probabilities": show_all(function.probabilities(Triple.at(problem, witness.allocation))),
                "agent": witness.agent,
                "announcement": None
                if found is not None
                else plain_deviation(witness.deviation, problem.unit),
                "gain": None if found is not None else show(witness.gain),
                "equilibria": None
                if found is None
                else plain_equilibria(found, backward_induction(stage_one(problem, function.probabilities))),
            }
        case NoDistribution():
            proof = witness.certificate
            return {
                "problem": _problem_file(witness.triple, function),
                "allocation": _plain(witness.triple.allocation),
                "probabilities": show_all(witness.probabilities),
                "certificate": {
                    "weights": show_all(proof.weights),
                    "needed": show(proof.needed),
                    "low": show(proof.low),
                    "high": show(proof.high),
                    "reason": str(proof),
                },
            }
        case Inconsistency():
            triple, smaller = witness.triple, witness.reduced
            return {
                "problem": _problem_file(triple, function),
                "allocation": _plain(triple.allocation),
                "probabilities": show_all(witness.probabilities),
                "only_distribution": [show_all(row) for row in witness.distribution],
                "reduced": {
                    "contracted": _plain(smaller.contracted),
                    "capacity": _plain(smaller.capacity),
                    "allocation": _plain(smaller.allocation),
                    "probabilities": show_all(witness.reduced_probabilities),
                },
                "required": show_all(witness.required),
            }
        case Disproportion():
            return {
                "problem": _problem_file(witness.triple, function),
                "allocation": _plain(witness.triple.allocation),
                "probabilities": show_all(witness.probabilities),
                "share": show(witness.share),
            }
    return None


def plain_equilibria(found: Equilibria | None, any_ties: Equilibria | None) -> dict[str, Any] | None:
    """Equilibria that follow the tie rule, and the total costs of all."""
    if found is None or any_ties is None:
        return None
    return {
        "total_costs": show_all(found.total_costs),
        "tie_rule": TIE_RULE,
        "total_costs_any_ties": show_all(any_ties.total_costs),
        "least_total_cost": show(found.least),
        "outcomes": len(found.outcomes),
        "subgames": found.subgames,
        "ties": found.ties,
        "subgames_not_cost_effective": found.violations,
    }


def plain_deviation(rows: Rows, unit: int) -> list[Any]:
    """Announcements in tasks: one row, or one for each of several agents.

    Examples
    --------
    >>> plain_deviation(((1, 2),), 2), plain_deviation(((1, 2), (0, 4)), 2)
    (['1/2', '1'], [['1/2', '1'], ['0', '2']])
    """
    plain = [[show(Fraction(x, unit)) for x in row] for row in rows]
    return plain[0] if len(plain) == 1 else plain
