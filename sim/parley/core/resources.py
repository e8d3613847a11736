"""Files that Parley needs beside its code: compiled contracts, JavaScript libraries, ready problems.

An installed package has copies in `_packaged` (made by `hatch_build.py`), so that it needs neither Node nor a
compiler.
"""

from __future__ import annotations

from pathlib import Path

from parley.core.errors import ParleyError

__all__ = ["CONFIG", "is_packaged", "library", "packaged", "problems", "solidity", "tree"]

CONFIG = "brownie-config.yaml"
"""The compiler's settings, in the root of a clone."""

_PACKAGED = Path(__file__).parents[1] / "_packaged"


def tree() -> Path | None:
    """Return the root of the clone with this code; None in an installed package.

    Examples
    --------
    >>> root = tree()
    >>> root is None or (root / "contracts").is_dir()
    True
    """
    root = Path(__file__).resolve().parents[3]
    return root if (root / CONFIG).is_file() and (root / "contracts").is_dir() else None


def packaged(name: str) -> Path:
    """Return a file of the installed package; raises `ParleyError` if it is missing."""
    path = _PACKAGED / name
    if not path.exists():
        raise ParleyError(f"{path} is missing: install parley-sim again, or run it from a clone")
    return path


def is_packaged(path: Path) -> bool:
    """Whether a path is in the installed package, which is read-only."""
    return path.is_relative_to(_PACKAGED)


def library(name: str) -> str:
    """Return a JavaScript library by its path below `node_modules`; raises `ParleyError` if it is missing."""
    root = tree()
    path = packaged(Path(name).name) if root is None else root / "node_modules" / name
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        raise ParleyError(f"{path} is missing, and pages need it: run `make setup`") from None


def solidity() -> Path:
    """Return the root folder for compiling: it has the settings, Parley's contracts and what these import.

    Examples
    --------
    >>> (solidity() / CONFIG).is_file(), (solidity() / "contracts").is_dir()
    (True, True)
    """
    return tree() or packaged("solidity")


def problems() -> Path:
    """Return the folder of ready problems.

    Examples
    --------
    >>> sorted(path.name for path in problems().glob("paper-*.toml"))
    ['paper-example-1.toml']
    """
    root = tree()
    return packaged("problems") if root is None else root / "problems"
