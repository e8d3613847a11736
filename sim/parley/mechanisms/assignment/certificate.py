"""Certificates: a random assignment in whole numbers, with the data that prove it to the contract.

A certificate has one denominator for everything: shares, weights of the terms and, under probabilistic
serial, the times at which items run out. Rankings and times determine every share: an agent goes down its
ranking from time 0, eats an item until the item's time, if that is still to come, and continues until time 1.
The times are right if exactly the capacity of every item with a time before 1 is eaten, and at most the
capacity of every other item.

Then the shares are those of probabilistic serial. Suppose that accepted times give other shares, and let s be
the first moment of difference. Until s, both histories are equal, so at s there is an item that can be eaten
in only one of them. If the true item has run out, its capacity was eaten by s, and at the posted times more
of it is eaten: refused. If some of the true item is left, its posted time is at most s, so less than its
capacity was eaten, and the rest is never eaten, although its time is before 1: refused. So there is one right
matrix, and anybody may post it.

`find_fault` makes the contract's checks in the contract's order, with the same errors and arguments. Agents,
items and terms are numbered from 0.
"""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

from parley.core.randomness import word
from parley.mechanisms.assignment.lottery import Lottery, Matrix, Term
from parley.mechanisms.assignment.probabilistic_serial import eating_schedule
from parley.mechanisms.assignment.problem import CARDINAL, RULES, Problem
from parley.mechanisms.assignment.serial_dictatorship import TooLargeError
from parley.mechanisms.assignment.solution import solve
from parley.mechanisms.assignment.terms import MAX_DENOMINATOR, most_terms_kept

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley.mechanisms.assignment.lottery import Assignment
    from parley.mechanisms.assignment.problem import Utilities
    from parley.mechanisms.assignment.reading import Ranking

Order = tuple[int, ...]
"""A revealed ranking: items, best first."""
Fault = tuple[str, tuple[int, ...]]
"""Name and arguments of an error of the contract."""

SERIAL_DICTATORSHIP, PROBABILISTIC_SERIAL = RULES[:2]

_WORD = 2**256


class Certificate(NamedTuple):
    """A random assignment and its proof; probabilities are numerators over `denominator`.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> found = certify(example_1().with_rule("probabilistic-serial"))
    >>> found.denominator, found.matrix[:4], found.times, found.weights
    (2, (1, 0, 1, 0), (1, 1, 2, 2), (1, 1))
    >>> [found.assignment(k) for k in range(found.terms)]
    [(0, 2, 1, 3), (2, 0, 3, 1)]
    """

    denominator: int
    matrix: tuple[int, ...]
    """Row by row: matrix[i · m + o] for agent i and item o."""
    times: tuple[int, ...]
    """Probabilistic serial only: when each item runs out, the denominator if something is left at time 1."""
    weights: tuple[int, ...]
    """Weights of the lottery's terms."""
    assignments: bytes
    """Term by term, one byte per agent: its item plus one, or 0 for nothing."""

    @property
    def terms(self) -> int:
        """How many assignments the lottery has."""
        return len(self.weights)

    @property
    def agents(self) -> int:
        """Agents of each assignment."""
        return len(self.assignments) // max(self.terms, 1)

    def assignment(self, term: int) -> Assignment:
        """Return what each agent gets in a term; None for nothing."""
        n = self.agents
        return tuple(code - 1 if code else None for code in self.assignments[term * n : (term + 1) * n])

    def term(self, number: int) -> int:
        """Return the term that a number below the denominator selects.

        Parameters
        ----------
        number : int
            Term k has weights[k] numbers, from weights[0] + … + weights[k − 1] on.

        Raises
        ------
        ValueError
            If the number is out of range.

        Examples
        --------
        >>> three = Certificate(6, (), (), (1, 2, 3), bytes(3))
        >>> [three.term(number) for number in range(6)]
        [0, 1, 1, 2, 2, 2]
        """
        if not 0 <= number < self.denominator:
            raise ValueError(f"{number} is not below {self.denominator}")
        return bisect_right(list(accumulate(self.weights)), number)

    def matrix_of(self, items: int) -> Matrix:
        """Return the probabilities as a matrix.

        Examples
        --------
        >>> [list(map(str, row)) for row in Certificate(2, (1, 1, 0, 2), (), (), b"").matrix_of(2)]
        [['1/2', '1/2'], ['0', '1']]
        """
        rows = range(0, len(self.matrix), items)
        return tuple(
            tuple(Fraction(p, self.denominator) for p in self.matrix[at : at + items]) for at in rows
        )

    def lottery(self) -> Lottery:
        """Return the terms with their weights as fractions."""
        return tuple(
            Term(Fraction(weight, self.denominator), self.assignment(k))
            for k, weight in enumerate(self.weights)
        )

    def encoded(self) -> bytes:
        r"""Return Solidity's ``abi.encode`` of it; the event ``Posted`` has its hash.

        Examples
        --------
        >>> len(Certificate(1, (1,), (), (1,), b"\1").encoded()) // 32
        13
        """
        tails = [_array(self.matrix), _array(self.times), _array(self.weights)]
        padding = bytes(-len(self.assignments) % 32)
        tails.append(word(len(self.assignments)) + self.assignments + padding)
        offsets = accumulate(map(len, tails[:-1]), initial=32 * (len(tails) + 1))
        return word(32) + word(self.denominator) + b"".join(map(word, offsets)) + b"".join(tails)


def _array(numbers: Sequence[int]) -> bytes:
    return word(len(numbers)) + b"".join(map(word, numbers))


# ── making certificates ────────────────────────────────────────────────────────────────────────────────────


def certificate_of(
    matrix: Matrix, lottery: Lottery, times: Sequence[Fraction | None] | None = None
) -> Certificate:
    r"""Write a random assignment over its lowest common denominator.

    Parameters
    ----------
    matrix : tuple of tuples of Fraction, shape (agents, items)
    lottery : tuple of Term
        Its assignments average to the matrix.
    times : sequence of Fraction or None, optional
        When each item runs out, None if something is left at time 1; only under probabilistic serial.

    Examples
    --------
    >>> half = Fraction(1, 2)
    >>> certificate_of(((half,), (half,)), (Term(half, (0, None)), Term(half, (None, 0))))
    Certificate(denominator=2, matrix=(1, 1), times=(), weights=(1, 1), assignments=b'\x01\x00\x00\x01')
    """
    ends = [Fraction(1) if time is None else time for time in times or ()]
    shares = [p for row in matrix for p in row]
    weights = [term.weight for term in lottery]
    one = lcm(*(p.denominator for p in (*shares, *ends, *weights)))
    codes = (0 if item is None else item + 1 for term in lottery for item in term.assignment)

    def over(numbers: Sequence[Fraction]) -> tuple[int, ...]:
        return tuple(p.numerator * (one // p.denominator) for p in numbers)

    return Certificate(one, over(shares), over(ends), over(weights), bytes(codes))


def certify(problem: Problem, revealed: Sequence[Order | None] | None = None) -> Certificate:
    """Make the certificate that an organizer posts.

    Parameters
    ----------
    problem : Problem
        With any rule except serial dictatorship, which needs no certificate.
    revealed : sequence of (tuple of int or None), optional
        The revealed ranking of each agent; None for a silent agent, which gets nothing and is left out. By
        default all agents reveal the rankings of the problem, and `posted` is used.

    Returns
    -------
    Certificate
        Under rules that use utilities, the utilities of an agent that reveals another ranking are sorted to
        agree with it: its highest utility goes to its first item, and so on; further items have 0.

    Raises
    ------
    TooLargeError
        If the rule's probabilities are too many to be exact.
    ProblemError, ParleyError
        As `solution.solve`.
    ValueError
        Under serial dictatorship, or if no agent has revealed.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import from_orders
    >>> problem = from_orders([[0, 1], [0, 1], [0, 1]], 2, "probabilistic-serial")
    >>> certify(problem).matrix, certify(problem, [(0, 1), None, (1,)]).matrix
    ((1, 1, 1, 1, 1, 1), (1, 0, 0, 0, 0, 1))
    """
    if problem.rule == SERIAL_DICTATORSHIP:
        raise ValueError("serial dictatorship is carried out, not certified")
    reports = problem.orders if revealed is None else tuple(revealed)
    present = [seat for seat, report in enumerate(reports) if report is not None]
    if not present:
        raise ValueError("nobody has revealed anything")
    reported = problem if reports == problem.orders else as_reported(problem, reports)
    solution = solve(reported, runs=2)  # estimates cannot be certified, so their quality does not matter
    if not solution.exact or solution.lottery is None:
        raise TooLargeError(f"{problem.rule} has too many outcomes here to be certified")
    times = eating_schedule(reported).exhausted if problem.rule == PROBABILISTIC_SERIAL else None
    nothing = (Fraction(0),) * len(problem.items)
    rows = [nothing] * problem.agents
    for seat, row in zip(present, solution.matrix, strict=True):
        rows[seat] = row
    place = {seat: k for k, seat in enumerate(present)}
    lottery = tuple(
        Term(
            term.weight,
            tuple(term.assignment[place[s]] if s in place else None for s in range(problem.agents)),
        )
        for term in solution.lottery
    )
    return certificate_of(tuple(rows), lottery, times)


def as_reported(problem: Problem, revealed: Sequence[Order | None]) -> Problem:
    """Make the problem of the agents that revealed, with their revealed rankings and nothing posted.

    Parameters
    ----------
    revealed : sequence of (tuple of int or None)
        By agent; None for a silent one. See `certify` for utilities.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> as_reported(example_1(), [(0, 1), None, None, (3,)]).orders
    ((0, 1), (3,))
    """
    present = [seat for seat, report in enumerate(revealed) if report is not None]
    rankings: list[Ranking] = []
    utilities: list[Utilities] = []
    for seat in present:
        order = revealed[seat] or ()
        own = problem.orders[seat] == order
        rankings.append(problem.rankings[seat] if own else tuple((item,) for item in order))
        if problem.utilities is not None:
            row = problem.utilities[seat]
            utilities.append(row if own else _sorted_to(order, row))
    return Problem(
        items=problem.items,
        rankings=tuple(rankings),
        rule=problem.rule,
        capacities=problem.capacities,
        utilities=tuple(utilities) if problem.rule in CARDINAL else None,
        weights=tuple(problem.weights[seat] for seat in present) if problem.weights else (),
        budgets=tuple(problem.budgets[seat] for seat in present) if problem.budgets else (),
        agent_names=tuple(problem.agent_names[seat] for seat in present),
    )


def _sorted_to(order: Order, row: Utilities) -> Utilities:
    """Assign an agent's utilities, highest first, to the items in its revealed order."""
    numbers = sorted((u for u in row if u is not None), reverse=True)
    numbers += [Fraction(0)] * (len(order) - len(numbers))
    given = dict(zip(order, numbers, strict=False))
    return tuple(given.get(o) for o in range(len(row)))


# ── checking certificates ──────────────────────────────────────────────────────────────────────────────────


def find_fault(
    certificate: Certificate, rankings: Sequence[Order | None], capacities: Sequence[int], rule: str
) -> Fault | None:
    """Make the contract's checks of a certificate, in the contract's order.

    Parameters
    ----------
    rankings : sequence of (tuple of int or None)
        The revealed ranking of each agent; None or empty for silent ones.

    Returns
    -------
    (name, arguments) or None
        The contract's error; None if the certificate is accepted.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import from_orders
    >>> right = certify(from_orders([[0], [0]], 1, "probabilistic-serial"))
    >>> right.matrix, find_fault(right, [(0,), (0,)], [1], "probabilistic-serial")
    ((1, 1), None)
    >>> find_fault(right._replace(weights=(2, 0)), [(0,), (0,)], [1], "probabilistic-serial")
    ('ZeroWeight', (1,))
    """
    return next(_faults(certificate, [ranking or () for ranking in rankings], capacities, rule), None)


def _faults(
    certificate: Certificate, rankings: Sequence[Order], capacities: Sequence[int], rule: str
) -> Iterator[Fault]:
    """Yield the results of the groups of checks; each relies on those before it."""
    n, m = len(rankings), len(capacities)
    one = certificate.denominator
    if not 1 <= one <= MAX_DENOMINATOR:
        yield "DenominatorOutOfRange", (one,)
        return
    eating = rule == PROBABILISTIC_SERIAL
    lengths = (
        ("MatrixLengthMismatch", len(certificate.matrix), n * m),
        ("TimesLengthMismatch", len(certificate.times), m if eating else 0),
        ("AssignmentsLengthMismatch", len(certificate.assignments), n * certificate.terms),
    )
    yield from ((name, (length, expected)) for name, length, expected in lengths if length != expected)
    most = most_terms_kept(n, one)
    if certificate.terms > most:
        yield "TooManyTerms", (certificate.terms, most)
    if eating:
        yield from _eating_faults(certificate, rankings, capacities)
    for k, weight in enumerate(certificate.weights):
        if not weight:
            yield "ZeroWeight", (k,)
    total = min(sum(certificate.weights), _WORD - 1)
    if total != one:
        yield "WeightsMismatch", (total, one)
    yield from _lottery_faults(certificate, rankings, capacities)


def _eating_faults(
    certificate: Certificate, rankings: Sequence[Order], capacities: Sequence[int]
) -> Iterator[Fault]:
    one, times = certificate.denominator, certificate.times
    for o, time in enumerate(times):
        if time > one:
            yield "TimeOutOfRange", (o, time, one)
    eaten = [0] * (len(rankings) * len(capacities))
    for i, ranking in enumerate(rankings):
        now = 0
        for o in ranking:
            if times[o] > now:
                eaten[i * len(capacities) + o] = times[o] - now
                now = times[o]
    for o, capacity in enumerate(capacities):
        total, available = sum(eaten[o :: len(capacities)]), capacity * one
        if total > available or (total < available and times[o] < one):
            yield "EatenMismatch", (o, total, available)
    for cell, (share, found) in enumerate(zip(certificate.matrix, eaten, strict=True)):
        if share != found:
            yield "ShareMismatch", (*divmod(cell, len(capacities)), share, found)


def _lottery_faults(
    certificate: Certificate, rankings: Sequence[Order], capacities: Sequence[int]
) -> Iterator[Fault]:
    n, m = len(rankings), len(capacities)
    wanted = [frozenset(ranking) for ranking in rankings]
    averages = [0] * (n * m)
    for k, weight in enumerate(certificate.weights):
        codes = certificate.assignments[k * n : (k + 1) * n]
        left = list(capacities)
        for i, code in enumerate(codes):
            if not code:
                continue
            o = code - 1
            if o not in wanted[i]:
                yield "UnwantedItem", (k, i, o)
                return
            if not left[o]:
                yield "CapacityExceeded", (k, o, codes.count(code), capacities[o])
            left[o] -= 1
            averages[i * m + o] += weight
    for cell, (average, share) in enumerate(zip(averages, certificate.matrix, strict=True)):
        if average != share:
            yield "AverageMismatch", (*divmod(cell, m), average, share)
