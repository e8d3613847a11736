"""Execution of the user's Python files, with one-line errors."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from parley.core.errors import ParleyError, one_line

if TYPE_CHECKING:
    from types import ModuleType

MAX_TOLD = 200
"""Maximum length of a message from a user's file."""


def run_file(file: str) -> ModuleType:
    """Execute a Python file and return its module; raises `ParleyError`."""
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
    """Describe an exception from a user's file in one line.

    Examples
    --------
    >>> told(ValueError("not so"))
    'ValueError: not so'
    """
    return one_line(f"{type(error).__name__}: {error}")[:MAX_TOLD]
