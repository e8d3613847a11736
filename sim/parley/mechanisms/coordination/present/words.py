"""What an audit found, in sentences and in lines that can be checked by hand: of its JSON."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Column, Figure, count, p_value
from parley.kit.present.tables import number
from parley.mechanisms.coordination.axioms.equilibrium import TIE_RULE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["equilibria", "gains", "played", "shortly", "verdict_told", "witness_table", "witness_told"]


def shortly(verdict: Mapping[str, Any]) -> str:
    """One verdict in a few words: by which of the problems searched it is refuted, if by one.

    Examples
    --------
    >>> shortly({"witness": {}, "searched": 256, "source": None, "undecided": 0, "refuted_here": False})
    'fails: problem 256'
    """
    if verdict["witness"] is not None:
        return (
            "fails: this problem"
            if verdict.get("refuted_here")
            else f"fails: problem {verdict['searched']:,}"
        )
    if verdict["source"] is not None:
        return "holds: theorem"
    undecided = f", {verdict['undecided']:,} of them undecided" if verdict["undecided"] else ""
    return f"not known: none of {verdict['searched']:,} refutes it{undecided}"


def verdict_told(verdict: Mapping[str, Any]) -> str:
    """One verdict in sentences: over all problems, and in this one; empty if a theorem proves it."""
    if verdict["source"] is not None and verdict["witness"] is None:
        return ""
    here = {True: "it holds", False: "it does not hold", None: "it is not known to hold"}[verdict["here"]]
    said = shortly(verdict)
    return f"{said[0].upper()}{said[1:]}. In this problem {here}."


def gains(entries: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """Say who gains by announcing something else."""
    alone = [entry for entry in entries if isinstance(entry["agent"], int)]
    pairs = [entry for entry in entries if not isinstance(entry["agent"], int)]
    tried = sum(entry["tried"] for entry in entries)
    every = all(entry["exhaustive"] for entry in entries)
    proof = "all that there are" if every else "not all: others may gain too"
    gaining = [entry for entry in alone if Fraction(entry["gain"]) > 0]
    together = sum(Fraction(entry["gain"]) > 0 for entry in pairs)
    who = f" ({', '.join(names[entry['agent']] for entry in gaining[:8])})" if 0 < len(gaining) <= 8 else ""
    return [
        (
            f"If the others play the equilibrium, {len(gaining) or 'none'} of {count(len(alone), 'agent')}"
            f"{who} can gain by announcing something else alone, and {together or 'none'} of"
            f" {count(len(pairs), 'pair')} by doing so together ({count(tried, 'deviation')} tried, {proof})."
        )
    ]


def equilibria(found: Mapping[str, Any] | None) -> list[str]:
    """Say what all equilibria of the problem's game cost."""
    if found is None:
        return []
    costs, every = found["total_costs"], found.get("total_costs_any_ties", ())
    least, worse = found["least_total_cost"], found["subgames_not_cost_effective"]
    said = f"All equilibria of {count(found['subgames'], 'subgame')} were computed. Those of the game cost"
    if {*costs, *every} == {least}:
        said += f" the least possible, {number(least)}."
    else:
        ties = f", {', '.join(map(number, costs))} if {found.get('tie_rule', TIE_RULE)}"
        said += f" {', '.join(map(number, every or costs))} in total{ties if costs != every else ''};"
        said += f" the least possible is {number(least)}."
    if worse:
        said += f" In {count(worse, 'subgame')} an equilibrium costs more than the least."
    return [said]


def played(found: Mapping[str, Any] | None) -> list[str]:
    """Say what the manipulation that was found gained where it was played."""
    if not found:
        return []
    z = found.get("z")
    away = "" if z is None else f", {z:+.2f} standard errors away"
    if (p := found.get("p_value")) is not None:
        away += f"; p-value {p_value(p)}"
    return [
        (
            f"Played {count(found['games'], 'game')} each way on {found['evm']}: by its announcement, agent"
            f" {found['agent'] + 1} gained {found['gain_wei']:,.0f} wei a game (theory:"
            f" {float(Fraction(found['expected_gain_wei'])):,.0f} wei{away})."
        )
    ]


# ── counterexamples ─────────────────────────────────────────────────────────────────────────────────────────


def _matrix(rows: Sequence[Sequence[str | int]]) -> str:
    return "[" + "; ".join(" ".join(number(x) for x in row) for row in rows) + "]"


def witness_told(witness: Mapping[str, Any]) -> list[str]:
    """Describe a counterexample, line by line, so that it can be checked by hand."""
    problem = witness["problem"]
    given = f"D = {_matrix(problem['contracted'])}, C = {_matrix(problem['capacity'])}"
    X = _matrix(witness["allocation"])
    p = ", ".join(map(number, witness["probabilities"]))
    if "deviation" in witness:
        agent = witness["agent"] + 1
        at_X, at_Y = map(number, witness["total_costs"])
        low, high = map(number, witness["probabilities"])
        bears_X, bears_Y = map(number, witness["expected_costs"])
        slopes = [
            f"agent {k + 1}: {' '.join(map(str, cost['slopes']))}"
            for k, cost in enumerate(problem["costs"])
            if "slopes" in cost
        ]
        return [
            f"Contracted {given} (rows are agents, columns task types, in units).",
            *([f"marginal costs, unit by unit: {'; '.join(slopes)}"] if slopes else []),
            f"X = {X} is cost-effective: F(D) = {number(witness['cost_contracted'])}, F(X) = {at_X}",
            f"Y = {_matrix(witness['deviation'])} is not: F(Y) = {at_Y}",
            f"agent {agent} is recognized with probability {low} at X and {high} at Y",
            f"and expects to bear {bears_X} at X and {bears_Y} at Y: it gains {number(witness['gain'])}",
        ]
    if "certificate" in witness:
        proof = witness["certificate"]["reason"]
        return [f"X = {X}, {given}: p = ({p})", f"for every way Z to pass on agent 1's excess: {proof}"]
    if "announcement" in witness:
        return [f"X = {X}, {given}: p = ({p})", *_inefficient_here(witness)]
    if "only_distribution" in witness:
        smaller = witness["reduced"]
        return [
            f"X = {X}, {given}: p = ({p})",
            f"the only way Z to pass on agent 1's excess is {_matrix(witness['only_distribution'])}",
            (
                f"which leaves D = {_matrix(smaller['contracted'])}, C = {_matrix(smaller['capacity'])},"
                f" X = {_matrix(smaller['allocation'])}:"
                f" p = ({', '.join(map(number, smaller['probabilities']))})"
            ),
            f"consistency requires ({', '.join(map(number, witness['required']))})",
        ]
    return [
        f"X = {X}, {given}: p = ({p})",
        f"agent 1 has contracted on {number(witness['share'])} of all tasks",
    ]


def witness_table(witness: Mapping[str, Any]) -> Figure:
    """Return a counterexample as a table: a row for each agent, tasks by type."""
    problem = witness["problem"]
    shown = {
        "contracted D": problem["contracted"],
        "capacity C": problem["capacity"],
        "allocation X": witness["allocation"],
    } | ({"deviation Y": witness["deviation"]} if "deviation" in witness else {})
    rows = [
        [f"agent {i}", *(" ".join(map(number, row)) for row in every)]
        for i, every in enumerate(zip(*shown.values(), strict=True), 1)
    ]
    heads = [Column("agent", "agent"), *(Column(label, label) for label in shown)]
    return Figure("witness", "The problem, in units of each task type", heads, rows)


def _inefficient_here(witness: Mapping[str, Any]) -> list[str]:
    if (found := witness["equilibria"]) is not None:
        costs = ", ".join(map(number, found["total_costs"]))
        return [f"its equilibria cost {costs} in total, and {number(found['least_total_cost'])} is possible"]
    told = " ".join(map(str, witness["announcement"]))
    return [f"agent {witness['agent'] + 1} gains {number(witness['gain'])} by announcing {told}"]
