"""Figures that more than one kind of page shows: costs against theory, proposers, rounds, gas."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, Any

from sim.report.page_model import Z95, Column, Figure, count, exactly

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["cost_figure", "gas_figures", "proposer_figure", "rounds_figure", "wilson"]


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return Wilson's 95% interval of a probability.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(0, 10)], [round(end, 3) for end in wilson(50, 100)]
    ([0.0, 0.278], [0.404, 0.596])
    """
    if not trials:
        return 0.0, 1.0
    share, z2 = successes / trials, Z95**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z95 * sqrt(share * (1 - share) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)
    return max(0.0, middle - half), min(1.0, middle + half)


def _quantity(value: object) -> Any:  # noqa: ANN401 - what a table holds
    """A number that a run wrote down exactly, as a string, or as a float."""
    return exactly(value) if isinstance(value, str) else value


def _float(value: object) -> float | None:
    if value is None:
        return None
    return float(Fraction(value)) if isinstance(value, str) else float(value)  # type: ignore[arg-type]


def cost_figure(
    agents: list[dict[str, Any]], names: list[str], contracted: list[Fraction] | None = None
) -> Figure:
    """Mean costs against theory, agent by agent.

    Parameters
    ----------
    agents : list of dict
        As ``summary.json`` and ``simulation.json`` have them.
    names : list of str
    contracted : list of Fraction, optional
        f_i(d_i), in units of cost.
    """
    with_bots = any("bot" in entry for entry in agents)
    columns = [
        Column("agent", "agent"),
        *([Column("bot", "bot")] if with_bots else []),
        *([Column("contracted", "contracts alone, f(d) (cost)", "number")] if contracted else []),
        Column("mean", "mean cost", "number"),
        Column("low", "95% from", "number"),
        Column("high", "to", "number"),
        Column("expected", "theory (cost)", "number"),
        Column("gap", "mean less theory", "number"),
        Column("z", "z", "z"),
    ]
    rows = []
    for k, (entry, name) in enumerate(zip(agents, names, strict=True)):
        mean, half = entry["mean_cost"], Z95 * entry["std_error"]
        expected = _float(entry.get("expected_cost"))
        rows.append(
            [
                name,
                *([entry.get("bot")] if with_bots else []),
                *([exactly(contracted[entry.get("agent", k)])] if contracted else []),
                mean,
                mean - half,
                mean + half,
                _quantity(entry.get("expected_cost")),
                None if expected is None else mean - expected,
                entry.get("z"),
            ]
        )
    return Figure(
        "costs",
        "Mean cost against theory",
        columns,
        rows,
        chart="costs",
        alt="Left: each agent's mean cost and what theory expects. Right, enlarged: the difference, with 95%"
        " intervals.",
        note="Intervals are of the sample, 1.96 standard errors either way. z is the deviation from theory in"
        " standard errors; none where nothing is random.",
    )


def proposer_figure(proposer: Mapping[str, Any], names: list[str]) -> Figure:
    """Who was recognized in first rounds, against the probabilities."""
    counts, expected = proposer["counts"], proposer["expected"]
    drawn_in_all = sum(counts)
    columns = [
        Column("agent", "agent"),
        Column("times", "recognized first, times", "count"),
        Column("expected", "expected, times", "number"),
        Column("share", "share", "percent"),
        Column("low", "95% from", "percent"),
        Column("high", "to", "percent"),
        Column("probability", "probability, mean", "percent"),
    ]
    rows = [
        [
            name,
            times,
            _float(wanted),
            times / drawn_in_all if drawn_in_all else None,
            *(wilson(times, drawn_in_all) if drawn_in_all else (None, None)),
            (_float(wanted) or 0.0) / drawn_in_all if drawn_in_all else None,
        ]
        for name, times, wanted in zip(names, counts, expected, strict=True)
    ]
    p = proposer.get("p_value")
    test = (
        "Nothing was drawn."
        if p is None
        else f"p-value {p:.3g}: how likely counts as far from the probabilities as these are, if these hold"
        " (exact tests of each agent's count, combined by Bonferroni)."
    )
    return Figure(
        "proposers",
        "Who was recognized as the first proposer",
        columns,
        rows,
        chart="proposers",
        alt="For each agent, how often it was recognized first and how often its probability lets expect it.",
        note=test,
    )


MOST_ROUNDS = 30
"""Games longer than this are counted together in the histogram of rounds."""


def rounds_figure(rounds: Mapping[int, int], *, sampled: bool = False) -> Figure:
    """How many rounds games took."""
    games = sum(rounds.values())
    most = max(rounds)
    rows: list[list[Any]] = [
        [str(k), rounds.get(k, 0), rounds.get(k, 0) / games] for k in range(min(most, MOST_ROUNDS) + 1)
    ]
    if most > MOST_ROUNDS:
        beyond = sum(number for k, number in rounds.items() if k > MOST_ROUNDS)
        rows.append([f"over {MOST_ROUNDS}", beyond, beyond / games])
    return Figure(
        "rounds",
        "Bargaining rounds",
        [Column("rounds", "rounds"), Column("games", "games", "count"), Column("share", "share", "percent")],
        rows,
        chart="rounds",
        alt="How many games took how many bargaining rounds.",
        note="Games without a round ended before the bargaining: nothing could be saved, or somebody was"
        " silent." + (f" Of {count(games, 'game')} that the EVM has played." if sampled else ""),
        folded=True,
    )


def gas_figures(gas: Mapping[str, Any] | None, evm: str, games: int) -> list[Figure]:
    """Gas by function of the contract.

    Parameters
    ----------
    gas : mapping or None
        `per_game`, and `by_function` each with `calls`, `min`, `mean` and `max`; None if not recorded.
    evm : str
        Where it was measured.
    games : int
        In how many games.
    """
    if not gas or not gas.get("by_function") or not games:
        return []
    columns = [
        Column("function", "function"),
        Column("calls", "calls", "count"),
        Column("least", "least, gas", "count"),
        Column("mean", "mean, gas", "count"),
        Column("most", "most, gas", "count"),
        Column("sum", "a game, gas", "count"),
    ]
    rows = [
        [name, used["calls"], used["min"], used["mean"], used["max"], used["calls"] * used["mean"] / games]
        for name, used in gas["by_function"].items()
    ]
    return [
        Figure(
            "gas",
            "Gas",
            columns,
            rows,
            chart="gas",
            alt="Gas that a game spends on each function of the contract.",
            note=f"Measured on {evm} in {count(games, 'game')}: {gas['per_game']:,.0f} gas a game, all"
            " its transactions together.",
        )
    ]
