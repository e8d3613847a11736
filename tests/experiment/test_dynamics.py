"""Members revise on average as the mean field says, and the mean field moves as the dynamics do."""

from math import sqrt

import numpy as np
import pytest

from parley.mechanisms.coordination.experiment.dynamics import Adaptation, mean_field, revise

RULES = [
    Adaptation("replicator", 2.0),
    Adaptation("replicator", 0.5, mutation=0.1),
    Adaptation("logit", 0.3, temperature=0.2),
    Adaptation("logit", 1.0, temperature=1.0, mutation=0.05),
    Adaptation("none", mutation=0.5),
]
SHARES = np.array([0.5, 0.3, 0.2])
COSTS = np.array([1.0, 1.3, 0.9])


def test_the_replicator_moves_shares_by_how_far_below_average_their_costs_are() -> None:
    moved = mean_field(SHARES, COSTS, Adaptation("replicator", 0.7))
    assert moved == pytest.approx(SHARES + 0.7 * SHARES * (SHARES @ COSTS - COSTS), abs=1e-15)


def test_logit_moves_shares_toward_the_logit_response() -> None:
    weights = np.exp(-COSTS / 0.2)
    moved = mean_field(SHARES, COSTS, Adaptation("logit", 0.3, temperature=0.2))
    assert moved == pytest.approx(0.7 * SHARES + 0.3 * weights / weights.sum(), abs=1e-15)


@pytest.mark.parametrize("how", RULES, ids=str)
def test_members_revise_as_the_mean_field_expects(how: Adaptation) -> None:
    members = np.repeat([0, 1, 2], [500, 300, 200])
    expected = mean_field(SHARES, COSTS, how)
    trials = 300
    revised = [revise(members, COSTS, how, np.random.default_rng(k)) for k in range(trials)]
    counts = np.bincount(np.concatenate(revised), minlength=3)
    # A sum of independent indicators with this mean: its variance is at most the binomial's.
    for count, p in zip(counts, expected, strict=True):
        assert abs(count - p * trials * 1000) <= 4.5 * sqrt(trials * 1000 * p * (1 - p))


def test_what_nobody_has_played_is_neither_copied_nor_judged() -> None:
    members = np.zeros(50, dtype=np.int64)
    costs = np.array([1.0, np.nan])
    renewed = revise(members, costs, Adaptation("replicator", 9.0), np.random.default_rng(1))
    assert (renewed == 0).all()
    shares = mean_field(np.array([1.0, 0.0]), costs, Adaptation("logit", 1.0, temperature=1.0))
    assert shares.tolist() == [0.5, 0.5]
