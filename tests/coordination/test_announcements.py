from random import Random

import numpy as np
import pytest

from parley.core.errors import ProblemError
from parley.mechanisms.coordination.announcements import (
    bounds,
    carried,
    check_feasible,
    find_violation,
    is_feasible,
    maximal_announcements,
    spare,
)
from parley.mechanisms.coordination.problem import Problem, example_1
from tests.coordination.problems import (
    Matrix,
    X,
    Y,
    all_allocations,
    make,
    random_announcements,
    random_problem,
)


def feasible_by_definition(problem: Problem, Z: Matrix) -> bool:
    D, C = problem.contracted, problem.capacity
    return bool(
        (Z >= 0).all()
        and (Z <= C).all()
        and (Z.sum(axis=0) == D.sum(axis=0)).all()
        and (Z.cumsum(axis=0) <= D.cumsum(axis=0)).all()
    )


def legal_by_definition(problem: Problem, rows: Matrix) -> bool:
    """The paper's three conditions on agent j, for each j and type."""
    D, C = problem.contracted, problem.capacity
    for j in range(len(rows)):
        done = rows[: j + 1].sum(axis=0)
        if not (
            (rows[j] >= 0).all()
            and (rows[j] <= C[j]).all()
            and (done <= D[: j + 1].sum(axis=0)).all()
            and (done + C[j + 1 :].sum(axis=0) >= D.sum(axis=0)).all()
        ):
            return False
    return True


def test_the_printed_allocations_are_feasible_and_have_the_printed_maximal_announcements() -> None:
    problem = example_1()
    assert is_feasible(problem, X)
    assert is_feasible(problem, Y)
    assert maximal_announcements(problem, X).tolist() == [
        [9, 0, 0, 0, 0],
        [2, 5, 0, 0, 0],
        [2, 2, 4, 0, 0],
        [1, 1, 1, 2, 0],
        [1, 0, 1, 1, 1],
    ]
    assert maximal_announcements(problem, Y)[3:].tolist() == [[0, 2, 1, 2, 0], [0, 1, 2, 0, 1]]


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_verdicts_on_random_announcements_are_those_of_the_definition(*, special: bool) -> None:
    dice = Random(19 + special)
    verdicts = {True: 0, False: 0}
    for _ in range(600):
        problem = random_problem(dice, special=special)
        rows = random_announcements(dice, problem, dice.randint(1, problem.agents))
        for _ in range(dice.randint(0, 2)):
            rows[dice.randrange(len(rows)), dice.randrange(problem.task_types)] += dice.choice([-1, 1, 2])
        legal = find_violation(problem, rows) is None
        assert legal == legal_by_definition(problem, rows)
        if len(rows) == problem.agents:
            assert is_feasible(problem, rows) == feasible_by_definition(problem, rows) == legal
        verdicts[legal] += 1
    assert min(verdicts.values()) > 100


def test_the_first_broken_bound_is_named_agent_by_agent_and_type_by_type() -> None:
    dice = Random(23)
    seen = {True: 0, False: 0}
    for _ in range(600):
        problem = random_problem(dice, special=False)
        rows = random_announcements(dice, problem, dice.randint(1, problem.agents))
        rows[dice.randrange(len(rows))] += dice.choice([-1, 1])
        found = find_violation(problem, rows)
        if found is None:
            continue
        seen[found.too_high] += 1
        for j in range(found.agent):
            lower, upper = bounds(problem, rows[:j])
            assert ((lower <= rows[j]) & (rows[j] <= upper)).all()
        lower, upper = bounds(problem, rows[: found.agent])
        row = rows[found.agent]
        assert ((lower <= row) & (row <= upper))[: found.task_type].all()
        assert found.amount == row[found.task_type]
        assert found.bound == (upper if found.too_high else lower)[found.task_type]
        assert (found.amount > found.bound) == found.too_high
    assert min(seen.values()) > 50


def test_no_legal_history_leaves_a_later_agent_without_a_legal_announcement() -> None:
    dice = Random(29)
    for special in [True, False] * 100:
        problem = random_problem(dice, special=special)
        for k in range(problem.agents):
            lower, upper = bounds(problem, random_announcements(dice, problem, k))
            assert (lower >= 0).all()
            assert (lower <= upper).all()
            if k == problem.agents - 1:
                np.testing.assert_array_equal(lower, upper)


def test_announcing_in_order_reaches_every_allocation() -> None:
    dice = Random(31)
    for special in [True, False] * 10:
        problem = random_problem(dice, special=special)
        for Z in list(all_allocations(problem))[:200]:
            assert find_violation(problem, Z) is None


def test_in_the_special_domain_prefix_feasibility_follows_from_the_rest() -> None:
    dice = Random(37)
    for _ in range(200):
        problem = random_problem(dice, special=True)
        D, C = problem.contracted, problem.capacity
        Z = np.array([[dice.randint(0, int(c)) for c in row] for row in C])
        Z[-1] += D.sum(axis=0) - Z.sum(axis=0)
        if (Z[-1] >= 0).all() and (Z[-1] <= C[-1]).all():
            assert is_feasible(problem, Z)


def test_tasks_never_move_to_less_complex_agents() -> None:
    problem = make([[1], [9]], [[10], [9]])
    assert not is_feasible(problem, [[2], [8]])
    assert find_violation(problem, [[2]]) is not None


def test_carried_and_spare_add_up_to_the_bounds() -> None:
    dice = Random(41)
    for _ in range(100):
        problem = random_problem(dice, special=False)
        j = dice.randrange(problem.agents)
        rows = random_announcements(dice, problem, j)
        pool = carried(problem, rows) + problem.contracted[j]
        lower, upper = bounds(problem, rows)
        np.testing.assert_array_equal(upper, np.minimum(pool, problem.capacity[j]))
        np.testing.assert_array_equal(lower, np.maximum(0, pool - spare(problem)[j]))


def test_a_refusal_speaks_of_tasks_and_numbers_agents_from_one() -> None:
    problem = make([[9, 0], [0, 3]], [[9, 0], [4, 3]], unit=2)
    with pytest.raises(ProblemError) as caught:
        check_feasible(problem, [[3, 0]], key="allocation")
    assert str(caught.value) == (
        "allocation[0][0]: agent 1 announces 3/2 of task type 1, "
        "less than the least it can announce after the agents before it, 5/2"
    )
    assert not is_feasible(problem, [[9, 0]])
