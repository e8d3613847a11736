"""The mechanisms, found by their names: what each can do stands in files of the same names.

A mechanism is a kind of problem and a room: kind ``assignment`` is ``sim/parley/mechanisms/assignment``, and
what people look at of it is ``sim/parley/mechanisms/assignment/present``. Nothing here imports one; whoever
asks for a file of a room gets it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

KINDS = ("coordination", "assignment")
"""All kinds. Contracts are deployed in this order, and addresses depend on it: a new kind comes last."""


def module(kind: str, name: str) -> ModuleType:
    """Return a file of a mechanism's room.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    name : str
        For example ``solution``, ``audit``, ``simulation`` or ``verify``.

    Examples
    --------
    >>> module("assignment", "solution").__name__
    'parley.mechanisms.assignment.solution'
    """
    return import_module(f"parley.mechanisms.{_known(kind)}.{name}")


def module_of_report(kind: str, name: str) -> ModuleType:
    """Return a file of what people look at of a mechanism.

    Examples
    --------
    >>> module_of_report("coordination", "solution").__name__
    'parley.mechanisms.coordination.present.solution'
    """
    return import_module(f"parley.mechanisms.{_known(kind)}.present.{name}")


def contracts() -> tuple[str, ...]:
    """Names of all mechanisms' contracts, in the order of deployment."""
    return tuple(name for kind in KINDS for name in module(kind, "play").CONTRACTS)


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"no kind {kind!r}")
    return kind
