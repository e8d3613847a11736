"""One simulation: many games of one problem."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_parts import bots_of, known_p_values, sheet_of_simulation
from parley.kit.present.page_read import batches, numbers
from parley.mechanisms.coordination.present.page_parts import (
    agreement,
    cost_figure,
    proposer_figure,
    rounds_figure,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parley.kit.present.page_model import Sheet
    from parley.mechanisms.coordination.problem import Problem

__all__ = ["simulation_sheet"]


def simulation_sheet(
    report: Mapping[str, Any], problem: Problem, name: str, folder: Path | None = None
) -> Sheet:
    """Lay out a simulation; see `parley.kit.mechanism.Mechanism.simulation_sheet`."""
    agents, proposer = report["agents"], report["proposer"]
    rounds: Counter[int] = Counter()
    for batch in batches(folder / "games.parquet", ["rounds"]) if folder is not None else ():
        rounds.update(numbers(batch["rounds"]).astype(int).tolist())
    loads = problem.contracted.sum(axis=1).tolist()
    contracted = [problem.cost(i, load) for i, load in enumerate(loads)]
    apart = [bot for bot in bots_of(agents) if bot != "equilibrium"]
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
                apart,
            ),
            f"A game took {report['mean_rounds']:.3f} bargaining rounds on average.",
        ],
        figures=[
            cost_figure(agents, list(problem.agent_names), contracted, apart),
            proposer_figure(proposer, list(problem.agent_names)),
            *([rounds_figure(rounds)] if rounds else []),
        ],
        apart=apart,
        paths={"continued": "“continued”: bargaining went on after a rejection."},
    )
