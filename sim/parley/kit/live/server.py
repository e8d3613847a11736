"""The server of the live page, for this machine and its own pages only.

It listens on the loopback interface. It refuses requests with any other host name (DNS rebinding) and
requests by scripts of other pages.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import webbrowser
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from parley.core.errors import ParleyError
from parley.kit.live.choice import described, read_choice, ready_problems
from parley.kit.live.game import watch
from parley.kit.present.page import render
from parley.kit.present.page_model import titled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parley.core.files import JsonObject
    from parley.kit.live.choice import Choice
    from parley.kit.loaded import AnyProblem

__all__ = ["make_app", "play", "serve"]

STATIC = Path(__file__).with_name("static")

LOOPBACK = "127.0.0.1"

MAX_BODY = 2**20
"""Maximum bytes of a request; a problem with 64 agents and 64 task types needs a tenth."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""The page loads only its own files, and no other page may use it."""

FRAMED = {"Content-Security-Policy": "frame-ancestors 'self'"}
"""The page of a run is shown inside this one; its own policy forbids all loading."""

PAGES_KEPT = 8
"""Number of latest runs whose pages are kept."""


GIVEN = web.AppKey("given", list[dict[str, str]])
PAGES = web.AppKey("pages", dict[str, str])


def serve(
    problem: AnyProblem | None,
    *,
    port: int = 0,
    open_browser: bool = True,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve the live page on this machine until interrupted.

    Parameters
    ----------
    problem : AnyProblem or None
        Offered first; if None, the page starts with a built-in problem.
    port : int
        0 for any free port.
    open_browser : bool
        Open the page in the user's browser.
    announce : callable
        Called with the page's address when the server is ready.

    Raises
    ------
    ParleyError
        If the server cannot listen on the port, or the contract cannot hold the problem.
    KeyboardInterrupt
        On interruption.
    """
    if problem is not None:
        problem.problem.check_playable()
    if not 0 <= port < 2**16:
        raise ParleyError(f"--port: {port} is outside 0..{2**16 - 1}")
    try:
        listener = socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise ParleyError(f"--port: cannot listen on {port}: {error.strerror}") from None
    with listener:
        asyncio.run(_answer(listener, problem, announce, open_browser=open_browser))


async def _answer(
    listener: socket.socket,
    problem: AnyProblem | None,
    announce: Callable[[str], None],
    *,
    open_browser: bool,
) -> None:
    port = listener.getsockname()[1]
    runner = web.AppRunner(make_app(problem, port), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        announce(url := f"http://{LOOPBACK}:{port}/")
        if open_browser:
            await asyncio.to_thread(webbrowser.open, url)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def make_app(problem: AnyProblem | None, port: int) -> web.Application:
    """Make the application for a port.

    ``GET /`` and ``/static/…`` return the page, ``GET /api/problems`` the problems to choose from. The others
    take a `parley.kit.live.choice.Choice` by ``POST``: ``/api/problem`` describes the problem, ``/api/game``
    plays one game and shows it, ``/api/run`` plays many: each line has the number of finished games, the last
    line the address of the run's page. Invalid requests get status 400 and the error message.
    """
    app = web.Application(middlewares=[_guard(port)], client_max_size=MAX_BODY)
    app[GIVEN], app[PAGES] = ready_problems(problem), {}
    app.on_response_prepare.append(_add_headers)
    app.add_routes(
        [
            web.get("/", _page),
            web.static("/static", STATIC),
            web.get("/runs/{name}", _page_of_run),
            web.get("/api/problems", _problems),
            web.post("/api/problem", _problem),
            web.post("/api/game", _game),
            web.post("/api/run", _run),
        ]
    )
    return app


# ── who may ask ───────────────────────────────────────────────────────────────────────────────────────────


def _guard(port: int) -> Any:  # noqa: ANN401 - aiohttp's name for it is not public
    hosts = {f"{LOOPBACK}:{port}", f"localhost:{port}"}
    origins = {f"http://{host}" for host in hosts}

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.headers.get("Host") not in hosts:
            raise web.HTTPForbidden(text=f"this server answers only at {LOOPBACK}:{port}\n")
        if request.headers.get("Origin", f"http://{request.host}") not in origins:
            raise web.HTTPForbidden(text="scripts of other pages have no access\n")
        if request.method == "POST" and request.content_type != "application/json":
            # Other content types could come from another page's form.
            raise web.HTTPUnsupportedMediaType(text="requests must be JSON\n")
        try:
            return await handler(request)
        except ParleyError as error:
            return web.json_response({"error": str(error)}, status=400)

    return guard


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS | (FRAMED if request.path.startswith("/runs/") else {}))


# ── what is answered ──────────────────────────────────────────────────────────────────────────────────────


async def _page(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "index.html")


async def _page_of_run(request: web.Request) -> web.Response:
    page = request.app[PAGES].get(request.match_info["name"])
    if page is None:
        raise web.HTTPNotFound(text="this run is not kept any more: run it again\n")
    return web.Response(text=page, content_type="text/html")


async def _problems(request: web.Request) -> web.Response:
    return web.json_response(request.app[GIVEN])


async def _problem(request: web.Request) -> web.Response:
    choice = read_choice(await request.read())
    return web.json_response(await asyncio.to_thread(described, choice))


async def _game(request: web.Request) -> web.Response:
    choice = read_choice(await request.read())
    return web.json_response(await asyncio.to_thread(_watched, choice))


def _watched(choice: Choice) -> JsonObject:
    problem = choice.problem()
    return watch(problem, choice.seated(problem), seed=choice.seed, game=choice.game)


async def _run(request: web.Request) -> web.StreamResponse:
    choice = read_choice(await request.read())
    problem = await asyncio.to_thread(choice.problem)
    await asyncio.to_thread(problem.setting, choice.seated(problem), choice.seed)
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    lines: asyncio.Queue[JsonObject] = asyncio.Queue()
    loop, stopped = asyncio.get_running_loop(), threading.Event()

    def tell(line: JsonObject) -> None:
        if stopped.is_set():
            raise _Stopped
        loop.call_soon_threadsafe(lines.put_nowait, line)

    playing = asyncio.create_task(asyncio.to_thread(play, problem, choice, tell))
    try:
        # Play stops when the user leaves the page or stops the run.
        with suppress(ConnectionError):
            line: JsonObject = {"games": 0}
            while "games" in line:
                line = await lines.get()
                if (page := line.pop("html", None)) is not None:
                    line["page"] = _kept(request.app[PAGES], page)
                await response.write(json.dumps(line).encode() + b"\n")
            await response.write_eof()
    finally:
        stopped.set()
        with suppress(_Stopped):
            await playing
    return response


def _kept(pages: dict[str, str], page: str) -> str:
    """Keep the page of a run, drop the oldest, and return its address."""
    name = sha256(page.encode()).hexdigest()[:16]
    pages[name] = page
    for old in list(pages)[:-PAGES_KEPT]:
        del pages[old]
    return f"/runs/{name}"


class _Stopped(Exception):  # noqa: N818 - no error
    """The user left the page or stopped the run."""


def play(problem: AnyProblem, choice: Choice, tell: Callable[[JsonObject], None]) -> None:
    """Play many games, until `tell` raises an exception.

    `tell` is called with the number of finished ``games`` ``of`` all, then with the ``html`` of the page or
    an ``error``.
    """
    done = 0

    def advance(finished: int) -> None:
        nonlocal done
        done += finished
        tell({"games": done, "of": choice.games})

    try:
        bots, seed = choice.seated(problem), choice.seed
        run = problem.simulate(games=choice.games, seed=seed, bots=bots, keep=False, progress=advance)
        sheet = problem.sheet(run.to_json(), "")
        sheet.title = titled(f"Seed {seed}", problem.kind, [problem.agents])
        tell({"html": render(sheet)})
    except ParleyError as error:
        tell({"error": str(error)})
    except _Stopped:
        raise
    except Exception:
        tell({"error": "the run failed; see the output of `parley serve`"})
        raise
