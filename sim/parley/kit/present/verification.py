"""What an audit of a deployed contract found, for a person to read."""

from collections import Counter

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from parley.core.statistics import MIN_P
from parley.kit.verify.verification import Verification

__all__ = ["verification_tables"]

_SHOWN = 20
"""Maximum number of violations to list."""

_OTHERS = 3
"""Maximum number of other creators to list."""


def verification_tables(found: Verification) -> RenderableType:
    """Return the checks, the violations, and the tests of draws."""
    standing = ", ".join(f"{count:,} {ending}" for ending, count in sorted(found.endings.items()))
    where = f"of {found.kind} at {found.contract} on chain {found.chain_id}"
    header = Text.assemble(
        (f"{found.games:,} games", "bold"),
        f" {where}: {standing or 'none'}",
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
                f"the contract's code is {'' if found.own_code else 'NOT '}the compiled code of these sources"
            )
        )
    if found.events_only:
        lines.append(
            Text(
                "events only: calls that failed or emitted no event were not read",
                style="yellow",
            )
        )
    if found.surplus:
        lines.append(
            Text(f"the contract has {found.surplus} wei more than its calls explain", style="yellow")
        )
    if found.not_seen:
        lines.append(
            Text(f"{found.not_seen:,} games were skipped: they need traces of payees' calls", style="yellow")
        )
    if found.not_followed > found.not_seen:
        number = found.not_followed - found.not_seen
        lines.append(Text(f"{number:,} games could not be replayed to the end", style="bold red"))
    lines.append(Text(f"payments: {_PAYEES[found.payees_text]}"))
    if found.holds is None:
        lines.append(Text("no violation, but NO VERDICT: payees were not seen", style="bold yellow"))
    elif found.holds:
        lines.append(Text("no violation", style="green"))
    else:
        lines.append(Text(f"does NOT hold: {_reasons(found)}", style="bold red"))
    return lines


_PAYEES = {
    "traces": "every payee seen in traces",
    "balances": "every payee seen in balances before and after",
    "not seen": "payees not seen: the node has neither traces nor old balances",
    "trusted": "payees not seen, and trusted",
}


def _others(found: Verification) -> list[Text]:
    """Describe the draws of games that are not part of the verdict."""
    lines = []
    if not found.creators:
        lines.append(Text("unknown deployer of the contract: use --creator to test draws", style="yellow"))
    for one in found.others[:_OTHERS]:
        p = "nothing was drawn" if one.p_value is None else f"p-value {one.p_value:.3g}"
        lines.append(Text(f"{one.games:,} games created by {one.creator}: {p} (not part of the verdict)"))
    if len(found.others) > _OTHERS:
        lines.append(Text(f"and {len(found.others) - _OTHERS:,} more creators (not part of the verdict)"))
    return lines


def _reasons(found: Verification) -> str:
    reasons = [f"{len(found.violations):,} violations"] if found.violations else []
    if any(judged.p_value is not None and judged.p_value < MIN_P for judged in found.judged):
        reasons.append("draws that contradict their probabilities")
    return ", and ".join(reasons)
