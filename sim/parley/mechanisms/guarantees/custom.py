"""A user's guarantee: the allocations that maximize a function g of the values v(A_1), …, v(A_n)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isfinite
from typing import TypeAlias

from parley.core.errors import ParleyError, shorten
from parley.core.exact import show_all
from parley.core.userfile import run_file, told
from parley.mechanisms.guarantees.guarantee import Vector

Judge: TypeAlias = Callable[[Vector], Fraction]


def load_judge(text: str) -> Judge:
    """Load g from a Python file.

    Parameters
    ----------
    text : str
        ``FILE.py:FUNCTION``. The file is run. The function takes the list of all v(A_i) as fractions, and
        returns a number: whole, a fraction or a finite float. Numbers are compared exactly.

    Raises
    ------
    ParleyError
        In one line: no such file or function; or, when g is used, a function that fails or returns no number.
    """
    file, colon, name = text.rpartition(":")
    if not colon or not file.endswith(".py"):
        raise ParleyError(f"{shorten(text)}: not of the form FILE.py:FUNCTION")
    function = getattr(run_file(file), name, None)
    if not callable(function):
        raise ParleyError(f"{file}: no function {name!r}")

    def judge(values: Vector) -> Fraction:
        shown = ", ".join(show_all(values))
        try:
            number = function(list(values))
        except Exception as error:
            raise ParleyError(f"{text}: {told(error)}, for values {shown}") from error
        if isinstance(number, bool) or not isinstance(number, int | float | Fraction) or not isfinite(number):
            raise ParleyError(f"{text}: {shorten(number)} is no finite number, for values {shown}")
        return Fraction(number)

    return judge


def kept_by(judge: Judge, vectors: Sequence[Vector]) -> list[bool]:
    """Return for every feasible allocation whether it maximizes g; `vectors` are the values of all of them.

    Examples
    --------
    >>> kept_by(min, [(Fraction(2), Fraction(0)), (Fraction(1), Fraction(1))])
    [False, True]
    """
    scores = {vector: judge(vector) for vector in dict.fromkeys(vectors)}
    best = max(scores.values())
    return [scores[vector] == best for vector in vectors]
