"""The statistical twin's machine code: the rounds of a game with random numbers from a counter.

Philox 4×32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011) turns a
key and a counter into four random words. The counter is the game's number and how often the game has asked:
what a game draws depends on no other game. What holds for `compiled`'s place on disk holds here too.
"""

import numpy as np
from numpy.typing import NDArray

from parley.core.machine import compiled
from parley.mechanisms.coordination.twins.tables import (
    ACCEPTS,
    BROKEN_DOWN,
    DIVIDED,
    EXPIRED,
    OPEN,
    REFUSED,
    REJECTS,
    SETTLED,
    SILENT,
    UNACCEPTABLE,
    UNKNOWN,
    UNPROPOSED,
    Results,
    Tables,
)

__all__ = ["below", "philox", "play_games"]

MASK = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
"""Added to the key after each round: the golden ratio and √3 − 1, as fractions of 2^32."""


@compiled
def philox(stream: NDArray[np.uint64]) -> None:
    """Fill words 0 to 3 of a stream from the counter in 4 to 7 and the key in 8 and 9, all of 32 bits."""
    c0, c1, c2, c3 = stream[4], stream[5], stream[6], stream[7]
    k0, k1 = stream[8], stream[9]
    for _ in range(10):
        one, other = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (other >> HALF) ^ c1 ^ k0, other & MASK, (one >> HALF) ^ c3 ^ k1, one & MASK
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    stream[0], stream[1], stream[2], stream[3] = c0, c1, c2, c3


@compiled
def _next(stream: NDArray[np.uint64]) -> np.uint64:
    """The next word of 32 bits; entry 10 of a stream says how many of the four were given out."""
    if stream[10] == 4:
        philox(stream)
        stream[6] += np.uint64(1)
        stream[10] = np.uint64(0)
    given: np.uint64 = stream[np.int64(stream[10])]
    stream[10] += np.uint64(1)
    return given


@compiled
def below(bound: np.uint64, stream: NDArray[np.uint64]) -> np.uint64:
    """An integer below a bound of 32 bits, each with exactly the same probability.

    The high half of a word times the bound; words whose low half is among the first 2^32 mod bound are left
    out (Lemire, "Fast random integer generation in an interval", 2019).
    """
    product = _next(stream) * bound
    if product & MASK < bound:
        left_out = (MASK - bound + np.uint64(1)) % bound
        while product & MASK < left_out:
            product = _next(stream) * bound
    return product >> HALF


@compiled
def _draw_proposer(
    numerators: NDArray[np.uint64], denominators: NDArray[np.uint64], stream: NDArray[np.uint64]
) -> int:
    """Walk down the stick."""
    last = len(numerators) - 1
    for j in range(last):
        numerator, denominator = numerators[j], denominators[j]
        if numerator == 0 or denominator == 0:
            continue
        if numerator == denominator or below(denominator, stream) < numerator:
            return j
    return last


@compiled
def _draw_dissenter(
    answers: NDArray[np.uint8], proposer: int, order: NDArray[np.int64], stream: NDArray[np.uint64]
) -> int:
    """Ask the others in random order until one does not accept; how many did. `order` holds the one."""
    others = len(order)
    for place in range(others):
        order[place] = place if place < proposer else place + 1
    for place in range(others):
        r = place + np.int64(below(np.uint64(others - place), stream))
        order[place], order[r] = order[r], order[place]
        if answers[order[place]] != ACCEPTS:
            return place
    return others


@compiled
def play_games(  # noqa: C901, PLR0912, PLR0915 - one game from beginning to end
    t: Tables, key: NDArray[np.uint64], first: int, lineups: NDArray[np.int32], results: Results
) -> None:
    """Play one game after the other, each by the tables of its line-up.

    Parameters
    ----------
    key : ndarray of uint64, shape (2,)
        32 bits each, from the run's seed.
    first : int
        Number of the first game.
    lineups : ndarray of int32, shape (games,)
    """
    n = t.numerators.shape[1]
    stream = np.zeros(11, np.uint64)
    stream[8:10] = key
    order = np.zeros(n - 1, np.int64)
    for g in range(len(lineups)):
        p = lineups[g]
        if t.ending[p] == UNKNOWN:
            continue
        ending, outcome, transactions = int(t.ending[p]), int(t.outcome[p]), int(t.transactions[p])
        round_number, rounds, proposer = 1, 0, -1
        number = np.uint64(first + g)
        stream[4], stream[5] = number & MASK, number >> HALF
        stream[6], stream[10] = np.uint64(0), np.uint64(4)

        while ending == OPEN:
            drawn, reveals = -1, n
            if not t.all_reveal[p]:
                ending, outcome = EXPIRED, int(t.outcome_unrevealed[p])
                reveals = np.sum(t.reveals[p])
            else:
                continued = round_number == 1 or below(t.delta[1], stream) < t.delta[0]
                if continued:
                    drawn = _draw_proposer(t.numerators[p], t.denominators[p], stream)
                if t.decider[p] >= 0 and drawn != t.decider[p]:
                    ending, outcome, reveals = EXPIRED, 2 * n + 1 + t.decider[p], n - 1
                elif not continued:
                    ending, outcome = BROKEN_DOWN, 2 * n
            transactions += reveals
            if ending != OPEN:
                transactions += ending == EXPIRED
                break

            rounds += 1
            if round_number == 1:
                proposer = drawn
            last = 1 if round_number == t.max_rounds else 0
            verdict = t.verdict[p, last, drawn]
            if verdict == UNPROPOSED:
                ending, outcome = EXPIRED, 2 * n + 1 + drawn
                transactions += 1
                break
            outcome = last * n + drawn
            if verdict == UNACCEPTABLE:
                ending = REFUSED
                break
            answer, answered, seat = ACCEPTS, n - 1, -1
            if verdict == DIVIDED:
                answered = _draw_dissenter(t.answers[p, last, drawn], drawn, order, stream)
                seat = int(order[answered])
                answer = int(t.answers[p, last, drawn, seat])
                answered += answer == REJECTS
            transactions += 1 + answered
            if answer == ACCEPTS:
                ending = SETTLED
            elif answer == SILENT:
                ending, outcome = EXPIRED, 2 * n + 1 + seat
                transactions += 1
            elif last:
                ending, outcome = BROKEN_DOWN, 2 * n
            else:
                round_number += 1

        results.ending[g], results.outcome[g] = ending, outcome
        results.rounds[g], results.proposer[g] = rounds, proposer
        results.transactions[g] = transactions
