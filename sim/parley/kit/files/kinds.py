"""The files of each kind: its schema, a template, and the ready examples that Parley ships."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import TYPE_CHECKING

from parley.core import resources
from parley.core.errors import ParleyError, shorten
from parley.core.keys import did_you_mean
from parley.kit.experiment.run import experiment_keys
from parley.kit.experiment.sweep import SweepKeys
from parley.kit.files.schema import schema_of
from parley.kit.files.template import template
from parley.kit.registry import EXPERIMENT, kinds, mechanism, mechanisms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parley.core.files import JsonObject

__all__ = ["EXPERIMENT", "example", "examples", "file_kinds", "file_schema", "file_template"]

_TEXT = re.compile(r'"([^"\n]+\.toml)"')


def file_kinds() -> tuple[str, ...]:
    """Return the kinds of files: those of problems, and experiments."""
    return (*kinds(), EXPERIMENT)


def file_schema(kind: str) -> JsonObject:
    """Return the JSON Schema of files of a kind.

    Raises
    ------
    ParleyError
        If the kind is unknown.

    Examples
    --------
    >>> "capacity" in file_schema("coordination")["$defs"]["Problem"]["properties"]
    True
    """
    _check(kind)
    title = _about(kind)
    tables = list(experiment_keys().values()) if kind == EXPERIMENT else [mechanism(kind).keys()]
    return schema_of(title.rstrip("."), tables)


def file_template(kind: str) -> str:
    """Return a commented file of a kind that can be used as it is.

    Raises
    ------
    ParleyError
        If the kind is unknown.
    """
    _check(kind)
    if kind != EXPERIMENT:
        return template(schema_of(kind, [mechanism(kind).keys()]), _about(kind), {})
    schema, problem = schema_of(kind, [SweepKeys]), tomllib.loads(file_template(mechanisms()[0].kind))
    about = f"{schema['$defs']['Sweep']['description']} Other experiments: parley init experiment --list."
    return template(schema, about, {"problem": problem})


def _check(kind: str) -> None:
    if kind not in file_kinds():
        hint = did_you_mean(kind, file_kinds()) or f"; known: {', '.join(file_kinds())}"
        raise ParleyError(f"unknown kind {shorten(kind)}{hint}")


def _about(kind: str) -> str:
    if kind == EXPERIMENT:
        return "An experiment: many games, or solved instances, while something varies."
    return f"A problem of kind {kind}: {mechanism(kind).about}."


# ── ready examples ──────────────────────────────────────────────────────────────────────────────────────────


@cache
def examples(kind: str) -> Mapping[str, Path]:
    """Return the ready files of a kind by name.

    Raises
    ------
    ParleyError
        If the kind is unknown.

    Examples
    --------
    >>> "paper-example-1" in examples("coordination"), "greed" in examples("experiment")
    (True, True)
    """
    _check(kind)
    found = {}
    for path in sorted(resources.problems().rglob("*.toml"), key=lambda path: (len(path.parts), path)):
        if path.parent.name == "problems" and path.parent.parent.name == "experiments":
            continue  # parts of experiments
        keys = tomllib.loads(path.read_text(encoding="utf-8"))
        if (EXPERIMENT if "study" in keys else keys.get("kind")) == kind:
            found[path.stem] = path
    return found


def example(kind: str, name: str) -> str:
    """Return the text of a ready file; names of other files in it are absolute.

    Raises
    ------
    ParleyError
        If there is no such kind or file.

    Examples
    --------
    >>> example("coordination", "paper-example-1").startswith("# Example 1")
    True
    >>> example("coordination", "paper-exampel-1")
    Traceback (most recent call last):
        ...
    parley.core.errors.ParleyError: --example: unknown 'paper-exampel-1' (did you mean paper-example-1?)
    """
    known = examples(kind)
    if name not in known:
        hint = did_you_mean(name, known) or f"; known: {', '.join(known) or 'none'}"
        raise ParleyError(f"--example: unknown {shorten(name)}{hint}")
    path = known[name]

    def absolute(found: re.Match[str]) -> str:
        other = path.parent / found[1]
        return f'"{other.resolve().as_posix()}"' if other.is_file() else found[0]

    return _TEXT.sub(absolute, path.read_text(encoding="utf-8"))
