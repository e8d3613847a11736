"""Calls to make: what could be done next in a market, and the many ways of doing it wrongly."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from parley.mechanisms.screening.certificate import Basic, Certificate, certify
from parley.mechanisms.screening.model import Market
from parley.mechanisms.screening.parameters import (
    MAX_COST,
    MAX_QUANTITY,
    MAX_WINDOW,
    REMEDIAL,
    Parameters,
    find_crossing,
)
from tests.kit.rig import moves
from tests.kit.rig.moves import Call

LARGEST_SHARE = 2**200 - 1
LARGEST_PRICE = 2**231 - 1


def parameters(dice: Random, accounts: Sequence[str]) -> Parameters:
    """A market that may be opened: of small numbers, so that there are many ties, or of the largest."""
    seats, tasks = dice.choice([1, 2, 4, 6, 6, 6]), dice.choice([2, 2, 2, 2, 2, 3, 3, 4, 8])
    large = dice.random() < 0.1
    most = MAX_QUANTITY if large else dice.choice([2, 4, 30])
    dear = MAX_COST if large else dice.choice([1, 3, 50])
    fair = dice.random() < 0.8
    menus: list[int] = []
    endpoints: list[int] = []
    status_quo: list[int] = []
    for _ in range(seats):
        held = [dice.choice([0, most, dice.randint(0, most)]) for _ in range(tasks)]
        rays = random_menu(dice, held, most, fair=fair)
        menus.append(REMEDIAL if dice.random() < 0.2 else len(rays))
        status_quo += held
        if menus[-1] != REMEDIAL:
            endpoints += [x for ray in rays for x in ray]
    return Parameters(
        agents=tuple(dice.sample(list(accounts), seats)),
        tasks=tasks,
        costs=tuple(dice.choice([-dear, dear, dice.randint(-dear, dear)]) for _ in range(seats * tasks)),
        status_quo=tuple(status_quo),
        menus=tuple(menus),
        endpoints=tuple(endpoints),
        choosing_window=dice.choice([60, 600, MAX_WINDOW]),
        posting_window=dice.choice([60, 600, MAX_WINDOW]),
    )


def random_menu(dice: Random, held: Sequence[int], most: int, *, fair: bool) -> list[tuple[int, ...]]:
    """The endpoints of some polarized rays, as long as few attempts find any."""
    found: list[tuple[int, ...]] = []
    changes: list[tuple[int, ...]] = []
    for _ in range(dice.choice([0, 4, 8])):
        ray = random_ray(dice, held, most, fair=fair)
        if ray is not None:
            change = tuple(x - own for x, own in zip(ray, held, strict=True))
            if find_crossing([*changes, change]) is None:
                found.append(ray)
                changes.append(change)
    return found


def random_ray(dice: Random, held: Sequence[int], most: int, *, fair: bool) -> tuple[int, ...] | None:
    """The endpoint of a ray at full length; None if it came out otherwise.

    A fair one takes as much of one task as it gives up of another, so that many clear; of any other ray all
    changes are arbitrary.
    """
    given = [task for task, own in enumerate(held) if own]
    taken = [task for task, own in enumerate(held) if own < MAX_QUANTITY]
    if not given or not taken:
        return None
    end = list(held)
    for task in range(len(held)):
        if not fair and dice.random() < 0.3:
            end[task] = dice.randint(0, min(2 * most, MAX_QUANTITY))
    out, into = dice.choice(given), dice.choice(taken)
    end[into] = min(held[into] + (held[out] if fair else dice.randint(1, most)), MAX_QUANTITY)
    end[out] = 0
    return tuple(end) if out != into else None


def _with_rays(dice: Random, p: Parameters, rays: int) -> Parameters:
    """A market in which one seat has so many rays, whatever they are."""
    counts = [0 if menu == REMEDIAL else menu for menu in p.menus]
    seat = dice.randrange(len(counts))
    at = p.tasks * sum(counts[:seat])
    held = p.row(p.status_quo, seat)
    ends: list[int] = []
    for _ in range(rays):
        one = random_ray(dice, held, 30, fair=False)
        ends += held if one is None else one
    after = p.endpoints[at + p.tasks * counts[seat] :]
    menus = (*p.menus[:seat], rays, *p.menus[seat + 1 :])
    return replace(p, menus=menus, endpoints=(*p.endpoints[:at], *ends, *after))


@dataclass
class Moves(moves.Moves[Market]):
    """How the seats choose, and what is posted."""

    def waited_for(self, game: Market) -> Collection[int]:
        return set(range(game.agents)) - game.chosen

    def _choice(self, dice: Random, game: Market, seat: int) -> int:
        sets = game.parameters.sets(seat) if seat < game.agents else 1
        return dice.randint(min(1, sets) if dice.random() < 0.8 else 0, sets)

    def _post(self, dice: Random, market: Market) -> Call:
        right = certify(market.columns)
        return Call(dice.choice(self.accounts), "post", (market.id, market.digest, right))

    @staticmethod
    def _other_certificate(dice: Random, game: Market, right: Certificate) -> Certificate:
        return another_certificate(dice, right, len(game.columns))

    def spoiled(self, dice: Random, *parameters: Any) -> tuple[Any, ...]:  # noqa: ANN401 - as in the rig
        if dice.random() < 0.3:
            (p,) = parameters
            return (_with_rays(dice, p, dice.randint(1, p.tasks + 1)),)
        return super().spoiled(dice, *parameters)


def another_certificate(dice: Random, right: Certificate, count: int) -> Certificate:
    """One that differs from a right one in one place, or in all that its denominator touches.

    Parameters
    ----------
    count : int
        Number of columns.
    """
    c, basis = right, right.basis
    others: list[Callable[[], Certificate]] = [
        lambda: c._replace(denominator=dice.choice([0, c.denominator ^ 1, LARGEST_SHARE])),
        lambda: scaled(c, dice.choice([2, 3, 7])),  # as right as before
        lambda: c._replace(prices=nudged(dice, c.prices, LARGEST_PRICE)),
        lambda: c._replace(prices=nudged(dice, c.prices, LARGEST_PRICE)),
        # Basic from the first column on, or one more that is not to be.
        lambda: c._replace(basis=(Basic(dice.randrange(count + 2), 0, (0,) * 8), *basis)),
        lambda: c._replace(basis=(*basis, Basic(dice.choice([0, count, 2**16 - 1]), 0, (0,) * 8))),
    ]
    if basis:
        at = dice.randrange(len(basis))
        one = basis[at]
        changed = [
            one._replace(share=_other_share(dice, one.share, c.denominator)),
            one._replace(share=_other_share(dice, one.share, c.denominator)),
            one._replace(tie_prices=nudged(dice, one.tie_prices, LARGEST_PRICE)),
            one._replace(tie_prices=(0,) * 8),
            one._replace(column=dice.randrange(count + 1)),
        ]
        others += [
            *(lambda new=new: c._replace(basis=(*basis[:at], new, *basis[at + 1 :])) for new in changed),
            lambda: c._replace(basis=basis[:at] + basis[at + 1 :]),
            lambda: c._replace(basis=(*basis, one)),
            lambda: c._replace(basis=tuple(reversed(basis))),
        ]
    return dice.choice(others)()


def _other_share(dice: Random, share: int, one: int) -> int:
    other = dice.choice([share - 1, share + 1, one - share, 0, one, one + 1, LARGEST_SHARE])
    return min(max(other, 0), LARGEST_SHARE)


def nudged(dice: Random, prices: Sequence[int], most: int) -> tuple[int, ...]:
    """Prices of which one is a little more or less, or far too much."""
    k = dice.choice([0, 0, 1, 1, 2, 3, 7])
    other = dice.choice([prices[k] - 1, prices[k] + 1, -prices[k], most, -most - 1])
    return (*prices[:k], min(max(other, -most - 1), most), *prices[k + 1 :])


def scaled(c: Certificate, factor: int) -> Certificate:
    """Say the same over another denominator, if that fits."""
    prices = [*c.prices, *(price for one in c.basis for price in one.tie_prices)]
    shares = [c.denominator, *(one.share for one in c.basis)]
    if factor * max(shares) > LARGEST_SHARE or factor * max(map(abs, prices)) > LARGEST_PRICE:
        return c

    def times(numbers: Sequence[int]) -> tuple[int, ...]:
        return tuple(factor * number for number in numbers)

    basis = tuple(Basic(b.column, factor * b.share, times(b.tie_prices)) for b in c.basis)
    return Certificate(factor * c.denominator, times(c.prices), basis)
