from fractions import Fraction
from random import Random

import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.axioms.consistency import (
    TOP_AGENT,
    Certificate,
    direct_transfer_holds,
    find_distribution,
    is_consistent_with,
)
from parley.mechanisms.coordination.axioms.farkas import solve_nonnegative
from parley.mechanisms.coordination.axioms.reduction import direct_transfer, excess_distributions, reduced
from parley.mechanisms.coordination.axioms.triple import Recognition, Triple, recognition_of
from parley.mechanisms.coordination.problem import example_1
from tests.coordination.axioms.triples import random_triple
from tests.coordination.problems import X

F = Fraction

EXAMPLE_1 = Triple.at(example_1(), X)
# Where the paper shows that p̃ is not consistent.
INDEPENDENCE = Triple.of(
    [[2, 0, 0], [0, 2, 0], [1, 0, 1]], [[3, 0, 0], [0, 2, 0], [0, 0, 1]], [[3, 0, 0], [0, 2, 0], [1, 0, 1]]
)


def equations_hold(p: Recognition, triple: Triple, Z: tuple[tuple[int | Fraction, ...], ...]) -> bool:
    """Axiom 2*'s equations written out, with the reduced problem made by hand (in units 60 times finer)."""
    fine = triple.times(60)
    held = tuple(
        tuple(d + int(60 * z) for d, z in zip(d_j, z_j, strict=True))
        for d_j, z_j in zip(fine.contracted[1:], Z[1:], strict=True)
    )
    smaller = Triple(fine.allocation[1:], held, fine.capacity[1:])
    assert smaller.valid
    first, *others = p(triple)
    return all(one == (1 - first) * two for one, two in zip(others, p(smaller), strict=True))


def certified(p: Recognition, triple: Triple, certificate: Certificate) -> bool:
    """Check a certificate against p: what is needed, and the bounds at every whole Z."""
    first, *others = p(triple)
    needed = sum(w * share / (1 - first) for w, share in zip(certificate.weights, others, strict=True))
    for Z in excess_distributions(triple).points():
        value = sum(w * share for w, share in zip(certificate.weights, p(reduced(triple, Z)), strict=True))
        if not certificate.low <= value <= certificate.high:
            return False
    return needed == certificate.needed and not certificate.low <= needed <= certificate.high


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_p_star_is_consistent_with_direct_transfer(*, special: bool) -> None:
    dice = Random(201 + special)
    p = recognition_of("p-star")
    for _ in range(600):
        triple = random_triple(dice, special=special, spread=True)
        assert direct_transfer_holds(p, triple)
        found = find_distribution(p, triple)
        assert found.holds
        assert found.distribution == direct_transfer(triple)


def test_consistency_is_what_its_equations_say() -> None:
    dice = Random(207)
    seen = set()
    for special in [True, False] * 60:
        triple = random_triple(dice, special=special, n=4, m=2, spread=True)
        for name in ("p-star", "equal", "contract-proportional", "reordered", "announcement-proportional"):
            p = recognition_of(name)
            for Z in list(excess_distributions(triple).points())[:20]:
                holds = is_consistent_with(p, triple, Z)
                assert holds == equations_hold(p, triple, Z)
                seen.add((name, holds))
    # Shares that are equal, or in proportion to announcements, do not look at contracts at all.
    always = {"equal", "announcement-proportional"}
    sometimes = {"p-star", "contract-proportional", "reordered"}
    assert seen == {(name, True) for name in always | sometimes} | {(name, False) for name in sometimes}


def test_contract_proportional_is_consistent_at_example_1_through_fractions_only() -> None:
    p = recognition_of("contract-proportional")
    found = find_distribution(p, EXAMPLE_1)
    assert found.holds
    assert found.distribution is not None
    assert [row[0] for row in found.distribution] == [0, F(5, 3), F(4, 3), F(2, 3), F(1, 3)]
    assert equations_hold(p, EXAMPLE_1, found.distribution)
    assert not any(is_consistent_with(p, EXAMPLE_1, Z) for Z in excess_distributions(EXAMPLE_1).points())


def test_contract_proportional_is_refuted_where_the_paper_refutes_it() -> None:
    p = recognition_of("contract-proportional")
    found = find_distribution(p, INDEPENDENCE)
    assert found.holds is False
    assert found.certificate == Certificate(
        (F(1), F(0)), F(2, 3), F(1, 2), F(1, 2), "there is one way only to distribute agent 1's excess"
    )
    assert not found.certificate.assumes


def test_top_agent_proportionality_bounds_what_agent_2_can_come_to_hold() -> None:
    # Agent 2 has 2 units of 4 and may get 1 more; contracts say 2/3 instead.
    triple = Triple.of([[1], [2], [2]], [[3], [2], [0]], [[3], [3], [2]])
    p = recognition_of("contract-proportional")
    found = find_distribution(p, triple, top_agent=True)
    assert found.holds is False
    assert found.certificate is not None
    assert found.certificate.assumes == TOP_AGENT
    assert (found.certificate.needed, found.certificate.low, found.certificate.high) == (
        F(1),
        F(1, 2),
        F(3, 4),
    )
    assert str(found.certificate) == (
        "given top-agent proportionality, p_2 of the rest must be 1 and is between 1/2 and 3/4: "
        "agent 2 can come to hold 2 to 3 of 4 units"
    )
    # Without the assumption it is searched for, and stays open.
    alone = find_distribution(p, triple)
    assert alone.holds is None
    assert alone.certificate is None
    assert "every whole Z" in alone.searched
    assert alone.evaluations == 2


def test_an_affine_function_is_always_decided_and_every_verdict_can_be_checked() -> None:
    dice = Random(211)
    p = recognition_of("contract-proportional")
    reasons: dict[str, int] = {}
    fractional = 0
    for special in [True, False] * 400:
        triple = random_triple(dice, special=special, spread=True)
        found = find_distribution(p, triple, affine=True)
        assert found.holds is not None
        if found.distribution is not None:
            assert is_consistent_with(p, triple, found.distribution)
            fractional += any(F(z).denominator > 1 for row in found.distribution for z in row)
        else:
            assert found.certificate is not None
            assert certified(p, triple, found.certificate)
            assert find_distribution(p, triple).holds is not True
            reasons[found.certificate.reason] = reasons.get(found.certificate.reason, 0) + 1
    assert fractional > 10
    assert len(reasons) == 2
    assert min(reasons.values()) > 20


def test_certificates_of_agent_2_are_right_wherever_they_are_given() -> None:
    dice = Random(223)
    p = recognition_of("contract-proportional")
    given = 0
    for special in [True, False] * 150:
        triple = random_triple(dice, special=special, spread=True)
        found = find_distribution(p, triple, top_agent=True)
        if found.certificate is not None:
            assert certified(p, triple, found.certificate)
            given += found.certificate.assumes == TOP_AGENT
    assert given > 20


def test_with_top_agent_proportionality_three_agents_are_always_decided() -> None:
    dice = Random(227)
    verdicts = set()
    for special in [True, False] * 100:
        triple = random_triple(dice, special=special, n=dice.randint(2, 3), spread=True)
        for name in ("p-star", "contract-proportional", "reordered"):
            found = find_distribution(recognition_of(name), triple, top_agent=True)
            verdicts.add((name, found.holds))
    assert verdicts == {
        ("p-star", True),
        ("reordered", True),
        ("contract-proportional", True),
        ("contract-proportional", False),
    }


def test_two_agents_are_always_consistent() -> None:
    dice = Random(229)
    for special in [True, False] * 30:
        triple = random_triple(dice, special=special, n=2, spread=True)
        assert find_distribution(recognition_of("announcement-proportional"), triple).holds


def test_where_agent_1_has_all_probability_every_distribution_will_do() -> None:
    triple = Triple.of([[0], [0], [1]], [[1], [0], [0]], [[1], [1], [1]])
    p = recognition_of("p-star")
    assert p(triple) == (F(1), F(0), F(0))
    assert all(is_consistent_with(p, triple, Z) for Z in excess_distributions(triple).points())
    assert find_distribution(p, triple).holds


def test_one_agent_alone_is_consistent() -> None:
    alone = Triple.of([[2]], [[2]], [[2]])
    assert direct_transfer_holds(recognition_of("equal"), alone)
    assert find_distribution(recognition_of("equal"), alone).holds


def test_reordered_is_found_consistent_where_direct_transfer_is_not() -> None:
    dice = Random(233)
    p = recognition_of("reordered")
    elsewhere = 0
    for special in [True, False] * 150:
        triple = random_triple(dice, special=special, spread=True)
        found = find_distribution(p, triple, top_agent=True)
        assert found.holds
        assert found.distribution is not None
        assert is_consistent_with(p, triple, found.distribution)
        elsewhere += found.distribution != direct_transfer(triple)
    assert elsewhere > 20


GREEDY, MIXED = "greedy filling in every order of the agents", "a mixture of vertices, as if p were affine"


@pytest.mark.parametrize(
    ("limit", "listed", "evaluations"),
    [
        (5, [], 2),
        (6, [GREEDY, MIXED], 7),
        (8, [GREEDY, MIXED], 7),
        (9, [GREEDY, "every vertex", MIXED], 9),
        (36, [GREEDY, "every whole Z", MIXED], 36),
    ],
)
def test_a_search_lists_no_more_than_its_limit(limit: int, listed: list[str], evaluations: int) -> None:
    """Two units of two types for three agents: 3! orders, 3 + 3 vertices that make 3², 6² whole Z."""

    def never(triple: Triple) -> tuple[Fraction, ...]:
        return (F(1, 4),) * 4 if triple.agents == 4 else (F(1), F(0), F(0))

    nothing, both = [0, 0], [2, 2]
    triple = Triple.of([nothing, nothing, nothing, both], [both, nothing, nothing, nothing], [both] * 4)
    found = find_distribution(never, triple, limit=limit)
    assert found.holds is None
    assert found.searched == ("direct transfer", *listed, "agent by agent")
    assert found.evaluations == evaluations


def test_the_search_is_as_good_without_lists_of_points_and_vertices() -> None:
    p = recognition_of("reordered")
    dice = Random(239)
    for special in [True, False] * 30:
        triple = random_triple(dice, special=special, n=5, m=2, spread=True)
        found = find_distribution(p, triple.times(10**6), limit=30)
        assert found.holds
        assert found.distribution is not None
        assert is_consistent_with(p, triple.times(10**6), found.distribution)


def test_an_assumption_that_a_value_contradicts_is_an_error() -> None:
    with pytest.raises(ParleyError, match="top-agent proportionality does not hold: p_1 = 1/5"):
        find_distribution(recognition_of("equal"), EXAMPLE_1, top_agent=True)

    def curved(triple: Triple) -> tuple[Fraction, ...]:
        """Half for agent 1; of the rest, the square of its share of contracts for agent 2."""
        if triple.agents == 4:
            return F(1, 2), F(1, 8), F(3, 16), F(3, 16)
        share = F(triple.contracted[0][0], triple.total) ** 2
        return share, (1 - share) / 2, (1 - share) / 2

    # 1/4 is needed, which is half way between the ends for an affine function; the true value is sought on.
    triple = Triple.of([[0], [0], [2], [2]], [[4], [0], [0], [0]], [[4], [4], [4], [4]])
    found = find_distribution(curved, triple)
    assert found.holds
    assert found.distribution is not None
    assert found.distribution[1][0] == 2
    wavy = Triple.of([[0], [0], [1], [2]], [[3], [0], [0], [0]], [[3], [3], [3], [3]])
    with pytest.raises(ParleyError, match="not affine"):
        find_distribution(curved, wavy, affine=True)
    assert find_distribution(curved, wavy).holds


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
def test_linear_equations_are_solved_or_refuted(rows: int) -> None:
    dice = Random(241 + rows)
    outcomes = set()
    for _ in range(300):
        columns = [
            tuple(F(dice.randint(-3, 3), dice.randint(1, 2)) for _ in range(rows))
            for _ in range(dice.randint(1, 6))
        ]
        target = [F(dice.randint(-4, 4)) for _ in range(rows)]
        solved = solve_nonnegative(columns, target)
        outcomes.add(solved.solution is None)
        if solved.solution is not None:
            assert all(share >= 0 for share in solved.solution)
            for i, value in enumerate(target):
                assert sum(s * column[i] for s, column in zip(solved.solution, columns, strict=True)) == value
            assert sum(share > 0 for share in solved.solution) <= rows
        else:
            y = solved.refutation
            assert y is not None
            assert all(sum(a * b for a, b in zip(y, column, strict=True)) <= 0 for column in columns)
            assert sum(a * b for a, b in zip(y, target, strict=True)) > 0
    assert outcomes == {True, False}
