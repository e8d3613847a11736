"""What is shown of an audit: assumptions, what the loss is due to, pay, and deterrence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Figure, Sheet, columns, cost, percent
from parley.kit.present.page_parts import as_float
from parley.kit.present.page_words import properties_hold, verdict
from parley.mechanisms.guarantees.drivers import DRIVERS
from parley.mechanisms.guarantees.present.page_parts import facts, pay_figure
from parley.mechanisms.guarantees.present.words import promised

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from parley.mechanisms.guarantees.problem import Problem

__all__ = ["audit_sheet"]

ASSUMPTIONS = {
    "indivisible": "jobs are indivisible",
    "symmetric": "providers can swap schedules",
    "monotone": "any part of a schedule is a schedule",
    "independent": "what one does not do, others may",
    "pareto_closed": "the guarantee is kept if all have more",
}


def audit_sheet(
    found: Mapping[str, Any], problem: Problem, document: Callable[[str], Mapping[str, Any]]
) -> Sheet:
    """Lay out an audit; see `parley.kit.mechanism.Mechanism.audit_sheet`."""
    del document  # the report has all that is shown
    said = {ASSUMPTIONS.get(key, key): one["holds"] for key, one in found["assumptions"].items()}
    pays = ([one[key] for one in found["providers"]] for key in ("pay", "pay_without"))
    return Sheet(
        "audit",
        "Audit of a guarantee",
        "What does the promise cost, why, who gains by it, and what keeps a dispatcher from breaking it?",
        facts=facts(problem),
        findings=[("", _cost(found, problem))],
        figures=[_assumptions(found), _drivers(found), pay_figure(problem, *pays)],
        verdict=f"{properties_hold(said, 'assumption', 'assumptions')} {_deterrence(found['deterrence'])}",
    )


def _cost(found: Mapping[str, Any], problem: Problem) -> str:
    lost = as_float(found["loss"])
    what = promised(problem.guarantee)
    if lost is None:
        return f"No allocation keeps what is promised: {what}."
    bound, lp, other = (percent(as_float(found[key]) or 0.0) for key in ("bound", "lp", "asymmetric_bound"))
    most = f"With these providers it costs at most {lp}"
    if bound != lp:
        most += f", with any who differ as much at most {bound}"
    if not found["assumptions"]["symmetric"]["holds"]:
        most = f"With providers who can do different jobs, it costs at most {other}"
    return f"Promising {what} costs {percent(lost)} of the greatest value. {most}."


def _deterrence(found: Mapping[str, Any]) -> str:
    bond = cost(as_float(found["bond"]) or 0.0)
    if found["enough"] is None:
        return f"What a dispatcher could gain by breaking the promise is not known; its bond is {bond}."
    gain = cost(as_float(found["gain"]) or 0.0)
    said = "deters" if found["enough"] else "does NOT deter"
    return (
        f"A dispatcher could gain {gain} by breaking the promise unseen; a bond of {bond}, of which it loses "
        f"at least half, {said} it."
    )


def _assumptions(found: Mapping[str, Any]) -> Figure:
    rows = []
    for key, said in found["assumptions"].items():
        rows.append([ASSUMPTIONS.get(key, key), verdict(said["holds"]), said["basis"]])
    return Figure(
        "assumptions",
        "Assumptions 1 and 2",
        columns(assumption="assumption", verdict=("verdict", "verdict"), because="because"),
        rows,
        note="Theorem 1 bounds the loss if all hold.",
    )


def _drivers(found: Mapping[str, Any]) -> Figure:
    rows = [["as it is", as_float(found["loss"]), "the problem itself"]]
    rows += [
        [f"without {name}", as_float(one["loss_without"]), f"{DRIVERS.get(name, name)}; {one['basis']}"]
        for name, one in found["drivers"].items()
    ]
    return Figure(
        "drivers",
        "What the loss is due to",
        columns(what="what", loss=("loss", "percent"), how=("how", "text", True)),
        rows,
        chart="bars",
        alt="The loss as it is, and without each of its four drivers.",
        options={"value": "loss", "unit": "loss"},
        picture="drivers",
    )
