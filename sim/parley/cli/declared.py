"""Command options that mechanisms declare."""

from __future__ import annotations

from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

from parley.core.errors import ParleyError, shorten
from parley.core.limits import MAX_WORKERS
from parley.kit.options import check_bounds, only_given
from parley.kit.registry import mechanisms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from parley.kit.options import Option

__all__ = ["Workers", "declared", "describe", "own_options", "whole", "with_options"]

Q = ParamSpec("Q")


def whole(flag: str, about: str, least: int | None, most: int | None, metavar: str | None = None) -> object:
    """Return the option of a whole number between bounds."""

    def read(given: str | int) -> int:
        try:
            value = int(given)
        except ValueError:
            raise ParleyError(f"{flag}: {shorten(given)} is not a whole number") from None
        check_bounds(flag, value, least, most)
        return value

    return typer.Option(flag, help=about, metavar=metavar or "N", parser=read)


Workers = Annotated[int, whole("--workers", "Maximum number of worker processes.", 1, MAX_WORKERS)]


def with_options(
    options: Iterable[tuple[str, Option]],
) -> Callable[[Callable[Q, None]], Callable[Q, None]]:
    """Add declared options to a command, as keyword arguments.

    Parameters
    ----------
    options : iterable of (str, Option)
        Kinds and their options; two kinds may share a name. An empty kind is not mentioned in the help.
    """
    by_name: dict[str, list[tuple[str, Option]]] = {}
    for kind, option in options:
        by_name.setdefault(option.name, []).append((kind, option))

    def decorate(command: Callable[Q, None]) -> Callable[Q, None]:
        own = signature(command, eval_str=True)
        kept = [one for one in own.parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
        added = [_parameter(name, entries) for name, entries in by_name.items()]
        vars(command)["__signature__"] = own.replace(parameters=[*kept, *added])  # what typer reads
        return command

    return decorate


def _parameter(name: str, entries: list[tuple[str, Option]]) -> Parameter:
    """Make a parameter as typer reads it."""
    first = entries[0][1]
    flags = f"--{name.replace('_', '-')}"
    if first.form is int:
        option = whole(flags, _help(entries), first.least, first.most, first.metavar)
    else:
        option = typer.Option(flags, help=_help(entries), metavar=first.metavar)
    form: object = {bool: bool, list: list[str] | None}.get(first.form, first.form | None)
    default = False if first.form is bool else None
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[form, option])


def _help(entries: list[tuple[str, Option]]) -> str:
    """Write the help of an option, for each kind that has it."""
    parts = []
    for kind, option in entries:
        default = f"  [default: {option.default}]" if option.default else ""
        if not kind:
            parts.append(option.help + default)
        elif len(entries) == 1:
            parts.append(f"{option.help.removesuffix('.')} ({kind}).{default}")
        else:
            parts.append(f"{kind.capitalize()}: {option.help[0].lower()}{option.help[1:]}{default}")
    return "  ".join(parts)


def declared(verb: str) -> Iterable[tuple[str, Option]]:
    """Return the options of a command that mechanisms declare, with their kinds; all have ``--exact``."""
    return (
        (one.kind, option)
        for one in mechanisms()
        for option in one.options
        if option.verb == verb and option.name != "exact"
    )


def own_options(
    kind: str, verb: str, given: Mapping[str, object], *, exact: bool = False
) -> dict[str, object]:
    """Return the options that were given.

    Parameters
    ----------
    kind : str
        The kind of the problem.
    given : dict
        All declared options by name; None or False if not given.
    exact : bool
        Whether ``--exact`` was given, which a mechanism may declare for what it computes.

    Raises
    ------
    ParleyError
        If an option is for other kinds only.

    Examples
    --------
    >>> own_options("assignment", "solve", {"runs": 9}, exact=True)
    {'runs': 9}
    >>> own_options("coordination", "solve", {"runs": None}, exact=True)
    {'exact': True}
    >>> own_options("coordination", "solve", {"runs": 9})
    Traceback (most recent call last):
        ...
    parley.core.errors.ParleyError: --runs: only for problems of kind assignment, not coordination
    """
    options = only_given(given)
    for name in options:
        owners = [
            one.kind
            for one in mechanisms()
            if any(option.verb == verb and option.name == name for option in one.options)
        ]
        if kind not in owners:
            raise ParleyError(f"--{name}: only for problems of kind {', '.join(owners)}, not {kind}")
    own = (option for one in mechanisms() if one.kind == kind for option in one.options)
    if exact and any((option.verb, option.name) == (verb, "exact") for option in own):
        options["exact"] = True
    return {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}


def describe(verb: str, before: str, after: str = "", examples: Iterable[str] = ()) -> str:
    """Write the help of a command: a common part, the text of each kind, another common part, examples."""
    parts = [before]
    shown: list[str] = []
    for one in mechanisms():
        description = one.descriptions.get(verb)
        if description is not None:
            parts.append(f"{one.kind.capitalize()}: {description.text}")
            shown += description.examples
    parts += [after] if after else []
    shown += examples
    if shown:
        parts.append("For example:\n\n" + "\n".join(f"- `{example}`" for example in shown))
    return "\n\n".join(parts)
