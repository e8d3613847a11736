"""What a dispatch costs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from parley.mechanisms.guarantees.packed import MAX_JOBS, Job
from tests.guarantees.on_chain import DRAWN, FLOORS, MAX_MIN, Table
from tests.kit.rig.on_chain import contracts
from tests.kit.rig.table import Done, went

if TYPE_CHECKING:
    from parley.mechanisms.guarantees.parameters import Parameters


def evenly(jobs: list[Job], seats: int) -> bytes:
    """Each job to the free seat that has least."""
    ends, values, codes = [0] * seats, [0] * seats, []
    for job in jobs:
        free = [seat for seat in range(seats) if ends[seat] <= job.start]
        codes.append(min(free, key=lambda seat: values[seat]) + 1 if free else 0)
        if free:
            ends[codes[-1] - 1] = job.end
            values[codes[-1] - 1] += job.value
    return bytes(codes)


class Priced(Table):
    """A dispatch of some providers and jobs of a working day, by the gas that it uses."""

    def __init__(self, parameters: Parameters, seats: int, jobs: int, evm: str = "py-evm") -> None:
        dice = Random(seats)
        starts = [dice.randint(0, 28_800) for _ in range(jobs)]
        listed = sorted(
            Job(start, start + dice.randint(300, 1_800), dice.randint(500, 6_000)) for start in starts
        )
        uniform = replace(parameters, rates=(10**10,) * seats, floors=(1,) * seats)
        super().__init__(uniform, listed, evenly(listed, seats), evm)
        self.used: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    def do(self, sender: str, function: str, *args: Any, value: int = 0) -> Done:  # noqa: ANN401 - as above
        done = super().do(sender, function, *args, value=value)
        self.used[function] += done.gas
        self.most[function] = max(self.most[function], done.gas)
        return done

    def play(self) -> None:
        """From creation to the last withdrawal."""
        self.play_to(8)
        dice = Random(1)
        went(self.attest(bytes(dice.choice([0, 0, 0, 1, 2]) for _ in self.job_list)))
        for payee, owed in enumerate(self.owed()):
            if owed:
                went(self.withdraw(payee))


def test_contract_code_is_well_below_its_limit() -> None:
    assert len(contracts()["GuaranteedDispatch"].deployed_bytecode) < 24_576 * 3 / 4


@pytest.mark.parametrize("parameters", [FLOORS, MAX_MIN, DRAWN])
@pytest.mark.parametrize(("seats", "jobs", "most"), [(10, 30, 2_200_000), (30, 300, 6_000_000)])
def test_a_dispatch_costs_what_was_promised(parameters: Parameters, seats: int, jobs: int, most: int) -> None:
    at = Priced(parameters, seats, jobs)
    at.play()
    assert sum(at.used.values()) <= most
    assert at.most["attest"] <= 700_000


def test_every_call_of_the_largest_dispatch_is_below_the_limit_of_a_transaction() -> None:
    at = Priced(DRAWN, 60, MAX_JOBS)
    at.play()
    assert set(at.most) >= {"create", "enrol", "register", "post", "open", "attest", "withdraw", "expire"}
    assert max(at.most.values()) < 2**24 / 4
