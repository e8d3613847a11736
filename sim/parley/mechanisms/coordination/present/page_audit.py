"""The page of an audit: axioms by function, witnesses in words, what deviators gain."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError
from parley.kit.present.page_model import Column, Figure, Sheet, count, exactly, p_value
from parley.kit.present.page_read import read_json
from parley.mechanisms.coordination.audit import AXIOMS
from parley.mechanisms.coordination.axioms.equilibrium import TIE_RULE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["audit_sheet"]


def audit_sheet(folder: Path) -> Sheet:
    """Lay out the page of an audit.

    Raises
    ------
    ParleyError
        In one line, if ``audit.json`` cannot be read or is not what an audit writes.
    """
    path = folder / "audit.json"
    found = read_json(path)
    try:
        return _sheet(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParleyError(f"{path}: not what an audit writes: {type(error).__name__} {error}") from None


def _sheet(found: Mapping[str, Any]) -> Sheet:
    function = str(found["recognition"])
    agents = len(found["allocation"])
    alone = [entry for entry in found["manipulation"] if isinstance(entry["agent"], int)]
    pairs = [entry for entry in found["manipulation"] if not isinstance(entry["agent"], int)]
    names = _names(found, agents)
    return Sheet(
        "audit",
        f"Audit of {function}",
        "Which axioms does this recognition function satisfy, and who gains by announcing something else?",
        facts=[
            ("recognition function", function),
            ("agents", f"{agents:,}"),
            ("task types", f"{len(found['allocation'][0]):,}"),
            ("domain", "special" if found["special_domain"] else "general"),
        ],
        findings=[
            *(
                (AXIOMS.get(axiom, axiom).capitalize(), _verdict(verdict))
                for axiom, verdict in found["axioms"].items()
            ),
            *(
                ("", text)
                for text in (
                    *_gains(alone, pairs, names),
                    *_equilibria(found.get("equilibria")),
                    *_played(found.get("played")),
                )
            ),
        ],
        passages=_witnesses(found),
        figures=[
            _axioms(found),
            *_heat(found["manipulation"], names),
            _deviations(found["manipulation"], names),
            _allocation(found, names),
        ],
    )


def _names(found: Mapping[str, Any], agents: int) -> list[str]:
    given = (found.get("names") or {}).get("agents")
    return [str(name) for name in given] if given else [f"agent {k + 1}" for k in range(agents)]


def _said(verdict: Mapping[str, Any]) -> str:
    """One verdict in a few words."""
    searched = count(verdict["searched"], "problem")
    if verdict["witness"] is not None:
        if verdict.get("refuted_here"):
            return "fails: this problem is a counterexample"
        return f"fails: a counterexample among {searched}"
    if verdict["source"] is not None:
        return "holds: theorem"
    undecided = f", {verdict['undecided']:,} of them undecided" if verdict["undecided"] else ""
    return f"not known: no counterexample in {searched}{undecided}"


def _verdict(verdict: Mapping[str, Any]) -> str:
    here = {True: "it holds", False: "it does not hold", None: "it is not known to hold"}[verdict["here"]]
    said = _said(verdict)
    said = f"{said[0].upper()}{said[1:]}. In this problem {here}"
    said += f" ({verdict['here_basis']})." if verdict["here_basis"] else "."
    if verdict["source"] is not None and verdict["witness"] is None:
        said += f" Why it holds: {verdict['source']}."
    return said


def _gains(
    alone: Sequence[Mapping[str, Any]], pairs: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> list[str]:
    tried = sum(entry["tried"] for entry in (*alone, *pairs))
    proof = (
        "all announcements were tried"
        if all(entry["exhaustive"] for entry in (*alone, *pairs))
        else "a search, which proves nothing where it found none"
    )
    gaining = [entry for entry in alone if Fraction(entry["gain"]) > 0]
    together = sum(Fraction(entry["gain"]) > 0 for entry in pairs)
    who = f" ({', '.join(names[entry['agent']] for entry in gaining[:8])})" if 0 < len(gaining) <= 8 else ""
    return [
        (
            f"Against agents that play the equilibrium, {len(gaining)} of {count(len(alone), 'agent')}{who}"
            f" {'gains' if len(gaining) == 1 else 'gain'} by announcing something else alone, {together} of"
            f" {count(len(pairs), 'pair')} together ({count(tried, 'course')} of announcements; {proof})."
        )
    ]


def _equilibria(found: Mapping[str, Any] | None) -> list[str]:
    if found is None:
        return []
    costs = ", ".join(found["total_costs"])
    every = ", ".join(found.get("total_costs_any_ties", ()))
    total = f" Total costs of all equilibria: {every}; of those" if every else " Total costs of equilibria"
    worse = found["subgames_not_cost_effective"]
    return [
        (
            f"Of {count(found['subgames'], 'subgame')}, {found['ties']:,} leave several best announcements."
            f"{total} in which {found.get('tie_rule', TIE_RULE)}: {costs}; the least possible is"
            f" {found['least_total_cost']}."
        )
        + (
            f" From {count(worse, 'subgame')} an equilibrium costs more than the least."
            if worse
            else " In every subgame, every equilibrium has least cost."
        )
    ]


def _played(played: Mapping[str, Any] | None) -> list[str]:
    if not played:
        return []
    z = played.get("z")
    away = "" if z is None else f", {z:+.2f} standard errors away"
    if (p := played.get("p_value")) is not None:
        away += f"; p-value {p_value(p)}"
    return [
        (
            f"Played {count(played['games'], 'game')} each way on {played['evm']}: by its announcement, agent"
            f" {played['agent'] + 1} gained {played['gain_wei']:,.0f} wei a game (theory:"
            f" {float(Fraction(played['expected_gain_wei'])):,.0f} wei{away})."
        )
    ]


# ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────

_HOLDS = {True: "holds", False: "fails", None: "not known"}


def _axioms(found: Mapping[str, Any]) -> Figure:
    columns = [
        Column("function", "recognition function"),
        *(Column(axiom, AXIOMS.get(axiom, axiom), "verdict") for axiom in found["axioms"]),
    ]
    rows = [
        [name, *(_HOLDS[verdicts[axiom]] for axiom in found["axioms"])]
        for name, verdicts in found["functions"].items()
    ]
    return Figure(
        "axioms",
        "Axioms by recognition function",
        columns,
        rows,
        note="Over all problems of the special domain. What holds is proved, or no counterexample was found:"
        " the sentences above say which. The first function is the audited one.",
    )


def _witnesses(found: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Counterexamples, axiom by axiom, in lines that can be checked by hand."""
    return [
        (f"A counterexample to {AXIOMS.get(axiom, axiom)}", _witness(verdict["witness"]))
        for axiom, verdict in found["axioms"].items()
        if verdict["witness"] is not None
    ]


def _matrix(rows: Sequence[Sequence[object]]) -> str:
    return "[" + "; ".join(" ".join(map(str, row)) for row in rows) + "]"


def _witness(witness: Mapping[str, Any]) -> list[str]:
    problem = witness["problem"]
    given = f"D = {_matrix(problem['contracted'])}, C = {_matrix(problem['capacity'])}"
    X = _matrix(witness["allocation"])
    p = ", ".join(witness["probabilities"])
    if "deviation" in witness:
        agent = witness["agent"] + 1
        at_X, at_Y = witness["total_costs"]
        low, high = witness["probabilities"]
        bears_X, bears_Y = witness["expected_costs"]
        slopes = [
            f"agent {k + 1}: {' '.join(map(str, cost['slopes']))}"
            for k, cost in enumerate(problem["costs"])
            if "slopes" in cost
        ]
        return [
            f"Contracted {given} (rows are agents, columns task types, in units).",
            *([f"marginal costs, unit by unit: {'; '.join(slopes)}"] if slopes else []),
            f"X = {X} is cost-effective: F(D) = {witness['cost_contracted']}, F(X) = {at_X}",
            f"Y = {_matrix(witness['deviation'])} is not: F(Y) = {at_Y}",
            f"agent {agent} is recognized with probability {low} at X and {high} at Y",
            f"and expects to bear {bears_X} at X and {bears_Y} at Y: it gains {witness['gain']}",
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
                f" X = {_matrix(smaller['allocation'])}: p = ({', '.join(smaller['probabilities'])})"
            ),
            f"consistency requires ({', '.join(witness['required'])})",
        ]
    return [f"X = {X}, {given}: p = ({p})", f"agent 1 has contracted on {witness['share']} of all tasks"]


def _inefficient_here(witness: Mapping[str, Any]) -> list[str]:
    if (found := witness["equilibria"]) is not None:
        costs = ", ".join(found["total_costs"])
        return [f"its equilibria cost {costs} in total, and {found['least_total_cost']} is possible"]
    told = " ".join(map(str, witness["announcement"]))
    return [f"agent {witness['agent'] + 1} gains {witness['gain']} by announcing {told}"]


def _seats(entry: Mapping[str, Any]) -> list[int]:
    agent = entry["agent"]
    return [agent] if isinstance(agent, int) else list(agent)


def _heat(entries: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[Figure]:
    rows = []
    for entry in entries:
        seats = _seats(entry)
        rows.append([names[seats[0]], names[seats[-1]], exactly(entry["gain"])])
    if not rows:
        return []
    return [
        Figure(
            "gains",
            "Gains by manipulation",
            [Column("one", "agent"), Column("other", "with"), Column("gain", "gain (cost)", "number")],
            rows,
            chart="gains",
            alt="A matrix of agents by agents: on the diagonal what each gains alone by its best deviation,"
            " beside it what each pair gains together.",
            note="In units of cost, against agents that play the equilibrium. On the diagonal: alone.",
            folded=True,
            options={"names": list(names)},
        )
    ]


def _deviations(entries: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Figure:
    rows = []
    for entry in entries:
        deviation = entry["best_deviation"]
        plan = [deviation] if isinstance(entry["agent"], int) else deviation
        rows.append(
            [
                " + ".join(names[seat] for seat in _seats(entry)),
                "; ".join(" ".join(map(str, row)) for row in plan),
                exactly(entry["gain"]),
                entry["tried"],
                "all" if entry["exhaustive"] else "a search",
            ]
        )
    return Figure(
        "deviations",
        "Best deviations",
        [
            Column("agents", "agents"),
            Column("announce", "announce (tasks by type)"),
            Column("gain", "gain (cost)", "number"),
            Column("tried", "courses tried", "count"),
            Column("how", "how many of them"),
        ],
        rows,
        note="Where not all courses were tried, the gain is at least the one shown.",
    )


def _allocation(found: Mapping[str, Any], names: Sequence[str]) -> Figure:
    types = len(found["allocation"][0])
    return Figure(
        "allocation",
        "The allocation that is announced in equilibrium",
        [
            Column("agent", "agent"),
            *(Column(f"type:{t}", f"type {t + 1} (tasks)", "number") for t in range(types)),
        ],
        [[name, *map(exactly, row)] for name, row in zip(names, found["allocation"], strict=True)],
    )
