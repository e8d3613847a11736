"""Keys of problem files: exact numbers for pydantic, and error messages of one line.

The keys of each kind are in its ``schema.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from parley.core import exact
from parley.core.errors import ProblemError, shorten
from parley.core.limits import MAX_WEI, MAX_WINDOW, MIN_WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


def amount(place: str, value: object, hint: str = "") -> Fraction:
    """Read a number at a place of a file that is not negative; the hint says what to do if it is.

    Raises
    ------
    ProblemError
    """
    try:
        read = number(value)
    except ValueError as error:
        raise ProblemError("", place, str(error)) from None
    if read < 0:
        raise ProblemError("", place, f"{read} is negative{hint}")
    return read


def rows(key: str, value: object) -> Sequence[Sequence[object]]:
    """Check that what a key holds is a matrix: a list of lists.

    Raises
    ------
    ProblemError
    """
    if not isinstance(value, list | tuple) or not value:
        raise ProblemError("", key, f"{shorten(value)} is not a matrix (a list of rows)")
    for i, row in enumerate(value):
        if not isinstance(row, list | tuple):
            raise ProblemError("", f"{key}[{i}]", f"{shorten(row)} is not a row (a list of numbers)")
    return value


def given_names(value: object) -> object:
    """Refuse an empty list of names."""
    if value == []:
        raise ValueError("empty; leave the key out instead")
    return value


@dataclass(frozen=True)
class As:
    """Metadata of a key that is read entry by entry: the form that it has in a file.

    Attributes
    ----------
    form : type
        As in annotations of keys; or a function that returns it, if it refers to itself.
    """

    form: object


Names = Annotated[list[str] | None, BeforeValidator(given_names)]
Number = Annotated[Fraction, BeforeValidator(number)]
Whole = Annotated[int, BeforeValidator(whole)]
Window = Annotated[Whole, Field(ge=MIN_WINDOW, le=MAX_WINDOW)]
Wei = Annotated[Whole, Field(ge=0, le=MAX_WEI)]
Amount = Annotated[Any, As(Fraction)]
Amounts = Annotated[list[Any], As(list[Fraction])]
Matrix = Annotated[Any, As(list[list[Fraction]])]
EachOrAll = Annotated[Any, As(Fraction | list[Fraction])]


class Keys(BaseModel):
    """A table of a problem file; unknown keys are errors.

    The text below a key describes it for users: what it means, and then lines ``Unit: …``, ``Default: …`` (if
    it is computed) and ``Example: …``, whose value is TOML; ``Usual: …`` is an example that templates set
    although the key is optional. `parley.kit.files` makes templates, JSON Schemas and the reference of all
    keys from these texts.
    """

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
    tables, others, place = _walk(model, first["loc"])
    if first["type"] == "extra_forbidden":
        tables, others, _ = _walk(model, first["loc"][:-1])
    if first["type"].startswith("union_tag") and isinstance(first["input"], Mapping):
        place.append(first["ctx"]["discriminator"].strip("'"))
    raise ProblemError("", spell(place), _reason(tables, others, first)) from None


def _walk(
    model: type[Keys], loc: Iterable[int | str]
) -> tuple[list[type[Keys]], list[type[Keys]], list[int | str]]:
    """Follow pydantic's path of a key: which tables there may be, those of other types, the path in the file.

    Pydantic's path names the alternative that a table is, which the file does not.
    """
    tables, others, place = [model], list[type[Keys]](), list[int | str]()
    for part in loc:
        named = [table for table in tables if part in _literals(table)] if len(tables) > 1 else []
        if named:
            tables, others = named, [table for table in tables if table not in named]
            continue
        place.append(part)
        others = []
        if isinstance(part, str):
            fields = [table.model_fields[part] for table in tables if part in table.model_fields]
            tables = [table for field in fields for table in _tables_in(field.annotation)]
    return tables, others, place


def _literals(table: type[Keys]) -> set[str]:
    """Texts that a key of a table has to be, as the one that says which of several tables it is."""
    texts = (text for field in table.model_fields.values() for text in get_args(field.annotation))
    return {text for text in texts if isinstance(text, str)}


def _tables_in(annotation: object) -> list[type[Keys]]:
    if isinstance(annotation, type) and issubclass(annotation, Keys):
        return [annotation]
    return [table for part in get_args(annotation) for table in _tables_in(part)]


def plain(value: Any) -> Any:  # noqa: ANN401 - a tree of anything
    """Turn keys into plain data, as JSON has it: exact numbers as texts, keys without a value left out.

    Examples
    --------
    >>> plain({"share": Fraction(1, 2), "names": ["Ann"]})
    {'share': '1/2', 'names': ['Ann']}
    """
    match value:
        case BaseModel():
            given = ((name, getattr(value, name)) for name in type(value).model_fields)
            return {name: plain(entry) for name, entry in given if entry is not None}
        case Mapping():
            return {key: plain(entry) for key, entry in value.items()}
        case list() | tuple():
            return [plain(entry) for entry in value]
        case Fraction() | Decimal():
            return exact.show(Fraction(value))
        case _:
            return value


UNKNOWN = "unknown key"
_SAID = {
    "model_type": "not a table",
    "model_attributes_type": "not a table",
    "dict_type": "not a table",
    "list_type": "not a list",
    "string_type": "not a text",
    "greater_than_equal": "below {ge}",
    "greater_than": "not above {gt}",
    "less_than_equal": "above {le}",
    "too_short": "empty",
}
"""What is said of a value, by pydantic's name for what is wrong."""


def _reason(tables: Sequence[type[Keys]], others: Sequence[type[Keys]], detail: ErrorDetails) -> str:
    value, said = shorten(detail["input"]), detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            reason = UNKNOWN + _whose(str(detail["loc"][-1]), tables, others)
        case "missing":
            reason = "missing"
        case "union_tag_not_found" | "union_tag_invalid" if isinstance(detail["input"], Mapping):
            known = sorted(text for table in tables for text in _literals(table))
            tag = said.get("tag")
            given = "missing" if tag is None else f"unknown: {shorten(tag)}{did_you_mean(str(tag), known)}"
            reason = f"{given}; known: {', '.join(known)}"
        case "union_tag_not_found":
            reason = f"{value} is not a table"
        case "literal_error":
            expected = said["expected"].replace(" or ", ", ")
            known = [word.strip("'") for word in expected.split(", ")]
            reason = f"unknown: {value}{did_you_mean(str(detail['input']), known)}; known: {expected}"
        case "value_error":
            reason = detail["msg"].removeprefix("Value error, ")
        case kind if kind in _SAID:
            reason = f"{value} is {_SAID[kind].format(**said)}"
        case _:
            reason = f"{detail['msg']} (given: {value})"
    return reason


def _whose(key: str, tables: Sequence[type[Keys]], others: Sequence[type[Keys]]) -> str:
    """Say to which type of a table an unknown key belongs, or which known key it may stand for."""
    owners = [table for table in others if key in table.model_fields]
    if not owners:
        return did_you_mean(key, [name for table in tables for name in table.model_fields])
    types = ", ".join(word for table in owners for word in _tags(table).values())
    tags = _tags(tables[0])
    known = ", ".join(name for name in tables[0].model_fields if name not in tags)
    return (
        f" for type {', '.join(tags.values())}{known and f', which has {known}'}; it belongs to type {types}"
    )


def elsewhere(error: ProblemError, tables: Mapping[str, type[Keys]]) -> ProblemError:
    """Return the error of a file; if a key is unknown in it, say to which other files it belongs.

    Parameters
    ----------
    tables : mapping of str to type of Keys
        The keys of the other files, by what these are.
    """
    owners = [name for name, table in tables.items() if error.key in table.model_fields]
    if not owners or not error.reason.startswith(UNKNOWN):
        return error
    return ProblemError(error.file, error.key, f"{UNKNOWN} here; it belongs to {' and '.join(owners)}")


def _tags(table: type[Keys]) -> dict[str, str]:
    """Return the keys of a table that can be one word only, with this word."""
    words = {name: get_args(field.annotation) for name, field in table.model_fields.items()}
    return {name: word[0] for name, word in words.items() if len(word) == 1 and isinstance(word[0], str)}


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
