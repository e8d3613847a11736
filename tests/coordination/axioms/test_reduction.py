from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise, permutations, product
from random import Random

import numpy as np
import pytest
from scipy.optimize import linprog

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.axioms.reduction import (
    Amount,
    Column,
    Nested,
    Point,
    Slice,
    direct_transfer,
    excess_distributions,
    reduced,
    slice_of,
    widest_slice,
)
from parley.mechanisms.coordination.axioms.triple import Rows, Triple, recognition_of
from parley.mechanisms.coordination.problem import example_1
from tests.coordination.axioms.triples import all_distributions, is_distribution, random_triple
from tests.coordination.problems import X, Y

F = Fraction

EXAMPLE_2 = Triple.at(example_1(), X)
ONE_TYPE = Triple.of(
    *([[row[0]] for row in rows] for rows in (X, example_1().contracted, example_1().capacity))
)
# A later agent would have to be given less than nothing, if 𝒵* did not stop at the excess.
NEEDS_CAP = Triple.of([[0], [0], [0], [4]], [[4], [0], [0], [0]], [[4], [3], [2], [4]])


def test_example_2_has_the_distributions_that_the_paper_describes() -> None:
    some = excess_distributions(EXAMPLE_2)
    assert EXAMPLE_2.excess == (4, 0, 0, 0, 0)
    assert some.vertices(0) == (
        (1, 1, 1, 1),
        (1, 2, 0, 1),
        (1, 2, 1, 0),
        (2, 0, 1, 1),
        (2, 1, 0, 1),
        (2, 1, 1, 0),
        (2, 2, 0, 0),
    )
    assert all(some.vertices(t) == ((0, 0, 0, 0),) for t in range(1, 5))
    # "If z_21 = 1, then 1 ≤ z_31 ≤ 2; on the other hand, if z_21 = 2, then 0 ≤ z_31 ≤ 2."
    seen = {(Z[1][0], Z[2][0]) for Z in some.points()}
    assert seen == {(1, 1), (1, 2), (2, 0), (2, 1), (2, 2)}
    assert some.count() == 7
    assert not some.is_single


def test_example_3_has_the_distributions_that_the_paper_describes() -> None:
    some = excess_distributions(EXAMPLE_2)
    assert some.star_vertices(0) == ((2, 1, 0, 1), (2, 1, 1, 0), (2, 2, 0, 0))
    for Z in some.points():
        assert some.contains_star(Z) == (Z[1][0] == 2 and 1 <= Z[2][0] <= 2)


def star_of_the_definition(triple: Triple, Z: Rows) -> bool:
    """Corrected 𝒵*, in plain words: type by type and agent by agent."""
    X, D, C = triple.allocation, triple.contracted, triple.capacity
    for t in range(triple.task_types):
        e = triple.excess[t]
        for j in range(1, triple.agents):
            given = sum(Z[i][t] for i in range(1, j + 1))
            asked = sum(X[i][t] - D[i][t] for i in range(1, j)) + C[j][t] - D[j][t]
            if given < min(e, asked):
                return False
    return is_distribution(triple, Z)


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_points_counts_and_membership_are_those_of_the_definition(*, special: bool) -> None:
    dice = Random(101 + special)
    many = single = smaller = 0
    for _ in range(300):
        triple = random_triple(dice, special=special, n=dice.randint(2, 5), m=dice.randint(1, 2), spread=True)
        some = excess_distributions(triple)
        listed = list(all_distributions(triple))
        assert sorted(some.points()) == sorted(listed)
        assert some.count() == len(listed)
        assert some.is_single == (len(listed) == 1)
        stars = [Z for Z in listed if star_of_the_definition(triple, Z)]
        assert sorted(some.star_points()) == sorted(stars)
        for Z in listed:
            assert some.contains(Z)
            assert some.contains_star(Z) == (Z in stars)
        many += len(listed) > 1
        single += len(listed) == 1
        smaller += len(stars) < len(listed)
    assert min(many, single, smaller) > 50


def test_membership_is_decided_for_rational_matrices_and_other_shapes() -> None:
    dice = Random(103)
    inside = outside = 0
    for _ in range(400):
        triple = random_triple(dice, special=False, n=4, m=1, spread=True)
        e = triple.excess[0]
        if not e:
            continue
        parts = [F(dice.randint(0, 4), 3) for _ in range(2)]
        Z = ((0,), (parts[0],), (parts[1],), (e - sum(parts),))
        found = excess_distributions(triple).contains(Z)
        assert found == is_distribution(triple, Z)
        inside += found
        outside += not found
    assert min(inside, outside) > 50
    some = excess_distributions(EXAMPLE_2)
    assert not some.contains(((0,) * 5,) * 4)
    assert not some.contains(((0,) * 4,) * 5)
    direct = direct_transfer(EXAMPLE_2)
    assert some.contains(direct)
    assert not some.contains(((1, 0, 0, 0, 0), *direct[1:]))


def corners_by_elimination(nested: Nested) -> set[Column]:
    """Vertices of one type: solutions of every choice of as many constraints as there are sums."""
    n = len(nested.room)
    # Constraints on the sums S_1, …, S_n as (coefficients, value when binding).
    rows: list[tuple[list[int], int]] = []
    for j in range(n):
        step = [0] * n
        step[j] = 1
        rows.append((list(step), nested.floors[j]))
        if j:
            step[j - 1] = -1
        rows.extend([(list(step), 0), (list(step), nested.room[j])])
    found = set()
    for chosen in product(range(len(rows)), repeat=n):
        if any(a >= b for a, b in pairwise(chosen)):
            continue
        A = np.array([rows[k][0] for k in chosen], dtype=float)
        if round(np.linalg.det(A)) == 0:  # the matrix is totally unimodular: 0, 1 or −1
            continue
        sums = np.linalg.solve(A, [rows[k][1] for k in chosen]).round().astype(int).tolist()
        z = tuple(after - before for before, after in zip([0, *sums], sums, strict=False))
        if nested.contains(z):
            found.add(z)
    return found


def test_vertices_are_all_and_only_the_corners_where_enough_constraints_bind() -> None:
    dice = Random(107)
    for _ in range(150):
        triple = random_triple(dice, special=dice.random() < 0.3, n=dice.randint(2, 4), m=1, spread=True)
        some = excess_distributions(triple)
        for nested, listed in (
            (some.by_type[0], some.vertices(0)),
            (some.star_by_type[0], some.star_vertices(0)),
        ):
            assert len(set(listed)) == len(listed)
            assert list(listed) == sorted(listed)
            assert set(listed) == corners_by_elimination(nested)


def test_vertices_are_what_greedy_filling_gives_in_all_orders() -> None:
    # The bases of a polymatroid: greedy in some order finds every vertex, and nothing else.
    dice = Random(109)
    most = 0
    for _ in range(120):
        triple = random_triple(dice, special=False, n=5, m=1, spread=True)
        some = excess_distributions(triple)
        for nested in (some.by_type[0], some.star_by_type[0]):
            greedy = {nested.minimize(order) for order in permutations(range(4))}
            assert greedy == set(nested.vertices())
            most = max(most, len(greedy))
    assert most >= 6


@pytest.mark.parametrize("size", [3, 10**6])
def test_the_linear_oracle_agrees_with_the_vertices(size: int) -> None:
    dice = Random(113)
    for _ in range(80):
        triple = random_triple(dice, special=False, n=5, m=2, spread=True).times(size)
        some = excess_distributions(triple)
        weights = [[F(dice.randint(-9, 9), dice.randint(1, 3)) for _ in range(2)] for _ in range(5)]
        best = some.minimize(weights)
        assert some.contains(best)
        for t in range(2):
            own = [row[t] for row in weights[1:]]
            column = tuple(row[t] for row in best[1:])
            assert column in some.vertices(t)
            assert cost(own, column) == min(cost(own, vertex) for vertex in some.vertices(t))


def cost(weights: list[Fraction], amounts: Column) -> Amount:
    return sum((w * z for w, z in zip(weights, amounts, strict=True)), F(0))


def test_the_linear_oracle_agrees_with_an_independent_solver_on_large_problems() -> None:
    rng = np.random.default_rng(127)
    for _ in range(12):
        n = 150
        room = rng.integers(0, 50, n)
        x = rng.integers(0, 30, n).clip(max=room)
        amount = int(x.sum())
        D, C = [[amount], *[[0]] * n], [[amount], *room[:, None].tolist()]
        some = excess_distributions(Triple.of([[0], *x[:, None].tolist()], D, C))
        weights = rng.integers(-20, 20, n)
        best = some.minimize([[0], *weights[:, None].tolist()])
        below = -np.tri(n)
        solved = linprog(
            weights,
            A_ub=below[:-1],
            b_ub=-x.cumsum()[:-1],
            A_eq=np.ones((1, n)),
            b_eq=[amount],
            bounds=list(zip([0] * n, room.tolist(), strict=True)),
            method="highs",
        )
        assert solved.status == 0
        # The optimum is a whole number of at most 10^5: HiGHS is right to far less than a half.
        assert round(solved.fun) == sum(int(w) * z[0] for w, z in zip(weights, best[1:], strict=True))


def test_direct_transfer_is_a_distribution_in_the_equivalence_class_and_first_to_every_agent() -> None:
    dice = Random(131)
    for special in [True, False] * 150:
        triple = random_triple(dice, special=special, spread=True)
        some = excess_distributions(triple)
        Z = direct_transfer(triple)
        assert some.contains_star(Z)
        # The lexicographically greatest of all.
        for t, nested in enumerate(some.by_type):
            assert tuple(row[t] for row in Z[1:]) == max(nested.points())


def test_a_reduced_problem_is_a_problem_in_units_in_which_it_is_whole() -> None:
    half = ((0,), (F(5, 2),), (F(1, 3),), (F(7, 6),))
    triple = reduced(NEEDS_CAP, half)
    assert triple == Triple.of([[0], [0], [24]], [[15], [2], [7]], [[18], [12], [24]])
    dice = Random(137)
    for special in [True, False] * 100:
        before = random_triple(dice, special=special, spread=True)
        ways = list(excess_distributions(before).points())
        one, other, k = dice.choice(ways), dice.choice(ways), dice.randint(2, 5)
        between = tuple(
            tuple(F(a + (k - 1) * b, k) for a, b in zip(*rows, strict=True))
            for rows in zip(one, other, strict=True)
        )
        assert reduced(before, one).valid
        after = reduced(before, between)
        assert after.valid
        units = F(after.total, before.total - sum(before.allocation[0])) if after.total else 1
        assert k % units == 0


def test_one_agent_alone_has_one_distribution_of_nothing() -> None:
    some = excess_distributions(Triple.of([[1, 2]], [[1, 2]], [[1, 3]]))
    assert list(some.points()) == [((0, 0),)]
    assert some.is_single
    assert some.contains_star(((0, 0),))
    assert some.vertices(0) == ((),)
    assert some.minimize([[1, 1]]) == ((0, 0),)


def test_what_is_no_distribution_is_refused() -> None:
    with pytest.raises(ParleyError, match="not a distribution"):
        reduced(NEEDS_CAP, ((0,), (0,), (3,), (1,)))
    with pytest.raises(ParleyError, match="one agent"):
        reduced(Triple.of([[1]], [[1]], [[1]]), ((0,),))


# ── what the paper prints differently ───────────────────────────────────────────────────────────────────────


def p_star_is_consistent_with(triple: Triple, Z: Rows) -> bool:
    p = recognition_of("p-star")
    first, *others = p(triple)
    return others == [(1 - first) * share for share in p(reduced(triple, Z))]


def printed_star(triple: Triple, *, first: int) -> Iterator[tuple[int, ...]]:
    """Section 4.4's construction of 𝒵* as printed, for one type; the sums of (⋆) start at agent `first`."""
    x, d, c = ([row[0] for row in rows] for rows in (triple.allocation, triple.contracted, triple.capacity))
    e = triple.excess[0]

    def go_on(z: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        j = len(z)
        if sum(d[: j + 1]) <= sum(x[:j]) + c[j]:
            yield (*z, e - sum(z), *[0] * (len(d) - j - 1))
            return
        for amount in range(c[j] - d[j] + 1):
            if sum(d[first : j + 1]) + sum(z) + amount >= sum(x[first:j]) + c[j]:
                yield from go_on((*z, amount))

    return go_on((0,))


def test_with_agent_1_in_its_sums_the_printed_inequality_asks_nothing_of_agent_2() -> None:
    as_printed = set(printed_star(ONE_TYPE, first=0))
    # Example 3: "for agent 2, … we set z_21 = 2". The printed sum allows 1 and 0 as well, …
    assert {z[1] for z in as_printed} == {0, 1, 2}
    # … of which 0 leaves agent 2 without a task that it has announced, …
    assert not excess_distributions(ONE_TYPE).contains(as_matrix((0, 0, 2, 1, 1)))
    # … and 1 makes p* inconsistent, although all of these should give the same probabilities.
    Z = (1, 2, 1, 0)
    assert (0, *Z) in as_printed
    assert not p_star_is_consistent_with(EXAMPLE_2, in_type_1(Z))


def as_matrix(z: tuple[int, ...]) -> Rows:
    return tuple((amount,) for amount in z)


def in_type_1(z: tuple[int, ...]) -> Rows:
    return ((0,) * 5, *((amount, 0, 0, 0, 0) for amount in z))


def test_without_a_cap_the_printed_construction_gives_a_later_agent_less_than_nothing() -> None:
    some = excess_distributions(NEEDS_CAP)
    within = {(0, 3, z, 1 - z) for z in (0, 1)}
    assert set(some.star_points()) == set(map(as_matrix, within))
    assert set(printed_star(NEEDS_CAP, first=1)) == within | {(0, 3, 2, -1)}
    # It happens in the paper's own Example 3 too: agents 2 and 3 may get all, and agent 4 is in Case 2.
    stars = set(excess_distributions(EXAMPLE_2).star_vertices(0))
    assert {z[1:] for z in printed_star(ONE_TYPE, first=1)} == stars | {(2, 2, 1, -1)}


def direct_transfer_in_words(triple: Triple) -> tuple[int, ...]:
    """Ẑ as told after Axiom 2, for one type."""
    x, d, c = ([row[0] for row in rows] for rows in (triple.allocation, triple.contracted, triple.capacity))
    z = [0]
    for j in range(1, len(d)):
        if sum(d[: j + 1]) <= sum(x[:j]) + c[j]:
            return (*z, triple.excess[0] - sum(z), *[0] * (len(d) - j - 1))
        z.append(c[j] - d[j])
    raise AssertionError("the last agent is in the first case")


def test_direct_transfer_told_in_words_is_another_thing_than_its_formula() -> None:
    assert direct_transfer(NEEDS_CAP) == as_matrix((0, 3, 1, 0))
    assert direct_transfer_in_words(NEEDS_CAP) == (0, 3, 2, -1)


@pytest.mark.parametrize(
    "variant",
    [
        lambda triple: printed_star(triple, first=0),
        lambda triple: printed_star(triple, first=1),
        lambda triple: iter([direct_transfer_in_words(triple)]),
    ],
    ids=["sums from agent 1", "no cap", "direct transfer in words"],
)
def test_each_printed_variant_leaves_the_distributions_in_some_random_problem(
    variant: Callable[[Triple], Iterator[tuple[int, ...]]],
) -> None:
    dice = Random(139)
    wrong = 0
    for _ in range(600):
        triple = random_triple(dice, special=True, n=4, m=1, spread=True)
        wrong += any(not is_distribution(triple, as_matrix(z)) for z in variant(triple))
    assert wrong > 0


# ── slices ──────────────────────────────────────────────────────────────────────────────────────────────────


def whole(corners: tuple[Point, ...]) -> set[tuple[int, ...]]:
    assert all(z.denominator == 1 for corner in corners for z in corner)
    return {tuple(map(int, corner)) for corner in corners}


def test_figure_2_has_the_corners_that_the_paper_draws() -> None:
    cut = slice_of(EXAMPLE_2, 0, (2, 3, 4), (2, 2, 0, 0))
    assert cut.amount == 2
    assert whole(cut.everything) == {(2, 0, 0), (1, 1, 0), (0, 1, 1), (1, 0, 1)}
    assert whole(cut.star) == {(2, 0, 0), (1, 1, 0), (1, 0, 1)}
    assert cut.area == 1
    assert cut.star_area == F(1, 2)
    assert cut.direct == (F(2), F(0), F(0))
    assert slice_of(EXAMPLE_2, 0, (2, 3, 4), (1, 2, 1, 0)).direct is None


def test_amounts_below_zero_leave_nothing_of_a_slice() -> None:
    triple = Triple.of([[0]] * 4 + [[2]], [[2]] + [[0]] * 4, [[2]] * 5)
    assert slice_of(triple, 0, (2, 3, 4), (0, 1, 1, 0)).everything
    assert not slice_of(triple, 0, (2, 3, 4), (-1, 1, 1, 1)).everything
    assert not slice_of(triple, 0, (1, 2, 3), (1, 1, 1, -1)).everything


def test_the_widest_slice_of_example_2_is_that_of_figure_2() -> None:
    assert widest_slice(EXAMPLE_2) == slice_of(EXAMPLE_2, 0, (2, 3, 4))
    assert widest_slice(EXAMPLE_2, 0) == widest_slice(EXAMPLE_2)


def grid_of(cut: Slice, finer: int) -> Iterator[Point]:
    steps = int(cut.amount * finer)
    for a in range(steps + 1):
        for b in range(steps - a + 1):
            yield F(a, finer), F(b, finer), F(steps - a - b, finer)


def inside(corners: tuple[Point, ...], at: tuple[Fraction, ...]) -> bool:
    """Whether a point is in a convex polygon, by the sides of its edges; also of one or two corners."""
    if len(corners) == 1:
        return corners[0] == at
    sides = []
    for p, q in zip(corners, (*corners[1:], corners[0]), strict=True):
        sides.append((q[0] - p[0]) * (at[1] - p[1]) - (q[1] - p[1]) * (at[0] - p[0]))
    if len(corners) == 2:
        return sides[0] == 0 and all(
            min(p, q) <= z <= max(p, q) for p, q, z in zip(*corners, at, strict=True)
        )
    return all(side >= 0 for side in sides) or all(side <= 0 for side in sides)


def test_slices_hold_exactly_the_distributions_with_the_other_amounts_fixed() -> None:
    dice = Random(149)
    areas = flat = 0
    for _ in range(150):
        triple = random_triple(dice, special=dice.random() < 0.5, n=5, m=1, spread=True)
        some = excess_distributions(triple)
        if not triple.excess[0]:
            continue
        kept = dice.choice(list(some.points()))
        agents = tuple(sorted(dice.sample(range(1, 5), 3)))
        a, b, c = agents
        cut = slice_of(triple, 0, (a, b, c), tuple(row[0] for row in kept[1:]))
        for at in grid_of(cut, 2):
            full = [row[0] for row in kept]
            full_z: list[Amount] = list(full)
            for agent, amount in zip(agents, at, strict=True):
                full_z[agent] = amount
            Z = tuple((amount,) for amount in full_z)
            assert inside(cut.everything, at) == some.contains(Z)
            assert (len(cut.star) > 0 and inside(cut.star, at)) == some.contains_star(Z)
        areas += cut.area > 0
        flat += cut.area == 0
    assert min(areas, flat) > 20


def test_impossible_slices_are_refused() -> None:
    with pytest.raises(ParleyError, match="no three agents"):
        widest_slice(Triple.of([[1], [1]], [[2], [0]], [[2], [1]]))
    with pytest.raises(ParleyError, match="not three of agents 2 to 5"):
        slice_of(EXAMPLE_2, 0, (0, 1, 2))
    with pytest.raises(ParleyError, match="no task type 6"):
        slice_of(EXAMPLE_2, 5, (1, 2, 3))
    with pytest.raises(ParleyError, match="do not divide 4"):
        slice_of(EXAMPLE_2, 0, (1, 2, 3), (2, 2, 0, 1))


def test_at_the_other_allocation_of_example_1_there_is_nothing_to_choose() -> None:
    triple = Triple.at(example_1(), Y)
    assert excess_distributions(triple).is_single
    with pytest.raises(ParleyError, match="no three agents"):
        widest_slice(triple)
