"""The texts below the keys of a table: what a key means, its unit, its default and an example."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from parley.core.keys import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parley.core.keys import Keys

__all__ = ["Text", "name_of", "read_text", "texts_of"]

_LABEL = re.compile(r"^(Unit|Default|Example|Usual):[ \t]*", re.MULTILINE)


class Text(NamedTuple):
    """The text of a key.

    Attributes
    ----------
    about : str
        What the key means; paragraphs are separated by empty lines.
    unit : str
        Empty if it has none.
    default : str
        The default if it is computed; else empty.
    example : value or None
        As JSON has it.
    usual : bool
        Whether templates set the key to the example although it is optional.
    """

    about: str = ""
    unit: str = ""
    default: str = ""
    example: Any = None
    usual: bool = False


def name_of(description: str) -> str:
    """Return what a table is, from the beginning of its description.

    Examples
    --------
    >>> name_of("An experiment with populations, whose members adapt: of one kind of problems.")
    'An experiment with populations'
    """
    return re.split("[:;,.]", description)[0]


def texts_of(table: type[Keys]) -> Mapping[str, Text]:
    """Return the text of each key of a table, also of those that it inherits."""
    found: dict[str, Text] = {}
    for base in reversed(table.__mro__):
        found |= _texts_in(base.__module__).get(base.__qualname__, {})
    return found


@cache
def _texts_in(module: str) -> Mapping[str, Mapping[str, Text]]:
    """Return the texts of all tables of a module."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError, KeyError):  # built in, or without a source
        return {}
    return {
        node.name: {name: read_text(text) for name, text in _texts(node)}
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


def _texts(table: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for key, text in zip(table.body, table.body[1:], strict=False):
        match key, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                yield name, words


def read_text(text: str) -> Text:
    """Read the text below a key.

    Examples
    --------
    >>> read_text('''Time for each step.
    ...
    ...     Unit: seconds
    ...     Example: 7200
    ...     ''')
    Text(about='Time for each step.', unit='seconds', default='', example=7200, usual=False)
    """
    about, *labelled = _LABEL.split(inspect.cleandoc(text))
    parts = dict(zip(labelled[::2], labelled[1::2], strict=True))
    example = parts.get("Usual", parts.get("Example"))
    value = None if example is None else plain(tomllib.loads(f"x = {example.strip()}")["x"])
    unit, default = (parts.get(label, "").strip() for label in ("Unit", "Default"))
    return Text(about.strip(), unit, default, value, "Usual" in parts)
