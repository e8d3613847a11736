"""What agents, items and types of task are called: names for tables, checked alike for every mechanism.

A name is one line of text in any script. It may hold no-break spaces, joiners (Persian, Hindi, emoji) and the
C1 control characters that old files have where text was decoded wrongly. `on_screen` makes a text with such
names safe to print on a terminal.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import category

from parley.core.errors import ProblemError, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

_REFUSED = re.compile("[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
"""Control characters of ASCII, what ends a line, and halves of a character, which UTF-8 cannot write."""

CONTROLS = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal may obey (C1 controls) or reorder a whole line by (directional overrides)."""


def unfit(name: str) -> str | None:
    r"""Say why a text cannot be a name, if so.

    Examples
    --------
    >>> unfit("Ann\u00a0Lee"), unfit("a\nb"), unfit(" ")
    (None, "'a\\nb' contains U+000A, which is not allowed in a name", "' ' has no visible character")
    """
    if refused := _REFUSED.search(name):
        return f"{shorten(name)} contains U+{ord(refused[0]):04X}, which is not allowed in a name"
    if all(category(character) in ("Zs", "Cf") for character in name):
        return f"{shorten(name)} has no visible character"
    return None


def on_screen(text: str) -> str:
    r"""Write visible escapes for the characters that a terminal would obey.

    Examples
    --------
    >>> on_screen("caf\x8e")
    'caf\\x8e'
    """
    return CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


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
        Naming the first that is unfit or a duplicate.
    """
    seen: set[str] = set()
    for k, name in enumerate(names):
        if reason := unfit(name):
            raise ProblemError("", f"{key}[{k}]", reason)
        if name in seen:
            raise ProblemError("", f"{key}[{k}]", f"duplicate name {shorten(name)}")
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
