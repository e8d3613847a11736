"""Frames from flat traces (``trace_block``), which have one entry per call.

A tracer executes a transaction again, and the part of its block before it. Some nodes execute the whole block
once for each of its transactions. ``trace_block`` was recorded in one execution, but it does not say which
call emitted an event, and says little about failures: see `is_plain`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.chain.history import Call
from parley.chain.traces import Frame, calls_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["frames_of", "is_plain"]

_Json = dict[str, Any]

_BLANK = Call("", "", b"", 0, 0, ())


def frames_of(told: object) -> dict[str, Frame]:
    """Build frames from the node's answer to ``trace_block``, which may be an error.

    Returns
    -------
    dict of str to Frame
        The outermost call of each transaction, by its hash, without events. Invalid traces are omitted.
    """
    if not isinstance(told, list):
        return {}
    entries: dict[str, list[_Json]] = {}
    for entry in told:
        if isinstance(entry, dict) and entry.get("transactionHash"):  # otherwise a reward of the miner
            entries.setdefault(entry["transactionHash"], []).append(entry)
    frames: dict[str, Frame] = {}
    for name, some in entries.items():
        try:
            frames[name] = _tree(some)
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
            continue
    return frames


def is_plain(contract: str, frame: Frame) -> bool:
    """Whether a transaction calls a contract exactly once, without failures.

    Then all its events come from this call.
    """
    calls = list(calls_of(contract, frame, _BLANK))
    return len(calls) == 1 and not _fails(frame)


def _fails(frame: Frame) -> bool:
    return bool(frame.error) or any(map(_fails, frame.calls))


def _tree(entries: list[_Json]) -> Frame:
    """Build the tree of a transaction's calls; an outer call comes before its inner ones."""
    rest = iter(entries)
    frame = _read(rest, [])
    if next(rest, None) is not None:
        raise ValueError("calls that nobody makes")
    return frame


def _read(rest: Iterator[_Json], place: list[int]) -> Frame:
    entry = next(rest, None)
    if entry is None or entry["traceAddress"] != place:
        raise ValueError("a call is missing")
    frame = _frame(entry)
    return frame._replace(calls=tuple(_read(rest, [*place, k]) for k in range(entry["subtraces"])))


def _frame(entry: _Json) -> Frame:
    action, kind = entry["action"], entry["type"]
    result = entry.get("result") or {}
    sender, to, value = (action.get(key) or "" for key in ("from", "to", "value"))
    if kind == "call":
        kind = action["callType"]
    elif kind == "create":
        to = result.get("address") or ""
    elif kind == "suicide":
        kind = "selfdestruct"
        sender, to, value = (action[key] for key in ("address", "refundAddress", "balance"))
    else:
        raise ValueError(kind)
    return Frame(
        kind=kind.upper(),
        sender=sender.lower(),
        to=to.lower(),
        data=_bytes(action.get("input") or action.get("init")),
        output=_bytes(result.get("output") or result.get("code")),
        value=int(value, 16),
        gas=int(action.get("gas") or "0x0", 16),
        gas_used=int(result.get("gasUsed") or "0x0", 16),
        error=entry.get("error") or "",
        logs=(),
        calls=(),
    )


def _bytes(text: str | None) -> bytes:
    return bytes.fromhex((text or "0x")[2:])
