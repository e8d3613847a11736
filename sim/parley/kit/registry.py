"""Mechanisms by kind: the built-in ones, then those of installed packages.

A package adds a mechanism by an entry point of the group ``parley.mechanisms``. The entry point's name is the
kind; its object is an instance of `parley.kit.mechanism.Mechanism`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from os import fspath
from typing import TYPE_CHECKING

from parley.core import problemfile
from parley.core.errors import ParleyError, ProblemError, shorten
from parley.core.keys import did_you_mean, elsewhere
from parley.kit.loaded import LoadedProblem
from parley.kit.mechanism import Mechanism

if TYPE_CHECKING:
    from os import PathLike

    from parley.chain.compiler import Artifact
    from parley.kit.loaded import AnyProblem
    from parley.kit.mechanism import AnyMechanism

__all__ = ["artifacts", "contracts", "kind_of", "kinds", "load", "load_keys", "mechanism", "mechanisms"]

GROUP = "parley.mechanisms"
EXPERIMENT = "experiment"
"""The kind of experiment files."""


@cache
def _found() -> Mapping[str, AnyMechanism]:
    """Find all mechanisms, the built-in ones first."""
    found: dict[str, AnyMechanism] = {}
    for kind in import_module(GROUP).BUILT_IN:
        found[kind] = import_module(f"{GROUP}.{kind}.mechanism").MECHANISM
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        if point.name in found:
            raise ParleyError(f"entry point {point.value}: there is a mechanism of kind {point.name} already")
        try:
            loaded = point.load()
        except Exception as error:
            raise ParleyError(
                f"entry point {point.value}: mechanism {point.name} cannot be loaded: {error}"
            ) from error
        if not isinstance(loaded, Mechanism):
            raise ParleyError(f"entry point {point.value}: mechanism {point.name} is not a Mechanism")
        found[point.name] = loaded
    return found


def kinds() -> tuple[str, ...]:
    """Return all kinds. Contracts are deployed in this order, and addresses depend on it.

    Examples
    --------
    >>> kinds()[:2]
    ('coordination', 'assignment')
    """
    return tuple(_found())


def mechanism(kind: str) -> AnyMechanism:
    """Return the mechanism of a kind.

    Raises
    ------
    ParleyError
        If the kind is unknown.
    """
    found = _found().get(kind)
    if found is None:
        hint = did_you_mean(str(kind), kinds())
        raise ParleyError(f"unknown kind {shorten(kind)}{hint}; known: {', '.join(kinds())}")
    return found


def mechanisms() -> tuple[AnyMechanism, ...]:
    """Return all mechanisms, in the order of `kinds`."""
    return tuple(_found().values())


def contracts() -> tuple[str, ...]:
    """Return the names of all contracts in the order of deployment."""
    return tuple(name for one in mechanisms() for name in one.contracts)


def artifacts() -> Mapping[str, Artifact]:
    """Return all compiled contracts by name, in the order of deployment."""
    return {name: found for one in mechanisms() for name, found in one.own_artifacts().items()}


def load(source: str | PathLike[str] | Mapping[str, object]) -> AnyProblem:
    """Load a problem from a file, or from the keys of a file.

    Parameters
    ----------
    source : path or mapping
        A ``.json`` file is JSON, any other file TOML. In a mapping, a float means its printed value: 0.9 is
        9/10.

    Raises
    ------
    ProblemError
        With the file, the key and the reason.

    Examples
    --------
    >>> load({"kind": "assignment", "rule": "boston", "items": ["x"], "rankings": [["x"], []]}).problem.agents
    2
    """
    if isinstance(source, Mapping):
        mapping = {key: _exact(value) for key, value in source.items() if key != problemfile.SCHEMA}
        return load_keys(mapping, "")
    file = fspath(source)
    mapping = problemfile.read(file)
    return load_keys(mapping, file)


def load_keys(mapping: Mapping[str, object], file: str) -> AnyProblem:
    """Read a problem from keys as read from a file; `file` names it in errors.

    Raises
    ------
    ProblemError
    """
    one = mechanism(kind_of(mapping, file))
    try:
        return LoadedProblem(one, one.problem(mapping, file), file)
    except ProblemError as error:
        raise elsewhere(error, {f"kind {other.kind}": other.keys() for other in mechanisms()}) from None


def _exact(value: object) -> object:
    """Replace floats by decimals, also in lists and tables."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {key: _exact(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(one) for one in value]
    return value


def kind_of(mapping: Mapping[str, object], file: str) -> str:
    """Return the `kind` of a problem.

    Raises
    ------
    ProblemError
    """
    known = ", ".join(kinds())
    kind = mapping.get("kind")
    if (
        kind == EXPERIMENT
        or "study" in mapping
        or (kind is None and isinstance(mapping.get("problem"), Mapping))
    ):
        raise ProblemError(file, "", f"holds an experiment, not a problem; use parley {EXPERIMENT}")
    if "kind" not in mapping:
        raise ProblemError(file, "kind", f"missing; known: {known}")
    if not isinstance(kind, str) or kind not in kinds():
        hint = did_you_mean(str(kind), kinds())
        raise ProblemError(file, "kind", f"unknown kind {shorten(kind)}{hint}; known: {known}")
    return kind
