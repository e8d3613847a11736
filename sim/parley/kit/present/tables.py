"""Numbers in tables and pictures."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.exact import show, shown
from parley.kit.present.page_model import cost

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["number", "written"]

_WIDTH = 9


def number(value: Fraction | float, width: int = _WIDTH) -> str:
    """Format a number: exact if short, else rounded and marked with ≈.

    Examples
    --------
    >>> number(Fraction(3, 7)), number(Fraction(10**15 + 1, 10**12))
    ('3/7', '≈1000')
    """
    if isinstance(value, Fraction) and len(text := show(value)) <= width:
        return text
    return f"≈{float(value):.6g}"


def written(value: Any, form: str) -> str:  # noqa: ANN401 - whatever a figure's row holds
    """Format a value of a figure.

    Examples
    --------
    >>> exact = {"v": 64.7142857143, "x": "453/7"}
    >>> written(0.25, "percent"), written(exact, "number"), written(exact, "exact"), written(None, "z")
    ('25.0%', '64.71', '453/7', '')
    """
    if isinstance(value, dict):
        if form == "exact" and "x" in value:
            return number(shown(value["x"]))
        value = value["v"]
    if value is None:
        return ""
    return _WRITTEN[form](value) if form in _WRITTEN else str(value)


_WRITTEN: dict[str, Callable[[float], str]] = {
    "count": lambda value: f"{value:,.0f}",
    "percent": lambda value: f"{100 * value:.1f}%",
    "number": cost,
    "exact": cost,
    "z": lambda value: f"{value:+.2f}",
    "p": lambda value: f"{value:.3g}",
}
