"""Problems for the tests of random assignment."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from parley.mechanisms.assignment.problem import Problem, from_orders, letter, load_problem

if TYPE_CHECKING:
    from collections.abc import Callable

READY = Path(__file__).parents[2] / "problems"


def ready(name: str) -> Problem:
    return load_problem(READY / f"assignment-{name}.toml")


def cardinal(utilities: list[list[Any]], rule: str = "serial-dictatorship", **more: object) -> Problem:
    """Items A, B, C, … and utilities."""
    items = [letter(o).upper() for o in range(len(utilities[0]))]
    return Problem.from_mapping(
        {"kind": "assignment", "items": items, "utilities": utilities, "rule": rule, **more}
    )


@st.composite
def complete(draw: Callable[..., Any], most: int = 5, rule: str = "serial-dictatorship") -> Problem:
    """As many items as agents, all of them ranked strictly."""
    n = draw(st.integers(2, most))
    orders = draw(st.lists(st.permutations(range(n)), min_size=n, max_size=n))
    return from_orders(orders, n, rule)


@st.composite
def general(draw: Callable[..., Any], most: int = 5, rule: str = "serial-dictatorship") -> Problem:
    """Any capacities, lists of any length, with ties."""
    n, m = draw(st.integers(1, most)), draw(st.integers(1, most))
    rankings = []
    for _ in range(n):
        order = draw(st.permutations(range(m)))[: draw(st.integers(0, m))]
        ranks: list[tuple[int, ...]] = []
        for o in order:
            if ranks and draw(st.integers(0, 3)) == 0:
                ranks[-1] = tuple(sorted((*ranks[-1], o)))
            else:
                ranks.append((o,))
        rankings.append(tuple(ranks))
    capacities = draw(st.lists(st.integers(0, 3), min_size=m, max_size=m))
    return Problem(
        items=tuple(letter(o) for o in range(m)),
        rankings=tuple(rankings),
        rule=rule,
        capacities=tuple(capacities),
    )


@st.composite
def with_utilities(draw: Callable[..., Any], most: int = 4, rule: str = "serial-dictatorship") -> Problem:
    """Any capacities, utilities from 0 to 6, some items not wanted."""
    n, m = draw(st.integers(1, most)), draw(st.integers(1, most))
    entry = st.one_of(st.integers(0, 6), st.none()) if draw(st.booleans()) else st.integers(0, 6)
    rows = draw(st.lists(st.lists(entry, min_size=m, max_size=m), min_size=n, max_size=n))
    return cardinal(rows, rule, capacities=draw(st.lists(st.integers(1, 2), min_size=m, max_size=m)))


def fractions(rows: list[list[str]]) -> tuple[tuple[Fraction, ...], ...]:
    return tuple(tuple(map(Fraction, row)) for row in rows)
