"""The audit for people: which properties the random assignment has, and what shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType

from sim.errors import ParleyError
from sim.report.run import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from sim.assignment.audit import Audit


def audit_tables(found: Audit) -> RenderableType:
    """What an audit found, for a person to read."""
    return Group(f"{found.problem.rule}")


def write_audit(folder: Path, found: Audit, report: dict[str, Any]) -> list[str]:
    """Write what an audit found into a folder: its JSON, the problem, its pictures.

    Returns
    -------
    list of str
        Names of the files.

    Raises
    ------
    ParleyError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "audit.json", report)
        write_json(folder / "problem.json", found.problem.to_mapping())
    except OSError as error:
        raise ParleyError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return ["audit.json", "problem.json"]
