"""What a lottery may be opened with: each refusal of `create` by its own error, and what is just accepted."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode

from parley.core.randomness import keccak, word
from parley.mechanisms.assignment.problem import RULES
from parley.mechanisms.assignment.terms import terms_needed, terms_that_fit
from tests.assignment.on_chain import (
    BOND,
    BOSTON,
    COMMITTING,
    EATING,
    JOIN_WINDOW,
    SERIAL,
    Table,
    interface,
)
from tests.kit.rig.table import refused, went

MIN_WINDOW, MAX_WINDOW = 60, 30 * 24 * 3600
UINT32, UINT96 = 2**32 - 1, 2**96 - 1
ZERO = "0x" + "00" * 20

PARAMETERS = "(address[],uint32[],uint8,uint96,uint32,uint32)"


def agents(count: int) -> list[str]:
    return ["0x" + f"{k + 1:040x}" for k in range(count)]


def table(evm: str = "revm") -> Table:
    return Table([(0, 1), (1, 0), (0,)], [1, 2], SERIAL, evm)


REFUSED: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "nothing": ({"capacities": []}, ("ItemCountOutOfRange", 0)),
    "65 items": ({"capacities": [1] * 65}, ("ItemCountOutOfRange", 65)),
}

ACCEPTED: dict[str, dict[str, Any]] = {
    "one agent": {"agents": agents(1)},
    "two agents": {"agents": agents(2)},
    "64 agents": {"agents": agents(64)},
    "one item": {"capacities": [1]},
    "64 items": {"capacities": [1] * 64},
    "64 agents and 64 items": {"agents": agents(64), "capacities": [UINT32] * 64},
    "nothing of anything": {"capacities": [0, 0]},
    "the largest capacity": {"capacities": [UINT32, 0]},
    "no bond": {"bond": 0},
    "the largest bond": {"bond": UINT96},
    "the shortest windows": {"join_window": MIN_WINDOW, "action_window": MIN_WINDOW},
    "the longest windows": {"join_window": MAX_WINDOW, "action_window": MAX_WINDOW},
    **{f"rule {rule}": {"rule": rule} for rule in range(5)},
}


@pytest.mark.parametrize("title", REFUSED)
def test_creation_refuses(title: str) -> None:
    changes, error = REFUSED[title]
    at = table()
    assert refused(at.create(**changes)) == error
    assert at.state == (0,) * 7


def test_the_first_refusal_is_the_one_that_is_listed_first() -> None:
    """Of several faults the error is that of the first in the interface."""
    at = table()
    faults: dict[str, Any] = {
        "agents": [],
        "capacities": [],
        "join_window": 0,
        "action_window": 1,
    }
    assert refused(at.create(**faults)) == ("AgentCountOutOfRange", 0)
    faults["agents"] = [ZERO, ZERO]
    assert refused(at.create(**faults)) == ("ItemCountOutOfRange", 0)
    faults["capacities"] = [1]
    assert refused(at.create(**faults)) == ("ZeroAgent", 0)
    faults["agents"] = [*agents(1), agents(1)[0], ZERO]
    assert refused(at.create(**faults)) == ("DuplicateAgent", 1, 0)
    faults["agents"] = agents(2)
    assert refused(at.create(**faults)) == ("WindowOutOfRange", 0)
    faults["join_window"] = MIN_WINDOW
    assert refused(at.create(**faults)) == ("WindowOutOfRange", 1)
    went(at.create())
    faults["agents"] = []
    assert refused(at.create(**faults)) == ("GameExists", at.id)


@pytest.mark.parametrize("rule", [EATING, BOSTON])
def test_a_lottery_whose_terms_may_not_fit_is_refused(rule: str) -> None:
    """With as many items as may be, one more, and 64, for every number of seats: as the bounds say."""
    at = table()
    for n in range(1, 65):
        most = max(m for m in range(1, 65) if terms_needed(n, m) <= terms_that_fit(n, m, rule))
        for m in {most, min(most + 1, 64), 64}:
            at.salt = word(100 * n + m)
            done = at.create(agents=agents(n), capacities=[1] * m, rule=RULES.index(rule))
            if m == most:
                went(done)
            else:
                assert refused(done) == ("TermsMayNotFit", terms_needed(n, m), terms_that_fit(n, m, rule))


def test_there_is_no_sixth_rule() -> None:
    at = table()
    data = bytearray(interface().encode("create", at.salt, at.parameters))
    rule = 4 + 32 * (2 + 2) + 31
    assert data[rule] == 0
    data[rule] = 4
    went(at.send(at.creator, bytes(data)))
    at.salt = word(8)
    data[4:36] = at.salt
    data[rule] = 5
    assert refused(at.send(at.creator, bytes(data))) == ("",)


@pytest.mark.parametrize("evm", ["revm", "py-evm"])
@pytest.mark.parametrize("title", ACCEPTED)
def test_creation_accepts(title: str, evm: str) -> None:
    at = table(evm)
    names = ("agents", "capacities", "rule", "bond", "join_window", "action_window")
    parameters = tuple((dict(zip(names, at.parameters, strict=True)) | ACCEPTED[title]).values())
    now = at.evm.timestamp
    done = went(at.create(**ACCEPTED[title]))
    digest = keccak(encode([PARAMETERS], [parameters]))
    assert at.digest == digest
    (created,) = done.events
    assert created.name == "Created"
    assert created.args["id"] == at.id == done.output
    assert created.args["creator"] == at.creator.lower()
    assert created.args["salt"] == at.salt
    assert created.args["digest"] == digest
    told = created.args["parameters"]
    assert (tuple(told[0]), *told[1:]) == (
        tuple(a.lower() for a in parameters[0]),
        tuple(parameters[1]),
        *parameters[2:],
    )
    assert at.state == (COMMITTING, 0, now + parameters[4], 0, 0, 0, 0)
    assert at.ask("burnt") == 0
    assert at.ask("assignmentOf", at.id) == (0, 0)
    for seat in (0, 63):
        assert at.ask("commitment", at.id, seat) == bytes(32)
        assert at.ask("rankingOf", at.id, seat) == b""


def test_any_difference_in_parameters_changes_the_digest() -> None:
    at = table()
    changes: list[dict[str, Any]] = [
        {},
        {"agents": at.seats[::-1]},
        {"capacities": [1, 1]},
        {"rule": 1},
        {"bond": BOND + 1},
        {"join_window": JOIN_WINDOW + 1},
        {"action_window": JOIN_WINDOW},
    ]
    digests = set()
    for number, change in enumerate(changes):
        at.salt = word(number)
        went(at.create(**change))
        digests.add(at.digest)
    assert len(digests) == len(changes)
