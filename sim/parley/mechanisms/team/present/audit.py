"""What is shown of an audit: properties, who envies whom, and the least fair contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Figure, Sheet, cell, columns, percent
from parley.kit.present.page_words import properties_hold, verdict
from parley.kit.present.tables import number
from parley.mechanisms.team.present.page_parts import facts
from parley.mechanisms.team.present.words import hired, value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parley.mechanisms.team.problem import Problem

__all__ = ["audit_sheet"]

PROPERTIES = {
    "feasible": "all members work",
    "unique_equilibrium": "they work in the only equilibrium",
    "fair": "fair, in some equilibrium",
    "fair_optimistic": "fair, in an equilibrium likeliest to succeed",
    "fair_pessimistic": "fair, in an equilibrium least likely to succeed",
    "fair_always": "fair, in every equilibrium",
    "minimum_share": "nobody is below the minimum share",
    "nondiscriminatory": "shares are equal",
    "proportional": "pay is proportional to Shapley values",
    "optimal": "no fair contract earns more",
    "submodular": "the success function is submodular",
}


def audit_sheet(
    found: Mapping[str, Any], problem: Problem, document: Callable[[str], Mapping[str, Any]]
) -> Sheet:
    """Lay out an audit; see `parley.kit.mechanism.Mechanism.audit_sheet`."""
    del document  # the report has all that is shown
    contract = found["contract"]
    said = ["There is nothing to judge: nothing is posted, and there is no fair optimum."]
    members = []
    if contract is not None:
        said = [_earned(contract, problem), *_envied(found, problem)]
        members = [_members(found, problem), *_envy(found, problem)]
    return Sheet(
        "audit",
        "Audit of a team contract",
        "Do all work, who envies whom, and what mends it?",
        facts=[*facts(problem), *([] if contract is None else [("contract", contract["source"])])],
        findings=[("", text) for text in said],
        figures=[_properties(found), *members],
        verdict=properties_hold(
            {name: found[key]["holds"] for key, name in PROPERTIES.items() if found[key]}
        ),
    )


def _earned(contract: Mapping[str, Any], problem: Problem) -> str:
    chance = percent(value(contract["success_probability"]))
    return (
        f"The contract hires {hired(problem, contract['team'])}. If all work, the project succeeds with a "
        f"chance of {chance}, and the principal earns {number(contract['revenue'])}."
    )


def _envied(found: Mapping[str, Any], problem: Problem) -> list[str]:
    said = []
    for pair in found["envy"][:3]:
        one, other = (problem.agent_names[agent] for agent in pair["agents"])
        said.append(f"If {one} and {other} exchange shares, {hired(problem, pair['envious'])} gains.")
    least = found["least"]
    if said and least is not None:
        said.append(f"The least fair contract of this team earns {number(least['revenue'])}.")
    return said or ["Nobody envies anybody."]


def _properties(found: Mapping[str, Any]) -> Figure:
    rows = []
    for key, name in PROPERTIES.items():
        said = found[key]
        if said is not None:
            why = said["witness"] or said["certificate"] or {}
            rows.append([name, verdict(said["holds"]), str(why.get("reason") or why.get("basis") or "")])
    return Figure(
        "properties",
        "Properties",
        columns(property="property", verdict=("verdict", "verdict"), because=("because", "text", True)),
        rows,
        note="Fair: neither of two members gains by exchanging shares. Several equilibria can follow an"
        " exchange: a line says in which of them they may not gain.",
    )


def _shown(what: object) -> str:
    if isinstance(what, dict):
        return ", ".join(f"{key} {_shown(one)}" for key, one in what.items())
    if isinstance(what, list | tuple):
        return f"({', '.join(map(_shown, what))})"
    return "" if what is None else str(what)


def _members(found: Mapping[str, Any], problem: Problem) -> Figure:
    contract, least = found["contract"], found["least"]
    rows = [
        [
            problem.agent_names[agent],
            cell(contract["shares"][agent]),
            None if least is None else cell(least["shares"][agent]),
            cell(contract["utilities"][agent]),
            cell(contract["slack"][agent]),
        ]
        for agent in contract["team"]
    ]
    return Figure(
        "members",
        "Members",
        columns(
            agent="agent",
            share=("share", "number"),
            least=("least fair share", "number"),
            utility=("utility", "number"),
            slack=("slack", "percent"),
        ),
        rows,
        chart="bars",
        alt="The share of each member.",
        note="Utility: what a member expects to get, less its cost of effort. Slack: how much higher its cost"
        " could be, and it would still work.",
        options={"value": "share", "unit": "share", "alike": ["share", "least", "utility"]},
        picture="members",
    )


def _envy(found: Mapping[str, Any], problem: Problem) -> list[Figure]:
    if not found["envy"]:
        return []
    rows = []
    for pair in found["envy"]:
        one, other = (problem.agent_names[agent] for agent in pair["agents"])
        envious = hired(problem, pair["envious"])
        rows.append([f"{one} and {other}", envious, _shown(pair["before"]), _shown(pair["after"])])
    return [
        Figure(
            "envy",
            "Who would rather exchange",
            columns(pair="pair", envious="who gains", before="utilities before", after="utilities after"),
            rows,
            note="Utilities of the two after the exchange, in each equilibrium that follows.",
        )
    ]
