"""Success functions: values, losses, checks with witnesses, and whole numbers for the contract."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from random import Random

import pytest

from parley.core.errors import ParleyError
from parley.mechanisms.team.success.base import Bend, Success, find_bend, find_drop, mask_of, team_of
from parley.mechanisms.team.success.functions import (
    Additive,
    AtLeastOne,
    BudgetAdditive,
    Coverage,
    PartitionMatroid,
    Table,
    Xos,
)
from parley.mechanisms.team.success.on_team import on_team
from tests.team.instances import CLASSES

F = Fraction


def by_definition(success: Success, team: tuple[int, ...]) -> Fraction:
    """Return f(S) from the words of the class, in fractions."""
    match success:
        case Additive():
            value = sum((success.contributions[agent] for agent in team), F(0))
        case BudgetAdditive():
            value = min(success.budget, sum((success.contributions[agent] for agent in team), F(0)))
        case Coverage():
            covered = set[int]().union(*(success.sets[agent] for agent in team))
            value = sum((success.weights[element] for element in covered), F(0))
        case AtLeastOne():
            fails = F(1)
            for agent in team:
                fails *= 1 - success.probabilities[agent]
            value = 1 - fails
        case PartitionMatroid():
            # The best choice of members within all limits.
            value = max(
                sum((success.contributions[agent] for agent in chosen), F(0))
                for size in range(len(team) + 1)
                for chosen in combinations(team, size)
                if all(
                    len(set(chosen) & set(group)) <= limit
                    for group, limit in zip(success.groups, success.limits, strict=True)
                )
            )
        case Xos():
            value = max(sum((part[agent] for agent in team), F(0)) for part in success.parts)
        case Table():
            value = success.values[mask_of(team)]
        case _:
            raise AssertionError(success)
    return value


@pytest.mark.parametrize("name", CLASSES)
def test_values_and_losses_are_those_of_the_definition(name: str) -> None:
    dice = Random(name)
    for _ in range(60):
        success = CLASSES[name](dice, dice.randint(1, 5))
        for mask in range(1 << success.agents):
            team = team_of(mask)
            value = by_definition(success, team)
            assert success.value(team) == value
            losses = success.losses(team)
            assert losses.total == value * success.denominator
            assert list(losses.each) == [
                (value - by_definition(success, tuple(a for a in team if a != agent))) * success.denominator
                for agent in team
            ]


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_is_monotone_and_only_xos_and_tables_may_bend(name: str) -> None:
    dice, bent = Random(name), 0
    for _ in range(60):
        success = CLASSES[name](dice, dice.randint(1, 4))
        assert find_drop(success.table) is None
        found = find_bend(success.table)
        assert success.bend == found
        assert success.is_submodular == (found is None)
        bent += found is not None
        if found:
            with_i = success.value({*found.agents, found.i, found.j}) - success.value(
                {*found.agents, found.i}
            )
            assert with_i > success.value({*found.agents, found.j}) - success.value(found.agents)
            assert not {found.i, found.j} & set(found.agents)
        alone = [success.value([agent]) for agent in range(success.agents)]
        sums = all(
            success.value(team_of(mask)) == sum((alone[agent] for agent in team_of(mask)), F(0))
            for mask in range(1 << success.agents)
        )
        assert success.is_additive == sums
    assert bool(bent) == (name in {"xos", "table"})


def test_the_witness_is_the_least_set_and_then_the_first_pair() -> None:
    dice = Random(3)
    for _ in range(200):
        success = CLASSES["table"](dice, 4)
        values = success.table
        bends = [
            (mask, i, j)
            for mask in range(16)
            for i, j in combinations(range(4), 2)
            if not mask & (1 << i | 1 << j)
            and values[mask | 1 << i] + values[mask | 1 << j] < values[mask | 1 << i | 1 << j] + values[mask]
        ]
        mask, i, j = bends[0] if bends else (0, 0, 0)
        assert success.bend == (Bend(team_of(mask), i, j) if bends else None)


def test_witnesses_are_found_among_numbers_beyond_64_bits_too() -> None:
    big = 10**30
    assert find_bend([0, big, big, 2 * big + 1]) == Bend((), 0, 1)
    assert find_bend([0, big, big, 2 * big]) is None
    assert find_drop([0, big + 1, 5, big]) == (3, 1)


@pytest.mark.parametrize("name", CLASSES)
def test_the_contract_gets_the_same_function_in_the_least_whole_numbers(name: str) -> None:
    dice = Random(name)
    for _ in range(60):
        success = CLASSES[name](dice, dice.randint(1, 5))
        team = tuple(dice.sample(range(success.agents), dice.randint(0, success.agents)))
        found = on_team(success, team)
        assert found.members == len(team)
        for mask in range(1 << len(team)):
            members = tuple(sorted(team[k] for k in team_of(mask)))
            assert F(found.number(mask), found.denominator) == success.value(members)
        assert len(set(found.sets)) <= len(team)
        if found.type == "coverage":
            covers = [tuple(s >> e & 1 for s in found.sets) for e in range(len(found.numbers))]
            assert len(set(covers)) == len(covers)
            assert all(map(any, covers))


def test_what_no_contract_can_hold_is_refused() -> None:
    with pytest.raises(ParleyError, match="a team of 65 is above 64"):
        on_team(Additive((F(1, 65),) * 65), tuple(range(65)))
    with pytest.raises(ParleyError, match="a team of 9 is above 8, the limit on chain of at-least-one"):
        on_team(AtLeastOne((F(1, 2),) * 9), tuple(range(9)))
    pairs = list(combinations(range(24), 2))
    sets = tuple(tuple(e for e, pair in enumerate(pairs) if agent in pair) for agent in range(24))
    success = Coverage((F(1, len(pairs)),) * len(pairs), sets)
    with pytest.raises(ParleyError, match="276 different elements are above 256"):
        on_team(success, tuple(range(24)))
    # Without two agents, two dozen pairs merge with others: each member's with the agents that left.
    assert len(on_team(success, tuple(range(22))).numbers) == 231 + 22


def test_more_agents_than_can_be_listed_have_no_table() -> None:
    with pytest.raises(ValueError, match="17 agents have too many sets to list"):
        _ = Additive((F(1, 17),) * 17).table
