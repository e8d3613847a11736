"""The server of the live page: for this machine alone, and for pages that it has itself given out.

It listens on the loopback interface and answers only requests that name it by a loopback name: another name
that leads here (DNS rebinding) is refused, and so is a request that another page's script makes.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import webbrowser
from collections import OrderedDict
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from parley.core.errors import ParleyError
from parley.kit.live.choice import described, read_choice, ready_problems
from parley.kit.live.game import watch
from parley.kit.present.page import render

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parley.kit.live.choice import Choice
    from parley.kit.loaded import AnyProblem

__all__ = ["make_app", "serve"]

STATIC = Path(__file__).with_name("static")

LOOPBACK = "127.0.0.1"

MAX_BODY = 2**20
"""Bytes of a request: a problem of 64 agents and 64 task types has a tenth of that."""

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
"""The page needs nothing but its own files, and nobody else needs it."""

FRAMED = {"Content-Security-Policy": "frame-ancestors 'self'"}
"""The page of a run is shown inside this one; what it may load it says itself: nothing."""

PAGES_KEPT = 8
"""Pages of runs, the latest ones."""


class _Pages(OrderedDict[str, str]):
    """The pages of the latest runs, by number."""

    numbers = count(1)

    def keep(self, page: str) -> str:
        """Keep a page, and return where it is."""
        number = str(next(self.numbers))
        self[number] = page
        while len(self) > PAGES_KEPT:
            self.popitem(last=False)
        return f"/runs/{number}"


GIVEN = web.AppKey("given", list[dict[str, str]])
PAGES = web.AppKey("pages", _Pages)


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
        Offered first; without one, the page begins with a ready problem.
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
    KeyboardInterrupt
        When it is interrupted.
    """
    if problem is not None:
        problem.problem.check_playable()
    if not 0 <= port < 2**16:
        raise ParleyError(f"--port: {port} is outside 0..{2**16 - 1}")
    try:
        listener = socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise ParleyError(f"--port: {port} cannot be listened on: {error.strerror}") from None
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
    """Make the application that answers at a port.

    ``GET /`` and ``/static/…`` give the page; ``GET /api/problems`` those that are ready. The others take a
    `parley.kit.live.choice.Choice` by ``POST``: ``/api/problem`` describes the problem, ``/api/game`` plays
    one game and shows it, ``/api/run`` plays many: a line says how many are finished, the last one where the
    page of the run is. What cannot be worked with is answered by 400 and the one line that the program says
    of it.
    """
    app = web.Application(middlewares=[_guard(port)], client_max_size=MAX_BODY)
    app[GIVEN], app[PAGES] = ready_problems(problem), _Pages()
    app.on_response_prepare.append(_add_headers)
    app.add_routes(
        [
            web.get("/", _page),
            web.static("/static", STATIC),
            web.get("/runs/{number}", _page_of_run),
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


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS | (FRAMED if request.path.startswith("/runs/") else {}))


# ── what is answered ──────────────────────────────────────────────────────────────────────────────────────


async def _page(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "index.html")


async def _page_of_run(request: web.Request) -> web.Response:
    page = request.app[PAGES].get(request.match_info["number"])
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


def _watched(choice: Choice) -> dict[str, Any]:
    problem = choice.problem()
    return watch(problem, choice.seated(problem), seed=choice.seed, game=choice.game)


async def _run(request: web.Request) -> web.StreamResponse:
    choice = read_choice(await request.read())
    problem = await asyncio.to_thread(choice.problem)
    await asyncio.to_thread(problem.setting, choice.seated(problem), choice.seed)
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    run = Run(problem, choice, lambda line: loop.call_soon_threadsafe(told.put_nowait, line))
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    playing = asyncio.create_task(asyncio.to_thread(run.play))
    try:
        # Nothing is played for those who have left the page or stopped the run.
        with suppress(ConnectionError):
            while True:
                line = await told.get()
                if (page := line.pop("html", None)) is not None:
                    line["page"] = request.app[PAGES].keep(page)
                await response.write(json.dumps(line).encode() + b"\n")
                if "games" not in line:
                    break
            await response.write_eof()
    finally:
        run.stopped.set()
        await playing
    return response


class _Stopped(Exception):  # noqa: N818 - no error
    """Nobody waits for the run any more."""


class Run:
    """Many games of a choice, played in a thread of their own.

    Parameters
    ----------
    problem : AnyProblem
    choice : Choice
    tell : callable
        Called with ``games`` finished ``of`` all; at the end with the ``html`` of the run's page, or an
        ``error``.

    Attributes
    ----------
    stopped : Event
        To be set when nobody waits for the run any more.
    """

    def __init__(self, problem: AnyProblem, choice: Choice, tell: Callable[[dict[str, Any]], object]) -> None:
        self.problem, self.choice, self.tell = problem, choice, tell
        self.stopped = threading.Event()
        self._done = 0

    def play(self) -> None:
        """Play them all, unless stopped."""
        choice = self.choice
        try:
            run = self.problem.simulate(
                games=choice.games,
                seed=choice.seed,
                bots=choice.seated(self.problem),
                keep=False,
                progress=self._advance,
            )
            name = f"{self.problem.kind}, seed {choice.seed}"
            self.tell({"html": render(self.problem.sheet(run.to_json(), name))})
        except _Stopped:
            pass
        except ParleyError as error:
            self.tell({"error": str(error)})
        except Exception:
            self.tell({"error": "the run failed: see what `parley serve` says"})
            raise

    def _advance(self, finished: int) -> None:
        if self.stopped.is_set():
            raise _Stopped
        self._done += finished
        self.tell({"games": self._done, "of": self.choice.games})
