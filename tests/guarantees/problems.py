"""Problems that the tests play, and random ones."""

from collections.abc import Mapping
from random import Random
from typing import Any

from parley.mechanisms.guarantees.problem import Problem

USUAL, FLOORS, LATE = "", "floors", "late"
"""Settings: max-min fairness with a draw; floors alone; both, with a tolerance, and nobody attests."""

JOBS = {
    "kind": "guarantees",
    "providers": 3,
    "values": [7, 2, 2, 4, 6],
    "intervals": [[0, 4], [1, 2], [2, 5], [3, 4], [5, 8]],
    "pay": "3/4",
    "cancellation": "1/4",
}
"""First fit is worth 13, 4 and 4 to the providers, the fairest 7, 6 and 8, in some order."""

INCOME = {"type": "income", "floors": [3, 4, 0]}
PROBLEMS = {
    USUAL: Problem.from_mapping({**JOBS, "guarantee": {"type": "max-min"}, "draw": "permutation"}),
    FLOORS: Problem.from_mapping({**JOBS, "guarantee": INCOME, "factors": [1, "3/4", "3/4"]}),
    LATE: Problem.from_mapping(
        {**JOBS, "guarantee": {"type": "all", "of": [INCOME | {"floors": [2, 3, 1]}, {"type": "max-min"}]}}
        | {"tolerance": "1/10"}
    ),
}


def random_keys(dice: Random) -> Mapping[str, Any]:
    """A problem of few jobs, on chain or not."""
    n, m = dice.randint(1, 4), dice.randint(1, 5)

    def numbers(count: int, least: int = 0) -> list[str]:
        return [f"{dice.randint(least, 9)}/{dice.randint(1, 3)}" for _ in range(count)]

    starts = [dice.randint(0, 6) for _ in range(m)]
    income = {"type": "income", "floors": [dice.choice([None, *numbers(1)]) for _ in range(n)]}
    leaf = [income, {"type": "max-min"}, {"type": "alpha", "alpha": dice.choice(["1/2", 1, 2])}]
    joined = {"type": dice.choice(["any", "all"]), "of": [dice.choice(leaf), dice.choice(leaf)]}
    optional = {
        "intervals": [[start, f"{2 * start + dice.randint(1, 6)}/2"] for start in starts],
        "conflicts": [dice.sample(range(m), 2)] if m > 1 else [],
        "capacities": dice.choice([dice.randint(1, 3), [dice.randint(1, 3) for _ in range(n)]]),
        "eligible": [dice.sample(range(m), dice.randint(0, m)) for _ in range(n)],
        "factors": dice.choice(["2/3", numbers(n, 1)]),
        "pay": dice.choice(["3/4", numbers(n, 1)]),
        "cancellation": dice.choice(["1/3", ["1/4"] * m]),
        "tolerance": "1/10",
        "window": dice.randint(60, 9999),
    }
    keys = {key: value for key, value in optional.items() if dice.random() < 0.4}
    return {
        "kind": "guarantees",
        "providers": n,
        "values": numbers(m),
        "guarantee": dice.choice([*leaf, joined]),
        **keys,
    }
