"""`parley doctor`: what is installed, and what needs it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from parley.cli.output import echo, say
from parley.cli.shared import Json, app, print_json
from parley.core import resources
from parley.core.errors import ParleyError
from parley.core.names import on_screen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SECONDS = 10
"""Time for a program to state its version."""

PACKAGES = {
    "parley-sim": "",
    "pyrevm": "play: the fast EVM",
    "py-evm": "play and cross-checks: the reference EVM",
    "distributed": "simulate --cluster",
}
LIBRARIES = {"d3": "d3/dist/d3.min.js", "Plot": "@observablehq/plot/dist/plot.umd.min.js"}
NODES = ("anvil", "hardhat")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Check(NamedTuple):
    """What was looked for; path and version are empty if it was not found."""

    name: str
    found: bool
    version: str
    path: str
    needed_for: str


@app.command()
def doctor(as_json: Json = False) -> None:  # noqa: FBT002 - a flag
    """List what Parley uses on this computer: found or not, its version and place, and what needs it.

    Nothing is installed or downloaded. The exit status is 0 also if something is missing.

    For example:

    - `parley doctor`
    - `parley doctor --json`
    """
    checks = list(_checks())
    if as_json:
        print_json({"checks": [check._asdict() for check in checks]})
        return
    width = max(len(check.name) for check in checks)
    for check in checks:
        echo(f"{check.name:{width}}  {(check.version or 'found') if check.found else 'not found'}")
        say(f"{'':{width}}  for {check.needed_for}")
        if check.path:
            echo(f"{'':{width}}  {on_screen(check.path)}")


def _checks() -> Iterator[Check]:
    yield Check("Python", True, platform.python_version(), sys.executable, "everything")
    for name, use in PACKAGES.items():
        yield _package(name, use or "everything")
    yield _compiler()
    yield _program("Node.js", _found(["node"]), "the npm compiler, and make setup")
    for name, file in LIBRARIES.items():
        yield _library(name, file)
    for name in NODES:
        yield _program(name, _found([name]), "a local node for --evm URL; any other JSON-RPC node will do")
    yield _program("browser", _browser(), "tests of pages; any browser shows pages")


def _package(name: str, use: str) -> Check:
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return Check(name, False, "", "", use)
    return Check(name, True, found.version, str(found.locate_file("")), use)


def _compiler() -> Check:
    """Look for a compiler of the version that the contracts need."""
    from parley.chain import compiler, solc  # noqa: PLC0415 - slow to load

    root = resources.solidity()
    version = compiler.read_settings(root).version
    name, use = f"Solidity {version}", "contracts that changed, and your own"
    try:
        path = solc.executable(version, root, compiler.cache_directory(root), download=False)
    except ParleyError as error:
        return Check(name, False, "", "", f"{use} ({error})")
    return Check(name, True, version, str(path), use)


def _library(name: str, file: str) -> Check:
    root, use = resources.tree(), "pages of report and serve"
    try:
        path = resources.packaged(Path(file).name) if root is None else root / "node_modules" / file
    except ParleyError:
        return Check(name, False, "", "", use)
    return Check(name, path.is_file(), "", str(path) if path.is_file() else "", use)


def _found(names: Iterable[str]) -> str | None:
    """Return the first of these programs: on the PATH, in this environment, or in the clone."""
    root = resources.tree()
    places = [os.environ.get("PATH", ""), str(Path(sys.prefix) / "bin")]
    places += [] if root is None else [str(root / "node_modules" / ".bin")]
    return next(filter(None, (shutil.which(name, path=os.pathsep.join(places)) for name in names)), None)


def _browser() -> str | None:
    """Return the browser that tests use."""
    root = resources.tree()
    packed = None if root is None else root / "node_modules" / "@sparticuz" / "chromium"
    if named := os.environ.get("PARLEY_BROWSER"):
        return named
    return str(packed) if packed is not None and packed.is_dir() else _found(BROWSERS)


def _program(name: str, path: str | None, use: str) -> Check:
    """Ask a program for its version."""
    if path is None:
        return Check(name, False, "", "", use)
    version = ""
    if os.access(path, os.X_OK) and Path(path).is_file():
        environment = os.environ | {
            "PATH": f"{os.environ.get('PATH', '')}{os.pathsep}{Path(sys.prefix) / 'bin'}"
        }
        try:
            asked = subprocess.run(  # noqa: S603 - a program that Parley would use
                [path, "--version"],
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
                env=environment,
            )
            version = asked.stdout.strip().partition("\n")[0].removeprefix("anvil Version: ")
        except (OSError, subprocess.SubprocessError):
            version = "does not run"
    return Check(name, True, version, path, use)
