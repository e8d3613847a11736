"""Choice probabilities: the paper's figures, brute force, and sampling."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import sqrt

import numpy as np
import pytest

from parley.mechanisms.screening.preferences import Discrete, Lognormal, Uniform, below, choose, chosen
from parley.mechanisms.screening.rays import dot, full_length
from tests.screening.test_rays import Ray, random_ray, ray

BOX = Uniform(ray(1, 1), ray(2, 2))
FAR = 5.5
"""Standard errors: a frequency is farther from its probability once in 10^7 times."""


def two_prices(first: str | None, second: str | None) -> list[Ray]:
    """The rays (1, −p1) and (−1, p2) from the endowment (2, 2), at full length."""
    rays = [] if first is None else [(Fraction(1), -Fraction(first))]
    rays += [] if second is None else [(Fraction(-1), Fraction(second))]
    return [full_length(ray(2, 2), kappa) for kappa in rays]


# Worked example of the paper's two-price mechanism, types uniform on [1, 2]² (Valenzuela-Stookey 2026).
@pytest.mark.parametrize(
    ("prices", "probabilities"),
    [
        (("6/5", "3/2"), ray("11/60", "11/15", "1/12")),
        (("4/5", "5/4"), ray("11/20", "9/40", "9/40")),
        (("3/4", "1"), ray("1/3", "1/6", "1/2")),
        (("1", "1"), ray("0", "1/2", "1/2")),
        (("1", None), ray("1/2", "1/2")),
        ((None, "1"), ray("1/2", "1/2")),
    ],
)
def test_choice_probabilities_of_the_worked_example(
    prices: tuple[str | None, str | None], probabilities: Ray
) -> None:
    law = BOX.law(two_prices(*prices))
    assert law.exact
    assert law.probabilities == probabilities


def test_the_ratio_law_is_the_paper_s() -> None:
    for p in (Fraction(k, 20) for k in range(10, 41)):
        formula = (2 * p - 1) ** 2 / (2 * p) if p <= 1 else 3 - 2 / p - p / 2
        assert BOX.ratio_law(p) == formula == 1 - BOX.ratio_law(1 / p)


def test_a_cut_cube_has_the_volume_that_a_grid_counts() -> None:
    # Of an m×…×m grid of cubes, those that the hyperplane does not cut bound the volume from both sides.
    dice, m = np.random.default_rng(1), 12
    for _ in range(40):
        weights = ray(*dice.integers(-4, 5, size=3).tolist())
        bound = Fraction(int(dice.integers(-20, 20)), 4)
        inside = touched = 0
        for corner in product(range(m), repeat=3):
            ends = [sorted((w * k / m, w * (k + 1) / m)) for w, k in zip(weights, corner, strict=True)]
            inside += sum(high for _, high in ends) < bound
            touched += sum(low for low, _ in ends) < bound
        assert Fraction(inside, m**3) <= below(weights, bound) <= Fraction(touched, m**3)


def test_every_dimension_agrees_with_sampling() -> None:
    dice = np.random.default_rng(2)
    for tasks in range(2, 9):
        low = ray(*dice.integers(1, 4, size=tasks).tolist())
        high = tuple(a + int(b) for a, b in zip(low, dice.integers(0, 4, size=tasks), strict=True))
        box, kappa = Uniform(low, high), random_ray(dice, tasks)
        p, count = box.chance(kappa), 100_000
        assert p is not None
        frequency = float((box.choices([kappa], dice, count) == 1).mean())
        assert abs(frequency - float(p)) <= FAR * sqrt(float(p * (1 - p)) / count)


def test_very_many_tasks_are_sampled() -> None:
    box, kappa = Uniform(ray(*[1] * 14), ray(*[2] * 14)), ray(*[1, -1] * 7)
    assert box.chance(kappa) is None
    law = box.law([kappa], samples=20_000)
    assert abs(float(law.probabilities[1]) - 0.5) <= FAR * sqrt(0.25 / 20_000)


def test_a_ray_is_liked_if_and_only_if_its_probability_is_positive() -> None:
    dice = np.random.default_rng(9)
    for _ in range(200):
        low = ray(*dice.integers(1, 4, size=2).tolist())
        box = Uniform(low, tuple(x + int(y) for x, y in zip(low, dice.integers(0, 3, size=2), strict=True)))
        kappa = random_ray(dice, 2)
        some = Discrete((low, box.high), ray(1, 1))
        assert box.likes(kappa) is (box.chance(kappa) != 0)
        assert some.likes(kappa) is (some.chance(kappa) != 0)


def test_a_point_chooses_exactly() -> None:
    point = Uniform(ray("1/3", 1), ray("1/3", 1))
    for kappa, likes in [(ray(3, -1), False), (ray(3, "-100001/100000"), True), (ray(1, "-1/2"), True)]:
        assert point.chance(kappa) == int(likes)
        assert choose(point.draw(np.random.default_rng(0)), [kappa]) == int(likes)
        assert point.choices([kappa], np.random.default_rng(0), 3).tolist() == [int(likes)] * 3


def test_the_tie_rule() -> None:
    liked, more, even = ray(1, -2), ray(1, -3), ray(-1, 1)
    assert choose(ray(1, 1), [even]) == 0
    assert choose(ray(1, 1), [even, liked, more]) == 3
    assert choose(ray(1, 1), [liked, liked]) == 1
    types, rays = np.array([[1.0, 1.0]]), np.array([[-1.0, 1], [1, -2], [1, -3], [1, -3]])
    assert chosen(types, rays).tolist() == [3]


def test_discrete_types_choose_exactly_from_any_menu() -> None:
    some = Discrete((ray(5, 4), ray(1, 2), ray(5, 4), ray(2, 1)), ray(1, 2, 3, 4))
    menu = [ray(1, "-3/2"), ray(-1, 1)]  # the first type likes both, and the second ray less
    assert some.law(menu).probabilities == ray(0, "6/10", "4/10")
    assert some.likes_two(*menu) == ray(5, 4)
    assert some.ratio_law(Fraction(5, 4)) == Fraction(6, 10)
    counts = np.bincount(some.choices(menu, np.random.default_rng(3), 50_000), minlength=3)
    assert counts[0] == 0
    assert abs(counts[1] - 30_000) <= FAR * sqrt(50_000 * 0.24)


def test_menus_that_a_type_likes_twice_are_sampled() -> None:
    three = Uniform(ray(1, 1, 1), ray(2, 2, 2))
    menu = [(*kappa, Fraction(0)) for kappa in two_prices("3/2", "1")]
    law = three.law(menu, samples=50_000)
    assert law.samples == 50_000
    assert sum(law.probabilities) == 1
    # Nobody stays; ray 1 is better if (4/3) c_A − 2 c_B < 2 c_B − 2 c_A, that is, c_A / c_B < 6/5.
    p = float(BOX.ratio_law(Fraction(6, 5)))
    assert abs(float(law.probabilities[1]) - p) <= FAR * sqrt(p * (1 - p) / 50_000)
    # On a box where no type likes both rays, the same menu is exact.
    assert Uniform(ray(1, 3, 1), ray(2, 4, 1)).law(menu).exact


def test_with_two_tasks_any_menu_is_exact() -> None:
    dice = np.random.default_rng(7)
    for _ in range(12):
        low = ray(*dice.integers(1, 4, size=2).tolist())
        box = Uniform(low, (low[0] + int(dice.integers(0, 3)), low[1] + 1))
        menu = [full_length(ray(2, 3), random_ray(dice, 2)) for _ in range(int(dice.integers(2, 5)))]
        law = box.law(menu)
        assert law.exact
        assert sum(law.probabilities) == 1
        counts = np.bincount(box.choices(menu, dice, 40_000), minlength=len(menu) + 1)
        for count, p in zip(counts.tolist(), law.probabilities, strict=True):
            assert abs(count / 40_000 - float(p)) <= FAR * sqrt(float(p * (1 - p)) / 40_000) + 1e-12


def test_lognormal_types_have_the_moments_of_their_logarithms() -> None:
    mean, covariance = ray(0, 1, "-1/2"), (ray(1, "1/2", 0), ray("1/2", 2, 0), ray(0, 0, "1/4"))
    some = Lognormal(mean, covariance)
    logs = np.log(some.sample(np.random.default_rng(4), 200_000))
    assert np.abs(logs.mean(axis=0) - [0, 1, -0.5]).max() <= FAR * sqrt(2 / 200_000)
    assert np.abs(np.cov(logs.T) - np.array(covariance, dtype=float)).max() <= FAR * sqrt(8 / 200_000)
    kind = some.draw(np.random.default_rng(5))
    assert min(kind) > 0
    two = Lognormal(ray(0, 1), (ray(1, "1/2"), ray("1/2", 2)))
    law = two.law([ray(1, "-1/2")], samples=100_000)
    p = float(two.ratio_law(Fraction(1, 2)))
    assert abs(float(law.probabilities[1]) - p) <= FAR * sqrt(p * (1 - p) / 100_000)
    assert two.likes_two(ray(1, -1), ray(-1, 1)) is None
    found = two.likes_two(ray(1, "-3/2"), ray(-1, 1))
    assert found is not None
    assert max(dot(found, ray(1, "-3/2")), dot(found, ray(-1, 1))) < 0


def test_draws_of_a_box_are_inside_and_uniform() -> None:
    dice, box = np.random.default_rng(6), Uniform(ray(1, "1/3"), ray(3, "1/3"))
    drawn = [box.draw(dice) for _ in range(2_000)]
    assert all(1 < kind[0] < 3 and kind[1] == Fraction(1, 3) for kind in drawn)
    mean = float(sum(kind[0] for kind in drawn) / len(drawn))
    assert abs(mean - 2) <= FAR * sqrt(4 / 12 / len(drawn))
