"""What agents, items and types of task are called: names for tables, checked alike for every mechanism."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import ProblemError, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_names(key: str, names: Sequence[str]) -> tuple[str, ...]:
    """Check that names can be printed, and tell apart what they name.

    Parameters
    ----------
    key : str
        Where they stand in the problem file.
    names : sequence of str

    Returns
    -------
    tuple of str

    Raises
    ------
    ProblemError
        Naming the first that is empty, not printable, or there twice.
    """
    seen: set[str] = set()
    for k, name in enumerate(names):
        if not name or not name.isprintable():
            raise ProblemError("", f"{key}[{k}]", f"{shorten(name)} is not a printable name")
        if name in seen:
            raise ProblemError("", f"{key}[{k}]", f"{shorten(name)} stands twice")
        seen.add(name)
    return tuple(names)


def name_all(key: str, word: str, names: Sequence[str], count: int) -> tuple[str, ...]:
    """Check the names that are given, or make some if none are.

    Parameters
    ----------
    key : str
        Where they stand in the problem file.
    word : str
        What one of them is.
    names : sequence of str
        Empty if the file gives none.
    count : int
        How many there must be.

    Returns
    -------
    tuple of str

    Raises
    ------
    ProblemError
        If there are too few or too many, or as `check_names` says.

    Examples
    --------
    >>> name_all("names.agents", "agent", (), 2), name_all("names.agents", "agent", ["Ann"], 1)
    (('agent 1', 'agent 2'), ('Ann',))
    """
    if not names:
        return tuple(f"{word} {k}" for k in range(1, count + 1))
    if len(names) != count:
        raise ProblemError("", key, f"{len(names)} names for {count}")
    return check_names(key, names)
