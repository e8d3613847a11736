"""The report of a verified contract as a sheet."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from parley.core.statistics import MIN_P
from parley.kit.present.page_model import Figure, Sheet, columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley.kit.verify.rules import Violation
    from parley.kit.verify.verification import Verification

__all__ = ["verification_sheet"]

_SHOWN = 20
"""Maximum number of violations to list."""
_OTHERS = 3
"""Maximum number of other creators to list."""
_PAYEES = {
    "traces": "every payee seen in traces",
    "balances": "every payee seen in balances before and after",
    "not seen": "payees not seen: the node has neither traces nor old balances",
    "trusted": "payees not seen, and trusted",
}


def verification_sheet(found: Verification) -> Sheet:
    """Lay out the checks, the violations, and the tests of draws."""
    ended = ", ".join(f"{number:,} {ending}" for ending, number in sorted(found.endings.items()))
    where = f"{found.games:,} games of {found.kind} at {found.contract} on chain {found.chain_id}:"
    checked = [[what, number] for what, number in found.checked.items()]
    replayed = Figure("replayed", "Replayed", columns(what="what", times=("times", "count")), checked)
    return Sheet(
        "verification",
        f"Verification of {found.contract}",
        "Did the contract keep its promises in every game?",
        facts=[(where, ended or "none")],
        figures=[
            *([replayed] if checked else []),
            *([_listed("violations", "Violations", found.violations)] if found.violations else []),
            *([_listed("findings", "Found, no violation", found.findings)] if found.findings else []),
        ],
        findings=[*_draws(found), *_seen(found)],
        warnings=list(_warnings(found)),
    )


def _listed(name: str, title: str, found: Sequence[Violation]) -> Figure:
    rules = Counter(one.rule for one in found)
    note = ", ".join(f"{number:,} × {rule}" for rule, number in rules.most_common())
    if len(found) > _SHOWN:
        note = f"the first {_SHOWN} of {len(found):,}: {note}"
    return Figure(
        name,
        title,
        columns(rule="rule", game="game", transaction="transaction", detail="what was found"),
        [[one.rule, one.game or "all", one.transaction or "none", one.detail] for one in found[:_SHOWN]],
        note=note,
    )


def _draws(found: Verification) -> Iterator[tuple[str, str]]:
    """Describe the tests of draws, and the draws of games that are not part of the verdict."""
    for _, what, p in found.judged:
        relation = "below" if p is not None and p < MIN_P else "not below"
        yield what, "nothing was drawn" if p is None else f"p-value {p:.3g}, {relation} {MIN_P:g}"
    if not found.creators:
        yield "", "unknown deployer of the contract: use --creator to test draws"
    for one in found.others[:_OTHERS]:
        told = "nothing was drawn" if one.p_value is None else f"p-value {one.p_value:.3g}"
        yield "", f"{one.games:,} games created by {one.creator}: {told} (not part of the verdict)"
    if len(found.others) > _OTHERS:
        yield "", f"and {len(found.others) - _OTHERS:,} more creators (not part of the verdict)"


def _seen(found: Verification) -> Iterator[tuple[str, str]]:
    """Describe the code, what was not read, the payments, and the verdict."""
    if found.own_code is not None:
        yield (
            "",
            f"the contract's code is {'' if found.own_code else 'NOT '}the compiled code of these sources",
        )
    if found.events_only:
        yield "", "events only: calls that failed or emitted no event were not read"
    if found.surplus:
        yield "", f"the contract has {found.surplus} wei more than its calls explain"
    if found.not_seen:
        yield "", f"{found.not_seen:,} games were skipped: they need traces of payees' calls"
    yield "payments", _PAYEES[found.payees_text]
    if found.holds:
        yield "", "no violation"


def _warnings(found: Verification) -> Iterator[str]:
    if found.not_followed > found.not_seen:
        yield f"{found.not_followed - found.not_seen:,} games could not be replayed to the end"
    if found.holds is None:
        yield "no violation, but NO VERDICT: payees were not seen"
    if found.holds is False:
        reasons = [f"{len(found.violations):,} violations"] if found.violations else []
        if any(judged.p_value is not None and judged.p_value < MIN_P for judged in found.judged):
            reasons.append("draws that contradict their probabilities")
        yield f"does NOT hold: {', and '.join(reasons)}"
