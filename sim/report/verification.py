"""What an audit of a deployed contract found, for a person to read."""

from collections import Counter

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.statistics import MIN_P
from sim.verification.verification import Verification

__all__ = ["verification_tables"]

_SHOWN = 20
"""Violations to list; the rest are counted."""


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
    if found.own_code is not None:
        lines.append(
            Text(
                f"the contract's code is {'' if found.own_code else 'NOT '}the one that this tree compiles to"
            )
        )
    if found.surplus:
        lines.append(Text(f"the contract holds {found.surplus} wei beyond its calls", style="yellow"))
    if found.not_followed:
        lines.append(Text(f"{found.not_followed} games could not be followed to their end", style="bold red"))
    lines.append(
        Text("no violation", style="green")
        if found.holds
        else Text(f"does NOT hold: {len(found.violations):,} violations", style="bold red")
    )
    return lines
