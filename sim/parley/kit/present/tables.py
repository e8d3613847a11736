"""Numbers in tables, sentences and pictures: decimals for people, fractions within `in_fractions`."""

from __future__ import annotations

import math
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from parley.core.exact import show, shown
from parley.core.statistics import MIN_P
from parley.kit.present.page_model import cost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from fractions import Fraction

__all__ = ["chance", "in_fractions", "number", "writer", "written"]

LONGEST = 60
"""Maximum letters of a fraction; a longer one is rounded, and marked with ≈."""
MOST_DECIMALS = 12
LEAST_P = 0.001
"""p-values from here on are written with three decimals."""

_fractions = ContextVar("fractions", default=False)


@contextmanager
def in_fractions(wanted: bool = True) -> Iterator[None]:  # noqa: FBT001, FBT002 - the option --exact
    """Write exact numbers as fractions.

    Examples
    --------
    >>> with in_fractions():
    ...     number("3/7"), written({"v": 0.428571428571, "x": "3/7"}, "exact")
    ('3/7', '3/7')
    """
    token = _fractions.set(wanted)
    try:
        yield
    finally:
        _fractions.reset(token)


def number(value: Fraction | float | str) -> str:
    """Write a number of a sentence; text is a number as JSON has it.

    Examples
    --------
    >>> number("3/7"), number(38), number(0.25)
    ('0.4286', '38', '0.25')
    """
    if isinstance(value, str):
        value = shown(value)
    if not _fractions.get() or isinstance(value, float):
        return cost(float(value))
    text = show(value)
    return text if len(text) <= LONGEST else f"≈{float(value):.6g}"


def chance(p: Fraction | float | str) -> str:
    """Write a probability with three decimals, or as a fraction.

    Examples
    --------
    >>> chance("5/12"), chance("1/2"), chance(1e-5)
    ('0.417', '0.5', '0.00001')
    """
    text = number(p)
    rounded = text if "/" in text else f"{float(text):.3f}".rstrip("0").rstrip(".")
    return rounded if float(text.partition("/")[0]) == 0 or rounded != "0" else text


def writer(form: str, values: Iterable[Any]) -> Callable[[Any], str]:
    """Return what writes the values of a column: its numbers have the same number of decimals.

    What is not zero is not written as zero.

    Examples
    --------
    >>> write = writer("number", [64.7142857, 7, -0.5268, None])
    >>> write(64.7142857), write(7), write(-0.5268), write(0), write(0.00042), write(None)
    ('64.71', '7.00', '-0.53', '0.00', '<0.01', '')
    """
    exact = form in ("number", "exact") and _fractions.get()
    if form not in ("number", "exact"):
        write = _WRITTEN.get(form, str)
    else:
        places = _decimals(map(_plain, values))

        def write(value: float) -> str:
            text = f"{value or 0:,.{places}f}"
            if value and not text.strip("-0.,"):
                return f"{'<' if value > 0 else '>-'}{10**-places:.{places}f}"
            return text

    def written(value: Any) -> str:  # noqa: ANN401 - whatever a figure's row holds
        if exact and isinstance(value, dict):
            return number(value["x"]) if "x" in value else cost(value["v"])
        value = _plain(value)
        return "" if value is None else write(value)

    return written


def written(value: Any, form: str) -> str:  # noqa: ANN401 - whatever a figure's row holds
    """Write one value of a figure by itself.

    Examples
    --------
    >>> exact = {"v": 64.7142857143, "x": "453/7"}
    >>> written(0.25, "percent"), written(exact, "number"), written(exact, "exact"), written(None, "z")
    ('25.0%', '64.71', '64.71', '')
    """
    return writer(form, [value])(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a figure's row holds
    return value["v"] if isinstance(value, dict) else value


def _decimals(values: Iterable[Any]) -> int:
    """Return the decimals that give the greatest number four significant digits, and no more than needed."""
    known = [abs(value) for value in values if isinstance(value, int | float) and math.isfinite(value)]
    if all(value == int(value) for value in known):
        return 0
    places = min(MOST_DECIMALS, max(2, 3 - math.floor(math.log10(max(known)))))
    return max(len(f"{value:.{places}f}".rstrip("0").partition(".")[2]) for value in known)


def _p_value(p: float) -> str:
    """Write a p-value of a table: with three decimals, or with two digits, or as small.

    Examples
    --------
    >>> _p_value(1), _p_value(0.4261), _p_value(0.00042), _p_value(1e-9)
    ('1.000', '0.426', '4.2e-04', '<0.000001')
    """
    if p < MIN_P:
        return f"<{MIN_P:f}"
    return f"{p:.3f}" if p >= LEAST_P else f"{p:.1e}"


_WRITTEN: dict[str, Callable[[float], str]] = {
    "count": lambda value: f"{value:,.0f}",
    "percent": lambda value: f"{100 * value:.1f}%",
    "z": lambda value: f"{value:+.2f}",
    "p": _p_value,
}
