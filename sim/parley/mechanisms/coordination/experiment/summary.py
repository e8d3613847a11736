"""The summary of an experiment by cell, as in summary.json."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, Any

from parley.core.exact import show
from parley.core.statistics import betting_p_value, bonferroni, recognition_p_value
from parley.mechanisms.coordination.experiment.games import Bots
from parley.mechanisms.coordination.experiment.strategy import Strategy, bargains_by_proposition_1

if TYPE_CHECKING:
    from parley.mechanisms.coordination.experiment.cell_theory import CellTheory
    from parley.mechanisms.coordination.experiment.sums import Sums

__all__ = ["cell_summary", "expected_share", "share_saved", "standard_error"]


def cell_summary(theory: CellTheory, sums: Sums, last: Sums) -> dict[str, Any]:
    """Describe a cell.

    Parameters
    ----------
    sums : Sums
        Sums over all generations.
    last : Sums
        Sums of the last generation.

    Returns
    -------
    dict
        `saved_share` is realized over possible savings, with the standard error that games would give it if
        they were alike (they are not where the population changes; `last_generation` is one population).
        An agent's `expected_cost` is the mean of what Proposition 1 says at what was announced in each game,
        and `z` how far the mean of what was paid in the same games is from it, in exact standard deviations,
        for information. Its `p_value` is of a bet against Proposition 1 (`betting_p_value`), which holds at
        every number of games, also if strategies depend on earlier ones; None if a strategy of the cell does
        not bargain by Proposition 1: then no law is known. The proposers' is exact
        (`recognition_p_value`), or of a bet too where what is announced depends on earlier games.
    """
    cell = theory.cell
    problem = cell.problem
    lawful = all(bargains_by_proposition_1(bot) for seat in Bots(cell).made for bot in seat)
    wei = problem.wei_per_cost
    saved, error = share_saved(theory, sums)
    late, late_error = share_saved(theory, last)
    agents = [
        {
            "agent": i,
            "name": problem.agent_names[i],
            "contracted_cost": show(problem.cost(i, int(problem.contracted[i].sum()))),
            "mean_cost": float(Fraction(sums.costs[i], sums.games * wei)),
            "std_error": standard_error(sums.costs[i], sums.squares[i], sums.games) / wei,
            "expected_cost": float(Fraction(sums.expected[i], sums.known * wei)) if sums.known else None,
            "z": (sums.paid[i] - sums.expected[i]) / sqrt(variance) if variance > 0 else None,
            "p_value": betting_p_value(sums.bets["costs"][i]) if lawful and sums.known else None,
        }
        for i, variance in enumerate(sums.variances)
    ]
    prediction = theory.prediction
    rest = prediction.rest if prediction is not None else None
    return {
        "cell": cell.index,
        "problem": cell.problem_name,
        "recognition": problem.recognition,
        "continuation": show(problem.continuation),
        "seed": cell.seed,
        "varied": {
            key: show(value) if isinstance(value, Fraction) else value for key, value in cell.varied.items()
        },
        "games": sums.games,
        "settled": sums.endings["settled"],
        "broken_down": sums.endings["broken down"],
        "expired": sums.endings["expired"],
        "mean_rounds": sums.rounds / sums.games,
        "rounds": [[rounds, games] for rounds, games in sorted(sums.rounds_of.items())],
        "continuation_draws": {
            "went_on": (went_on := sums.rounds - sum(sums.rounds_of.values()) + sums.rounds_of[0]),
            "all": went_on + sums.stopped,
        },
        "saved_share": saved,
        "std_error": error,
        "last_generation": {"saved_share": late, "std_error": late_error, "games": last.games},
        "prediction": None
        if prediction is None
        else {
            "last_generation": prediction.saved[-1],
            "rest": None
            if rest is None
            else {
                "saved_share": rest.saved,
                "exactly": None if rest.exactly is None else show(rest.exactly),
                "spectral_radius": rest.radius,
                "stable": rest.radius < 1,
                "shares": [
                    dict(zip(names, share.tolist(), strict=True))
                    for names, share in zip(cell.names, rest.shares, strict=True)
                ],
            },
        },
        "agents": agents,
        "proposer": {
            "counts": sums.all_proposed,
            "expected": sums.expected_proposed,
            "tested": sums.draws.total(),
            "unseen": sums.unseen,
            "p_value": _proposers(theory, sums),
        },
    }


def _proposers(theory: CellTheory, sums: Sums) -> float | None:
    """p-value of first proposers."""
    cell = theory.cell
    learning = any(isinstance(bot, Strategy) and bot.learns for seat in Bots(cell).made for bot in seat)
    if cell.adaptation.rule == "none" and not learning:
        return recognition_p_value(sums.proposed, sums.draws, sums.unseen)
    return bonferroni(map(betting_p_value, sums.bets["proposer"])) if sums.draws else None


def share_saved(theory: CellTheory, sums: Sums) -> tuple[float | None, float | None]:
    """Return realized over possible savings, with the standard error."""
    possible = theory.possible_wei
    if not possible or not sums.games:
        return None, None
    mean = float(Fraction(sums.saved, sums.games * possible))
    return mean, standard_error(sums.saved, sums.saved_squares, sums.games) / possible


def expected_share(theory: CellTheory, sums: Sums) -> float | None:
    """Return expected savings for the announcements (Proposition 1) over possible savings."""
    possible = theory.possible_wei * sums.known
    contracted = sums.known * theory.contracted * theory.cell.problem.wei_per_cost
    return float((contracted - sum(sums.expected)) / possible) if possible else None


def standard_error(total: int, squares: int, games: int) -> float:
    """Return the sample standard deviation over √games; integers avoid cancellation."""
    if games < 2:
        return 0.0
    return sqrt(Fraction(games * squares - total * total, games * games * (games - 1)))
