"""Figures of games that were bargained over: costs against theory, proposers, rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import Figure, columns, exactly
from parley.kit.present.page_parts import drawn_figure, histogram, mean_cells, mean_columns, means_figure
from parley.kit.present.page_words import draws_follow, means_agree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

__all__ = ["agreement", "cost_figure", "proposer_figure", "rounds_figure"]


def agreement(means: Sequence[float], p_values: Sequence[float], otherwise: Sequence[str] = ()) -> list[str]:
    """Say whether play agrees with theory: by tests of mean costs, and of proposers.

    Parameters
    ----------
    means, p_values : sequence of float
        p-values of these tests.
    otherwise : sequence of str
        Who may depart from theory on purpose.
    """
    return [
        *means_agree("Mean costs", means, otherwise),
        *draws_follow("Proposers", "their recognition probabilities", p_values),
    ]


def cost_figure(
    agents: list[dict[str, Any]], names: list[str], contracted: list[Fraction], apart: Sequence[str]
) -> Figure:
    """Mean costs against theory, agent by agent.

    Parameters
    ----------
    agents : list of dict
        As ``summary.json`` and ``simulation.json`` have them.
    contracted : list of Fraction
        f_i(d_i), in units of cost.
    apart : sequence of str
        Who may depart from theory on purpose: what differs from it is not marked.
    """
    with_bots = len({entry.get("bot") for entry in agents}) > 1
    rows = []
    for k, (entry, name) in enumerate(zip(agents, names, strict=True)):
        bot = [entry.get("bot")] if with_bots else []
        rows.append([name, *bot, exactly(contracted[entry.get("agent", k)]), *mean_cells(entry, "cost")])
    words = {
        "title": "What each agent paid on average",
        "played": "mean of what was paid",
        "unit": "cost",
        "alone": "cost alone, f(d)",
    }
    heads = [
        *columns(agent="agent", **({"bot": "bot"} if with_bots else {})),
        *columns(alone=("cost alone", "number")),
        *mean_columns("mean cost", "theory (cost)"),
    ]
    return means_figure("costs", "Mean cost against theory", heads, rows, words, apart, picture="costs")


def proposer_figure(proposer: Mapping[str, Any], names: list[str]) -> Figure:
    """Who was recognized in first rounds, against the probabilities."""
    words = {
        "title": "Who was recognized first",
        "played": "recognized first",
        "unit": "share of first rounds",
    }
    return drawn_figure(
        "proposers",
        "Who was recognized as the first proposer",
        names,
        proposer,
        words,
        probability="chance to propose",
        alt="For each agent, how often it was recognized first and how often its probability lets expect it.",
        picture="costs",
    )


MOST_ROUNDS = 30
"""Games longer than this are counted together in the histogram of rounds."""


def rounds_figure(rounds: Mapping[int, int]) -> Figure:
    """How many rounds games took."""
    return histogram(
        "rounds",
        "Bargaining rounds",
        rounds,
        MOST_ROUNDS,
        alt="How many games took how many bargaining rounds.",
        note="Games without a round ended before the bargaining: nothing could be saved, or somebody was"
        " silent.",
    )
