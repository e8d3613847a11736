"""What a market may be: what creation refuses, in which order, and what it keeps."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import pytest
from eth_abi.abi import encode

from parley.core.randomness import keccak, word
from parley.mechanisms.screening.parameters import MAX_COST, MAX_QUANTITY, REMEDIAL
from tests.kit.rig.table import refused, went
from tests.screening.on_chain import CHOOSING, CHOOSING_WINDOW, EXAMPLE, POSTING_WINDOW, Table

PARAMETERS_TYPE = "(address[],uint8,int64[],uint32[],uint8[],uint32[],uint32,uint32)"

ENDPOINTS = EXAMPLE.endpoints


def other(values: tuple[int, ...], at: int, value: int) -> tuple[int, ...]:
    """The same numbers but one."""
    return (*values[:at], value, *values[at + 1 :])


def with_ray(ray: int, *endpoint: int) -> dict[str, Any]:
    """Another ray, numbered from 0 over all seats."""
    return {"endpoints": (*ENDPOINTS[: 2 * ray], *endpoint, *ENDPOINTS[2 * ray + 2 :])}


REFUSED: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "no tasks": ({"tasks": 0}, ("TaskCountOutOfRange", 0)),
    "one task": ({"tasks": 1}, ("TaskCountOutOfRange", 1)),
    "nine tasks": ({"tasks": 9}, ("TaskCountOutOfRange", 9)),
    "a cost missing": ({"costs": EXAMPLE.costs[1:]}, ("LengthMismatch", 5, 6)),
    "a cost too many": ({"costs": (*EXAMPLE.costs, 0)}, ("LengthMismatch", 7, 6)),
    "an amount missing": ({"status_quo": EXAMPLE.status_quo[1:]}, ("LengthMismatch", 5, 6)),
    "a menu missing": ({"menus": (2, 4)}, ("LengthMismatch", 2, 3)),
    "a menu too many": ({"menus": (2, 2, 2, 0)}, ("LengthMismatch", 4, 3)),
    "a ray missing": ({"endpoints": ENDPOINTS[2:]}, ("LengthMismatch", 10, 12)),
    "half a ray": ({"endpoints": (*ENDPOINTS, 0)}, ("LengthMismatch", 13, 12)),
    "rays of a remedial menu": ({"menus": (2, 2, REMEDIAL)}, ("LengthMismatch", 12, 8)),
    "as many rays as a byte can say": ({"menus": (254, 2, 2)}, ("LengthMismatch", 12, 516)),
    "too much of a task": (
        {"status_quo": other(EXAMPLE.status_quo, 5, MAX_QUANTITY + 1)},
        ("QuantityOutOfRange", MAX_QUANTITY + 1),
    ),
    "the largest amount that can be written": (
        {"status_quo": other(EXAMPLE.status_quo, 0, 2**32 - 1)},
        ("QuantityOutOfRange", 2**32 - 1),
    ),
    "too far an endpoint": (with_ray(5, 0, MAX_QUANTITY + 1), ("QuantityOutOfRange", MAX_QUANTITY + 1)),
    "too high a cost": ({"costs": other(EXAMPLE.costs, 0, MAX_COST + 1)}, ("CostOutOfRange", MAX_COST + 1)),
    "too low a cost": ({"costs": other(EXAMPLE.costs, 5, -MAX_COST - 1)}, ("CostOutOfRange", -MAX_COST - 1)),
    "the lowest cost that can be written": (
        {"costs": other(EXAMPLE.costs, 1, -(2**63))},
        ("CostOutOfRange", -(2**63)),
    ),
    "three rays for two tasks": (
        {"menus": (2, 3, 2), "endpoints": (*ENDPOINTS, 0, 24)},
        ("TooManyRays", 1, 3, 2),
    ),
    "a ray that only takes": (with_ray(0, 13, 12), ("MonotoneRay", 0, 1)),
    "a ray that only gives up": (with_ray(1, 0, 12), ("MonotoneRay", 0, 2)),
    "no ray": (with_ray(5, 12, 12), ("MonotoneRay", 2, 2)),
    "a ray that leaves something": (with_ray(2, 27, 1), ("RayNotFull", 1, 1)),
    # (10, −12) gives 6/5 B for each A, (−12, 9) takes 3/4 B for each A.
    "prices that cross": (with_ray(1, 0, 21), ("NotPolarized", 0, 1, 2, 1, 0)),
    # (15, −12) gives 4/5 B for each A, (−12, 9) takes 3/4.
    "prices that hardly cross": (with_ray(3, 0, 21), ("NotPolarized", 1, 1, 2, 1, 0)),
    "the same ray twice": (with_ray(5, 28, 0), ("NotPolarized", 2, 1, 2, 1, 1)),
}


@pytest.mark.parametrize("what", REFUSED)
def test_creation_refuses(what: str) -> None:
    changes, error = REFUSED[what]
    at = Table()
    assert refused(at.create(**changes)) == error
    assert at.phase == 0


ACCEPTED: dict[str, dict[str, Any]] = {
    "prices that are nearly the same": with_ray(1, 0, 27),  # 6/5 and 5/4
    "the same price": {"endpoints": (24, 0, 0, 24, *ENDPOINTS[4:])},
    "the largest numbers": {
        "costs": (MAX_COST, -MAX_COST) * 3,
        "status_quo": (MAX_QUANTITY, 0) * 3,
        "menus": (1, 1, 1),
        "endpoints": (0, MAX_QUANTITY) * 3,
    },
    "nothing": {"status_quo": (0,) * 6, "menus": (0, REMEDIAL, 0), "endpoints": ()},
    "no choice": {"menus": (0, 0, 0), "endpoints": ()},
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_creation_accepts(what: str) -> None:
    at = Table()
    went(at.create(**ACCEPTED[what]))
    assert at.phase == CHOOSING


def test_prices_cross_from_one_unit_on() -> None:
    """(7, −5) and (−7, 5) have one price; a unit less taken for what the second gives up, and they cross."""
    three = {"status_quo": (7, 5) + (12,) * 4, "menus": (2, 0, 0)}
    at = Table()
    assert refused(at.create(**three, endpoints=(14, 0, 0, 9))) == ("NotPolarized", 0, 1, 2, 1, 0)
    went(at.create(**three, endpoints=(14, 0, 0, 10)))


def test_a_task_that_a_seat_has_none_of_does_not_run_out() -> None:
    three = {"tasks": 3, "costs": (1,) * 9, "status_quo": (5, 5, 0) * 3, "menus": (1, 0, 0)}
    at = Table()
    assert refused(at.create(**three, endpoints=(9, 1, 0))) == ("RayNotFull", 0, 1)
    went(at.create(**three, endpoints=(9, 0, 0)))


EIGHT: dict[str, Any] = {
    "tasks": 8,
    "costs": (1,) * 24,
    "status_quo": (5,) * 24,
    "menus": (0, 8, 0),
    # Ray a gives up all of task a and takes as much of every other.
    "endpoints": tuple(0 if i == a else 10 for a in range(8) for i in range(8)),
}


def test_a_menu_may_have_a_ray_for_each_task() -> None:
    went(Table().create(**EIGHT))


@pytest.mark.parametrize(("k", "l"), [(1, 2), (2, 6), (7, 8), (1, 8)])
def test_each_pair_of_a_long_menu_is_looked_at(k: int, l: int) -> None:  # noqa: E741 - as in the paper
    """A little less of one task, and two of 28 pairs' prices cross."""
    endpoints = other(EIGHT["endpoints"], 8 * (k - 1) + l - 1, 9)
    changes = {**EIGHT, "endpoints": endpoints}
    assert refused(Table().create(**changes)) == ("NotPolarized", 1, k, l, k - 1, l - 1)
    same = other(EIGHT["endpoints"], 8 * (l - 1) + k - 1, 4)
    assert refused(Table().create(**{**EIGHT, "endpoints": same})) == (
        *("NotPolarized", 1, k, l, k - 1, k - 1),
    )


def test_two_rays_that_give_up_one_task_come_before_prices_that_cross() -> None:
    """In a menu that has both, and tasks in the order of the later ray, then of the tasks."""
    rays = ((9, 9, 0), (0, 9, 4), (0, 4, 20))
    three = {"tasks": 3, "costs": (1,) * 9, "status_quo": (5,) * 9, "menus": (0, 3, 0)}
    at = Table()
    assert refused(at.create(**three, endpoints=sum(rays, ()))) == ("NotPolarized", 1, 1, 2, 2, 2)
    assert refused(at.create(**three, endpoints=sum(rays[1:] + rays[:1], ()))) == (
        *("NotPolarized", 1, 1, 2, 0, 0),
    )


def test_refusals_come_in_their_order() -> None:
    """Faults are added one by one, from the one that is looked at last to the first."""
    at = Table()
    p: dict[str, Any] = {**with_ray(1, 0, 21)}
    ladder: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
        ({}, ("NotPolarized", 0, 1, 2, 1, 0)),
        ({"endpoints": (*with_ray(1, 0, 21)["endpoints"][:6], 1, 27, *ENDPOINTS[8:])}, ("RayNotFull", 1, 2)),
        (
            {"endpoints": (*with_ray(1, 0, 21)["endpoints"][:6], 1, 27, 12, 0, 0, 24)},
            ("MonotoneRay", 2, 1),
        ),
        (
            {
                "menus": (2, 2, 3),
                "endpoints": (*with_ray(1, 0, 21)["endpoints"][:6], 1, 27, 12, 0, 0, 24, 0, 24),
            },
            ("TooManyRays", 2, 3, 2),
        ),
        ({"costs": other(EXAMPLE.costs, 5, MAX_COST + 1)}, ("CostOutOfRange", MAX_COST + 1)),
        (
            {"endpoints": (*with_ray(1, 0, 21)["endpoints"][:6], 1, 27, 12, 0, 0, 24, 0, MAX_QUANTITY + 1)},
            ("QuantityOutOfRange", MAX_QUANTITY + 1),
        ),
        (
            {"status_quo": other(EXAMPLE.status_quo, 5, MAX_QUANTITY + 2)},
            ("QuantityOutOfRange", MAX_QUANTITY + 2),
        ),
        ({"endpoints": (MAX_QUANTITY + 1,)}, ("LengthMismatch", 1, 14)),
        ({"menus": (2, 2)}, ("LengthMismatch", 2, 3)),
        ({"status_quo": ()}, ("LengthMismatch", 0, 6)),
        ({"costs": ()}, ("LengthMismatch", 0, 6)),
        ({"posting_window": 1}, ("WindowOutOfRange", 1)),
        ({"choosing_window": 2}, ("WindowOutOfRange", 2)),
        ({"agents": (at.seats[0], at.seats[0], at.seats[2])}, ("DuplicateAgent", 1, 0)),
        ({"agents": ("0x" + "00" * 20, at.seats[0], at.seats[0])}, ("ZeroAgent", 0)),
        ({"tasks": 1}, ("TaskCountOutOfRange", 1)),
        ({"agents": ()}, ("AgentCountOutOfRange", 0)),
    ]
    for change, error in ladder:
        p |= change
        assert refused(at.create(**p)) == error
    went(at.create())
    assert refused(at.create(**p)) == ("GameExists", at.id)


def test_creation_tells_the_parameters_and_keeps_their_digest() -> None:
    at = Table()
    now = at.evm.timestamp
    done = went(at.create())
    digest = keccak(encode([PARAMETERS_TYPE], [astuple(at.parameters)]))
    assert at.digest == digest == at.parameters.digest()
    (created,) = done.events
    told = created.args.pop("parameters")
    assert created.args == {"id": at.id, "creator": at.creator.lower(), "salt": at.salt, "digest": digest}
    assert done.output == at.id
    agents, *rest = astuple(at.parameters)
    assert [tuple(told[0]), *map(_plain, told[1:])] == [tuple(a.lower() for a in agents), *rest]
    assert at.state == (CHOOSING, now + CHOOSING_WINDOW, 0, 0)


def _plain(value: Any) -> Any:  # noqa: ANN401 - a number or several
    return value if isinstance(value, int) else tuple(value)


def test_any_difference_in_parameters_changes_the_digest() -> None:
    at = Table()
    changes: list[dict[str, Any]] = [
        {},
        {"agents": tuple(at.seats[::-1])},
        {"costs": other(EXAMPLE.costs, 0, 2)},
        {"status_quo": (12,) * 5 + (11,), "menus": (2, 2, 1), "endpoints": ENDPOINTS[:10]},
        {"menus": (2, 2, REMEDIAL), "endpoints": ENDPOINTS[:8]},
        {"menus": (2, 2, 0), "endpoints": ENDPOINTS[:8]},
        with_ray(0, 23, 0),
        {"choosing_window": CHOOSING_WINDOW + 1},
        {"posting_window": POSTING_WINDOW + 1},
    ]
    digests = set()
    for number, change in enumerate(changes):
        at.salt = word(number)
        went(at.create(**change))
        digests.add(at.digest)
    assert len(digests) == len(changes)
