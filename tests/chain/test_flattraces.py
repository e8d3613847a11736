"""Flat traces are put together whole, or not at all."""

from typing import Any

import pytest

from parley.chain.flattraces import frames_of, is_plain

NAME = "0x" + "ab" * 32
MECHANISM, WALLET, PAYEE = ("0x" + digits * 20 for digits in ("c0", "aa", "0b"))


def call(
    place: list[int],
    sender: str,
    to: str,
    *,
    value: int = 0,
    inner: int = 0,
    kind: str = "call",
    error: str = "",
) -> dict[str, Any]:
    action = {
        "from": sender,
        "to": to,
        "callType": kind,
        "gas": "0x5208",
        "input": "0x01",
        "value": hex(value),
    }
    result = None if error else {"gasUsed": "0x10", "output": "0x02"}
    entry = {"action": action, "result": result, "subtraces": inner, "traceAddress": place, "type": "call"}
    return {**entry, "transactionHash": NAME} | ({"error": error} if error else {})


def ending(place: list[int], heir: str, value: int) -> dict[str, Any]:
    action = {"address": MECHANISM, "refundAddress": heir, "balance": hex(value)}
    entry = {"action": action, "result": None, "subtraces": 0, "traceAddress": place, "type": "suicide"}
    return {**entry, "transactionHash": NAME}


REWARD = {"action": {"author": PAYEE, "rewardType": "block", "value": "0x1"}, "type": "reward"}

NESTED = [
    call([], PAYEE, WALLET, inner=2),
    call([0], WALLET, MECHANISM, value=3, inner=2),
    call([0, 0], MECHANISM, PAYEE, value=5),
    call([0, 1], MECHANISM, PAYEE, kind="staticcall"),
    call([1], WALLET, PAYEE, kind="delegatecall"),
]


def test_calls_are_found_in_those_that_make_them() -> None:
    (frame,) = frames_of([*NESTED, REWARD]).values()
    assert (frame.kind, frame.sender, frame.to, frame.data, frame.output) == (
        "CALL",
        PAYEE,
        WALLET,
        b"\1",
        b"\2",
    )
    outer, last = frame.calls
    assert [(one.kind, one.value) for one in outer.calls] == [("CALL", 5), ("STATICCALL", 0)]
    assert (last.kind, last.calls) == ("DELEGATECALL", ())
    assert is_plain(MECHANISM, frame)


def test_what_a_contract_leaves_when_it_ends_is_a_payment() -> None:
    frame = frames_of([call([], PAYEE, MECHANISM, inner=1), ending([0], WALLET, 7)])[NAME]
    (last,) = frame.calls
    assert (last.kind, last.sender, last.to, last.value) == ("SELFDESTRUCT", MECHANISM, WALLET, 7)


@pytest.mark.parametrize(
    "told",
    [
        None,
        "0x",
        NESTED[:-1],
        NESTED[1:],
        NESTED[::-1],
        [*NESTED, call([2], WALLET, PAYEE)],
        [{**NESTED[0], "subtraces": 0, "type": "other"}],
        [{**NESTED[0], "subtraces": 0, "action": None}],
        [{**NESTED[0], "subtraces": 0, "action": {"callType": "call", "from": 5, "to": 5}}],
        [REWARD, None],
    ],
)
def test_what_cannot_be_put_together_is_left_out(told: object) -> None:
    assert frames_of(told) == {}


@pytest.mark.parametrize(
    "entries",
    [
        [call([], PAYEE, WALLET)],
        [call([], PAYEE, MECHANISM, error="Reverted")],
        [call([], PAYEE, MECHANISM, inner=1), call([0], MECHANISM, WALLET, error="Out of gas")],
        [call([], PAYEE, MECHANISM, inner=1), call([0], PAYEE, MECHANISM)],
    ],
    ids=["no call", "a failed one", "a failed one within it", "two"],
)
def test_what_a_flat_trace_does_not_say_all_about_is_not_plain(entries: list[dict[str, Any]]) -> None:
    assert not is_plain(MECHANISM, frames_of(entries)[NAME])
