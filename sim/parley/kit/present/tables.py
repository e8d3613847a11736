"""Parts of tables that every mechanism shows: numbers, gas, and whether another EVM played the same."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley.kit.play.run import CrossCheck

__all__ = ["cross_check_lines", "gas_table", "number"]

_WIDTH = 9


def number(value: Fraction | float, width: int = _WIDTH) -> str:
    """Write a number as a person reads it: exact while that is short, else rounded and marked as such.

    Examples
    --------
    >>> number(Fraction(3, 7)), number(Fraction(10**15 + 1, 10**12))
    ('3/7', '≈1000')
    """
    text = str(value)
    if isinstance(value, Fraction) and len(text) <= width:
        return text
    return f"≈{float(value):.6g}"


def gas_table(check: CrossCheck) -> Table:
    """Gas by function of the contract, and of a game."""
    table = Table(title=f"Gas ({check.gas_evm})")
    table.add_column("function")
    for column in ("calls", "least", "mean", "most", "sum"):
        table.add_column(column, justify="right")
    games = check.gas_games
    total = 0
    for function, used in check.gas.items():
        total += sum(used)
        table.add_row(
            function,
            f"{len(used)}",
            f"{min(used):,}",
            f"{sum(used) / len(used):,.0f}",
            f"{max(used):,}",
            f"{sum(used) / games:,.0f}",
        )
    table.add_row("a game", "", "", "", "", f"{total / games:,.0f}", style="bold")
    table.caption = f"over {games} games; sums are per game"
    return table


def cross_check_lines(check: CrossCheck) -> Iterator[Text]:
    """Say whether games came out the same on the other EVM, and if not, what differed."""
    paths = ", ".join(f"{count} {path}" for path, count in sorted(check.paths.items()))
    if check.identical:
        yield Text(f"replayed on {check.evm}, identical: {paths}", style="green")
        return
    yield Text(f"replayed on {check.evm}, NOT identical:", style="bold red")
    for difference in check.differences:
        yield Text(f"  {difference}", style="red")
