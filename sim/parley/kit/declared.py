"""Types of a mechanism's declarations: help, import formats, experiments, names in other modules."""

from __future__ import annotations

import builtins
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from parley.core.keys import Keys
    from parley.kit.experiment.experiment import Experiment
    from parley.kit.options import Option
    from parley.kit.present.page_model import Sheet

T = TypeVar("T")

__all__ = ["Compared", "Description", "Format", "Laboratory", "Later", "class_of", "later"]


class Later:
    """A name of another module that is imported when it is called; see `later`."""

    def __init__(self, module: str, path: str = "") -> None:
        self._module = module
        self._path = path

    def found(self) -> Any:  # noqa: ANN401 - whatever has that name
        """Import it."""
        return attrgetter(self._path)(import_module(self._module))

    def __getattr__(self, name: str) -> Later:
        if name.startswith("_"):  # such as `abc` asks for when a class is made
            raise AttributeError(name)
        return Later(self._module, f"{self._path}.{name}".removeprefix("."))

    def __call__(self, *given: object, **named: object) -> object:
        """Call it."""
        return self.found()(*given, **named)


@contextmanager
def later(module: str) -> Iterator[None]:
    """Import nothing inside this block of a module before it is called, as ``lazy from`` in Python 3.15.

    Declarations load fast in this way. Type checkers see usual imports, and compare the functions with the
    methods of `parley.kit.mechanism.Mechanism`.

    Parameters
    ----------
    module : str
        The module's own ``__name__``; imports of other modules are not changed.

    Examples
    --------
    >>> with later(__name__):
    ...     from parley.kit.options import Option
    >>> Option
    <parley.kit.declared.Later object at ...>
    >>> class Declaration:
    ...     option = staticmethod(Option)
    >>> Declaration().option("solve", "runs", int, "Runs of the rule.").name
    'runs'
    """
    with _LOCK:
        usual = builtins.__import__

        def lazy(
            name: str,
            globals_: Mapping[str, object] | None = None,
            locals_: Mapping[str, object] | None = None,
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> object:
            if fromlist and globals_ is not None and globals_.get("__name__") == module:
                return Later(name)
            return usual(name, globals_, locals_, fromlist, level)

        builtins.__import__ = lazy  # type: ignore[assignment]  # returns what stands for a module
        try:
            yield
        finally:
            builtins.__import__ = usual


_LOCK = RLock()


def class_of(kind: type[T]) -> Callable[[], type[T]]:
    """Return a method that returns a class, imported when the method is called; see `later`."""
    found: Callable[[], type[T]] = getattr(kind, "found", lambda: kind)
    return found


class Description(NamedTuple):
    """Help text of a command for one mechanism.

    Attributes
    ----------
    text : str
        One paragraph.
    """

    text: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """A public file format that problems are imported from.

    Attributes
    ----------
    name : str
        As in ``parley import NAME``.
    file : str
        Help text for the file.
    read : callable
        Reads a file: takes the file, the given options by name, and `warn`, a function that is called with
        warnings; returns the keys of a problem file.
    """

    name: str
    description: Description
    file: str
    options: tuple[Option, ...]
    read: Callable[..., Mapping[str, object]]


@dataclass(frozen=True)
class Compared:
    """What a mechanism compares on one problem.

    Attributes
    ----------
    variants : callable
        Takes a problem; returns the problems to compare by name.
    row : callable
        Takes one of these, the given options and a callback for progress; returns JSON values. The value of
        ``shares`` divides a whole among names: the picture shows it.
    columns : mapping of str to (str, str)
        Heading and format of the values that the table shows; the format ``verdict`` is for truth values.
    shares : str
        What is divided.
    note : str
        Explanation below the table.
    """

    variants: Callable[..., Mapping[str, object]]
    row: Callable[..., Mapping[str, object]]
    columns: Mapping[str, tuple[str, str]]
    shares: str
    note: str


class Laboratory(NamedTuple):
    """A mechanism's own experiments, besides sweeps.

    Attributes
    ----------
    read : callable
        Takes the keys of an experiment file and its name; returns the experiment, or None for a sweep.
    sheet : callable
        Takes the folder of a finished experiment; returns its page.
    keys : type of Keys
        Keys of its files.
    """

    read: Callable[[Mapping[str, object], str], Experiment | None]
    sheet: Callable[[Path], Sheet]
    keys: type[Keys]
