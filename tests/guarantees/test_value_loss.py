"""The study of value loss: what is drawn, what is lost, and that the means are the paper's."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import hypot, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from parley.chain.compiler import project_root
from parley.core.errors import ProblemError
from parley.mechanisms.guarantees.experiment.run import Solved, mean_losses, solve_chunk, solve_sample
from parley.mechanisms.guarantees.experiment.samples import UNIT, VARIANTS, Synthetic, Taxi, draw
from parley.mechanisms.guarantees.experiment.specification import Study, laboratory
from parley.mechanisms.guarantees.imported import Pool
from parley.mechanisms.guarantees.trips import Trip
from tests.guarantees.brute import brute

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley.mechanisms.guarantees.experiment.samples import Variant

SEED = 1
FARTHEST = 4
"""Standard errors; a true figure is farther off once in 16,000 times."""

KEYS: dict[str, Any] = {
    "kind": "guarantees",
    "study": "value-loss",
    "jobs": 5,
    "providers": [2, 4],
    "windows": ["8/5"],
    "variations": ["3/10"],
    "samples": 2,
    "seed": SEED,
}


def curve(variant: Variant, window: str, variation: str, jobs: int = 30) -> Synthetic:
    return Synthetic(jobs, SEED, variant, Fraction(window), Fraction(variation))


# ── what is drawn ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("variation", ["0", "1/1000", "3/10", "1/2", "2"])
def test_lengths_are_normal_until_they_are_in_range(variation: str) -> None:
    drawn = draw(Fraction(8, 5), Fraction(variation), 20_000, SEED, 0)
    assert drawn.lengths.min() >= 1
    assert drawn.lengths.max() < 2 * UNIT
    sigma = float(Fraction(variation))
    if sigma == 0:
        assert set(drawn.lengths.tolist()) == {UNIT}
        return
    # A normal distribution cut off symmetrically at ±1: its mean stays, its variance is known.
    normal, edge = NormalDist(), 1 / sigma
    inside = 2 * normal.cdf(edge) - 1
    variance = sigma**2 * (1 - 2 * edge * normal.pdf(edge) / inside)
    deviations = drawn.lengths / UNIT - 1
    assert abs(deviations.mean()) < FARTHEST * sqrt(variance / 20_000)
    spread = deviations**2
    assert abs(spread.mean() - variance) < FARTHEST * spread.std() / sqrt(20_000)


def test_starts_are_uniform_on_the_whole_units_of_the_window() -> None:
    drawn = draw(Fraction(3, UNIT), Fraction(1, 10), 30_000, SEED, 0)
    counts = np.bincount(drawn.starts)
    assert len(counts) == 4
    assert counts[0] == 0
    assert all(abs(count - 10_000) < FARTHEST * sqrt(30_000 * 2 / 9) for count in counts[1:])
    far = draw(Fraction(8, 5), Fraction(1, 10), 30_000, SEED, 0).starts / UNIT
    assert abs(far.mean() - 0.8) < FARTHEST * 1.6 / sqrt(12 * 30_000)


def test_all_variants_have_the_same_jobs() -> None:
    length, fixed, equal = (curve(variant, "8/5", "3/10").problem(7, 3) for variant in VARIANTS)
    for problem in (length, fixed, equal):
        assert problem.intervals is not None
        assert [start for start, _ in problem.intervals] == [start for start, _ in length.intervals or ()]
    assert length.values == tuple(end - start for start, end in length.intervals or ())
    assert fixed.values == length.values
    assert {end - start for start, end in fixed.intervals or ()} == {1}
    assert equal.intervals == length.intervals
    assert set(equal.values) == {1}
    assert all((value * UNIT).denominator == 1 for value in length.values)


def test_samples_differ_and_depend_on_nothing_else() -> None:
    places = list(product(("8/5", "9/5"), ("1/10", "1/5"), (0, 1), (1, 2)))
    drawn = {
        place: tuple(draw(Fraction(place[0]), Fraction(place[1]), 5, place[3], place[2]).lengths.tolist())
        for place in places
    }
    assert len(set(drawn.values())) == len(places)
    few, many = (Study(KEYS | {"windows": windows}, "").curves for windows in (["8/5"], ["9/5", "8/5"]))
    assert set(few) < set(many)


# ── what is lost ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("window", ["1", "8/5", "3"])
def test_losses_are_those_of_all_allocations(variant: Variant, window: str) -> None:
    for sample in range(4):
        own = curve(variant, window, "3/10", jobs=5)
        for found in solve_sample(own, sample, range(2, 5)):
            whole = brute(own.problem(sample, found.providers))
            assert found.proved
            assert found.max_value == float(whole.max_value)
            assert found.tau == float(whole.tau)
            assert found.loss == float(whole.loss)


def test_losses_of_trips_are_those_of_all_allocations() -> None:
    trips = tuple(
        Trip(Fraction(50 * k), Fraction(50 * k + 100 + 13 * k), Fraction(7 * k % 5 + 5)) for k in range(8)
    )
    for pool in (Pool(300, (trips,), redrawn=False), Pool(300, (trips, trips[:6]), redrawn=True)):
        own = Taxi(5, SEED, "here", "2016-01-08", 5, pool)
        assert own.labels == {"area": "here", "date": "2016-01-08", "window": 5}
        for sample in range(4):
            for found in solve_sample(own, sample, range(1, 5)):
                whole = brute(own.problem(sample, found.providers))
                assert (found.max_value, found.loss) == (float(whole.max_value), float(whole.loss))


def most_in_a_schedule(intervals: Sequence[tuple[Fraction, Fraction]]) -> int:
    """By the end of its last job: the most jobs that one provider can do."""
    count, free = 0, Fraction(-1)
    for start, end in sorted(intervals, key=lambda interval: interval[1]):
        if start >= free:
            count, free = count + 1, end
    return count


def test_equal_values_lose_at_most_one_job_and_only_if_a_provider_can_do_three() -> None:
    losing = 0
    for window, variation in product(("13/10", "8/5", "9/5"), ("1/10", "1/2")):
        own = curve("equal-value", window, variation)
        for sample in range(15):
            solved = solve_sample(own, sample, range(2, 31))
            lost = [found.max_value - found.restricted_value for found in solved]
            assert set(lost) <= {0.0, 1.0}
            assert lost[-1] == 0
            intervals = own.problem(sample, 2).intervals
            assert intervals is not None
            if most_in_a_schedule(intervals) < 3:
                assert set(lost) == {0.0}
            losing += any(lost)
    assert losing < 5


def test_means_count_what_is_proved() -> None:
    def solved(sample: int, providers: int, loss: float, *, proved: bool = True) -> Solved:
        return Solved(sample, providers, 1.0, 0.1, 1 - loss, loss, proved)

    found = mean_losses(
        [
            *(solved(k, 2, loss) for k, loss in enumerate((0.0, 0.25, 0.5, 0.25))),
            *(solved(k, 3, loss) for k, loss in enumerate((0.25, 0.25, 0.5))),
            solved(3, 3, 0.75, proved=False),
            *(solved(k, 4, 0.5, proved=False) for k in range(4)),
        ],
        range(2, 5),
    )
    assert found["providers"] == [2, 3, 4]
    assert found["mean_loss"] == [0.25, pytest.approx(1 / 3, rel=1e-15), 0]
    assert found["std_error"] == pytest.approx([sqrt(0.125 / 3 / 4), sqrt(2 / 3 / 16 / 2 / 3), 0], rel=1e-12)
    assert found["max_loss"] == [0.5, 0.5, 0]
    assert (found["peak"], found["unproved"]) == (3, 5)
    flat = mean_losses([solved(0, n, 0.0) for n in (5, 6)], range(5, 7))
    assert flat["peak"] == 5


# ── the file ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_study_has_all_combinations() -> None:
    keys = KEYS | {
        "windows": [1, "8/5"],
        "variations": ["1/1000", "1/2"],
        "variants": ["equal-value", "length"],
    }
    study = Study(keys, "study.toml")
    assert [tuple(own.labels.values()) for own in study.curves] == [
        *product(("equal-value", "length"), (1.0, 1.6), (0.001, 0.5))
    ]
    assert (study.steps, study.games) == (8, 8 * 2 * 3)
    assert study.to_mapping()["windows"] == ["1", "8/5"]
    assert study.about() == {"seed": SEED, "problems": {}, "cells": 8, "agents": [2, 3, 4]}
    assert len(Study(KEYS, "").curves) == len(VARIANTS)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"study": "gain"}, "study: unknown: 'gain'; known: 'value-loss'"),
        ({"jobs": 0}, "jobs: 0 is below 1"),
        ({"jobs": 10**6}, "jobs: 1000000 is above 10000"),
        ({"providers": [4, 2]}, "providers: [4, 2] is not [least, most]"),
        ({"providers": [2]}, "providers: [2] is not [least, most]"),
        ({"providers": [0, 2]}, "providers[0]: 0 is below 1"),
        ({"providers": 3}, "providers: 3 is not a list"),
        ({"windows": []}, "windows: [] is empty"),
        ({"windows": [0]}, "windows[0]: 0 is not above 0"),
        ({"windows": ["1/3"]}, "windows[0]: 1/3 is not whole in units of 1/1000000"),
        ({"windows": [1, "2/2"]}, "windows: duplicate value"),
        ({"variations": [-1]}, "variations[0]: -1 is below 0"),
        ({"variants": ["length", "length"]}, "variants: duplicate value"),
        (
            {"variants": ["width"]},
            "variants[0]: unknown: 'width'; known: 'length', 'fixed-length', 'equal-value'",
        ),
        ({"samples": 0}, "samples: 0 is below 1"),
        ({"samples": 10**9}, "samples: 9000000000 instances are more than 1000000000"),
        ({"sample": 3}, "sample: unknown key (did you mean samples?)"),
        (
            {"trips": {"file": "none.csv", "areas": ["a"], "dates": ["2016-01-08"], "windows": [9]}},
            "study.toml: trips.file: none.csv: cannot",
        ),
        (
            {"trips": {"file": "f", "areas": ["a", "a"], "dates": ["d"], "windows": [9]}},
            "trips.areas: duplicate",
        ),
    ],
)
def test_wrong_keys_are_refused_in_one_line(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ProblemError) as refused:
        laboratory().read(KEYS | changed, "study.toml")
    assert said in str(refused.value)


def test_other_experiments_are_no_studies() -> None:
    assert laboratory().read({"kind": "experiment", "games": 3}, "sweep.toml") is None


# ── the paper's figures ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def measured() -> dict[str, np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
    """Losses in a window of 1.6 by variation: 100 samples × 29 numbers of providers."""
    return {variation: np.array([*losses(variation, range(100))]) for variation in PEAKS}


PEAKS = {
    "0.001": (21, 0.090, 0.004),
    "0.01": (22, 0.086, 0.004),
    "0.1": (21, 0.065, 0.004),
    "0.2": (22, 0.038, 0.003),
    "0.3": (19, 0.035, 0.003),
    "0.4": (16, 0.025, 0.002),
    "0.5": (13, 0.028, 0.002),
}
"""By variation: where the mean was greatest in other samples, the mean and its standard error (at most)."""


def losses(variation: str, samples: range) -> Iterator[list[float]]:
    own = curve("length", "1.6", variation)
    solved = solve_chunk(own, samples[0], samples[-1] + 1, range(2, 31))
    assert all(one.proved for one in solved)
    for sample in samples:
        yield [one.loss for one in solved if one.sample == sample]


@pytest.mark.deep
@pytest.mark.parametrize("variation", PEAKS)
def test_the_mean_loss_is_as_measured_before(variation: str, measured: dict[str, Any]) -> None:
    providers, mean, error = PEAKS[variation]
    own = measured[variation][:, providers - 2]
    assert (
        abs(own.mean() - mean) < FARTHEST * hypot(error, own.std(ddof=1) / 10) + 0.0005
    )  # as it was printed


@pytest.mark.deep
@pytest.mark.parametrize("variation", PEAKS)
def test_the_mean_loss_has_one_peak_and_ends_at_zero(variation: str, measured: dict[str, Any]) -> None:
    matrix = measured[variation]
    means = matrix.mean(axis=0)
    assert means[-1] == 0
    assert matrix.max() < 0.3
    top = int(means.argmax())
    providers, _, _ = PEAKS[variation]
    for place in range(29):
        # Of the same samples: how much more is lost elsewhere, away from the peak.
        side = range(place, top + 1) if place < top else range(top, place + 1)
        for nearer in side:
            more = matrix[:, place] - matrix[:, nearer]
            assert more.mean() <= FARTHEST * more.std(ddof=1) / 10
    there = matrix[:, top] - matrix[:, providers - 2]
    assert there.mean() <= FARTHEST * there.std(ddof=1) / 10


@pytest.mark.deep
def test_more_variation_loses_less_at_the_peak(measured: dict[str, Any]) -> None:
    peaks = [measured[variation].mean(axis=0).max() for variation in ("0.001", "0.1", "0.2", "0.5")]
    errors = [measured[variation].std(axis=0).max() / 10 for variation in ("0.001", "0.1", "0.2", "0.5")]
    for k in range(3):
        assert peaks[k + 1] < peaks[k] + FARTHEST * hypot(*errors[k : k + 2])
    assert peaks[3] < peaks[0] - FARTHEST * hypot(errors[0], errors[3])


@pytest.mark.deep
def test_the_page_of_the_study_has_these_figures(measured: dict[str, Any]) -> None:
    page = (project_root() / "docs" / "studies" / "guarantees-study.md").read_text(encoding="utf-8")
    (row,) = (line for line in page.splitlines() if line.startswith("| `length` | 1.6 |"))
    told = []
    for variation in ("0.001", "0.01", "0.1", "0.2", "0.3", "0.5"):
        means = 100 * measured[variation].mean(axis=0)
        top = int(means.argmax())
        error = 10 * measured[variation][:, top].std(ddof=1)
        told.append(f"{means[top]:.1f} ± {error:.1f} ({top + 2})")
    assert [cell.strip() for cell in row.split("|")[3:-1]] == told
