from fractions import Fraction
from itertools import islice, product
from random import Random

import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.axioms.characterization import (
    chain,
    fraction_bounds,
    probabilities_of_chain,
    proposition_3_form,
    reductions,
    transfer_family,
    unique_fraction,
)
from parley.mechanisms.coordination.axioms.consistency import find_distribution, is_consistent_with
from parley.mechanisms.coordination.axioms.reduction import (
    Distribution,
    direct_transfer,
    excess_distributions,
    reduced,
)
from parley.mechanisms.coordination.axioms.triple import (
    Recognition,
    Rows,
    Triple,
    recognition_of,
    stick_broken,
)
from parley.mechanisms.coordination.recognition import Turn, p_star, reordered
from tests.coordination.axioms.triples import all_distributions, announced, random_triple

F = Fraction
P_STAR = recognition_of("p-star")


def always(shares: tuple[Fraction, ...]) -> Recognition:
    """A function that gives the same at every problem."""
    return lambda _: shares


def held_under_all_chains(triple: Triple) -> set[tuple[tuple[int, ...], ...]]:
    """What agents 2, …, n hold when they become the first, under every chain of whole-unit distributions."""
    if triple.agents == 1:
        return {()}
    found = set()
    for Z in all_distributions(triple):
        smaller = reduced(triple, Z)
        found |= {(smaller.contracted[0], *rest) for rest in held_under_all_chains(smaller)}
    return found


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_the_amounts_held_under_some_chain_are_those_of_the_closed_form(*, special: bool) -> None:
    dice = Random(301 + special)
    many = 0
    for _ in range(300):
        n, m = dice.choice([(2, 2), (3, 2), (4, 1), (5, 1)])
        triple = random_triple(dice, special=special, n=n, m=m, spread=True)
        intervals = [
            [range(max(x, d), most + 1) for x, d, most in zip(*rows, strict=True)]
            for rows in zip(triple.allocation, triple.contracted, triple.maximal, strict=True)
        ][1:-1]
        stated = {
            (*held, triple.allocation[-1]) for held in product(*(list(product(*row)) for row in intervals))
        }
        assert held_under_all_chains(triple) == stated
        bounds = fraction_bounds(triple)
        for j in range(1, n):
            sums = {sum(held[j - 1]) for held in stated}
            assert sums == set(range(bounds[j][0], bounds[j][1] + 1))
        assert bounds[0] == (sum(triple.contracted[0]),) * 2
        many += len(stated) > 3
    assert many > 30


def test_a_chain_gives_every_agent_what_it_is_to_hold_also_in_fractions() -> None:
    dice = Random(307)
    fractional = 0
    for special in [True, False] * 150:
        triple = random_triple(dice, special=special, spread=True)
        held = [low + F(dice.randint(0, 6), 6) * (high - low) for low, high in fraction_bounds(triple)[1:-1]]
        links = chain(triple, held)
        assert [len(Z) for Z in links] == list(range(triple.agents, 1, -1))
        steps = reductions(triple, links)  # refuses what is no distribution
        units = F(steps[0].total, triple.total)
        assert [sum(step.contracted[0]) / units for step in steps[1:-1]] == held
        assert steps[-1].contracted == steps[-1].allocation
        fractional += units > 1
    assert fractional > 50


def test_p_star_takes_the_upper_ends_and_p_check_the_lower_end_before_the_last() -> None:
    dice = Random(311)
    for special in [True, False] * 100:
        triple = random_triple(dice, special=special, spread=True)
        ends = [high for _, high in fraction_bounds(triple)[1:-1]]
        assert probabilities_of_chain(triple, chain(triple, ends)) == P_STAR(triple)
        if ends:
            ends[-1] = fraction_bounds(triple)[-2][0]
        assert probabilities_of_chain(triple, chain(triple, ends)) == recognition_of("reordered")(triple)


def test_impossible_chains_are_refused() -> None:
    triple = Triple.of([[0], [0], [1], [1]], [[2], [0], [0], [0]], [[2], [1], [1], [2]])
    with pytest.raises(ParleyError, match="agent 3 cannot hold 2, only 1 to 1 units"):
        chain(triple, (1, 2))
    with pytest.raises(ParleyError, match="1 amounts for the 2 agents"):
        chain(triple, (1,))
    with pytest.raises(ParleyError, match="not a distribution"):
        reductions(triple, [((0,), (0,), (0,), (2,))])


def test_probabilities_of_random_chains_have_the_form_and_their_chain_gives_them() -> None:
    dice = Random(313)
    for special in [True, False] * 100:
        triple = random_triple(dice, special=special, spread=True)
        held = [low + F(dice.randint(0, 4), 4) * (high - low) for low, high in fraction_bounds(triple)[1:-1]]
        shares = probabilities_of_chain(triple, chain(triple, held))
        form = proposition_3_form(always(shares), triple)
        assert form.holds
        assert probabilities_of_chain(triple, form.chain) == shares


def test_probabilities_without_the_form_are_told_apart_by_brute_force() -> None:
    # Fractions of whole units: those within the intervals are the ones that some chain of whole units gives.
    dice = Random(317)
    verdicts = set()
    for _ in range(60):
        triple = random_triple(dice, special=False, n=4, m=1, spread=True)
        if not triple.remaining[2]:
            continue
        attained = set()
        for held in held_under_all_chains(triple):
            amounts = [sum(row) for row in held[:-1]]
            attained.add(probabilities_of_chain(triple, chain(triple, amounts)))
        first = F(triple.contracted[0][0], triple.total)
        for a in range(triple.remaining[1] + 1):
            for b in range(triple.remaining[2] + 1):
                g, h = F(a, triple.remaining[1]), F(b, triple.remaining[2])
                shares = (
                    first,
                    (1 - first) * g,
                    (1 - first) * (1 - g) * h,
                    (1 - first) * (1 - g) * (1 - h),
                )
                form = proposition_3_form(always(shares), triple)
                assert form.holds == (shares in attained)
                verdicts.add(form.holds)
    assert verdicts == {True, False}


def test_the_form_names_the_agent_that_breaks_it() -> None:
    triple = Triple.of([[1], [2], [2]], [[3], [2], [0]], [[3], [3], [2]])
    form = proposition_3_form(recognition_of("contract-proportional"), triple)
    assert (form.holds, form.agent, form.held, form.bounds) == (False, 1, F(4), (2, 3))
    form = proposition_3_form(recognition_of("equal"), triple)
    assert (form.holds, form.agent, form.held, form.bounds) == (False, 0, F(5, 3), (3, 3))


# ── the "if" part of Proposition 3 ──────────────────────────────────────────────────────────────────────────

FOUR = Triple.of([[0], [0], [0], [2]], [[1], [0], [0], [1]], [[1], [1], [1], [2]])


def reordered_among_four(triple: Triple) -> tuple[Fraction, ...]:
    """p̌ at problems of four agents, p* at all others."""
    return stick_broken(reordered if triple.agents == 4 else p_star)(triple)


def test_the_form_at_every_problem_is_not_enough_for_consistency() -> None:
    dice = Random(331)
    for special in [True, False] * 100:
        assert proposition_3_form(
            reordered_among_four, random_triple(dice, special=special, spread=True)
        ).holds
    assert reordered_among_four(FOUR) == (F(1, 2), F(1, 4), F(0), F(1, 4))
    assert not any(
        is_consistent_with(reordered_among_four, FOUR, Z) for Z in excess_distributions(FOUR).points()
    )
    # p_2 / (1 − p_1) = 1/2 of the 2 units left has to be z_2 = 1, the whole excess: 𝒵 has one such member
    # only, whole or not.
    (Z,) = (Z for Z in excess_distributions(FOUR).points() if Z[1] == (1,))
    assert reordered_among_four(reduced(FOUR, Z)) == (F(1, 2), F(1, 4), F(1, 4))
    # In the special domain too, with the last agent's contract of a type of its own.
    apart = Triple.of(
        [[0, 0], [0, 0], [0, 0], [1, 1]], [[1, 0], [0, 0], [0, 0], [0, 1]], [[1, 0], [1, 0], [1, 0], [1, 1]]
    )
    assert reordered_among_four(apart) == reordered_among_four(FOUR)
    assert not any(
        is_consistent_with(reordered_among_four, apart, Z) for Z in excess_distributions(apart).points()
    )


def problems_of(n: int, total: int) -> list[Triple]:
    """All problems of so many agents and units, of one type, with capacities up to all units."""
    amounts = list(product(range(total + 1), repeat=n))
    return [
        triple
        for D in amounts
        if sum(D) == total
        for C in product(*(range(d, total + 1) for d in D))
        for X in amounts
        if (triple := Triple(*(tuple((x,) for x in one) for one in (X, D, C)))).valid
    ]


def test_no_smaller_problem_shows_the_gap() -> None:
    # One unit: whatever the chain, probabilities are the same.
    for n in (2, 3, 4):
        for triple in problems_of(n, 1):
            ends = list(product(*map(set, fraction_bounds(triple)[1:-1])))
            assert len({probabilities_of_chain(triple, chain(triple, held)) for held in ends}) == 1
    # Three agents: whatever has the form is consistent, as the rest of two is settled by agent 2's share.
    dice = Random(337)
    for special in [True, False] * 100:
        triple = random_triple(dice, special=special, n=3, spread=True)
        low, high = fraction_bounds(triple)[1]
        held = low + F(dice.randint(0, 5), 5) * (high - low)
        shares = probabilities_of_chain(triple, chain(triple, [held]))

        def p(at: Triple, shares: tuple[Fraction, ...] = shares) -> tuple[Fraction, ...]:
            return shares if at.agents == 3 else P_STAR(at)

        assert find_distribution(p, triple, top_agent=True).holds


# ── the family ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_family_holds_p_star_and_p_check() -> None:
    dice = Random(347)
    for special in [True, False] * 100:
        triple = random_triple(dice, special=special, spread=True)
        assert stick_broken(transfer_family([]))(triple) == P_STAR(triple)
        assert stick_broken(transfer_family([F(0), F(0)]))(triple) == P_STAR(triple)
        assert stick_broken(transfer_family([F(1)]))(triple) == recognition_of("reordered")(triple)
    with pytest.raises(ParleyError, match="not all within"):
        transfer_family([F(1, 2), F(3, 2)])


def test_the_first_share_of_a_member_is_that_of_the_last_agent_but_one() -> None:
    member = transfer_family([F(0), F(1, 2)])
    turns = [Turn(j, 4, 4, 3, (0, 2, 0), (1, 2, 0), (0, 2, 0)) for j in (2, 1)]
    assert [member(turn) for turn in turns] == [(3, 4), (5, 8)]


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_members_of_the_family_are_top_agent_proportional_and_consistent(*, special: bool) -> None:
    dice = Random(349 + special)
    fractional = elsewhere = 0
    for _ in range(1_200):
        shares = [F(dice.randint(0, 6), 6) for _ in range(dice.randint(1, 3))]
        p = stick_broken(transfer_family(shares))
        triple = random_triple(dice, special=special, n=dice.randint(3, 5), spread=True)
        assert p(triple)[0] == F(sum(triple.contracted[0]), triple.total)
        assert proposition_3_form(p, triple).holds
        found = find_distribution(p, triple, top_agent=True)
        assert found.holds
        assert found.distribution is not None
        assert is_consistent_with(p, triple, found.distribution)
        fractional += any(F(z).denominator > 1 for row in found.distribution for z in row)
        elsewhere += found.distribution != direct_transfer(triple)
    assert fractional > 10
    assert elsewhere > 30


def test_members_of_the_family_other_than_p_star_break_proposition_2_somewhere() -> None:
    dice = Random(353)
    for shares in ([F(1, 6)], [F(0), F(1, 2)], [F(1, 3), F(1)]):
        p = stick_broken(transfer_family(shares))
        assert any(moves_own_probability(p, dice) for _ in range(300))
    assert not any(moves_own_probability(P_STAR, dice) for _ in range(300))


def moves_own_probability(p: Recognition, dice: Random) -> bool:
    triple = random_triple(dice, special=True, n=4, spread=True)
    j = dice.randrange(4)
    other = continued(dice, triple, j)
    return p(triple)[j] != p(other)[j]


def continued(dice: Random, triple: Triple, j: int) -> Triple:
    """The problem with the announcements from agent j on drawn again."""
    X = announced(dice, triple.contracted, triple.capacity, tries=1, given=triple.allocation[:j])
    return Triple.of(X, triple.contracted, triple.capacity)


# ── Proposition 4 and Theorem 1 ─────────────────────────────────────────────────────────────────────────────


def random_chain(dice: Random, triple: Triple) -> list[Distribution]:
    """A chain of random whole members of 𝒵*."""
    links: list[Distribution] = []
    while triple.agents > 1:
        some = excess_distributions(triple)
        columns = [dice.choice(list(nested.points())) for nested in some.star_by_type]
        Z = some.matrix(columns)
        links.append(Z)
        triple = reduced(triple, Z)
    return links


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_every_chain_within_the_equivalence_class_gives_p_star(*, special: bool) -> None:
    dice = Random(359 + special)
    different = 0
    for _ in range(900):
        triple = random_triple(dice, special=special, spread=True)
        links = random_chain(dice, triple)
        assert probabilities_of_chain(triple, links) == P_STAR(triple)
        different += links[0] != direct_transfer(triple)
    assert different > 30


def in_between(dice: Random, ways: list[Rows]) -> Distribution:
    one, other, share = dice.choice(ways), dice.choice(ways), F(dice.randint(0, 4), 4)
    return tuple(
        tuple(a + share * (b - a) for a, b in zip(*rows, strict=True))
        for rows in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_p_star_is_consistent_exactly_within_the_equivalence_class_unless_agent_1_has_everything(
    *, special: bool
) -> None:
    dice = Random(367 + special)
    inside = outside = everything = 0
    for _ in range(600):
        triple = random_triple(dice, special=special, n=dice.randint(2, 5), m=dice.randint(1, 2), spread=True)
        some = excess_distributions(triple)
        ways = list(some.points())
        mixed = [in_between(dice, ways) for _ in range(5)]
        for Z in [*dice.sample(ways, min(40, len(ways))), *mixed]:
            fits = is_consistent_with(P_STAR, triple, Z)
            if P_STAR(triple)[0] < 1:
                assert fits == some.contains_star(Z)
                inside += fits
                outside += not fits
            else:
                # Nothing is left to compare: p* is consistent with all of 𝒵, whether in 𝒵* or not.
                assert fits
                everything += not some.contains_star(Z)
    assert min(inside, outside, everything) > 50


def test_proposition_4_as_printed_fails_where_agent_1_has_contracted_everything() -> None:
    triple = Triple.of([[0], [0], [1]], [[1], [0], [0]], [[1], [1], [1]])
    Z = ((0,), (0,), (1,))
    assert P_STAR(triple) == (F(1), F(0), F(0))
    assert is_consistent_with(P_STAR, triple, Z)
    assert not excess_distributions(triple).contains_star(Z)


def test_zero_probabilities_of_later_agents_do_not_widen_the_class() -> None:
    # Agent 2 can take all that is left, and then has all the rest of the probability.
    triple = Triple.of([[0], [0], [1], [1]], [[1], [1], [0], [0]], [[1], [2], [1], [1]])
    assert P_STAR(triple) == (F(1, 2), F(1, 2), F(0), F(0))
    some = excess_distributions(triple)
    assert [Z for Z in some.points() if is_consistent_with(P_STAR, triple, Z)] == list(some.star_points())
    assert some.count() == 3


@pytest.mark.parametrize("special", [True, False], ids=["special domain", "general domain"])
def test_independence_of_ones_own_announcement_leaves_p_star_only(*, special: bool) -> None:
    dice = Random(373 + special)
    narrowed = 0
    for _ in range(150):
        triple = random_triple(dice, special=special, n=dice.randint(2, 4), m=dice.randint(1, 2), spread=True)
        left = F(1)
        for j, share in enumerate(P_STAR(triple)):
            if not triple.remaining[j]:
                with pytest.raises(ParleyError, match=f"nothing remains for agent {j + 1}"):
                    unique_fraction(triple, j)
                continue
            low, high = unique_fraction(triple, j)
            assert low == high
            assert left * low == share
            narrowed += len(set(fraction_bounds(triple)[j])) == 2
            left -= share
    assert narrowed > 30


def test_proposition_4_needs_an_agent_1_that_is_not_always_recognized() -> None:
    """With p_1 = 1, p* is consistent with every Z; with p_1 < 1, with those of 𝒵* only."""
    everything = Triple.of([[2], [0], [1]], [[3], [0], [0]], [[3], [1], [1]])
    some = excess_distributions(everything)
    outside = [Z for Z in some.points() if not some.contains_star(Z)]
    assert outside
    assert P_STAR(everything)[0] == 1
    assert all(is_consistent_with(P_STAR, everything, Z) for Z in some.points())
    dice, seen = Random(4), 0
    for _ in range(300):
        triple = random_triple(dice, special=True, spread=True)
        if triple.agents == 1 or P_STAR(triple)[0] == 1:
            continue
        some = excess_distributions(triple)
        for Z in islice(some.points(), 20):
            assert is_consistent_with(P_STAR, triple, Z) or not some.contains_star(Z)
            if not some.contains_star(Z):
                seen += 1
                assert not is_consistent_with(P_STAR, triple, Z), (triple, Z)
    assert seen > 10
