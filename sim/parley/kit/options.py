"""Options that a mechanism declares and a user gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parley.core.errors import ParleyError, shorten
from parley.core.keys import did_you_mean
from parley.core.limits import MAX_SEED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Given", "Option", "check_bounds", "counted", "only_given", "seed"]


@dataclass(frozen=True)
class Option:
    """The declaration of one option.

    Attributes
    ----------
    verb : str
        The command: ``solve``, ``audit`` or ``simulate``; for an importer, the name of its format.
    name : str
        Name in Python; on the command line after ``--``.
    form : type
        Type: `int`, `str`, `Path`, `bool` (a flag), or `list` (of text; the option may be repeated).
    help : str
        Help text without the kind and the default.
    default : str
        Help text for the default.
    metavar : str or None
        Name of the value in the help.
    least, most : int or None
        Bounds of a number.
    """

    verb: str
    name: str
    form: type
    help: str
    default: str = ""
    metavar: str | None = None
    least: int | None = None
    most: int | None = None


def seed(verb: str, about: str, default: str) -> Option:
    """Declare the option of a seed."""
    return Option(verb, "seed", int, about, default=default, least=0, most=MAX_SEED)


def counted(tell: Callable[[str, int, int | None], None], what: str, total: int) -> Callable[[int], None]:
    """Return what tells of progress, if it is called with how much was done since the last time.

    Examples
    --------
    >>> more = counted(lambda *told: print(*told), "solving", 9)
    >>> more(4), more(5)
    solving 4 9
    solving 9 9
    (None, None)
    """
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        tell(what, done, total)

    return advance


def only_given(values: Mapping[str, object]) -> dict[str, object]:
    """Leave out options that were not given: None, flags that are off, and empty lists.

    Examples
    --------
    >>> only_given({"games": 0, "check": False, "seed": None, "select": []})
    {'games': 0}
    """
    return {name: value for name, value in values.items() if value not in (None, []) and value is not False}


class Given:
    """The options given to a command, by name.

    Parameters
    ----------
    declared : iterable of Option
        The mechanism's options for this command.
    values : mapping
        Given values, from the command line or from Python.

    Raises
    ------
    ParleyError
        If an option is unknown, or its value has the wrong type or is out of bounds.

    Examples
    --------
    >>> runs = Option("solve", "runs", int, "Runs of the rule.", least=2)
    >>> Given([runs], {"runs": 9}).integer("runs", 100), Given([runs], {}).integer("runs", 100)
    (9, 100)
    >>> Given([runs], {"run": 9})
    Traceback (most recent call last):
        ...
    parley.core.errors.ParleyError: run: no such option (did you mean runs?)
    """

    def __init__(self, declared: Iterable[Option], values: Mapping[str, object]) -> None:
        known = {option.name: option for option in declared}
        for name, value in values.items():
            if name not in known:
                hint = did_you_mean(name, list(known)) or f"; known: {', '.join(known) or 'none'}"
                raise ParleyError(f"{name}: no such option{hint}")
            _check(known[name], value)
        self.values = dict(values)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def flag(self, name: str) -> bool:
        """Whether a flag was given."""
        return self.values.get(name) is True

    def integer(self, name: str, default: int) -> int:
        """Return a number."""
        value = self.values.get(name)
        return value if isinstance(value, int) else default

    def text(self, name: str) -> str | None:
        """Return a text; None if not given."""
        value = self.values.get(name)
        return None if value is None else str(value)

    def seconds(self, name: str, default: float) -> float:
        """Return a time.

        Raises
        ------
        ParleyError
            If it is no positive number of seconds.
        """
        text = self.text(name)
        try:
            found = default if text is None else float(text)
        except ValueError:
            found = 0.0
        if not 0 < found < float("inf"):
            raise ParleyError(
                f"--{name.replace('_', '-')}: {shorten(str(text))} is not a positive number of seconds"
            )
        return found

    def texts(self, name: str) -> list[str]:
        """Return all values of a repeated option."""
        value = self.values.get(name)
        return [str(one) for one in value] if isinstance(value, list | tuple) else []

    def path(self, name: str) -> Path | None:
        """Return a path; None if not given."""
        value = self.text(name)
        return None if value is None else Path(value)


def _check(option: Option, value: object) -> None:
    """Check a value's type and bounds."""
    also: dict[type, type] = {Path: str, list: tuple}
    forms: tuple[type, ...] = (option.form, also.get(option.form, option.form))
    if not isinstance(value, forms) or (option.form is int and isinstance(value, bool)):
        raise ParleyError(f"{option.name}: {shorten(value)} is not a {_FORMS[option.form]}")
    if isinstance(value, int) and not isinstance(value, bool):
        check_bounds(option.name, value, option.least, option.most)


def check_bounds(name: str, value: int, least: int | None, most: int | None) -> None:
    """Check the bounds of a number; raises `ParleyError`."""
    if least is not None and value < least:
        raise ParleyError(f"{name}: {shorten(value)} is below {least}")
    if most is not None and value > most:
        raise ParleyError(f"{name}: {shorten(value)} is above {most}")


_FORMS: dict[type, str] = {
    int: "whole number",
    str: "text",
    Path: "path",
    bool: "truth value",
    list: "list of texts",
}
