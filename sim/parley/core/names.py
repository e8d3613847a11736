"""Names of agents, items and task types.

A name is one line of text in any script. It may contain no-break spaces, joiners (Persian, Hindi, emoji) and
C1 control characters, which wrongly decoded files have. `on_screen` makes such names safe for a terminal.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import category

from parley.core.errors import ProblemError, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

_REFUSED = re.compile("[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
"""ASCII control characters, line ends, and surrogates, which UTF-8 cannot encode."""

CONTROLS = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that a terminal may execute (C1 controls) or that reorder a line (directional overrides)."""


def unfit(name: str) -> str | None:
    r"""Return why a text cannot be a name, or None.

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
    r"""Escape the characters that a terminal would execute.

    Examples
    --------
    >>> on_screen("caf\x8e")
    'caf\\x8e'
    """
    return CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def check_names(key: str, names: Sequence[str]) -> tuple[str, ...]:
    """Check that names can be printed and are different.

    Raises
    ------
    ProblemError
        For the first invalid or duplicate name, below `key`.
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
    """Check given names, or make names from `word` if there are none.

    Raises
    ------
    ProblemError
        If the number of names is not `count`, or as `check_names`.

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
