"""Keys of problem files: exact numbers for pydantic, and error messages of one line.

The keys of each kind are in its ``schema.py``.
"""

from __future__ import annotations

from difflib import get_close_matches
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from parley.core import exact
from parley.core.errors import ProblemError, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic_core import ErrorDetails


MAX_DIGITS = 300
"""Digits of a number in a problem file; floating point ends at 10**308."""


def number(value: object) -> Fraction:
    """Read a number that fits into floating point.

    Raises
    ------
    ValueError
        With a message for the user.

    Examples
    --------
    >>> number("6/4")
    Fraction(3, 2)
    """
    read = exact.parse(value)
    if max(abs(read.numerator), read.denominator) >= 10**MAX_DIGITS:
        raise ValueError(f"more than {MAX_DIGITS} digits")
    return read


def whole(value: object) -> int:
    """Read a whole number.

    Raises
    ------
    ValueError
        With a message for the user.

    Examples
    --------
    >>> whole("6/2")
    3
    """
    read = number(value)
    if read.denominator != 1:
        raise ValueError(f"{read} is not a whole number")
    return int(read)


Number = Annotated[Fraction, BeforeValidator(number)]
Whole = Annotated[int, BeforeValidator(whole)]


class Keys(BaseModel):
    """A table of a problem file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


Table = TypeVar("Table", bound=Keys)


def read_keys(model: type[Table], mapping: Mapping[str, object]) -> Table:
    """Check the keys of a problem file.

    Raises
    ------
    ProblemError
        For the first invalid key; unknown keys first, because a misspelt key is also a missing one.
    """
    try:
        return model.model_validate(dict(mapping))
    except ValidationError as error:
        details = error.errors(include_url=False)
    first = min(details, key=lambda detail: detail["type"] != "extra_forbidden")
    raise ProblemError("", spell(first["loc"]), _reason(model, first)) from None


_NO_SUCH = {
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
    "list_type": "a list",
    "string_type": "a text",
}


def _reason(model: type[Keys], detail: ErrorDetails) -> str:
    value, kind = shorten(detail["input"]), detail["type"]
    if kind == "extra_forbidden":
        return "unknown key" + did_you_mean(str(detail["loc"][-1]), _known(model, detail["loc"][:-1]))
    if kind == "missing":
        return "missing"
    if kind in _NO_SUCH:
        return f"{value} is not {_NO_SUCH[kind]}"
    if kind == "literal_error":
        return f"unknown: {value}; known: {detail['ctx']['expected'].replace(' or ', ', ')}"
    if kind == "value_error":
        return detail["msg"].removeprefix("Value error, ")
    return f"{detail['msg']} (given: {value})"


def _known(model: type[Keys], place: Sequence[int | str]) -> list[str]:
    """List the keys of the table at a place in the file."""
    for part in place:
        if isinstance(part, str):
            inner = model.model_fields[part].annotation
            choices = [inner, *getattr(inner, "__args__", ())]
            choices += [deeper for choice in choices for deeper in getattr(choice, "__args__", ())]
            tables = [choice for choice in choices if isinstance(choice, type) and issubclass(choice, Keys)]
            if not tables:
                return []
            model = tables[0]
    return list(model.model_fields)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggest a known word for a wrong one.

    Examples
    --------
    >>> did_you_mean("utilties", ["utilities", "items"]), did_you_mean("x", ["utilities"])
    (' (did you mean utilities?)', '')
    """
    close = get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def spell(place: Iterable[int | str]) -> str:
    """Write the path of a key in a nested file as in Python.

    Examples
    --------
    >>> spell(["posted", "lottery", 0, "weight"])
    'posted.lottery[0].weight'
    """
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
