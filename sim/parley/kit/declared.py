"""Types of a mechanism's declarations: help, import formats, experiments, functions in other modules."""

from __future__ import annotations

from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from parley.kit.experiment.experiment import Experiment
    from parley.kit.options import Option
    from parley.kit.present.page_model import Sheet

__all__ = ["Description", "Elsewhere", "Format", "Laboratory", "elsewhere"]


class Elsewhere:
    """A method of a declaration that is a function of another module in its package; see `elsewhere`."""

    def __init__(self, place: str, *, named: bool) -> None:
        self.place = place
        self.named = named

    def __set_name__(self, owner: type, name: str) -> None:
        package, (module, _, self.name) = owner.__module__.rpartition(".")[0], self.place.partition(":")
        self.module = f"{package}.{module}"

    def __get__(self, one: object | None, owner: type) -> Any:  # noqa: ANN401 - whatever is found there
        # Asked of the class, as `abc` does when the class is made, nothing is imported.
        if one is None:
            return self
        found = attrgetter(self.name)(import_module(self.module))
        return (lambda: found) if self.named else found


def elsewhere(place: str, *, named: bool = False) -> Any:  # noqa: ANN401 - whatever is found there
    """Name the function that a method of a declaration is; its module is imported at the first use.

    Parameters
    ----------
    place : str
        ``MODULE:FUNCTION``; the module is in the package of the declaration's. The function does not get the
        declaration itself.

    named : bool
        Whether the method returns what is there, such as a class, instead of being it.

    Examples
    --------
    >>> class Declaration:
    ...     __module__ = "parley.kit.mechanism"
    ...     option = elsewhere("options:Option")
    ...     form = elsewhere("options:Option", named=True)
    >>> Declaration().option("solve", "runs", int, "Runs of the rule.").name, Declaration().form().__name__
    ('runs', 'Option')
    """
    return Elsewhere(place, named=named)


class Description(NamedTuple):
    """Help text of a command for one mechanism.

    Attributes
    ----------
    text : str
        One paragraph.
    examples : tuple of str
        Example commands.
    """

    text: str
    examples: tuple[str, ...] = ()


class Format(NamedTuple):
    """A public file format that problems are imported from.

    Attributes
    ----------
    name : str
        As in ``parley import NAME``.
    description : Description
    file : str
        Help text for the file.
    options : tuple of Option
        Options of this format.
    read : str
        The mechanism's method that reads a file: takes the file, the given options by name, and `warn`, a
        function that is called with warnings; returns the keys of a problem file.
    """

    name: str
    description: Description
    file: str
    options: tuple[Option, ...]
    read: str


class Laboratory(NamedTuple):
    """A mechanism's own experiments, besides sweeps.

    Attributes
    ----------
    read : callable
        Takes the keys of an experiment file and its name; returns the experiment, or None for a sweep.
    sheet : callable
        Takes the folder of a finished experiment; returns its page.
    """

    read: Callable[[Mapping[str, Any], str], Experiment | None]
    sheet: Callable[[Path], Sheet]
