"""Errors that a user of Parley can cause and mend.

Every one of them reads as a single line, so that the command line can print it as it stands.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class ParleyError(Exception):
    """Something the user gave cannot be worked with."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class ProblemError(ParleyError):
    """A problem file breaks a promise.

    Parameters
    ----------
    file : str
        The file as the user named it; empty for a problem that came from no file.
    key : str
        Where in the file, for example ``costs[0].exponent``; empty if the file as a whole is meant.
    reason : str
        What is wrong, as a clause.

    Examples
    --------
    >>> print(ProblemError("a.toml", "continuation", "must be below 1"))
    a.toml: continuation: must be below 1
    """

    def __init__(self, file: str, key: str, reason: str) -> None:
        # All three go to Exception so that the error survives pickling, as it must between worker processes.
        super().__init__(file, key, reason)
        self.file = file
        self.key = key
        self.reason = reason

    def __str__(self) -> str:
        return ": ".join(one_line(part) for part in (self.file, self.key, self.reason) if part)

    def in_file(self, file: str) -> ProblemError:
        """Make the same complaint, with the file named."""
        return ProblemError(file, self.key, self.reason)


@contextmanager
def naming(file: str) -> Iterator[None]:
    """Name the file of a problem in errors that name none."""
    try:
        yield
    except ProblemError as error:
        raise (error if error.file or not file else error.in_file(file)) from None


def one_line(text: str) -> str:
    r"""Replace what would break the line, or could not be printed, by visible escapes.

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
    """``repr(value)``, cut so that a message stays a line."""
    try:
        text = repr(value)
    except ValueError:  # an integer too long for Python to print
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 1] + "…"
