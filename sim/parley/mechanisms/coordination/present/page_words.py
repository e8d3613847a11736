"""Whether games agree with the equilibrium, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.kit.present.page_words import draws_follow, listed, means_agree

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["agreement"]


def agreement(means: Sequence[float], p_values: Sequence[float], otherwise: Sequence[str] = ()) -> list[str]:
    """Whether play agrees with theory.

    Parameters
    ----------
    means : sequence of float
        p-values of the tests of mean costs.
    p_values : sequence of float
        Of the tests of proposers.
    otherwise : sequence of str
        Who may depart from theory on purpose.
    """
    costs = means_agree("Mean costs", means, otherwise)
    if not means and otherwise:
        costs = [
            f"Mean costs are not held against theory: {listed(otherwise)} may depart from it on purpose."
        ]
    return [
        *costs,
        *draws_follow("Proposers", "their recognition probabilities", p_values),
    ]
