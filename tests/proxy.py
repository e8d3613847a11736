"""A public node on loopback: a real one behind a proxy that limits, prunes and lags as such nodes do.

Each fault has a name. `SOMETIMES` are those that a patient client gets through; `ALWAYS` are those that it
cannot get through, and has to say so.
"""

from __future__ import annotations

import json
import random
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Call = dict[str, Any]

MOST_CALLS = 12
"""Requests in a batch, where batches are limited."""

MOST_BLOCKS = 3
"""Blocks in a range of events, where these are limited."""

_CHANCE = 0.25
"""How often something happens that happens sometimes."""


class Response(NamedTuple):
    """What goes back over HTTP; without a status, the connection is closed."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


CLOSED = Response(0)


def error(call: Call, code: object, message: object, **more: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": call.get("id"), "error": {"code": code, "message": message, **more}}


def as_json(content: object, status: int = 200) -> Response:
    return Response(status, json.dumps(content).encode(), (("Content-Type", "application/json"),))


def _html(status: int, text: str) -> Response:
    return Response(status, f"<html><body>{text}</body></html>".encode(), (("Content-Type", "text/html"),))


# ── faults of whole messages, before they reach the node ────────────────────────────────────────────────────


def _message_faults(
    proxy: PublicNode, calls: list[Call], path: str
) -> dict[str, Callable[[], Response | None]]:
    first = calls[0]
    large = len(calls) > MOST_CALLS
    no_batches = error({}, -32600, "batch requests are not supported")
    return {
        "429": lambda: Response(429, b"slow down", (("Retry-After", "0"),)) if proxy.chance() else None,
        "429-json": lambda: as_json(error(first, 429, "Too many"), 429) if proxy.chance() else None,
        "-32005": lambda: as_json(error(first, -32005, "limit exceeded")) if proxy.chance() else None,
        "503": lambda: _html(503, "restarting") if proxy.chance() else None,
        "html": lambda: _html(200, "Welcome!") if proxy.chance() else None,
        "empty": lambda: Response(200) if proxy.chance() else None,
        "closed": lambda: CLOSED if proxy.chance() else None,
        "batch-error": lambda: as_json(no_batches) if len(calls) > 1 else None,
        "batch-400": lambda: as_json(error(first, -32600, "too many calls"), 400) if large else None,
        "batch-413": lambda: _html(413, "Request Entity Too Large") if large else None,
        "batch-closed": lambda: CLOSED if large else None,
        "batch-first": lambda: as_json([error(first, -32600, "batch too large")]) if large else None,
        "always-429": lambda: Response(429, b"slow down"),
        "always-32005": lambda: as_json([error(call, -32005, "limit exceeded") for call in calls]),
        "always-html": lambda: _html(200, f"Cannot POST {path}"),
        "always-403": lambda: _html(403, f"{path}: no such key"),
        "always-closed": lambda: CLOSED,
    }


# ── faults of single requests ───────────────────────────────────────────────────────────────────────────────


def _call_faults(proxy: PublicNode, call: Call, reply: dict[str, Any]) -> dict[str, Callable[[], object]]:
    method, result = call["method"], reply.get("result")
    receipt = result if method == "eth_getTransactionReceipt" and isinstance(result, dict) else None
    execution = method == "eth_call"
    private = method.partition("_")[0] in ("debug", "trace", "evm", "anvil", "hardhat")
    wide = method == "eth_getLogs" and proxy.width(call) > MOST_BLOCKS
    limited = {"code": -32005, "message": "limit exceeded", "data": {"rate": {"current_rps": 9}}}
    pruned = "missing trie node 1f2e (path ) state 0x1f2e is not available, not found"

    def fails(code: object, message: object) -> dict[str, Any]:
        return error(call, code, message)

    return {
        "limit-inside": lambda: {**fails(0, ""), "error": limited} if proxy.chance() else reply,
        "text-code": lambda: fails("RATE_LIMITED", "slow down: rate limit") if proxy.chance() else reply,
        "null-code": lambda: fails(None, "Too many requests") if proxy.chance() else reply,
        "text-error": lambda: {**fails(0, ""), "error": "too many requests"} if proxy.chance() else reply,
        "private": lambda: fails(-32601, "the method does not exist") if private else reply,
        "no-debug": lambda: fails(-32601, "no such method") if method.startswith("debug_") else reply,
        "no-trace": lambda: fails(-32601, "no such method") if method.startswith("trace_") else reply,
        "range-error": lambda: fails(-32602, "query returned more than 10000 results") if wide else reply,
        "range-32005": lambda: fails(-32005, "limit exceeded") if wide else reply,
        "range-text": lambda: fails("BAD_RANGE", "eth_getLogs is limited to a 3 range") if wide else reply,
        "lagging": lambda: proxy.behind(call, reply),
        "null-receipts": lambda: {**reply, "result": None} if receipt and proxy.chance(0.6) else reply,
        "foreign-receipts": lambda: proxy.swap(reply) if receipt and proxy.chance() else reply,
        "dropped-logs": lambda: proxy.drop(reply) if receipt and proxy.chance() else reply,
        "always-null-receipts": lambda: {**reply, "result": None} if receipt else reply,
        "always-foreign-receipts": lambda: proxy.swap(reply) if receipt else reply,
        "always-dropped-logs": lambda: proxy.drop(reply) if receipt else reply,
        "always-dropped-logs-and-bloom": lambda: proxy.drop(reply, bloom=True) if receipt else reply,
        "always-pruned": lambda: fails(-32000, pruned) if execution else reply,
        "always-pruned-text": lambda: fails("SERVER_ERROR", "header not found") if execution else reply,
        "always-pruned-null": lambda: fails(None, None) if execution else reply,
        "always-internal": lambda: {**fails(-32603, ""), "error": "internal"} if execution else reply,
        "no-old-code": lambda: fails(-32000, pruned) if proxy.is_old(call, "eth_getCode") else reply,
        "no-old-balances": lambda: fails(-32000, pruned) if proxy.is_old(call, "eth_getBalance") else reply,
        "always-no-logs": lambda: fails(-32005, "limit exceeded") if method == "eth_getLogs" else reply,
    }


def _batch_faults(proxy: PublicNode, replies: list[Any]) -> dict[str, Callable[[], list[Any]]]:
    def shuffled() -> list[Any]:
        return proxy.random.sample(replies, len(replies))

    return {
        "shuffled": shuffled,
        "partial": lambda: [reply for reply in replies if not proxy.chance()],
        "duplicated": lambda: shuffled() + replies,
    }


_RANGES = ("range-400", "range-413", "range-closed")
_CUT = ("truncated", "cut", "closed-after")

SOMETIMES = (
    "429", "429-json", "-32005", "503", "html", "empty", "closed",
    "batch-error", "batch-400", "batch-413", "batch-closed", "batch-first",
    "limit-inside", "text-code", "null-code", "text-error", "private", "no-debug", "no-trace",
    "range-error", "range-32005", "range-text", *_RANGES,
    "shuffled", "partial", "duplicated", *_CUT,
    "null-receipts", "foreign-receipts", "dropped-logs", "lagging",
)  # fmt: skip
"""What a client gets through."""

ALWAYS = (
    "always-429", "always-32005", "always-html", "always-403", "always-closed",
    "always-null-receipts", "always-foreign-receipts", "always-dropped-logs", "always-dropped-logs-and-bloom",
    "always-pruned", "always-pruned-text", "always-pruned-null", "always-internal", "always-no-logs",
)  # fmt: skip
"""What no client gets through that needs what is refused."""


PRUNED = ("no-old-code", "no-old-balances")
"""States that the node has thrown away."""


class PublicNode:
    """The proxy's state.

    Parameters
    ----------
    upstream : str
        URL of the real node.
    faults : str
        Names.

    Attributes
    ----------
    faults : set of str
        May be changed while it runs.
    calls : list of str
        Methods that were asked for, in order.
    paths : set of str
        Paths that were asked for.
    """

    def __init__(self, upstream: str, *faults: str, seed: int = 1) -> None:
        unknown = set(faults) - {*SOMETIMES, *ALWAYS, *PRUNED}
        if unknown:
            raise ValueError(f"no such faults: {unknown}")
        self.url = ""
        self.faults = set(faults)
        self.calls: list[str] = []
        self.paths: set[str] = set()
        self.happened = 0
        self.random = random.Random(seed)
        self._upstream = upstream
        self._lock = threading.Lock()
        self._receipts: list[dict[str, Any]] = []
        self._row = 0
        self._newest: int | None = None
        self._session = requests.Session()
        self._session.trust_env = False

    def chance(self, probability: float = _CHANCE) -> bool:
        """Whether something happens that happens sometimes; never five times in a row."""
        happens = self.random.random() < probability and self._row < 4
        self._row = self._row + 1 if happens else 0
        self.happened += happens
        return happens

    def is_old(self, call: Call, method: str) -> bool:
        """Whether a call asks for the state after another block than the last one."""
        return call["method"] == method and int(call["params"][1], 16) < self._head()

    def width(self, call: Call) -> int:
        """Blocks that a request for events asks for."""
        query = call["params"][0]
        first, last = (query.get(key, "latest") for key in ("fromBlock", "toBlock"))
        if "latest" in (first, last):
            last = hex(self._head()) if last == "latest" else last
            first = hex(self._head()) if first == "latest" else first
        return int(last, 16) - int(first, 16) + 1

    def swap(self, reply: dict[str, Any]) -> dict[str, Any]:
        """Give another transaction's receipt, if there is one."""
        receipt = reply["result"]
        others = [one for one in self._receipts if one["transactionHash"] != receipt["transactionHash"]]
        self._receipts.append(receipt)
        other = others[-1] if others else {**receipt, "transactionHash": "0x" + "ab" * 32}
        return {**reply, "result": other}

    def drop(self, reply: dict[str, Any], *, bloom: bool = False) -> dict[str, Any]:
        """Leave out a receipt's first event."""
        receipt = {**reply["result"], "logs": reply["result"]["logs"][1:]}
        if bloom:
            receipt["logsBloom"] = "0x" + "00" * 256
        return {**reply, "result": receipt}

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────

    def answer(self, body: bytes, path: str) -> Response:
        """Answer a message."""
        with self._lock:
            message = json.loads(body)
            calls = message if isinstance(message, list) else [message]
            self.paths.add(path)
            self.calls += [call["method"] for call in calls]
            faults = _message_faults(self, calls, path)
            for name in sorted(self.faults & faults.keys()):
                if (response := faults[name]()) is not None:
                    return response
            refused = self._refused_range(calls)
            if refused is not None:
                return refused
            return self._cut(self._forward(message))

    def _refused_range(self, calls: list[Call]) -> Response | None:
        wide = any(call["method"] == "eth_getLogs" and self.width(call) > MOST_BLOCKS for call in calls)
        if wide and "range-400" in self.faults:
            return as_json(error(calls[0], -32600, "block range is too wide"), 400)
        if wide and "range-413" in self.faults:
            return _html(413, "Payload Too Large")
        return CLOSED if wide and "range-closed" in self.faults else None

    def _cut(self, response: Response) -> Response:
        """Lose the end of an answer, or all of it: the node has done what it was asked."""
        for name in _CUT:
            if name in self.faults and self.chance():
                half = response.body[: len(response.body) // 2]
                if name == "closed-after":
                    return CLOSED
                if name == "cut":
                    return Response(200, half, (("Content-Length", str(len(response.body))),))
                return response._replace(body=half)
        return response

    def _forward(self, message: Any) -> Response:  # noqa: ANN401 -- JSON
        content = self._ask(self._behind(message) if "lagging" in self.faults else message)
        if not isinstance(content, list):
            return as_json(self._spoil(message, content))
        of = {call["id"]: call for call in message}
        replies = [self._spoil(of[reply["id"]], reply) for reply in content]
        for name, change in _batch_faults(self, replies).items():
            if name in self.faults:
                replies = change()
        return as_json(replies)

    def _behind(self, message: object) -> object:
        """Have a message answered by a node that has not seen the last block yet."""
        self._newest = max(0, self._head() - 1) if self.chance(0.5) else None
        if self._newest is None:
            return message
        text = json.dumps(message).replace('"latest"', f'"{hex(self._newest)}"')
        return json.loads(text)

    def behind(self, call: Call, reply: dict[str, Any]) -> dict[str, Any]:
        """Leave out what is in a block that has not been seen yet."""
        result = reply.get("result")
        if self._newest is None:
            return reply
        if call["method"] == "eth_blockNumber":
            return {**reply, "result": hex(self._newest)}
        if call["method"] == "eth_getLogs":
            seen = [entry for entry in result or [] if int(entry["blockNumber"], 16) <= self._newest]
            return {**reply, "result": seen}
        number = (result.get("blockNumber") or result.get("number")) if isinstance(result, dict) else None
        return {**reply, "result": None} if number and int(number, 16) > self._newest else reply

    def _spoil(self, call: Call, reply: dict[str, Any]) -> object:
        faults = _call_faults(self, call, reply)
        for name in sorted(self.faults & faults.keys()):
            changed = faults[name]()
            if changed is not reply:
                return changed
        return reply

    def _head(self) -> int:
        return int(
            self._ask({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []})["result"], 16
        )

    def _ask(self, message: object) -> Any:  # noqa: ANN401 -- JSON
        reply = self._session.post(self._upstream, json=cast("Any", message), timeout=60)
        return reply.json()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: the second one would wait for the first to be acknowledged.
    wbufsize = -1
    disable_nagle_algorithm = True
    node: PublicNode

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        response = self.node.answer(body, self.path)
        if response.status == 0:
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if not any(name == "Content-Length" for name, _ in response.headers):
            self.send_header("Content-Length", str(len(response.body)))
        else:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def public_node(upstream: str, *faults: str, seed: int = 1) -> Iterator[PublicNode]:
    """Put a public node in front of a real one; its URL is in `url`."""
    node = PublicNode(upstream, *faults, seed=seed)
    handler = type("Handler", (_Handler,), {"node": node})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    node.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield node
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
