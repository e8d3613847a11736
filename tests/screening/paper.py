"""Figures of worked examples: two tasks, three agents, status quo 2 and 2, types uniform on [1, 2]².

The mechanisms are those of Valenzuela-Stookey, "Obviously strategy-proof multi-dimensional allocation and the
value of choice" (2026): two prices for each agent, section 1.1; the large market, section 4. The figures were
computed from the paper's definitions.
"""

from __future__ import annotations

from typing import Any

from parley.mechanisms.screening.problem import Problem

COSTS = [[1, 3], [2, 2], [3, 1]]
PRICES: dict[str, list[tuple[str | None, str | None]]] = {
    "W1": [("6/5", "3/2"), ("4/5", "5/4"), ("3/4", "1")],
    "W2": [("1", "1")] * 3,
    "W3": [("1", None), ("1", "1"), (None, "1")],
}
"""(p1, p2) of each agent: to take task A for p1 B, or to give it up for p2 B."""

CHANGES = {"W1": "-869/1000", "W2": "-3", "W3": "-3"}
VARIANCE = "11895917/3000000"
"""Of the change of social cost in W1."""

TRADING: dict[str, dict[tuple[int, int, int], tuple[str, str, tuple[str, str, str]]]] = {
    "W1": {
        (1, 1, 2): ("33/400", "-31/5", ("1", "1", "2")),
        (1, 2, 2): ("33/400", "-13/3", ("5/3", "4/3", "1/3")),
    },
    "W2": {
        (1, 1, 2): ("1/8", "-8", ("2", "0", "2")),
        (1, 2, 1): ("1/8", "-4", ("2", "2", "0")),
        (1, 2, 2): ("1/8", "-8", ("2", "0", "2")),
        (2, 1, 2): ("1/8", "-4", ("0", "2", "2")),
    },
    "W3": {
        (0, 1, 2): ("1/8", "-4", ("0", "2", "2")),
        (1, 1, 2): ("1/8", "-8", ("2", "0", "2")),
        (1, 2, 0): ("1/8", "-4", ("2", "2", "0")),
        (1, 2, 2): ("1/8", "-8", ("2", "0", "2")),
    },
}
"""Profiles that trade, by choice (1 to take A, 2 to give it up): probability, change, amounts of A moved."""

LARGE_MARKET = 19.183131978929737
"""Cost per copy of the best menus in the large market."""
LARGE_MARKET_PRICES: list[tuple[str | None, str | None]] = [
    ("1.098822568726572", None),
    ("0.7807764125991568", "1.2807763962426342"),
    (None, "0.9100650354851214"),
]
DUAL = {
    1: 12.0,
    2: 17.813305,
    3: 18.773199,
    4: 19.131213,
    5: 19.175127,
    6: 19.044682,
    7: 18.776814,
    8: 18.397186,
}
"""Value of the dual program at λ = (t, t)."""


def two_prices(prices: list[tuple[str | None, str | None]], costs: Any = None, **more: Any) -> Problem:  # noqa: ANN401
    """A market with two prices for each agent."""
    menus = [
        [[1, f"-{first}"]] * (first is not None) + [[-1, second]] * (second is not None)
        for first, second in prices
    ]
    return Problem.from_mapping(
        {
            "kind": "screening",
            "social_costs": costs or COSTS,
            "status_quo": [[2, 2]] * 3,
            "preferences": {"type": "uniform", "low": [1, 1], "high": [2, 2]},
            "menus": menus,
        }
        | more
    )


def worked(name: str) -> Problem:
    """W1, W2 or W3."""
    return two_prices(PRICES[name])
