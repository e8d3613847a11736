"""The server of the live page: for this machine alone, and for pages that it has itself given out.

It listens on the loopback interface and answers only requests that name it by a loopback name: another name
that leads here (DNS rebinding) is refused, and so is a request that another page's script makes.
"""

from __future__ import annotations

import asyncio
import json
import socket
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.live.crowd import crowd
from parley.mechanisms.coordination.live.setting import choices, read_choice, read_setting
from parley.mechanisms.coordination.live.trace import trace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from parley.mechanisms.coordination.problem import Problem

__all__ = ["make_app", "serve"]

STATIC = Path(__file__).with_name("static")

LOOPBACK = "127.0.0.1"

MAX_BODY = 2**20
"""Bytes of a request: a problem of 64 agents and 64 task types has a tenth of that."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""The page needs nothing but its own files, and nobody else needs it."""

GIVEN = web.AppKey("given", dict[str, Any])

_T = TypeVar("_T")


def serve(
    problem: Problem | None,
    *,
    port: int = 0,
    open_browser: bool = True,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve the live page on this machine until interrupted.

    Parameters
    ----------
    problem : Problem or None
        Offered first; without one, the page begins with the paper's example.
    port : int
        0 for any free one.
    open_browser : bool
        Whether to open the page in the user's browser.
    announce : callable
        Called with the page's address as soon as it answers.

    Raises
    ------
    ParleyError
        If the port cannot be listened on, or a game on chain cannot hold the problem.
    """
    if problem is not None:
        problem.check_playable()
    if not 0 <= port < 2**16:
        raise ParleyError(f"--port: {port} is outside 0..{2**16 - 1}")
    try:
        listener = socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise ParleyError(f"--port: {port} cannot be listened on: {error.strerror}") from None
    with listener:
        port = listener.getsockname()[1]
        url = f"http://{LOOPBACK}:{port}/"
        app = make_app(problem, port)

        async def started(_: web.Application) -> None:
            announce(url)
            if open_browser:
                await asyncio.to_thread(webbrowser.open, url)

        app.on_startup.append(started)
        web.run_app(app, sock=listener, print=None, access_log=None, shutdown_timeout=1)


def make_app(problem: Problem | None, port: int) -> web.Application:
    """Make the application that answers at a port.

    ``GET /`` and ``/static/…`` give the page; ``GET /api/choices`` what there is to choose from. The others
    take a `parley.mechanisms.coordination.live.setting.Choice` by ``POST``: ``/api/setting`` says what theory
    says of it, ``/api/game`` plays one game and tells it, ``/api/crowd`` plays many, and gives a line of
    figures at a time. What cannot be worked with is answered by 400 and the one line that the program says of
    it.
    """
    app = web.Application(middlewares=[_guard(port)], client_max_size=MAX_BODY)
    app[GIVEN] = choices(problem)
    app.on_response_prepare.append(_add_headers)
    app.add_routes(
        [
            web.get("/", _page),
            web.static("/static", STATIC),
            web.get("/api/choices", _choices),
            web.post("/api/setting", _setting),
            web.post("/api/game", _game),
            web.post("/api/crowd", _crowd),
        ]
    )
    return app


# ── who may ask ───────────────────────────────────────────────────────────────────────────────────────────

_Handler = "Callable[[web.Request], Awaitable[web.StreamResponse]]"


def _guard(port: int) -> Any:  # noqa: ANN401 - aiohttp's name for it is not public
    hosts = {f"{LOOPBACK}:{port}", f"localhost:{port}"}
    origins = {f"http://{host}" for host in hosts}

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.headers.get("Host") not in hosts:
            raise web.HTTPForbidden(text=f"this server answers as {LOOPBACK}:{port} only\n")
        if request.headers.get("Origin", f"http://{request.host}") not in origins:
            raise web.HTTPForbidden(text="another page's scripts may not ask here\n")
        if request.method == "POST" and request.content_type != "application/json":
            # Anything else could come from another page's form.
            raise web.HTTPUnsupportedMediaType(text="requests are JSON\n")
        try:
            return await handler(request)
        except ParleyError as error:
            return web.json_response({"error": str(error)}, status=400)

    return guard


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


# ── what is answered ──────────────────────────────────────────────────────────────────────────────────────


async def _page(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "index.html")


async def _choices(request: web.Request) -> web.Response:
    return web.json_response(request.app[GIVEN])


async def _setting(request: web.Request) -> web.Response:
    choice = read_choice(await request.read())
    setting = await asyncio.to_thread(read_setting, choice)
    return web.json_response(setting.to_json())


async def _game(request: web.Request) -> web.Response:
    choice = read_choice(await request.read())
    with _one_thread() as call:
        setting = await call(partial(read_setting, choice))
        told: dict[str, Any] = await call(
            partial(trace, setting.problem, choice.bots, seed=choice.seed, game=choice.game)
        )
    return web.json_response(told | {"setting": setting.to_json()})


async def _crowd(request: web.Request) -> web.StreamResponse:
    choice = read_choice(await request.read())
    with _one_thread() as call:
        setting = await call(partial(read_setting, choice))
        lines = crowd(setting, choice.bots, games=choice.games, seed=choice.seed)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        # Whoever leaves the page or stops the run is played for no longer.
        with suppress(ConnectionError):
            while (figures := await call(partial(next, lines, None))) is not None:
                await response.write(json.dumps(figures).encode() + b"\n")
            await response.write_eof()
    return response


@contextmanager
def _one_thread() -> Iterator[Callable[[Callable[[], _T]], Awaitable[_T]]]:
    """Call functions away from the event loop, all in the same thread, to which an EVM belongs."""
    pool = ThreadPoolExecutor(1)
    loop = asyncio.get_running_loop()
    try:
        yield lambda function: loop.run_in_executor(pool, function)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
