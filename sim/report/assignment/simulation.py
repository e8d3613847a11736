"""Tables of a run of lotteries, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType

from sim.report.tables import cross_check_lines, gas_table

if TYPE_CHECKING:
    from sim.assignment.simulation import Simulation


def simulation_tables(run: Simulation) -> RenderableType:
    """What a run of games came to, for a person to read."""
    return Group(gas_table(run.cross_check), *cross_check_lines(run.cross_check))
