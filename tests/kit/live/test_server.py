"""Who may ask the live page's server, and what it answers."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import socket
import threading
import time
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession, web

from parley.core import problemfile
from parley.core.errors import ParleyError, ProblemError
from parley.kit.live import server as live
from parley.kit.live.server import MAX_BODY, make_app, serve
from parley.kit.registry import load
from parley.mechanisms.coordination.problem import example_1
from tests.kit.live.serving import live_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kit.live.serving import LiveServer

TEXT = problemfile.to_toml(example_1().to_mapping())
JSON = {"Content-Type": "application/json"}


def ask(
    server: LiveServer,
    path: str,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, str, dict[str, str]]:
    """One request with exactly these headers; status, text and headers of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=180)
    given = headers or {}
    try:
        connection.putrequest("POST" if body is not None else "GET", path, skip_host="Host" in given)
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        for name, value in given.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        response = connection.getresponse()
        return response.status, response.read().decode(), dict(response.getheaders())
    finally:
        connection.close()


def post(server: LiveServer, path: str, **choice: Any) -> tuple[int, Any]:  # noqa: ANN401 - JSON
    status, text, _ = ask(server, path, {"text": TEXT, **choice}, JSON)
    return status, json.loads(text)


@pytest.mark.parametrize(
    "host",
    ["example.org", "example.org:{port}", "127.0.0.1", "127.0.0.1:1", "0.0.0.0:{port}", "[::1]:{port}", ""],
)
@pytest.mark.parametrize("path", ["/", "/static/main.js", "/api/problems", "/nothing"])
def test_another_host_s_name_is_refused(server: LiveServer, host: str, path: str) -> None:
    status, text, _ = ask(server, path, headers={"Host": host.format(port=server.port)})
    assert status == 403
    assert "answers only at 127.0.0.1" in text


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_this_machine_s_names_are_answered(server: LiveServer, name: str) -> None:
    host = f"{name}:{server.port}"
    status, text, _ = ask(server, "/", headers={"Host": host, "Origin": f"http://{host}"})
    assert status == 200
    assert "<title>Parley" in text


@pytest.mark.parametrize(
    "origin",
    ["http://example.org", "null", "https://127.0.0.1:{port}", "http://127.0.0.1", "http://127.0.0.1:1"],
)
def test_another_page_s_scripts_are_refused(server: LiveServer, origin: str) -> None:
    headers = JSON | {"Origin": origin.format(port=server.port)}
    for path in ("/api/problem", "/api/game", "/api/run"):
        assert ask(server, path, {"text": TEXT}, headers)[0] == 403
    assert ask(server, "/api/problems", headers=headers)[0] == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_another_page_s_form_could_send_is_refused(server: LiveServer, kind: str) -> None:
    assert ask(server, "/api/game", {"text": TEXT}, {"Content-Type": kind})[0] == 415


def test_it_listens_on_the_loopback_interface_alone(server: LiveServer) -> None:
    # Listening on all addresses, it would answer on this one too.
    with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
        socket.create_connection(("127.0.0.2", server.port), timeout=2)


def test_the_page_may_load_nothing_from_elsewhere_and_be_shown_nowhere_else(server: LiveServer) -> None:
    for path in ("/", "/static/main.js", "/api/problems", "/nothing"):
        policy = ask(server, path)[2]["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_nothing_but_the_page_s_own_files_is_given(server: LiveServer) -> None:
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py", "/static/"):
        assert ask(server, path)[0] in {403, 404}, path


@pytest.mark.parametrize(
    ("choice", "line"),
    [
        ({"text": TEXT.replace("9/10", "11/10")}, "continuation: 11/10 is outside [0, 1)"),
        ({"text": "a = 1\nkind = nothing"}, "line 2, column 8: invalid TOML: Invalid value"),
        ({"text": '{"kind": }'}, "line 1, column 10: invalid JSON: Expecting value"),
        ({"text": ""}, "kind: missing; known: coordination, assignment, screening, guarantees, team"),
        ({"text": 'kind = "assignment"'}, "items: missing"),
        ({"text": 'kind = "poker"'}, "kind: unknown kind 'poker'"),
        ({"keys": {"continuation": "much"}}, "continuation: 'much' is not a number"),
        ({"keys": {"recognition": "mine"}}, "recognition: unknown recognition function 'mine'"),
        ({"keys": {"rule": "boston"}}, "rule: unknown key"),
        ({"bots": ["equilibrium", "clever"]}, "--bots: 2 names for 5 agents"),
        ({"bots": ["clever"]}, "--bots: unknown bot 'clever'"),
        ({"bots": []}, "bots: List should have at least 1 item"),
        ({"seed": -1}, "seed: Input should be greater than or equal to 0"),
        ({"seed": "1"}, "seed: Input should be a valid integer"),
        ({"games": 10**9}, "games: Input should be less than or equal to 100000"),
        ({"unknown": 1}, "unknown: Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_played_is_said_in_one_line(
    server: LiveServer, choice: dict[str, Any], line: str
) -> None:
    for path in ("/api/problem", "/api/game", "/api/run"):
        status, answer = post(server, path, **choice)
        assert status == 400
        assert answer["error"].startswith(line)
        assert len(answer["error"].splitlines()) == 1


def test_broken_requests_are_answered_and_do_no_harm(server: LiveServer) -> None:
    assert ask(server, "/api/game", b"{", JSON)[0] == 400
    assert ask(server, "/api/game", b"\xff\xfe", JSON)[0] == 400
    assert ask(server, "/api/game", b"[" * 100_000, JSON)[0] == 400
    assert ask(server, "/api/game", b" " * (MAX_BODY + 1), JSON)[0] == 413
    assert ask(server, "/api/game")[0] == 405
    assert post(server, "/api/problem")[0] == 200


def test_a_run_that_nobody_waits_for_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def endless(_problem: object, _choice: object, tell: Callable[[dict[str, Any]], None]) -> None:
        try:
            while True:
                tell({"games": 1, "of": 2})
                time.sleep(0.01)
        finally:
            ended.set()

    monkeypatch.setattr(live, "play", endless)

    async def leave() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            runner = web.AppRunner(make_app(None, port), access_log=None, shutdown_timeout=1)
            await runner.setup()
            await web.SockSite(runner, listener).start()
            try:
                async with (
                    ClientSession() as session,
                    session.post(f"http://127.0.0.1:{port}/api/run", json={"text": TEXT}) as response,
                ):
                    assert await response.content.readline() == b'{"games": 1, "of": 2}\n'
                assert await asyncio.to_thread(ended.wait, 20)
            finally:
                await runner.cleanup()

    asyncio.run(leave())


@pytest.mark.parametrize("text", [TEXT, 'kind = "toss"\nstake = 5'], ids=["coordination", "toss"])
def test_a_run_is_that_of_simulate_on_a_page_of_its_own(server: LiveServer, text: str) -> None:
    status, told, _ = ask(server, "/api/run", {"text": text, "games": 60, "seed": 9}, JSON)
    *counts, last = map(json.loads, told.splitlines())
    assert (status, counts[-1]) == (200, {"games": 60, "of": 60})
    status, page, headers = ask(server, last["page"])
    assert status == 200
    assert headers["Content-Security-Policy"] == "frame-ancestors 'self'"
    assert "default-src 'none'" in page
    assert ('"Heads"' in page) == (text != TEXT)
    if text == TEXT:
        run = load(tomllib.loads(text)).simulate(games=60, seed=9).to_json()
        assert '"costs","title":"Mean cost against theory"' in page
        assert all(str(float(f"{agent['mean_cost']:.12g}")) in page for agent in run["agents"])
    assert ask(server, "/runs/99")[0] == 404


@pytest.mark.parametrize("how", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.deep)])
def test_it_stops_when_told_to_even_during_a_run_with_the_status_of_the_signal(how: signal.Signals) -> None:
    with live_server() as server:
        body = json.dumps({"text": TEXT, "games": 100_000}).encode()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=180)
        connection.request("POST", "/api/run", body, JSON)
        connection.getresponse().readline()
        assert server.stop(how) == 128 + how
        connection.close()


def test_a_given_problem_is_offered_first(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(TEXT.replace("9/10", "1/3"), encoding="utf-8")
    with live_server(str(file)) as server:
        first, second, *_ = json.loads(ask(server, "/api/problems")[1])
        assert first["name"] == "the given problem"
        assert 'continuation = "1/3"' in first["text"]
        assert second["name"] == "paper-example-1"


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ParleyError, match=rf"^--port: cannot listen on {port}: "):
            serve(None, port=port, open_browser=False)
    with pytest.raises(ParleyError, match=r"^--port: 99999 is outside 0\.\.65535$"):
        serve(None, port=99999, open_browser=False)


def test_a_problem_that_no_game_on_chain_can_hold_is_refused_at_once() -> None:
    mapping = example_1().to_mapping() | {"continuation": f"1/{2**32}"}
    with pytest.raises(ProblemError, match="continuation: the denominator 4294967296 is above"):
        serve(load(mapping), open_browser=False)
