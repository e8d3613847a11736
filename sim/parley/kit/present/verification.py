"""What an audit of a deployed contract found, for a person to read."""

from collections import Counter

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from parley.core.statistics import MIN_P
from parley.kit.verify.verification import Verification

__all__ = ["verification_tables"]

_SHOWN = 20
"""Violations to list; the rest are counted."""

_OTHERS = 3
"""Creators to list whose games decide nothing; the rest are counted."""


def verification_tables(found: Verification) -> RenderableType:
    """Return what was checked, what was found, and how the draws of all games compare."""
    standing = ", ".join(f"{count:,} {ending}" for ending, count in sorted(found.endings.items()))
    where = f"of {found.kind} at {found.contract} on chain {found.chain_id}"
    header = Text.assemble(
        (f"{found.games:,} games", "bold"),
        f" {where}: {standing or 'none was ever created'}",
    )
    parts: list[RenderableType] = [header]
    if found.checked:
        parts.append(_checked(found))
    if found.violations:
        parts.append(_violations(found))
    return Group(*parts, *_verdicts(found))


def _checked(found: Verification) -> Table:
    table = Table(title="Replayed")
    table.add_column("what")
    table.add_column("times", justify="right")
    for kind, number in found.checked.items():
        table.add_row(kind, f"{number:,}")
    return table


def _violations(found: Verification) -> Table:
    table = Table(title="Violations")
    for column in ("rule", "game", "transaction", "what was found"):
        table.add_column(column, overflow="fold")
    for violation in found.violations[:_SHOWN]:
        table.add_row(
            violation.rule, violation.game or "all", violation.transaction or "none", violation.detail
        )
    rules = Counter(violation.rule for violation in found.violations)
    table.caption = ", ".join(f"{count:,} × {rule}" for rule, count in rules.most_common())
    if len(found.violations) > _SHOWN:
        table.caption = f"the first {_SHOWN} of {len(found.violations):,}: {table.caption}"
    return table


def _verdicts(found: Verification) -> list[Text]:
    lines = []
    for _, what, p in found.judged:
        if p is None:
            lines.append(Text(f"{what}: nothing was drawn"))
        else:
            relation, style = ("not below", "green") if p >= MIN_P else ("below", "bold red")
            lines.append(Text(f"{what}: p-value {p:.3g}, {relation} {MIN_P:g}", style=style))
    lines += _others(found)
    if found.own_code is not None:
        lines.append(
            Text(
                f"the contract's code is {'' if found.own_code else 'NOT '}the one that this tree compiles to"
            )
        )
    if found.events_only:
        lines.append(
            Text(
                "events only: calls that emitted nothing, and calls that failed, were not read",
                style="yellow",
            )
        )
    if found.surplus:
        lines.append(Text(f"the contract holds {found.surplus} wei beyond its calls", style="yellow"))
    if found.not_seen:
        lines.append(
            Text(
                f"{found.not_seen:,} games cannot be followed without traces of payees' calls", style="yellow"
            )
        )
    if found.not_followed > found.not_seen:
        number = found.not_followed - found.not_seen
        lines.append(Text(f"{number:,} games could not be followed to their end", style="bold red"))
    lines.append(Text(f"payments: {_PAYEES[found.payees_text]}"))
    if found.holds is None:
        lines.append(Text("no violation, and NO VERDICT: payees were not seen", style="bold yellow"))
    elif found.holds:
        lines.append(Text("no violation", style="green"))
    else:
        lines.append(Text(f"does NOT hold: {_reasons(found)}", style="bold red"))
    return lines


_PAYEES = {
    "traces": "every recipient seen in traces",
    "balances": "every recipient seen in balances before and after",
    "not seen": "payees not seen: the node shows neither traces nor old balances",
    "trusted": "payees not seen, and taken on trust",
}


def _others(found: Verification) -> list[Text]:
    """Say how the draws of games went that decide nothing."""
    lines = []
    if not found.creators:
        lines.append(
            Text("who deployed the contract is not known: name creators to test draws of", style="yellow")
        )
    for one in found.others[:_OTHERS]:
        p = "nothing was drawn" if one.p_value is None else f"p-value {one.p_value:.3g}"
        lines.append(Text(f"{one.games:,} games created by {one.creator}: {p}, which decides nothing"))
    if len(found.others) > _OTHERS:
        lines.append(Text(f"and {len(found.others) - _OTHERS:,} more creators whose games decide nothing"))
    return lines


def _reasons(found: Verification) -> str:
    reasons = [f"{len(found.violations):,} violations"] if found.violations else []
    if any(judged.p_value is not None and judged.p_value < MIN_P for judged in found.judged):
        reasons.append("draws that do not follow their probabilities")
    return ", and ".join(reasons)
