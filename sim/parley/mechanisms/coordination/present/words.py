"""What an audit found, in words: for its tables and for its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.mechanisms.coordination.axioms.counterexamples import (
    Inconsistency,
    InefficientHere,
    NoDistribution,
    Unimplemented,
)
from parley.mechanisms.coordination.axioms.triple import Triple
from parley.mechanisms.coordination.costs import Piecewise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.coordination.audit import Verdict
    from parley.mechanisms.coordination.axioms.plain import Witness

__all__ = ["in_words", "witness_in_words"]


def in_words(verdict: Verdict) -> str:
    """One verdict in a few words: by which of the problems searched it is refuted, if by one."""
    if verdict.witness is not None:
        return "fails: this problem" if verdict.refuted_here else f"fails: problem {verdict.searched:,}"
    if verdict.source is not None:
        return "holds: theorem"
    undecided = f", {verdict.undecided:,} of them undecided" if verdict.undecided else ""
    return f"not known: none of {verdict.searched:,} refutes it{undecided}"


def _matrix(rows: Sequence[Sequence[object]]) -> str:
    return "; ".join(" ".join(map(str, row)) for row in rows)


def witness_in_words(witness: Witness) -> list[str]:
    """Describe a counterexample, line by line, so that it can be checked by hand."""
    if isinstance(witness, Unimplemented):
        return _game_in_words(witness)
    if isinstance(witness, InefficientHere):
        return _here_in_words(witness)
    triple = witness.triple
    p = ", ".join(map(str, witness.probabilities))
    problem = f"X = [{_matrix(triple.allocation)}], {_contracts(triple)}: p = ({p})"
    if isinstance(witness, Inconsistency):
        required = ", ".join(map(str, witness.required))
        return [
            problem,
            f"the only Z is [{_matrix(witness.distribution)}]; the others would need ({required})",
        ]
    if isinstance(witness, NoDistribution):
        return [problem, f"for every Z: {witness.certificate}"]
    return [problem, f"agent 1 has contracted on {witness.share} of all tasks"]


def _contracts(triple: Triple) -> str:
    return f"D = [{_matrix(triple.contracted)}], C = [{_matrix(triple.capacity)}]"


def _here_in_words(witness: InefficientHere) -> list[str]:
    if witness.equilibria is not None:
        costs = ", ".join(map(str, witness.equilibria.total_costs))
        return [f"its equilibria cost {costs} in total, and {witness.equilibria.least} is possible"]
    agent = f"agent {(witness.agent or 0) + 1}"
    return [
        f"X = [{_matrix(witness.allocation)}] is cost-effective",
        f"{agent} gains {witness.gain} by announcing {_matrix(witness.deviation)} (in units)",
        "where the others announce cost-effectively",
    ]


def _game_in_words(witness: Unimplemented) -> list[str]:
    game, problem = witness.game, witness.game.problem
    marginal = [
        f"agent {i + 1}: {' '.join(map(str, cost.slopes))}"
        for i, cost in enumerate(problem.costs)
        if isinstance(cost, Piecewise)
    ]
    low, high = game.probabilities
    at_D = problem.total_cost(problem.contracted)
    at_X, at_Y = problem.total_cost(game.allocation), problem.total_cost(game.deviation)
    if witness.of_whole_game:
        costs = sorted({outcome.cost for outcome in witness.equilibria.outcomes})
        whole = f"the whole game's equilibria cost {', '.join(map(str, costs))} in total"
    else:
        whole = "in the whole game no equilibrium comes to this subgame"
    return [
        _contracts(Triple.at(problem, game.allocation)),
        f"marginal costs, unit by unit: {'; '.join(marginal)}",
        f"X = [{_matrix(game.allocation)}] is cost-effective: F(D) = {at_D}, F(X) = {at_X}",
        f"Y = [{_matrix(game.deviation)}] is not: F(Y) = {at_Y}",
        f"agent {game.agent + 1} is recognized with {low} at X and {high} at Y",
        f"and expects to bear {game.costs[0]} at X and {game.costs[1]} at Y: it gains {game.gain}",
        whole,
    ]
