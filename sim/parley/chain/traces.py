"""The calls of a transaction from a trace.

A `Frame` is one call with its inner calls. `calls_of` selects the calls of one contract, with the payments
and static calls of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parley.chain.history import Call, Failure, Question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley.chain.evm import Log

__all__ = ["Frame", "calls_of"]

_MOVING = frozenset({"CALL", "CREATE", "CREATE2", "SELFDESTRUCT"})
"""Frames that move money from the caller to the callee."""

_OUTSIDE = ("depth", "insufficient balance")
"""Words in the errors of calls that never started."""


class Frame(NamedTuple):
    """One call within a transaction.

    Attributes
    ----------
    kind : str
        The instruction's name: ``CALL``, ``STATICCALL``, ``DELEGATECALL``, ``CREATE``, ``SELFDESTRUCT``, ….
    sender, to : str
        In lower case; `to` is empty for a creation that failed.
    value : int
        Wei.
    error : str
        Empty if it succeeded.
    logs : tuple of Log
        Events of this call itself.
    """

    kind: str
    sender: str
    to: str
    data: bytes
    output: bytes
    value: int
    gas: int
    gas_used: int
    error: str
    logs: tuple[Log, ...]
    calls: tuple[Frame, ...]


def calls_of(contract: str, frame: Frame, blank: Call) -> Iterator[Call]:
    """Yield the calls of a contract in a transaction, an outer call before its inner ones.

    Calls that were undone because a caller failed later are omitted. So are refusals that may depend on
    something undone, because they cannot be judged.

    Parameters
    ----------
    contract : str
        Address in lower case.
    frame : Frame
        The outermost call of the transaction.
    blank : Call
        The common fields of all calls of the transaction.
    """
    yield from _Walk(contract, blank).calls(frame, undone=False, still=False)


class _Walk:
    def __init__(self, contract: str, blank: Call) -> None:
        self._contract = contract
        self._blank = blank
        self._clean = True
        """Whether no undone call has reached the contract so far."""

    def calls(self, frame: Frame, *, undone: bool, still: bool) -> Iterator[Call]:
        still = still or frame.kind == "STATICCALL"
        ours = frame.kind == "CALL" and frame.to == self._contract
        if ours and frame.error:
            if self._clean and not still and not any(word in frame.error.lower() for word in _OUTSIDE):
                yield self._call(frame)._replace(logs=(), payments=(), failure=self._failure(frame))
        elif ours and not undone and not still:
            yield self._call(frame)
        gone = undone or bool(frame.error)
        if ours and gone:
            self._clean = False
        for inner in frame.calls:
            yield from self.calls(inner, undone=gone, still=still)
        if gone and not undone:
            self._clean = True

    def _call(self, frame: Frame) -> Call:
        payments: dict[str, int] = {}
        questions: list[Question] = []
        for inner in _own(frame, self._contract):
            if inner.kind in _MOVING and inner.value and not inner.error and inner.to != self._contract:
                payments[inner.to] = payments.get(inner.to, 0) + inner.value
            if inner.kind == "STATICCALL":
                questions.append(Question(inner.to, inner.data, None if inner.error else inner.output))
        return self._blank._replace(
            sender=frame.sender,
            data=frame.data,
            value=frame.value,
            logs=_logs_of(frame, self._contract),
            direct=True,
            payments=tuple(payments.items()),
            questions=tuple(questions),
        )

    def _failure(self, frame: Frame) -> Failure:
        enough = (frame.gas - _BEFORE_PAYING) * 63 // 64
        refused = tuple(
            (inner.to, inner.value)
            for inner in _own(frame, self._contract)
            if inner.kind == "CALL" and inner.error and inner.gas >= enough
        )
        return Failure(frame.gas, _starved(frame), refused)


_BEFORE_PAYING = 200_000
"""Maximum gas of a withdrawal before it pays; the payee gets all but 1/64 of the rest."""


def _starved(frame: Frame) -> bool:
    return "out of gas" in frame.error.lower() or any(map(_starved, frame.calls))


def _own(frame: Frame, contract: str) -> Iterator[Frame]:
    """Yield the calls that the contract makes in this call, including those of delegated library code."""
    for inner in frame.calls:
        yield inner
        if inner.kind in ("DELEGATECALL", "CALLCODE") and inner.sender == contract and not inner.error:
            yield from _own(inner, contract)


def _logs_of(frame: Frame, contract: str) -> tuple[Log, ...]:
    own = bytes.fromhex(contract[2:])
    logs = [log for log in frame.logs if log.address == own]
    for inner in frame.calls:
        if inner.kind in ("DELEGATECALL", "CALLCODE") and not inner.error:
            logs += _logs_of(inner, contract)
    return tuple(logs)
