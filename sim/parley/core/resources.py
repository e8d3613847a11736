"""Files that Parley needs beside its code: compiled contracts, the page's libraries, ready problems.

In a clone they are the clone's own. An installed package carries copies in `_packaged`, which the build puts
there (`hatch_build.py`), so that it needs neither Node nor a compiler.
"""

from __future__ import annotations

from pathlib import Path

from parley.core.errors import ParleyError

__all__ = ["CONFIG", "is_packaged", "library", "packaged", "problems", "solidity", "tree"]

CONFIG = "brownie-config.yaml"
"""Stands in the root of a clone, and holds the compiler's settings."""

_PACKAGED = Path(__file__).parents[1] / "_packaged"


def tree() -> Path | None:
    """Return the root of the clone that this code stands in; None if it is an installed package.

    Examples
    --------
    >>> root = tree()
    >>> root is None or (root / "contracts").is_dir()
    True
    """
    root = Path(__file__).resolve().parents[3]
    return root if (root / CONFIG).is_file() and (root / "contracts").is_dir() else None


def packaged(name: str) -> Path:
    """Return a file that the installed package carries.

    Raises
    ------
    ParleyError
        If it does not.
    """
    path = _PACKAGED / name
    if not path.exists():
        raise ParleyError(f"{path} is missing: install parley-sim again, or run it from a clone")
    return path


def is_packaged(path: Path) -> bool:
    """Whether a path is in the installed package, where nothing is written."""
    return path.is_relative_to(_PACKAGED)


def library(name: str) -> str:
    """Return the text of a JavaScript library, by its path below `node_modules`.

    Raises
    ------
    ParleyError
        If it is not installed.
    """
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
