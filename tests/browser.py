"""A real browser for tests: headless Chromium, driven by Playwright.

The browser comes inside the npm package ``@sparticuz/chromium``, a development dependency that ``make test``
installs, and is unpacked once, into ``build/browser``, with the few libraries and the font it needs. The
release of Playwright is the one made for that release of Chromium. Where the packaged browser does not run,
which is anywhere but on 64-bit Intel Linux, a ``chromium`` or ``google-chrome`` on the PATH is taken;
``PARLEY_BROWSER`` names any other. On Debian, ``apt-get install chromium`` gives one.

The fixtures `browser` and `tab` are known to every test (tests/conftest.py)::

    from tests.browser import Tab

    def test_something(tab: Tab, tmp_path: Path) -> None:
        tab.open(tmp_path / "page.html")  # or "http://127.0.0.1:8000/"
        tab.page.get_by_role("button", name="Play").click()
        tab.page.keyboard.press("Tab")
        assert tab.page.evaluate("document.title") == "…"
        tab.phone()  # 390 × 844, touch-sized; tab.desktop() undoes it
        tab.dark()  # prefers-color-scheme; tab.light() undoes it
        tab.screenshot("something-phone-dark")  # build/screenshots/something-phone-dark.png
        tab.print(tmp_path / "page.pdf")

Everything else is `Tab.page`, a Playwright page with all that this offers: locators, `evaluate`, `keyboard`.
To wait for something, use Playwright's `expect(locator)`; its `wait_for_function` is stopped by a page's
policy against evaluating strings.

A test with a tab fails if the page wrote an error or a warning to its console, threw, or asked for anything
that could not be loaded, unless the test says which complaint it expected (`Tab.expect_complaint`). Nothing
but the page's own origin is reachable: a request to anywhere else is refused and is a complaint.

The browser lives as long as one test file, since Playwright's loop would be in the way of other files' own.
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from parley.chain.compiler import project_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route

PACKAGE = project_root() / "node_modules" / "@sparticuz" / "chromium"
AXE = project_root() / "node_modules" / "axe-core" / "axe.min.js"
UNPACKED = project_root() / "build" / "browser"
SCREENSHOTS = project_root() / "build" / "screenshots"

LAUNCHES = 3
"""Attempts to start the browser: once in a while it crashes before it has shown anything."""
FLAGS = (
    "--no-sandbox",  # as root there is none to be had; what is opened is our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",  # letters of the same width on every machine
)

PATIENCE = 30_000
"""Milliseconds to wait for what a page is expected to do: busy machines are slow."""

DESKTOP = (1280, 900)
PHONE = (390, 844)

_UNPACK = "import chromium from '@sparticuz/chromium'; console.log(await chromium.executablePath())"

_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{folder}/cache</cachedir></fontconfig>
"""


def unpacked() -> Path:
    """Return the folder in which the packaged browser stands, unpacking it first if need be."""
    version = re.search(r'"version": "([\d.]+)"', (PACKAGE / "package.json").read_text())
    assert version is not None
    folder = UNPACKED / version[1]
    UNPACKED.mkdir(parents=True, exist_ok=True)
    with (UNPACKED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes run side by side
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            path = f"{os.environ['PATH']}:{Path(sys.prefix) / 'bin'}"
            node = shutil.which("node", path=path)
            assert node is not None, "there is no Node: `make test` installs it"
            # Told that it is in the cloud, the package unpacks the libraries it needs as well.
            cloud = {"TMPDIR": str(folder), "AWS_LAMBDA_JS_RUNTIME": "nodejs22.x", "PATH": path}
            command = [node, "--input-type=module", "--eval", _UNPACK]
            subprocess.run(command, cwd=PACKAGE, env=cloud, check=True, capture_output=True)
            (folder / "fonts.conf").write_text(_FONTS.format(folder=folder))
            (folder / "ready").touch()
    return folder


def executable() -> tuple[str, dict[str, str]]:
    """Return the browser to start, and what its environment needs beside a home."""
    named = os.environ.get("PARLEY_BROWSER")
    if named:
        return named, {}
    if PACKAGE.exists() and (sys.platform, platform.machine()) == ("linux", "x86_64"):
        folder = unpacked()
        libraries = {
            "LD_LIBRARY_PATH": str(folder / "al2023" / "lib"),
            "FONTCONFIG_FILE": str(folder / "fonts.conf"),
        }
        return str(folder / "chromium"), libraries
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = shutil.which(name)
        if found is not None:
            return found, {}
    raise RuntimeError(
        "there is no browser to test with: run `make test`, which installs one, or on Debian"
        " `apt-get install chromium`, or name one in PARLEY_BROWSER"
    )


class Tab:
    """One page in a browser profile of its own, and what it complained about.

    Attributes
    ----------
    page : playwright.sync_api.Page
        With all that Playwright offers.
    complaints : list of str
        Errors and warnings on the console, exceptions nobody caught, requests that failed or were refused.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self._origin = ""
        self._expected: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"thrown: {error}"))
        page.on("requestfailed", self._failed)
        page.context.route("**/*", self._route)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        # Aborted is what the page itself gave up, and what Chromium calls a stream that was read to its end.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"not loaded: {request.url} ({request.failure})")

    def _route(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        origin = f"{address.scheme}://{address.netloc}"
        if address.scheme in {"data", "blob", "about"} or origin == self._origin:
            route.continue_()
        else:
            route.abort("blockedbyclient")

    def open(self, where: Path | str) -> None:
        """Go to a file or an http address, which from then on is the only origin within reach."""
        url = where.resolve().as_uri() if isinstance(where, Path) else where
        address = urlsplit(url)
        self._origin = f"{address.scheme}://{address.netloc}"
        self.page.goto(url)

    def expect_complaint(self, pattern: str) -> None:
        """Take complaints that match this regular expression as promised; the test fails if none comes."""
        self._expected.append(pattern)

    def settle_complaints(self) -> None:
        """Fail if there was a complaint that was not expected, or none where one was."""
        unexpected = [c for c in self.complaints if not any(re.search(e, c) for e in self._expected)]
        assert not unexpected, "\n".join(unexpected)
        for pattern in self._expected:
            assert any(re.search(pattern, c) for c in self.complaints), f"no complaint matches {pattern!r}"

    def phone(self) -> None:
        """Make the viewport that of a phone, 390 × 844."""
        self._resize(PHONE)

    def desktop(self) -> None:
        """Make the viewport 1280 × 900, as it is at first."""
        self._resize(DESKTOP)

    def _resize(self, size: tuple[int, int]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def dark(self) -> None:
        """Prefer dark colours."""
        self.page.emulate_media(color_scheme="dark")

    def light(self) -> None:
        """Prefer light colours, as at first."""
        self.page.emulate_media(color_scheme="light")

    def overflow(self) -> int:
        """By how many pixels the page is wider than its viewport: 0 where nothing sticks out."""
        wider = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return int(wider)

    def violations(self) -> list[str]:
        """What axe-core finds against: contrast, names, roles, landmarks; each rule with the elements."""
        # A page's policy forbids added script tags, but not what the browser itself evaluates.
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[str] = self.page.evaluate(
            "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
            ".map((one) => `${one.id}: ${one.nodes.slice(0, 4).map((node) => node.html).join(' ')}`)"
        )
        return found

    def print(self, to: Path) -> None:
        """Print the page to a PDF file, A4, in its colours for paper."""
        self.page.pdf(path=to, format="A4", print_background=True)

    def screenshot(self, name: str, *, whole: bool = True) -> Path:
        """Take a picture, of the whole page or of what is in view, to build/screenshots/NAME.png."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        if whole:
            # What sticks to the top of the view would otherwise stick in the middle of the picture.
            self.page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
        self.page.screenshot(path=path, full_page=whole)
        return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium for the tests of one file."""
    # Imported when needed: most tests have no browser.
    from playwright.sync_api import Error, expect, sync_playwright  # noqa: PLC0415 - as above

    attempts = LAUNCHES
    expect.set_options(timeout=PATIENCE)
    program, environment = executable()
    home = tmp_path_factory.mktemp("browser")
    with sync_playwright() as playwright:
        started = None
        while started is None:
            try:
                started = playwright.chromium.launch(
                    executable_path=program,
                    args=list(FLAGS),
                    env={"HOME": str(home), "PATH": os.environ["PATH"], **environment},
                )
            except Error:
                attempts -= 1
                if not attempts:
                    raise
        yield started
        started.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A fresh page, light and 1280 × 900; the test fails if the page complains."""
    width, height = DESKTOP
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="light", locale="en-GB"
    )
    opened = Tab(context.new_page())
    opened.page.set_default_timeout(PATIENCE)
    yield opened
    context.close()
    opened.settle_complaints()
