"""Errors that a user can cause and fix; each prints as one line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class ParleyError(Exception):
    """Invalid input, or a failure outside of Parley."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class ProblemError(ParleyError):
    """An error in a problem file.

    Parameters
    ----------
    file : str
        The file as the user named it; empty if there is none.
    key : str
        The key in the file, for example ``costs[0].exponent``; empty for the whole file.

    Examples
    --------
    >>> print(ProblemError("a.toml", "continuation", "must be below 1"))
    a.toml: continuation: must be below 1
    """

    def __init__(self, file: str, key: str, reason: str) -> None:
        # All three go to Exception, so that the error can be pickled between worker processes.
        super().__init__(file, key, reason)
        self.file = file
        self.key = key
        self.reason = reason

    def __str__(self) -> str:
        return ": ".join(one_line(part) for part in (self.file, self.key, self.reason) if part)

    def in_file(self, file: str) -> ProblemError:
        """Return the same error for a file."""
        return ProblemError(file, self.key, self.reason)


class ProblemWarning(UserWarning):
    """Something in a file that is legal and probably not meant."""


@contextmanager
def naming(file: str) -> Iterator[None]:
    """Add the file to errors without one."""
    try:
        yield
    except ProblemError as error:
        raise (error if error.file or not file else error.in_file(file)) from None


@contextmanager
def named_by(key: str) -> Iterator[None]:
    """Put the key of a table, or of another file's name, before errors inside it.

    Examples
    --------
    >>> with naming("study.toml"), named_by("problem.file"):
    ...     raise ProblemError("none.toml", "", "cannot be read")
    Traceback (most recent call last):
        ...
    parley.core.errors.ProblemError: study.toml: problem.file: none.toml: cannot be read
    >>> with naming("study.toml"), named_by("problem"):
    ...     raise ProblemError("", "kind", "missing")
    Traceback (most recent call last):
        ...
    parley.core.errors.ProblemError: study.toml: problem.kind: missing
    """
    try:
        yield
    except ProblemError as error:
        if error.file:
            raise ProblemError("", key, str(error)) from None
        raise ProblemError("", f"{key}.{error.key}".removesuffix("."), error.reason) from None


def one_line(text: str) -> str:
    r"""Escape line breaks and characters that cannot be printed.

    Examples
    --------
    >>> one_line("a\nb")
    'a\\nb'
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def shorten(value: object, limit: int = 60) -> str:
    """Return ``repr(value)``, shortened to `limit` characters."""
    try:
        text = repr(value)
    except ValueError:  # an integer too long for Python to print
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 1] + "…"
