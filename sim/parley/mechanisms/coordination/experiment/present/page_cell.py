"""The figures of one cell of an experiment, and the columns that they share with those of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError
from parley.kit.present.page_model import Z95, Column, Figure, cost, exactly, percent
from parley.mechanisms.coordination import recognition
from parley.mechanisms.coordination.experiment.present.page_tables import Cell, together
from parley.mechanisms.coordination.present.page_parts import cost_figure, proposer_figure, rounds_figure
from parley.mechanisms.coordination.solution import announced_allocation

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "cell_figures",
    "drawn",
    "levels",
    "mean",
    "savings_columns",
    "savings_values",
    "share_columns",
    "thinned",
]

RECOGNIZED = list(recognition.RECOGNITION)


def drawn(cell: Cell, step: int) -> list[int]:
    """Generations that curves go through: one in `step`, and the last."""
    chosen = cell.generations[::step]
    return chosen if not chosen or chosen[-1] == cell.generations[-1] else [*chosen, cell.generations[-1]]


def thinned(step: int) -> str:
    """Say so where curves leave generations out."""
    return "" if step == 1 else f" One generation in {step} is drawn."


def savings_columns() -> list[Column]:
    """Name what `savings_values` gives."""
    return [
        Column("saved", "saved, of the possible", "percent"),
        Column("low", "95% from", "percent"),
        Column("high", "to", "percent"),
        Column("expected", "theory, of what was announced", "percent"),
        Column("predicted", "theory, from the first shares on", "percent"),
    ]


def savings_values(cells: list[Cell], generation: int) -> list[float | None]:
    """What the runs of a setting saved in a generation, with the interval, and what theory expects."""
    found = together(cell.saved([generation]) for cell in cells)
    around: list[float | None] = [None, None, None]
    if found is not None:
        middle, half = found
        around = [middle, middle - half, middle + half]
    return [
        *around,
        mean(cell.expected_share(generation) for cell in cells),
        mean(cell.predicted_saved.get(generation) for cell in cells),
    ]


def mean(values: Iterable[float | None]) -> float | None:
    """Average what is known; None if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def levels(cell: Cell) -> list[dict[str, Any]]:
    """Where theory expects savings to come to rest: a line in the chart."""
    if cell.rest is None:
        return []
    share = cell.rest["saved_share"]
    return [{"value": share, "text": f"theory rests at {percent(share)}"}]


def share_columns(strategies: list[str]) -> list[Column]:
    """Name the shares that strategies have, and those that theory gives them."""
    return [
        *(Column(f"share:{k}", f"{name}, of the members", "percent") for k, name in enumerate(strategies)),
        *(Column(f"theory:{k}", f"{name}, theory's course", "percent") for k, name in enumerate(strategies)),
    ]


def cell_figures(cell: Cell, step: int) -> list[Figure]:
    """Lay out all figures of a cell, with one in `step` generations drawn."""
    figures = []
    if cell.contested:
        figures += [_shares(cell, step), *_merits(cell)]
    figures += [_savings(cell, step)]
    agents = cell.summary.get("agents") or []
    if agents:
        contracted = None
        if cell.problem is not None:
            loads = cell.problem.contracted.sum(axis=1).tolist()
            contracted = [cell.problem.cost(i, load) for i, load in enumerate(loads)]
        names = [cell.agent_name(entry["agent"]) for entry in agents]
        figures.append(cost_figure(agents, names, contracted))
        figures += split_figures(cell, agents, names)
    proposer = cell.summary.get("proposer")
    if proposer:
        names = [cell.agent_name(seat) for seat in range(len(proposer["counts"]))]
        figures.append(proposer_figure(proposer, names))
    if cell.rounds:
        figures.append(rounds_figure(cell.rounds, sampled=cell.recorded != cell.games))
    return figures


def _shares(cell: Cell, step: int) -> Figure:
    columns = [
        Column("seat", "seat"),
        Column("generation", "generation", "count"),
        *share_columns(cell.strategies),
    ]
    rows = []
    for seat in cell.contested:
        for generation in drawn(cell, step):
            standings = [cell.standings.get((generation, seat, name)) for name in cell.strategies]
            shares = (standing.share if standing else 0.0 for standing in standings)
            theory = (standing.predicted_share if standing else None for standing in standings)
            rows.append([cell.agent_name(seat), generation, *shares, *theory])
    quiet = [cell.agent_name(seat) for seat in cell.seats if seat not in cell.contested]
    alone = f" Not shown, since nobody has a choice there: {', '.join(quiet)}." if quiet else ""
    return Figure(
        "shares",
        "Strategies in each seat",
        columns,
        rows,
        chart="shares",
        alt="One chart for each seat: the shares of its members who play each strategy, stacked, over the"
        " generations.",
        note="Shares of a seat's members; dashed, where theory expects a very large population to go."
        + thinned(step)
        + alone,
        folded=True,
        options={"names": cell.strategies},
    )


def _merits(cell: Cell) -> list[Figure]:
    columns = [
        Column("strategy", "strategy"),
        Column("first", "first generation", "percent"),
        Column("last", "last generation", "percent"),
        Column("gain", "bears less than others in its seat, by (cost)", "number"),
        Column("low", "95% from", "number"),
        Column("high", "to", "number"),
        Column("games", "games", "count"),
    ]
    rows = []
    for strategy in cell.strategies:
        gain = cell.advantage(strategy)
        first, last = cell.generations[0], cell.generations[-1]
        rows.append(
            [
                strategy,
                cell.shares[first][strategy],
                cell.shares[last][strategy],
                gain and gain.mean,
                gain and gain.mean - Z95 * gain.std_error,
                gain and gain.mean + Z95 * gain.std_error,
                sum(sample.count for (_, _, who), sample in cell.costs.items() if who == strategy),
            ]
        )
    return [
        Figure(
            "merits",
            "What a strategy is worth to whoever plays it",
            columns,
            rows,
            chart="merits",
            alt="For each strategy, how much less its members bore than the others in their seat, with a 95%"
            " interval.",
            note="Compared within a seat and a generation, and averaged over them. Above zero, imitators are"
            " drawn to the strategy.",
        )
    ]


def _savings(cell: Cell, step: int) -> Figure:
    columns = [Column("generation", "generation", "count"), *savings_columns()]
    return Figure(
        "savings",
        "Cost savings Δ",
        columns,
        [[g, *savings_values([cell], g)] for g in drawn(cell, step)],
        chart="savings",
        alt="Savings realized in each generation in per cent of the possible ones, with 95% intervals, and"
        " what theory expects.",
        note=f"The contracts cost {cost(cell.cost_contracted)} in all; {cost(cell.possible_savings)} of that"
        " can be saved. Dotted: what theory expects of the announcements that were made; dashed: of a very"
        " large population, from the first generation's shares." + thinned(step),
        folded=True,
        options={"levels": levels(cell)},
    )


def split_figures(cell: Cell, agents: list[dict[str, Any]], names: list[str]) -> list[Figure]:
    """What each agent saved, against what each recognition function would give it at the same problem."""
    problem = cell.problem
    if problem is None:
        return []
    try:
        X, best = announced_allocation(problem)
    except ParleyError:
        return []
    possible = problem.total_cost(problem.contracted) - best.total_cost
    if possible <= 0:
        return []
    given = {name: recognition.probabilities(name, problem, X) for name in RECOGNIZED}
    loads = problem.contracted.sum(axis=1).tolist()
    columns = [
        Column("agent", "agent"),
        Column("saved", "saved on average (cost)", "number"),
        Column("low", "95% from", "number"),
        Column("high", "to", "number"),
        *(Column(f"by:{name}", f"{name} would give", "number") for name in RECOGNIZED),
    ]
    rows = []
    for entry, name in zip(agents, names, strict=True):
        seat = entry["agent"]
        saved = float(problem.cost(seat, loads[seat])) - entry["mean_cost"]
        half = Z95 * entry["std_error"]
        rows.append(
            [
                name,
                saved,
                saved - half,
                saved + half,
                *(exactly(p[seat] * possible) for p in given.values()),
            ]
        )
    return [
        Figure(
            "split",
            "How the savings were split, and how each recognition function would split them",
            columns,
            rows,
            chart="split",
            alt="For each agent, what it saved on average with a 95% interval, and what each of the five"
            " recognition functions would give it in equilibrium.",
            note="Saved: f(d) less what was paid. A recognition function p gives agent i the part p_i·Δ of"
            f" what a cost-effective allocation saves, Δ = {possible}. In this cell: {cell.recognition}.",
            options={"own": cell.recognition, "names": RECOGNIZED},
        )
    ]
