"""What a project costs."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from parley.mechanisms.team.parameters import Kind, Parameters
from parley.mechanisms.team.success.base import Losses
from parley.mechanisms.team.whole import least_wages
from tests.backends import open_backend
from tests.kit.rig.on_chain import contracts
from tests.kit.rig.table import went
from tests.team.on_chain import FAIR, DrawTable, Table

if TYPE_CHECKING:
    from collections.abc import Collection

    from parley.chain.evm import Receipt

TRANSACTION = 2**24
"""The most gas of a transaction, since Fusaka."""


def large(members: int, elements: int = 0) -> Parameters:
    """A contract of many members with different wages and long numbers, as they come in practice."""
    dice = Random(members)
    costs = tuple(sorted(dice.randrange(10**10, 10**12) for _ in range(members)))
    values = tuple(dice.randrange(10**6, 2 * 10**6) for _ in range(elements or members))
    sets = [0] * members
    for element in range(elements):
        for seat in {element % members, *dice.sample(range(members), 2 * (element >= members))}:
            sets[seat] |= 1 << element
    kind = Kind.COVERAGE if elements else Kind.ADDITIVE
    p = replace(FAIR, agents=("",) * members, costs=costs, kind=kind, values=values, denominator=sum(values))
    p = replace(p, sets=tuple(sets) if elements else (), reward=2**95)
    wages = least_wages(costs, Losses(p.value(p.everybody), p.marginals()), p.denominator)
    order = sorted(range(members), key=lambda seat: wages[seat])
    return replace(
        p,
        wages=tuple(wages[k] for k in order),
        costs=tuple(costs[k] for k in order),
        values=values if elements else tuple(values[k] for k in order),
        sets=tuple(sets[k] for k in order) if elements else (),
    )


@pytest.mark.parametrize("name", ["TeamContract", "OutcomeDraw"])
def test_contract_code_is_well_below_its_limit(name: str) -> None:
    assert len(contracts()[name].deployed_bytecode) < 24_576 / 2


@pytest.mark.parametrize(("members", "most"), [(5, 277_000), (20, 663_000), (64, 2_500_000)])
def test_creation_costs_what_was_promised(members: int, most: int) -> None:
    at = Table(large(members), "py-evm", referee="0x" + "ee" * 20)
    assert went(at.create()).gas <= most


def test_the_largest_coverage_function_costs_no_more() -> None:
    at = Table(large(64, 256), "py-evm", referee="0x" + "ee" * 20)
    assert went(at.create()).gas <= 2_500_000


def whole_project(parameters: Parameters, workers: Collection[int]) -> list[int]:
    """Play a project with a draw from its creation to the last withdrawal; return the gas of its calls."""
    machine = open_backend("py-evm")
    really, used = machine.transact, list[int]()

    def metered(sender: str, to: str, data: bytes, value: int = 0) -> Receipt:
        receipt = really(sender, to, data, value)
        used.append(receipt.gas_used)
        return receipt

    setattr(machine, "transact", metered)  # noqa: B010 - mypy wants no method assigned
    at = DrawTable(parameters, machine).to_drawing(workers)
    went(at.draw())
    for payee, owed in enumerate(at.project.owed()):
        if owed:
            went(at.project.withdraw(payee))
    return used


def test_a_whole_project_of_five_costs_what_was_measured() -> None:
    used = whole_project(large(5), range(5))
    # Creation, five consents, the opening, twice five steps, the draw, and six withdrawals.
    assert len(used) in (24, 19)
    assert sum(used) <= 1_500_000


@pytest.mark.deep
def test_every_call_of_the_largest_project_is_below_the_limit_of_a_transaction() -> None:
    # Of the accounts of a machine, four have other parts.
    assert max(whole_project(large(60, 256), range(60))) < TRANSACTION / 4
