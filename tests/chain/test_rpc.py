"""Asking a node: what is asked again, what is not, and what the user is told."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from parley.chain.rpc import NodeError, Rpc, RpcError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ONE = json.dumps({"jsonrpc": "2.0", "id": 0, "result": "0x1"}).encode()


@contextmanager
def server(*answers: tuple[int, bytes], headers: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
    """Answer each request with the next status and body, the last one for ever."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def test_a_busy_node_is_asked_again_and_the_user_told() -> None:
    notes: list[str] = []
    with server((200, ONE), (503, b""), (503, b""), (429, b""), (200, ONE)) as url:
        rpc = Rpc(url, note=notes.append)
        assert [rpc.ask("eth_chainId"), rpc.ask("eth_chainId")] == ["0x1", "0x1"]
        assert rpc.absences == 1
    assert notes == [
        f"{url}: the node does not answer (HTTP status 503): trying again for 120 s",
        f"{url}: the node answers again",
    ]


@pytest.mark.usefixtures("hasty")
def test_before_the_first_answer_nobody_is_waited_for() -> None:
    with (
        server((503, b"")) as url,
        pytest.raises(UnreachableError, match="no answer: HTTP status 503"),
    ):
        Rpc(url).ask("eth_chainId")


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, b"", "not a node: HTTP status 404"),
        (200, b"<html>", "not a node"),
        (200, b"", "not a node"),
        (301, b"", "not a node: HTTP status 301"),
        (200, b"[]", "not a node"),
        (200, b'{"hello": 1}', "not a node"),
    ],
)
def test_what_is_no_node_is_said_to_be_none(status: int, body: bytes, reason: str) -> None:
    with server((status, body)) as url, pytest.raises(NodeError, match=reason):
        Rpc(url).ask("eth_chainId")


def test_a_limit_is_waited_for_even_before_the_first_answer_but_not_for_ever() -> None:
    with server((429, b""), (200, ONE)) as url:
        assert Rpc(url).ask("eth_chainId") == "0x1"
    with (
        server((429, b"slow down")) as url,
        pytest.raises(NodeError, match="still limits requests after 0 s: 'HTTP status 429'"),
    ):
        Rpc(url, patience=0.3).ask("eth_chainId")


def test_a_node_is_left_alone_for_as_long_as_it_asks() -> None:
    with server((429, b""), (200, ONE), headers={"Retry-After": "1"}) as url:
        began = time.monotonic()
        assert Rpc(url).ask("eth_chainId") == "0x1"
        assert time.monotonic() - began >= 1
    with (
        server((429, b""), headers={"Retry-After": "3600"}) as url,
        pytest.raises(NodeError, match=r"still limits requests .* \(it asks to wait 3600 s\)"),
    ):
        Rpc(url).ask("eth_chainId")


def test_a_refusal_takes_its_answers_place_or_is_raised() -> None:
    answers = [
        {"jsonrpc": "2.0", "id": 0, "result": "0x1"},
        {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "not\nfound"}},
    ]
    calls = [("eth_chainId", ()), ("nonsense", ())]
    with server((200, json.dumps(answers).encode())) as url:
        first, second = Rpc(url).ask_all(calls)
        assert first == "0x1"
        assert isinstance(second, RpcError)
        assert (second.code, second.message) == (-32601, "not\nfound")
        assert str(second).count("\n") == 0
        with pytest.raises(RpcError, match="nonsense"):
            Rpc(url).ask_all(calls, strict=True)


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1", "http://", "file:///x", "8545"])
def test_only_http_is_spoken(url: str) -> None:
    with pytest.raises(NodeError, match="not the URL of a node"):
        Rpc(url)


def test_what_is_nested_too_deeply_is_refused_after_web3_was_loaded_too() -> None:
    code = """
import json, sys
import parley.chain.rpc
try:
    json.loads("[" * 100_000)
except RecursionError:
    print("refused")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "refused\n"), done.stderr
