"""Whether games agree with the equilibrium, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.report.page_words import draws_follow, means_agree

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["agreement"]


def agreement(
    z_scores: Sequence[float], p_values: Sequence[float], otherwise: Sequence[str] = ()
) -> list[str]:
    """Whether play agrees with theory, with what chance alone would do among so many comparisons.

    Parameters
    ----------
    z_scores : sequence of float
        Deviations of mean costs from theory.
    p_values : sequence of float
        Of the tests of proposers.
    otherwise : sequence of str
        Who may depart from theory on purpose.
    """
    return [
        *means_agree("Mean costs", z_scores, otherwise),
        *draws_follow("Proposers", "their recognition probabilities", p_values),
    ]
