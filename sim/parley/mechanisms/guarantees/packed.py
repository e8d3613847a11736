"""Jobs and allocations as calls bring them, and what they are checked for.

Jobs are 16 bytes each in order of their starts: start (32 bits), end (32) and value (64). An allocation is a
byte for each job: one more than the seat that holds it, or 0. What the contract refuses is refused here, in
the same order.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from parley.kit.reference import require
from parley.mechanisms.guarantees.parameters import unit_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from parley.mechanisms.guarantees.parameters import Parameters
    from parley.mechanisms.guarantees.problem import Problem

JOB_BYTES = 16
"""Of a packed job."""

MAX_JOBS = 1024
"""Bounds the work of a call."""

MAX_DEPOSIT = 2**120 - 1
"""Wei: two amounts fit in one word of storage."""


class Outcome(IntEnum):
    """What became of a job."""

    DONE = 0
    CANCELLED = 1
    MISSED = 2


class Job(NamedTuple):
    """A job: a half-open interval of time, and a value in whole units."""

    start: int
    end: int
    value: int


def pack_jobs(jobs: Iterable[Job]) -> bytes:
    """Return packed jobs, in the order given.

    Examples
    --------
    >>> pack_jobs([Job(1, 3, 5)]).hex()
    '00000001000000030000000000000005'
    """
    return b"".join((job.start << 96 | job.end << 64 | job.value).to_bytes(JOB_BYTES, "big") for job in jobs)


def unpack_jobs(data: bytes) -> list[Job]:
    """Return the jobs: the inverse of :func:`pack_jobs`.

    Examples
    --------
    >>> unpack_jobs(pack_jobs([Job(1, 3, 5), Job(2, 4, 7)]))
    [Job(start=1, end=3, value=5), Job(start=2, end=4, value=7)]
    """
    numbers = [int.from_bytes(data[k : k + JOB_BYTES], "big") for k in range(0, len(data), JOB_BYTES)]
    return [Job(number >> 96, number >> 64 & 0xFFFFFFFF, number & 0xFFFFFFFFFFFFFFFF) for number in numbers]


def order_of(problem: Problem) -> list[int]:
    """Return a problem's jobs in the order of the contract: by start, then by end, then by number.

    Raises
    ------
    ValueError
        If the problem has no intervals.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> order_of(worked_example())
    [0, 2, 1]
    """
    ticks = problem.ticks
    if ticks is None:
        raise ValueError("a dispatch needs the times of all jobs")
    return sorted(range(problem.jobs), key=lambda job: (ticks[job], job))


def jobs_of(problem: Problem) -> list[Job]:
    """Return a problem's jobs in the order of the contract, in whole ticks and units of value.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.problem import worked_example
    >>> jobs_of(worked_example())
    [Job(start=0, end=1, value=10), Job(start=0, end=2, value=9), Job(start=1, end=2, value=10)]
    """
    ticks, unit = problem.ticks or (), unit_of(problem.values) or 1
    return [Job(*ticks[job], int(problem.values[job] / unit)) for job in order_of(problem)]


def pack_allocation(order: Sequence[int], allocation: Sequence[Collection[int]]) -> bytes:
    """Return a packed allocation.

    Parameters
    ----------
    order : sequence of int
        The problem's jobs in the order of the contract.
    allocation : sequence of collection of int
        The problem's jobs that each seat holds.

    Examples
    --------
    >>> pack_allocation([0, 2, 1], [(0, 1), (2,)]).hex()
    '010201'
    """
    holders = {job: seat + 1 for seat, jobs in enumerate(allocation) for job in jobs}
    return bytes(holders.get(job, 0) for job in order)


def unpack_allocation(order: Sequence[int], data: bytes, seats: int) -> tuple[tuple[int, ...], ...]:
    """Return the jobs that each seat holds: the inverse of :func:`pack_allocation`.

    Examples
    --------
    >>> unpack_allocation([0, 2, 1], bytes([1, 2, 1]), 2)
    ((0, 1), (2,))
    """
    return tuple(
        tuple(sorted(job for job, code in zip(order, data, strict=True) if code == seat + 1))
        for seat in range(seats)
    )


def check_jobs(data: bytes, rate: int) -> int:
    """Check jobs as they are registered, and return the value of all.

    Parameters
    ----------
    rate : int
        θ of the seat that has most.

    Raises
    ------
    Revert
        With the contract's first refusal.

    Examples
    --------
    >>> check_jobs(pack_jobs([Job(2, 4, 7), Job(1, 3, 5)]), rate=1)
    Traceback (most recent call last):
    ...
    parley.kit.reference.Revert: JobsOutOfOrder(1, 1, 2)
    """
    whole = len(data) % JOB_BYTES == 0 and len(data) <= JOB_BYTES * MAX_JOBS
    require(whole, "JobsLengthOutOfRange", len(data))
    previous, total = 0, 0
    for k, (start, end, value) in enumerate(unpack_jobs(data)):
        require(start < end, "EmptyInterval", k, start, end)
        require(previous <= start, "JobsOutOfOrder", k, start, previous)
        previous = start
        total += value
    require(total * rate <= MAX_DEPOSIT, "DepositOutOfRange", total * rate)
    return total


def check_allocation(
    parameters: Parameters, enrolled: Collection[int], jobs: Sequence[Job], allocation: bytes
) -> tuple[int, list[int]]:
    """Check an allocation, and return the least pay of an enrolled seat and the values by seat.

    Raises
    ------
    Revert
        With the contract's first refusal.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.parameters import Parameters
    >>> seats, registrar = ("0x" + "11" * 20, "0x" + "12" * 20), "0x" + "22" * 20
    >>> p = Parameters(seats, registrar, (3, 2), (0, 8), False, 0, False, 0, 0, 0, 60, 60, 60)
    >>> jobs = [Job(0, 2, 5), Job(1, 3, 4), Job(2, 4, 6)]
    >>> check_allocation(p, {0, 1}, jobs, bytes([1, 2, 1]))
    (8, [11, 4])
    >>> check_allocation(p, {0, 1}, jobs, bytes([1, 1, 2]))
    Traceback (most recent call last):
    ...
    parley.kit.reference.Revert: Overlap(1, 0, 1, 2)
    """
    p = parameters
    require(len(allocation) == len(jobs), "AllocationLengthMismatch", len(allocation), len(jobs))
    values, ends = [0] * len(p.agents), [0] * len(p.agents)
    for k, (job, code) in enumerate(zip(jobs, allocation, strict=True)):
        if code:
            seat = code - 1
            require(seat in enrolled, "HolderNotEnrolled", k, seat)
            require(ends[seat] <= job.start, "Overlap", k, seat, job.start, ends[seat])
            values[seat] += job.value
            ends[seat] = job.end
    for seat in sorted(enrolled):
        pay = p.rates[seat] * values[seat]
        require(pay >= p.floors[seat], "FloorBroken", seat, pay, p.floors[seat])
    return min(p.rates[seat] * values[seat] for seat in enrolled), values


def ranked(values: Sequence[int], enrolled: Collection[int]) -> list[int]:
    """Return the enrolled seats by the values of their jobs, of equal ones the lower seat first.

    Examples
    --------
    >>> ranked([4, 9, 2, 4], {0, 2, 3})
    [2, 0, 3]
    """
    return sorted(enrolled, key=lambda seat: (values[seat], seat))


def check_statuses(statuses: bytes, jobs: int) -> None:
    """Check an attestation.

    Raises
    ------
    Revert
        With the contract's first refusal.
    """
    require(len(statuses) == jobs, "StatusesLengthMismatch", len(statuses), jobs)
    for k, status in enumerate(statuses):
        require(status in Outcome.__members__.values(), "UnknownStatus", k, status)


class Done(NamedTuple):
    """What a schedule has come to: the value of the jobs that were done, and whether one was missed."""

    value: int
    missed: bool


def outcomes(jobs: Sequence[Job], allocation: bytes, statuses: bytes, seats: int) -> list[Done]:
    """Return what the schedules have come to, by the seat to which the allocation gives them.

    Examples
    --------
    >>> jobs = [Job(0, 2, 5), Job(1, 3, 4), Job(2, 4, 6)]
    >>> outcomes(jobs, bytes([1, 2, 1]), bytes([Outcome.DONE, Outcome.CANCELLED, Outcome.MISSED]), 2)
    [Done(value=5, missed=True), Done(value=0, missed=False)]
    """
    held: list[list[tuple[int, int]]] = [[] for _ in range(seats)]
    for job, code, status in zip(jobs, allocation, statuses, strict=True):
        if code:
            held[code - 1].append((job.value, status))
    return [
        Done(
            sum(value for value, status in some if status == Outcome.DONE),
            any(status == Outcome.MISSED for _, status in some),
        )
        for some in held
    ]


def pays(
    parameters: Parameters, enrolled: Collection[int], schedules: Sequence[int], came: Sequence[Done]
) -> list[int]:
    """Return what each seat is paid: what was done, raised to its floor unless something was missed.

    Parameters
    ----------
    schedules : sequence of int
        By seat, the seat to which the allocation gives the jobs that it does.
    came : sequence of Done
        By the seat to which the allocation gives them.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.parameters import Parameters
    >>> seats, registrar = ("0x" + "11" * 20, "0x" + "12" * 20), "0x" + "22" * 20
    >>> p = Parameters(seats, registrar, (3, 3), (8, 8), False, 0, True, 0, 0, 0, 60, 60, 60)
    >>> pays(p, {0, 1}, [1, 0], [Done(2, missed=True), Done(1, missed=False)])
    [8, 6]
    """
    p = parameters
    earned = [0] * len(p.agents)
    for seat in enrolled:
        done = came[schedules[seat]]
        earned[seat] = p.rates[seat] * done.value
        if not done.missed:
            earned[seat] = max(earned[seat], p.floors[seat])
    return earned
