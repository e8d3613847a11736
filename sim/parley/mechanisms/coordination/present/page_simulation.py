"""The page of one simulation: many games of one problem."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_parts import bots_of, known_p_values, sheet_of_simulation, written_by
from parley.kit.present.page_read import batches, numbers, read_json
from parley.kit.present.page_words import ended
from parley.mechanisms.coordination.present.page_parts import cost_figure, proposer_figure, rounds_figure
from parley.mechanisms.coordination.present.page_words import agreement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parley.kit.present.page_model import Sheet

__all__ = ["simulation_sheet"]


def simulation_sheet(folder: Path) -> Sheet:
    """Lay out the page of a simulation.

    Raises
    ------
    ParleyError
        In one line, if the folder cannot be read or is not what a simulation leaves.
    """
    path = folder / "simulation.json"
    report = read_json(path)
    rounds: Counter[int] = Counter()
    for batch in batches(folder / "games.parquet", ["rounds"]):
        rounds.update(numbers(batch["rounds"]).astype(int).tolist())
    with written_by("a simulation", path):
        return _sheet(report, rounds, folder.resolve().name)


def _sheet(report: Mapping[str, Any], rounds: Counter[int], name: str) -> Sheet:
    agents = report["agents"]
    names = [f"agent {entry['agent'] + 1}" for entry in agents]
    proposer = report["proposer"]
    endings = {
        "settled": report["settled"],
        "broken down": report["broken_down"] - report["expired"],
        "expired": report["expired"],
    }
    return sheet_of_simulation(
        report,
        name=name,
        question="Does what was paid agree with what theory expects in equilibrium?",
        games="games",
        facts=[("agents", f"{len(agents):,}")],
        findings=[
            *agreement(
                known_p_values(agents),
                [] if proposer["p_value"] is None else [proposer["p_value"]],
                [bot for bot in bots_of(agents) if bot != "equilibrium"],
            ),
            *ended(endings),
            f"A game took {report['mean_rounds']:.3f} bargaining rounds on average.",
        ],
        figures=[
            cost_figure(agents, names),
            proposer_figure(proposer, names),
            *([rounds_figure(rounds)] if rounds else []),
        ],
        paths="“continued”: a rejection was survived on the way.",
    )
