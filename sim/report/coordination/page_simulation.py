"""The page of one simulation: many games of one problem."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sim.errors import ParleyError
from sim.report.coordination.page_parts import cost_figure, proposer_figure, rounds_figure
from sim.report.coordination.page_words import agreement
from sim.report.page_model import Sheet
from sim.report.page_parts import gas_figures, paths_figure
from sim.report.page_read import batches, numbers, read_json
from sim.report.page_words import cross_checked, ended

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["simulation_sheet"]


def simulation_sheet(folder: Path) -> Sheet:
    """Lay out the page of a simulation.

    Raises
    ------
    ParleyError
        In one line, if the folder cannot be read or is not what a simulation leaves.
    """
    report = read_json(folder / "simulation.json")
    rounds: Counter[int] = Counter()
    for batch in batches(folder / "games.parquet", ["rounds"]):
        rounds.update(numbers(batch["rounds"]).astype(int).tolist())
    try:
        return _sheet(report, rounds, folder.resolve().name)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        detail = f"{type(error).__name__} {error}"
        raise ParleyError(f"{folder / 'simulation.json'}: not what a simulation writes: {detail}") from None


def _sheet(report: Mapping[str, Any], rounds: Counter[int], name: str) -> Sheet:
    agents = report["agents"]
    names = [f"agent {entry['agent'] + 1}" for entry in agents]
    proposer = report["proposer"]
    endings = {
        "settled": report["settled"],
        "broken down": report["broken_down"] - report["expired"],
        "expired": report["expired"],
    }
    bots = list(dict.fromkeys(str(entry["bot"]) for entry in agents))
    sheet = Sheet(
        "simulation",
        f"Simulation: {name}",
        "Does what was paid agree with what theory expects in equilibrium?",
        facts=[
            ("games", f"{report['games']:,}"),
            ("agents", f"{len(agents):,}"),
            ("bots", ", ".join(bots)),
            ("machine", str(report["evm"])),
            ("seed", str(report["seed"])),
            ("transactions", f"{report['transactions']:,}"),
        ],
        findings=[
            ("", text)
            for text in (
                *agreement(
                    [entry["z"] for entry in agents if entry["z"] is not None],
                    [] if proposer["p_value"] is None else [proposer["p_value"]],
                    [bot for bot in bots if bot != "equilibrium"],
                ),
                *ended(endings),
                f"A game took {report['mean_rounds']:.3f} bargaining rounds on average.",
                *cross_checked(report.get("cross_check")),
            )
        ],
        figures=[
            cost_figure(agents, names),
            proposer_figure(proposer, names),
            *([rounds_figure(rounds)] if rounds else []),
            paths_figure(
                report["paths"], report["games"], "“continued”: a rejection was survived on the way."
            ),
            *gas_figures(report["gas"], str(report["gas"]["evm"]), report["gas"]["games"]),
        ],
        method=[
            (
                "Speed",
                [
                    ("games a second", f"{report['games_per_second']:,.0f}"),
                    ("seconds", f"{report['seconds']:,.1f}"),
                ],
            )
        ],
    )
    check = report.get("cross_check") or {}
    if check.get("identical") is False:
        sheet.warnings.append("Games replayed on the other machine did not come out the same.")
        sheet.method.append(
            ("Differences", [(str(k + 1), str(text)) for k, text in enumerate(check.get("differences", ()))])
        )
    return sheet
