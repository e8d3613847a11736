"""Python files that a user brings: run, and complained of in one line."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from parley.core.errors import ParleyError, one_line

if TYPE_CHECKING:
    from types import ModuleType

MAX_TOLD = 200
"""Characters of a foreign error that are repeated."""


def run_file(file: str) -> ModuleType:
    """Run a Python file, and give the module that it makes.

    Parameters
    ----------
    file : str
        Its path.

    Raises
    ------
    ParleyError
        In one line: no such file, or what it raised.
    """
    path = Path(file)
    if not path.is_file():
        raise ParleyError(f"{file}: no such file")
    spec = importlib.util.spec_from_file_location(f"user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ParleyError(f"{file}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ParleyError(f"{file}: {told(error)}") from error
    return module


def told(error: BaseException) -> str:
    """Say in one line what foreign code raised.

    Examples
    --------
    >>> told(ValueError("not so"))
    'ValueError: not so'
    """
    return one_line(f"{type(error).__name__}: {error}")[:MAX_TOLD]
