"""Machine code from Python functions, by numba."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled"]

F = TypeVar("F", bound="Callable[..., object]")


def compiled(function: F) -> F:
    """Compile a function with numba, and cache the result beside its source if possible.

    Numba's cache on disk checks only the file of a function: functions that call each other must be in one
    file. Numba takes a second to import.
    """
    from numba import njit  # noqa: PLC0415 - slow to load

    try:
        return cast("F", njit(function, cache=True, nogil=True))
    except RuntimeError:  # read-only, and no cache directory either: compiled anew in every process
        return cast("F", njit(function, nogil=True))
