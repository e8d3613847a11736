from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, product
from random import Random

import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.axioms.equilibrium import backward_induction, stage_one
from parley.mechanisms.coordination.axioms.triple import Row, Rows, Triple, recognition_of, rows_of
from parley.mechanisms.coordination.costs import Quadratic
from parley.mechanisms.coordination.problem import example_1
from parley.mechanisms.coordination.research.weighted import (
    WeightedProblem,
    _by_highs,
    completion,
    fitting_units,
    least_cost,
    legal_announcements,
    maximal_total,
    regardless_of_weights,
    weighted_p_star,
    weighted_stage_one,
)
from tests.coordination.problems import X, all_allocations, make, random_cost, random_matrices

pytestmark = pytest.mark.deep

PROPORTIONAL = regardless_of_weights(recognition_of("announcement-proportional"))
UNWEIGHTED = regardless_of_weights(recognition_of("p-star"))


def random_weighted(dice: Random, *, most: int = 400, n: int = 4) -> tuple[WeightedProblem, list[Rows]]:
    """A problem whose limits bind here and there, with all allocations that the definition allows."""
    while True:
        agents, m = dice.randint(2, n), dice.randint(1, 3)
        D, C = random_matrices(dice, special=dice.random() < 0.5, n=agents, m=m)
        problem = make(D, C, *(random_cost(dice) for _ in range(agents)))
        weights = [dice.randint(1, 3) for _ in range(m)]
        everything = list(islice(all_allocations(problem), most + 1))
        if not 2 < len(everything) <= most:
            continue
        limits = [int(row @ weights) + dice.choice([0, 0, 1, 2, 3]) for row in D]
        allowed = [
            rows_of(Z)
            for Z in everything
            if all(int(row @ weights) <= limit for row, limit in zip(Z, limits, strict=True))
        ]
        return WeightedProblem(problem, tuple(weights), tuple(limits)), allowed


def histories(allowed: list[Rows]) -> Iterator[Rows]:
    """All announcements made before somebody's turn, from the definition."""
    for k in range(len(allowed[0])):
        yield from sorted({Z[:k] for Z in allowed})


def continued(allowed: list[Rows], history: Rows) -> list[Rows]:
    return [Z for Z in allowed if Z[: len(history)] == history]


def test_legal_announcements_greatest_numbers_and_least_costs_are_those_of_the_definition() -> None:
    dice = Random(11)
    bound = short = 0
    for _ in range(400):
        weighted, allowed = random_weighted(dice)
        bound += len(allowed) < sum(1 for _ in all_allocations(weighted.problem))
        for history in histories(allowed):
            j, possible = len(history), continued(allowed, history)
            legal = sorted({Z[j] for Z in possible})
            assert list(legal_announcements(weighted, history)) == legal
            greatest = maximal_total(weighted, history)
            assert greatest.value == max(map(sum, legal)) == sum(greatest.allocation[j])
            cheapest = least_cost(weighted, history)
            assert cheapest.value == min(map(weighted.problem.total_cost, possible))
            assert cheapest.value == weighted.problem.total_cost(cheapest.allocation)
            some = completion(weighted, history)
            assert some is not None
            for found in (greatest, cheapest, some):
                assert found.proved
                assert found.allocation in possible
            assert fitting_units(weighted, history) >= greatest.value
            short += fitting_units(weighted, history) > greatest.value
    assert bound > 200
    # Where what fits the agent itself leaves to the others what they cannot do.
    assert short > 0


def test_announcements_that_leave_too_much_are_told_apart_from_legal_ones() -> None:
    dice = Random(12)
    dead_ends = 0
    for _ in range(80):
        weighted, allowed = random_weighted(dice)
        for history in histories(allowed):
            j = len(history)
            pool = [c + d for c, d in zip(weighted.carried(history), weighted.contracted[j], strict=True)]
            ranges = [range(min(p, c) + 1) for p, c in zip(pool, weighted.capacity[j], strict=True)]
            for row in product(*ranges):
                if weighted.weight(row) > weighted.limits[j]:
                    with pytest.raises(ParleyError, match=f"agent {j + 1} cannot announce"):
                        completion(weighted, (*history, row))
                    continue
                found = completion(weighted, (*history, row))
                assert (found is not None) == bool(continued(allowed, (*history, row)))
                if found is None:
                    dead_ends += 1
                    with pytest.raises(ParleyError, match="cannot do what"):
                        least_cost(weighted, (*history, row))
    assert dead_ends > 50


def test_above_a_legal_row_whatever_fits_the_agent_is_legal() -> None:
    dice = Random(13)
    compared = 0
    for _ in range(200):
        weighted, allowed = random_weighted(dice)
        for history in histories(allowed):
            j = len(history)
            legal = set(legal_announcements(weighted, history))
            pool = [c + d for c, d in zip(weighted.carried(history), weighted.contracted[j], strict=True)]
            upper = tuple(map(min, pool, weighted.capacity[j]))
            for row in legal:
                for t in range(len(row)):
                    more: Row = (*row[:t], row[t] + 1, *row[t + 1 :])
                    if more[t] <= upper[t] and weighted.weight(more) <= weighted.limits[j]:
                        compared += 1
                        assert more in legal
    assert compared > 200


def test_limits_that_do_not_bind_change_nothing() -> None:
    dice = Random(14)
    for _ in range(40):
        problem = random_weighted(dice, most=150)[0].problem
        weights = tuple(dice.randint(0, 4) for _ in range(problem.task_types))
        limits = tuple(
            sum(w * c for w, c in zip(weights, row, strict=True)) for row in problem.capacity.tolist()
        )
        weighted = WeightedProblem(problem, weights, limits)
        assert least_cost(weighted).value == cost_effective(problem).total_cost
        for Z in all_allocations(problem):
            triple = Triple.at(problem, Z)
            assert weighted_p_star(weighted, triple.allocation) == recognition_of("p-star")(triple)
            for j in range(problem.agents):
                assert maximal_total(weighted, triple.allocation[:j]).value == sum(triple.maximal[j])
        same, plain = (
            backward_induction(game)
            for game in (weighted_stage_one(weighted), stage_one(problem, recognition_of("p-star")))
        )
        assert set(same.outcomes) == set(plain.outcomes)
        assert (same.subgames, same.ties) == (plain.subgames, plain.ties)


def test_the_first_agents_probability_is_its_share_of_contracts() -> None:
    dice = Random(15)
    for _ in range(60):
        weighted, allowed = random_weighted(dice)
        d = [sum(row) for row in weighted.contracted]
        assert maximal_total(weighted, ()).value == d[0]
        assert weighted_p_star(weighted, allowed[0])[0] == Fraction(d[0], sum(d))


def test_the_generalized_p_star_depends_on_earlier_announcements_only() -> None:
    dice = Random(16)
    for _ in range(60):
        weighted, allowed = random_weighted(dice, most=100)
        for j in range(weighted.problem.agents):
            for history in {Z[:j] for Z in allowed}:
                seen = {weighted_p_star(weighted, Z)[j] for Z in continued(allowed, history)}
                assert len(seen) == 1
        assert all(sum(weighted_p_star(weighted, Z)) == 1 for Z in allowed)


def test_under_the_generalized_p_star_least_cost_is_implemented_from_every_subgame() -> None:
    dice = Random(17)
    failing = indifferent = dearer = 0
    for _ in range(300):
        weighted, allowed = random_weighted(dice, most=150)
        problem = weighted.problem
        found = backward_induction(weighted_stage_one(weighted), efficient_ties=True)
        assert found.cost_effective_everywhere
        default = problem.total_cost(problem.contracted)
        assert found.least == min(default, *map(problem.total_cost, allowed))
        assert {outcome.cost for outcome in found.outcomes} == {found.least}
        dearer += found.least > cost_effective(problem).total_cost
        # Only agents that are never recognized may do otherwise, and where the last agent has contracts of
        # its own none of these has a choice.
        as_well = backward_induction(weighted_stage_one(weighted)).cost_effective_everywhere
        assert as_well or not any(weighted.contracted[-1])
        indifferent += not as_well
        failing += not backward_induction(
            weighted_stage_one(weighted, PROPORTIONAL), efficient_ties=True
        ).cost_effective_everywhere
    assert failing > 10
    assert dearer > 30
    assert 0 < indifferent < 100


def test_p_star_without_regard_to_weights_implements_least_cost_too_with_other_shares() -> None:
    dice = Random(18)
    different = 0
    for _ in range(250):
        weighted, allowed = random_weighted(dice, most=100)
        game = weighted_stage_one(weighted, UNWEIGHTED)
        assert backward_induction(game, efficient_ties=True).cost_effective_everywhere
        different += any(UNWEIGHTED(weighted, Z) != weighted_p_star(weighted, Z) for Z in allowed)
    assert different > 20


def test_highs_agrees_with_the_search_and_says_what_it_has_proved() -> None:
    dice = Random(19)
    proved = asked = 0
    for _ in range(25):
        weighted, allowed = random_weighted(dice, most=60)
        for history in islice(histories(allowed), 6):
            for aim, searched in (
                ("any", completion(weighted, history)),
                ("most", maximal_total(weighted, history)),
                ("least", least_cost(weighted, history)),
            ):
                found = _by_highs(weighted, history, aim)
                assert found is not None
                assert searched is not None
                assert found.value == searched.value
                assert found.allocation in allowed
                proved += found.proved
                asked += 1
    assert 0 < proved < asked


def test_highs_finds_dead_ends_too() -> None:
    weighted = WeightedProblem(make([[1, 1], [0, 0]], [[1, 1], [1, 1]]), (1, 2), (3, 1))
    assert _by_highs(weighted, ((1, 0),), "any") is None
    assert completion(weighted, ((1, 0),)) is None


def test_larger_problems_go_to_highs() -> None:
    dice = Random(20)
    D, C = random_matrices(dice, special=True, n=14, m=8)
    problem = make(3 * D, 3 * C, *(Quadratic(Fraction(dice.randint(1, 4))) for _ in range(14)))
    weights = tuple(dice.randint(1, 5) for _ in range(8))
    contracts = [sum(w * d for w, d in zip(weights, row, strict=True)) for row in problem.contracted.tolist()]
    loose = WeightedProblem(problem, weights, (10**6,) * 14)
    assert not loose.is_small
    # Where limits do not bind, the best without them proves the answer.
    assert least_cost(loose).proved
    assert least_cost(loose).value == cost_effective(problem).total_cost
    assert maximal_total(loose, ()).proved
    tight = WeightedProblem(problem, weights, tuple(weight + 4 for weight in contracts))
    found = least_cost(tight)
    assert tight.allows(found.allocation)
    assert cost_effective(problem).total_cost < found.value < problem.total_cost(problem.contracted)
    assert not found.proved


@pytest.mark.parametrize(
    ("weights", "limits", "message"),
    [
        ((1, 1), (9, 9, 9, 9, 9), "weights: 2 numbers for 5 task types"),
        ((1,) * 5, (9,) * 4, "limits: 4 numbers for 5 agents"),
        ((1, 1, 1, 1, -1), (9,) * 5, r"weights\[4\]: -1 is not a whole number"),
        ((2, 1, 1, 1, 1), (17, 9, 9, 9, 9), r"limits\[0\]: agent 1's contracts weigh 18"),
    ],
)
def test_weights_and_limits_that_do_not_fit_the_problem_are_refused(
    weights: tuple[int, ...], limits: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ParleyError, match=message):
        WeightedProblem(example_1(), weights, limits)


def test_announcements_that_are_none_are_refused() -> None:
    weighted = WeightedProblem(example_1(), (1,) * 5, (9,) * 5)
    with pytest.raises(ParleyError, match="are not announcements"):
        maximal_total(weighted, rows_of(X))
    with pytest.raises(ParleyError, match="are not announcements"):
        least_cost(weighted, ((1, 2),))
    with pytest.raises(ParleyError, match="agent 1 cannot announce"):
        least_cost(weighted, ((10, 0, 0, 0, 0),))
