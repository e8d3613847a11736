"""What theory says about a screening problem: menus, choices, expected cost, and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.exact import show, show_all
from parley.mechanisms.screening.bilateral import Trade, best_trade
from parley.mechanisms.screening.expectation import Expectation, expectation, laws_of
from parley.mechanisms.screening.replicas import Replica, replicas

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parley.mechanisms.screening.design import LargeMarket
    from parley.mechanisms.screening.market import Market, Menu
    from parley.mechanisms.screening.preferences import Law
    from parley.mechanisms.screening.problem import Problem

__all__ = ["Solution", "market_of", "remember", "solve", "theory"]

KEPT = 64
"""Markets that are kept."""

Number = Fraction | float


@dataclass(frozen=True)
class Solution:
    """The menus as played, and what follows from them."""

    problem: Problem
    market: Market
    laws: tuple[Law, ...]
    expectation: Expectation
    trade: Trade | None
    """The best trade between two agents; None if none gains."""
    large_market: LargeMarket | None = None
    """None where menus are given and no bound is asked for."""
    replicas: tuple[Replica, ...] | None = None

    @property
    def method(self) -> str:
        """How the menus were made: ``given``, or the market that they were designed for."""
        return "given" if self.problem.design is None else self.problem.design.market

    @property
    def expected_cost(self) -> Number:
        """Expected social cost."""
        change = self.expectation.change
        quo = self.market.status_quo_cost
        return quo + change if isinstance(change, Fraction) else float(quo) + change

    def to_json(self) -> dict[str, Any]:
        """Return plain values: exact numbers as strings, agents and tasks from 0."""
        market, found = self.market, self.expectation
        written: dict[str, Any] = {
            "kind": "screening",
            "method": self.method,
            "unit": market.unit,
            "menus": [
                _menu(agent, menu, law)
                for agent, (menu, law) in enumerate(zip(market.menus, self.laws, strict=True))
            ],
            "status_quo_cost": show(market.status_quo_cost),
            "first_best_cost": show(market.first_best_cost),
            "expected_cost": _written(self.expected_cost),
            "expected_change": _written(found.change),
            "variance": _written(found.variance),
            "exact": found.exact,
            "profiles": found.profiles,
            "std_error": found.std_error,
            "expected_assignment": [[_written(x) for x in row] for row in found.assignment],
            "large_market": None if self.large_market is None else _large(self.large_market),
            "benchmarks": {"bilateral": None if self.trade is None else _trade(self.trade)},
        }
        if self.replicas is not None:
            written["replicas"] = [replica.to_json() for replica in self.replicas]
        return written


def _written(number: Number) -> str | float:
    return show(number) if isinstance(number, Fraction) else number


def _menu(agent: int, menu: Menu, law: Law) -> dict[str, Any]:
    chances: Sequence[Number] = law.probabilities if law.exact else [float(p) for p in law.probabilities]
    return {
        "agent": agent,
        "remedial": menu.remedial,
        "rays": [
            {"change": show_all(ray), "probability": _written(p)}
            for ray, p in zip(menu.rays, chances[1:] if menu.rays else (), strict=True)
        ],
        "stay": _written(chances[0]),
    }


def _large(found: LargeMarket) -> dict[str, Any]:
    return {
        "value": found.value,
        "bound": found.bound,
        "gap": found.gap,
        "prices": list(found.prices),
        "confidence": found.confidence,
    }


def _trade(trade: Trade) -> dict[str, Any]:
    return {
        "agents": [trade.receiver, trade.giver],
        "trade": show_all(trade.trade),
        "expected_change": _written(trade.change),
    }


_markets: dict[Problem, Market] = {}
"""Markets of the latest problems: a design takes up to a minute."""


def market_of(problem: Problem) -> Market:
    """Return the market as played; menus that the problem does not give are designed once."""
    found = _markets.get(problem)
    if found is None:
        found = problem.market(_menus_of(problem))
        remember(problem, found)
    return found


def _menus_of(problem: Problem) -> Sequence[Menu] | None:
    if problem.design is None:
        return None
    from parley.mechanisms.screening.design import designed  # noqa: PLC0415 - slow to load

    return designed(problem, problem.design.market, problem.design.seed)


def remember(problem: Problem, market: Market) -> None:
    """Let `market_of` return this market: another process has designed its menus."""
    if len(_markets) >= KEPT:
        del _markets[next(iter(_markets))]
    _markets[problem] = market


def solve(
    problem: Problem,
    *,
    bound: bool = False,
    copies: int | None = None,
    seed: int = 0,
    tell: Callable[[str], None] = lambda _: None,
) -> Solution:
    """Compute what theory says about a problem.

    Parameters
    ----------
    bound : bool
        Bound the cost of any menus in the large market also if menus are given.
    copies : int, optional
        Most copies of the market to play with the same menus.
    seed : int
        Of samples, where figures are not exact.
    tell : callable, optional
        Called with a description of each step.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> found = solve(worked_example()).to_json()
    >>> found["expected_cost"], found["expected_change"], found["menus"][0]["stay"]
    ('23131/1000', '-869/1000', '11/60')
    >>> found["benchmarks"]["bilateral"]
    {'agents': [0, 2], 'trade': ['2', '-2'], 'expected_change': '-2'}
    """
    tell("menus")
    market = market_of(problem)
    laws = laws_of(market, seed=seed)
    tell("expected cost")
    found = expectation(market, laws, seed=seed)
    tell("trades between two agents")
    trade = best_trade(problem, seed=seed)
    large = None
    if bound or problem.design is not None:
        from parley.mechanisms.screening.design import large_market  # noqa: PLC0415 - slow to load

        tell("bound of the large market")
        own = seed if problem.design is None else problem.design.seed
        large = large_market(problem, market.menus, own)
    many = None
    if copies is not None:
        tell("copies of the market")
        many = replicas(market, numbers_of_copies(copies), seed=seed)
    return Solution(problem, market, laws, found, trade, large, many)


def numbers_of_copies(most: int) -> list[int]:
    """Return the powers of ten below a number of copies, and that number.

    Examples
    --------
    >>> numbers_of_copies(200)
    [1, 10, 100, 200]
    """
    numbers = [1]
    while numbers[-1] * 10 < most:
        numbers.append(numbers[-1] * 10)
    return [*numbers, most] if most > 1 else numbers


def theory(problem: Problem, seed: int) -> Solution:
    """Compute what games are compared with, without benchmarks; sampled figures by their seed."""
    market = market_of(problem)
    laws = laws_of(market, seed=seed)
    return Solution(problem, market, laws, expectation(market, laws, seed=seed), None)
