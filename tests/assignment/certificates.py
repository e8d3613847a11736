"""Wrong certificates, each a right one with something changed, and the reason for which each is refused.

The reasons are written down by hand, not computed: both the contract and `certificate.find_fault` are held
against them. Agents, items and terms are numbered from 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from parley.mechanisms.assignment.certificate import Certificate, certify
from parley.mechanisms.assignment.problem import Problem, from_orders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parley.mechanisms.assignment.certificate import Fault, Order

EATING, BOSTON = "probabilistic-serial", "boston"
LARGEST = 2**256 - 1


class Case(NamedTuple):
    """What was revealed, of what, and the right certificate for it."""

    rankings: tuple[Order | None, ...]
    capacities: tuple[int, ...]
    rule: str

    @property
    def problem(self) -> Problem:
        """As if the silent wanted nothing."""
        orders = [ranking or () for ranking in self.rankings]
        return from_orders(orders, len(self.capacities), self.rule, self.capacities)

    @property
    def right(self) -> Certificate:
        """The one that is accepted."""
        return certify(self.problem, self.rankings)


class Planted(NamedTuple):
    """A wrong certificate and the error that it meets."""

    case: Case
    wrong: Certificate
    fault: Fault


# Two agents a > b > c > d and two b > a > d > c: everybody eats half of its first item, then half of its
# third. Over 2; times (1, 1, 2, 2), two terms: (a, c, b, d) and (c, a, d, b).
PAPER = Case(((0, 1, 2, 3), (0, 1, 2, 3), (1, 0, 3, 2), (1, 0, 3, 2)), (1, 1, 1, 1), EATING)
# a > b, a > c, b > a: agents 0 and 1 share a until 1/2; then 0 joins 2 at b, of which half is left, until
# 3/4; c is left, which 1 eats from 1/2 to 1. Over 4; rows (2, 1, 0), (2, 0, 2), (0, 3, 0), times (2, 3, 4).
THREE = Case(((0, 1), (0, 2), (1, 0)), (1, 1, 1), EATING)
# As PAPER, but two of b, and agent 2 is silent. Over 2: agents 0 and 1 half of a, then half of b; 3 eats b.
SILENT = Case(((0, 1, 2, 3), (0, 1, 2, 3), None, (1, 0, 3, 2)), (1, 2, 1, 0), EATING)
# Both apply for a, the other one gets b.
PAIR = Case(((0, 1), (0, 1)), (1, 1), BOSTON)
# Three agents, of whom the last is silent.
BOSTON_SILENT = Case(((0, 1), (0, 1), None), (1, 1), BOSTON)


def codes(*assignments: Sequence[int | None]) -> bytes:
    """Write assignments as a certificate has them."""
    return bytes(0 if item is None else item + 1 for row in assignments for item in row)


def scaled(right: Certificate, factor: int) -> Certificate:
    """Say the same over another denominator."""
    return right._replace(
        denominator=right.denominator * factor,
        matrix=tuple(p * factor for p in right.matrix),
        times=tuple(t * factor for t in right.times),
        weights=tuple(w * factor for w in right.weights),
    )


def changed(right: Certificate, field: str, values: Sequence[int]) -> Certificate:
    """Put other numbers into one of the four lists."""
    new: Any = bytes(values) if field == "assignments" else tuple(values)
    return right._replace(**{field: new})


def _repeated(right: Certificate, times: int) -> dict[str, Any]:
    """Every term so often, each time with its part of the weight."""
    return {
        "denominator": right.denominator * times,
        "matrix": tuple(p * times for p in right.matrix),
        "times": tuple(t * times for t in right.times),
        "weights": right.weights * times,
        "assignments": right.assignments * times,
    }


_PLANTED: dict[str, tuple[Case, dict[str, Any] | Callable[[Certificate], dict[str, Any]], Fault]] = {
    # ── what can be counted ─────────────────────────────────────────────────────────────────────────
    "no denominator": (PAPER, {"denominator": 0}, ("DenominatorOutOfRange", (0,))),
    "a denominator that would overflow": (
        PAPER,
        {"denominator": 2**224},
        ("DenominatorOutOfRange", (2**224,)),
    ),
    "the largest denominator": (PAIR, {"denominator": LARGEST}, ("DenominatorOutOfRange", (LARGEST,))),
    "a matrix without its last cell": (
        PAPER,
        lambda c: {"matrix": c.matrix[:-1]},
        ("MatrixLengthMismatch", (15, 16)),
    ),
    "a matrix of one row more": (
        PAIR,
        lambda c: {"matrix": (*c.matrix, 0, 0)},
        ("MatrixLengthMismatch", (6, 4)),
    ),
    "no matrix": (PAIR, {"matrix": ()}, ("MatrixLengthMismatch", (0, 4))),
    "no times": (PAPER, {"times": ()}, ("TimesLengthMismatch", (0, 4))),
    "a time too many": (THREE, {"times": (2, 3, 4, 4)}, ("TimesLengthMismatch", (4, 3))),
    "times where nobody eats": (PAIR, {"times": (1, 2)}, ("TimesLengthMismatch", (2, 0))),
    "a term without its last seat": (
        PAPER,
        lambda c: {"assignments": c.assignments[:-1]},
        ("AssignmentsLengthMismatch", (7, 8)),
    ),
    "a weight without a term": (
        PAIR,
        lambda c: {"weights": (*c.weights, 1)},
        ("AssignmentsLengthMismatch", (4, 6)),
    ),
    "a term without a weight": (
        PAIR,
        lambda c: {"assignments": c.assignments + bytes(2)},
        ("AssignmentsLengthMismatch", (6, 4)),
    ),
    # 2 · 4096 terms of 4 bytes and 2 for the sum of weights: 24,543 bytes hold 4,090.
    "more terms than there is room for": (
        PAPER,
        lambda c: _repeated(c, 4096),
        ("TooManyTerms", (8192, 4090)),
    ),
    # 2 · 4092 of 2 bytes and 2: 24,543 bytes hold 6,135.
    "more terms of two seats than there is room for": (
        PAIR,
        lambda c: _repeated(c, 4092),
        ("TooManyTerms", (8184, 6135)),
    ),
    # ── eating ──────────────────────────────────────────────────────────────────────────────────────
    "an item that runs out after the end": (PAPER, {"times": (1, 1, 2, 3)}, ("TimeOutOfRange", (3, 3, 2))),
    "an item that never runs out": (THREE, {"times": (LARGEST, 3, 4)}, ("TimeOutOfRange", (0, LARGEST, 4))),
    "an item said to run out too early": (THREE, {"times": (1, 3, 4)}, ("EatenMismatch", (0, 2, 4))),
    "an item eaten after it ran out": (THREE, {"times": (3, 3, 4)}, ("EatenMismatch", (0, 6, 4))),
    "an item eaten until the end": (THREE, {"times": (4, 3, 4)}, ("EatenMismatch", (0, 9, 4))),
    "times swapped": (THREE, {"times": (3, 2, 4)}, ("EatenMismatch", (0, 7, 4))),
    # Agent 0 eats a until 2, then b until 4; agent 2 eats b all the time.
    "something left of what has run out": (THREE, {"times": (2, 4, 4)}, ("EatenMismatch", (1, 6, 4))),
    "an item that nobody touches runs out": (
        SILENT,
        {"times": (1, 2, 1, 2)},
        ("EatenMismatch", (2, 0, 2)),
    ),
    # Every agent eats 1, and all of it is 4, as much as there is; but of b it is 3.
    "a schedule that sums up right over all agents": (
        PAPER,
        {"times": (1, 2, 2, 2)},
        ("EatenMismatch", (1, 6, 2)),
    ),
    # Agent 0 finds b gone when it comes, agent 2 stops at 2: half of b is never eaten.
    "a schedule right but for one item": (THREE, {"times": (2, 2, 4)}, ("EatenMismatch", (1, 2, 4))),
    "what there is nothing of is eaten": (
        Case(((0, 1), (1, 0)), (0, 1), EATING),
        {"times": (2, 1)},
        ("EatenMismatch", (0, 3, 0)),
    ),
    # ── the matrix ──────────────────────────────────────────────────────────────────────────────────
    # 5/12, 1/12, 5/12, 1/12 is what serial dictatorship gives: the right times over 12, another matrix.
    "serial dictatorship posted as probabilistic serial": (
        PAPER,
        {
            "denominator": 12,
            "matrix": (5, 1, 5, 1) * 2 + (1, 5, 1, 5) * 2,
            "times": (6, 6, 12, 12),
            "weights": (12,),
            "assignments": codes((0, 2, 1, 3)),
        },
        ("ShareMismatch", (0, 0, 5, 6)),
    ),
    "equal shares for all": (
        PAPER,
        lambda c: {**_repeated(c, 2), "matrix": (1,) * 16},
        ("ShareMismatch", (0, 0, 1, 2)),
    ),
    "two rows swapped": (
        THREE,
        {"matrix": (2, 0, 2, 2, 1, 0, 0, 3, 0)},
        ("ShareMismatch", (0, 1, 0, 1)),
    ),
    "something for a silent seat": (
        SILENT,
        lambda c: {"matrix": (*c.matrix[:10], 2, *c.matrix[11:])},
        ("ShareMismatch", (2, 2, 2, 0)),
    ),
    # ── weights ─────────────────────────────────────────────────────────────────────────────────────
    "a term of no weight": (
        PAPER,
        lambda c: {"weights": (*c.weights, 0), "assignments": c.assignments + c.assignments[:4]},
        ("ZeroWeight", (2,)),
    ),
    "all weight on one term": (PAIR, {"weights": (0, 2)}, ("ZeroWeight", (0,))),
    "no terms": (PAIR, {"weights": (), "assignments": b""}, ("WeightsMismatch", (0, 2))),
    "weights that sum to less": (
        PAIR,
        lambda c: {"weights": c.weights[:1], "assignments": c.assignments[:2]},
        ("WeightsMismatch", (1, 2)),
    ),
    "weights that sum to more": (PAPER, {"weights": (1, 2)}, ("WeightsMismatch", (3, 2))),
    "weights that sum up right in a word that overflows": (
        PAIR,
        {"weights": (LARGEST, 3)},
        ("WeightsMismatch", (LARGEST, 2)),
    ),
    "weights that overflow more than once": (
        PAIR,
        lambda c: {"weights": (LARGEST, LARGEST, 4), "assignments": c.assignments + codes((0, 1))},
        ("WeightsMismatch", (LARGEST, 2)),
    ),
    # ── terms ───────────────────────────────────────────────────────────────────────────────────────
    "an item that its seat has not ranked": (
        THREE,
        {"weights": (4,), "assignments": codes((0, 1, 1))},
        ("UnwantedItem", (0, 1, 1)),
    ),
    "an item that there is not": (
        PAIR,
        {"assignments": codes((0, 1), (1, 2))},
        ("UnwantedItem", (1, 1, 2)),
    ),
    "the largest code": (PAIR, {"assignments": bytes((1, 2, 255, 1))}, ("UnwantedItem", (1, 0, 254))),
    "an item for a silent seat": (
        BOSTON_SILENT,
        {"assignments": codes((0, 1, None), (1, None, 0))},
        ("UnwantedItem", (1, 2, 0)),
    ),
    # (a, a) and (b, b) average to a half of each.
    "terms that give one item twice, though averages fit": (
        PAIR,
        {"assignments": codes((0, 0), (1, 1))},
        ("CapacityExceeded", (0, 0, 2, 1)),
    ),
    "a later term that gives an item out four times": (
        PAPER,
        {"assignments": codes((0, 2, 1, 3), (1, 1, 1, 1))},
        ("CapacityExceeded", (1, 1, 4, 1)),
    ),
    "a term that gives out what there is nothing of": (
        SILENT,
        {"weights": (2,), "assignments": codes((0, 1, None, 3))},
        ("CapacityExceeded", (0, 3, 1, 0)),
    ),
    "three of two": (
        Case(((0, 1),) * 3, (2, 1), EATING),
        lambda c: {"assignments": codes((0, 0, 0)) + c.assignments[3:]},
        ("CapacityExceeded", (0, 0, 3, 2)),
    ),
    "one term for all the weight": (
        PAPER,
        {"weights": (2,), "assignments": codes((0, 2, 1, 3))},
        ("AverageMismatch", (0, 0, 2, 1)),
    ),
    # Sums to 1, but a third and two thirds where the matrix says a half.
    "weights that sum to one but average wrongly": (
        PAIR,
        lambda c: {**_repeated(c, 3), "weights": (2, 4), "assignments": c.assignments},
        ("AverageMismatch", (0, 0, 2, 3)),
    ),
    "a seat that gets nothing although it should": (
        PAIR,
        {"assignments": codes((0, None), (1, 0))},
        ("AverageMismatch", (1, 1, 0, 1)),
    ),
    "a share in the matrix that no term gives": (
        BOSTON_SILENT,
        lambda c: {"matrix": (*c.matrix[:5], 1)},
        ("AverageMismatch", (2, 1, 0, 1)),
    ),
    "a share that would overflow": (
        PAIR,
        lambda c: {"matrix": (*c.matrix[:3], 2**255)},
        ("AverageMismatch", (1, 1, 1, 2**255)),
    ),
    # ── which fault counts ──────────────────────────────────────────────────────────────────────────
    "everything wrong": (
        PAPER,
        {"denominator": 0, "matrix": (), "times": (), "weights": (0,), "assignments": b""},
        ("DenominatorOutOfRange", (0,)),
    ),
    "times before terms": (
        PAPER,
        {"times": (2, 1, 2, 2), "weights": (0, 1), "assignments": bytes((9,) * 8)},
        ("EatenMismatch", (0, 6, 2)),
    ),
    "weights before terms": (
        PAPER,
        {"weights": (2, 0), "assignments": bytes((9,) * 8)},
        ("ZeroWeight", (1,)),
    ),
    "an earlier seat before a later one": (
        PAIR,
        {"assignments": codes((0, 0), (2, 0))},
        ("CapacityExceeded", (0, 0, 2, 1)),
    ),
}


def planted() -> dict[str, Planted]:
    """All wrong certificates by what is wrong with them."""
    found = {}
    for title, (case, change, fault) in _PLANTED.items():
        changes = change(case.right) if callable(change) else change
        found[title] = Planted(case, case.right._replace(**changes), fault)
    return found
