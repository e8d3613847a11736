"""How many terms may be needed, and how many fit: the bounds by which sizes are refused."""

from random import Random

import pytest

from parley.core.errors import ProblemError
from parley.mechanisms.assignment.certificate import certify
from parley.mechanisms.assignment.probabilistic_serial import eating_schedule
from parley.mechanisms.assignment.problem import Problem, from_orders
from parley.mechanisms.assignment.terms import MAX_DENOMINATOR, most_terms_kept, terms_needed, terms_that_fit

EATING = "probabilistic-serial"


def allowed(agents: int, items: int, rule: str = EATING) -> bool:
    return terms_needed(agents, items) <= terms_that_fit(agents, items, rule)


def correlated(dice: Random, agents: int, items: int) -> Problem:
    """Rankings that differ by a few exchanges only: many agents eat each item, and denominators grow."""
    orders = []
    for _ in range(agents):
        order = list(range(items))
        for _ in range(dice.randint(0, 3)):
            k = dice.randrange(max(items - 1, 1))
            order[k : k + 2] = order[k : k + 2][::-1]
        orders.append(order)
    capacities = [dice.choice([0, 1, 1, 1, 2]) for _ in range(items)]
    return from_orders(orders, items, EATING, capacities)


def test_whatever_size_is_accepted_any_lottery_fits() -> None:
    """Number of terms, denominator of times and shares, and so the room: never beyond their bounds."""
    dice = Random(3)
    sizes = [(2, 3), (3, 9), (5, 5), (7, 3), (9, 12), (12, 8), (20, 4), (16, 16)]
    for agents, items in sizes:
        for _ in range(4):
            problem = correlated(dice, agents, items)
            assert allowed(agents, items)
            found = certify(problem)
            assert found.terms <= terms_needed(agents, items)
            assert found.denominator <= agents ** min(items, agents - 1)
            assert found.terms <= most_terms_kept(agents, found.denominator)


def test_an_accepted_size_has_no_denominator_beyond_a_word() -> None:
    for agents in range(1, 65):
        for items in range(1, 65):
            if allowed(agents, items):
                assert agents ** min(items, agents - 1) <= MAX_DENOMINATOR


def test_the_denominator_may_come_near_its_bound() -> None:
    """Three agents and items: thirds, then halves of thirds, so that two exhaustions give 9 or 18 at most."""
    problem = from_orders([[0, 1, 2], [0, 1, 2], [1, 2, 0]], 3, EATING)
    times = eating_schedule(problem).exhausted
    assert max(time.denominator for time in times if time is not None) <= 3**2


@pytest.mark.parametrize(
    ("rule", "accepted", "refused"),
    [
        (EATING, [(26, 23), (64, 5), (10, 64), (19, 40), (22, 22)], [(64, 64), (64, 6), (27, 27), (20, 40)]),
        ("boston", [(22, 22), (64, 4), (9, 64)], [(26, 23), (64, 5), (23, 23), (64, 64)]),
    ],
)
def test_bounds_are_where_the_docs_say(
    rule: str, accepted: list[tuple[int, int]], refused: list[tuple[int, int]]
) -> None:
    assert all(allowed(*size, rule) for size in accepted)
    assert not any(allowed(*size, rule) for size in refused)


def test_a_problem_that_may_not_fit_is_refused_in_one_line_before_it_is_played() -> None:
    problem = from_orders([range(64)] * 64, 64, EATING)
    with pytest.raises(ProblemError) as caught:
        problem.check_playable("a.toml")
    assert str(caught.value) == (
        "a.toml: rule: probabilistic-serial with 64 agents and 64 items may need 4097 assignments, but a "
        "lottery on chain holds 266; use fewer agents or items, or serial-dictatorship"
    )
    problem.with_rule("serial-dictatorship").check_playable()
