"""Games too large for one page of data: stored page by page, and played as any other."""

from dataclasses import replace
from typing import Any

import pytest

from parley.mechanisms.coordination.game import Cause, Phase
from tests.coordination.table import JOIN_WINDOW, Table, agents, pieces
from tests.kit.rig.table import went

UINT32, UINT96 = 2**32 - 1, 2**96 - 1


def large(pieces_each: int, seats: int = 64, types: int = 64) -> Table:
    """A table for a game of several pages, in which each agent has a cost function of its own."""
    starts = tuple(range(0, 2 * pieces_each, 2))
    contracted = tuple(7 * k % 3 for k in range(seats * types))
    table = Table(
        agents=agents(seats),
        task_types=types,
        contracted=contracted,
        capacity=tuple(d + 5 * k % 2 for k, d in enumerate(contracted)),
        costs=tuple(pieces(starts, tuple(range(k, k + pieces_each)))[0] for k in range(1, seats + 1)),
    )
    table.parameters = replace(table.parameters, agents=tuple(table.subject.accounts[:seats]))
    return table


@pytest.mark.parametrize("pieces_each", [1, 16])
def test_the_largest_games_are_stored_page_by_page(pieces_each: int) -> None:
    table = large(pieces_each)
    p = table.parameters
    went(table.create())
    for page in p.pages():
        went(table.store(page))
    # The deposits and the announcements of all seats show that every page is read at its place.
    for seat in range(64):
        went(table.join(seat))
    for seat in range(64):
        row = p.row(p.contracted, seat)
        table.expect(table.announce(seat, (*row[:-1], 9)), "AnnouncementTooHigh", 63, 9, row[-1])
        went(table.announce(seat, row))
    assert table.fraction(62) == (1, 2)
    assert table.state.announced_cost == sum(map(p.contracted_cost, range(64)))
    assert table.state.cause == Cause.NO_SAVINGS


def test_a_game_of_one_page_is_created_at_once_and_one_of_two_is_not() -> None:
    """With 64 types and one cost function for all, a page holds 30 seats."""
    shape: dict[str, Any] = {"task_types": 64, "costs": pieces(tuple(range(16)), tuple(range(1, 17)))}
    one = Table(agents=agents(30), contracted=(1,) * 1920, capacity=(1,) * 1920, **shape)
    assert [*one.parameters.pages()] == []
    went(one.create())
    assert one.state.phase == Phase.JOINING
    table = Table(agents=agents(31), contracted=(1,) * 1984, capacity=(1,) * 1984, **shape)
    assert [page.seat for page in table.parameters.pages()] == [30, 0]
    whole = table.do(table.creator, "create", table.salt, table.parameters)
    table.expect(whole, "MatrixSizeMismatch", 1984, 1984, 0)
    half = replace(table.parameters.opening(), contracted=(1,))
    table.expect(table.do(table.creator, "create", table.salt, half), "MatrixSizeMismatch", 1, 0, 0)
    went(table.create())
    assert table.state.phase == Phase.CREATING


def test_the_seats_of_all_pages_share_one_cost_function_and_their_capacity() -> None:
    """With 34 seats the draft ends with its cost function, without a byte behind it."""
    ones = (1,) * 64
    table = Table(
        contracted=ones * 34,
        capacity=(*ones * 33, 2, *ones[1:]),
        task_types=64,
        costs=pieces(tuple(range(16)), tuple(range(1, 17))),
    )
    table.parameters = replace(table.parameters, agents=tuple(table.subject.accounts[:34]))
    # The first seat, on the first page, leaves a unit to the last one, on the second.
    table.rows = [(0, *ones[1:]), *[ones] * 32, (2, *ones[1:])]
    table.play_to(Phase.ANNOUNCING)
    for seat in range(34):
        went(table.announce(seat, table.rows[seat]))
    assert table.state.announced_cost == 34 * table.parameters.contracted_cost(0)
    assert table.state.cause == Cause.NO_SAVINGS


def shared(seats: int, types: int) -> Table:
    """A table for a game in which all have one cost function, of 16 pieces."""
    ones = (1,) * (seats * types)
    costs = pieces(tuple(range(16)), tuple(range(1, 17)))
    return Table(agents=agents(seats), task_types=types, costs=costs, contracted=ones, capacity=ones)


def test_a_page_holds_as_many_seats_as_fit_to_the_byte() -> None:
    """23 seats of 1,064 bytes leave 7 of those that a page has, 31 of 780 bytes and one cost block 11."""
    for table, phase in (
        (large(15, 23, 63), Phase.JOINING),
        (large(15, 24, 63), Phase.CREATING),
        (shared(31, 62), Phase.JOINING),
        (shared(32, 62), Phase.CREATING),
    ):
        went(table.create())
        assert table.state.phase == phase


def test_events_tell_all_of_a_game_that_is_stored_page_by_page() -> None:
    table = large(2)
    p = table.parameters
    opening = p.opening()
    table.emitted(table.create(), ("Created", table.creator, table.salt, opening.digest_of_call(), opening))
    for page in p.pages():
        outcome = table.store(page)
        table.emitted(outcome, ("Stored", page.seat, table.state.digest, page.contracted, page.capacity))
    assert table.state.digest == p.digest()


def test_nobody_joins_before_all_pages_are_there_and_joining_starts_then() -> None:
    table = large(2)
    went(table.create())
    for page in table.parameters.pages():
        state = table.state
        assert (state.phase, state.deadline) == (Phase.CREATING, 0)
        assert page.seat < state.turn
        table.expect(table.join(0), "WrongPhase", table.id, Phase.CREATING, Phase.JOINING)
        table.evm.warp(table.evm.timestamp + 10 * JOIN_WINDOW)
        table.expect(table.expire(), "WrongPhase", table.id, Phase.CREATING, Phase.NONE)
        refused = table.withdraw(0, shares=())
        table.expect(refused, "WrongPhase", table.id, Phase.CREATING, Phase.SETTLED)
        went(table.store(page))
    state = table.state
    assert (state.phase, state.turn) == (Phase.JOINING, 0)
    assert state.deadline == table.evm.timestamp + JOIN_WINDOW
    table.expect(table.store(page), "WrongPhase", table.id, Phase.JOINING, Phase.CREATING)
    table.expect(table.create(), "GameExists", table.id)


def test_pages_are_stored_by_the_creator_one_by_one_from_the_last() -> None:
    table = large(16)
    first, second, third = table.parameters.pages()
    assert (first.seat, second.seat, third.seat) == (44, 22, 0)
    table.expect(table.store(first), "WrongPhase", table.id, Phase.NONE, Phase.CREATING)
    went(table.create())
    table.expect(table.store(first, sender=table.stranger), "NotTheCreator", table.stranger, table.creator)
    table.expect(table.store(second), "MatrixSizeMismatch", 22 * 64, 22 * 64, 20 * 64)
    short = first.contracted[1:]
    table.expect(table.store(first, contracted=short), "MatrixSizeMismatch", len(short), 20 * 64, 20 * 64)
    went(table.store(first))
    stale = table.parameters.opening().digest_of_call()
    table.expect(table.store(second, digest=stale), "StaleDigest", stale, table.state.digest)
    went(table.store(second))
    # Pages of one size cannot change places unnoticed: the digest that seats join by is another one.
    went(table.store(third._replace(contracted=second.contracted, capacity=second.capacity)))
    assert table.state.digest != table.parameters.digest()


def test_every_row_is_checked_when_it_is_stored_and_the_rest_with_the_first_page() -> None:
    table = large(16)
    p = table.parameters
    went(table.create())
    last, middle, front = p.pages()
    d = last.contracted[-2]
    below = (*last.capacity[:-2], d - 1, last.capacity[-1])
    table.expect(table.store(last, capacity=below), "CapacityBelowContract", 63, 62, d - 1, d)
    full = (UINT32, *last.capacity[1:])
    total = sum(full)
    table.expect(table.store(last, capacity=full), "TooManyTasks", sum(last.contracted), total)
    went(table.store(last))
    went(table.store(middle))
    # Just too much together with what is stored already.
    rest = sum(last.capacity) + sum(middle.capacity)
    room = UINT32 - rest - sum(front.capacity[1:])
    contracted = sum(p.contracted)
    over = (room + 1, *front.capacity[1:])
    table.expect(table.store(front, capacity=over), "TooManyTasks", contracted, UINT32 + 1)
    went(table.store(front, capacity=(room, *front.capacity[1:])))


def test_costs_of_all_pages_together_are_bounded() -> None:
    """The bound is met exactly, or exceeded by one wei; the seat that exceeds it is on the last page."""
    shape: dict[str, Any] = {"agents": agents(64), "task_types": 64}
    contracted = (1, *(0,) * 4095)
    capacity = (1,) * 64 + (0,) * (62 * 64) + (1,) * 64
    for excess in (0, 1):
        # Only the first and the last seat can do anything, and at most one task.
        costs = [pieces((0,), (1,))[0]] * 64
        costs[0] = pieces((0,), (UINT96 - 5,))[0]
        costs[63] = pieces((0,), (5 + excess,))[0]
        table = Table(contracted=contracted, capacity=capacity, costs=tuple(costs), **shape)
        went(table.create())
        *others, front = table.parameters.pages()
        for page in others:
            went(table.store(page))
        if excess:
            table.expect(table.store(front), "CostTooLarge", 63)
        else:
            went(table.store(front))


def test_nothing_contracted_is_noticed_with_the_first_page() -> None:
    table = large(2)
    table.parameters = replace(table.parameters, contracted=(0,) * 4096)
    went(table.create())
    *others, front = table.parameters.pages()
    for page in others:
        went(table.store(page))
    table.expect(table.store(front), "NothingContracted")
