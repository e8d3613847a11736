"""A commented file to begin with, from its JSON Schema.

Required keys are set to their examples. Optional ones are there with a ``#`` directly before them and their
default or example.
"""

from __future__ import annotations

import json
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from parley.core.problemfile import inline, to_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.core.files import JsonObject

__all__ = ["default_of", "form_of", "headed", "tables_in", "template", "told"]

WIDTH = 100
HEAD = (
    "Keys without # are set. A line that begins with # and no space is an optional key with its default or "
    "an example: remove the # to set it. A number is an integer, a decimal (read exactly) or a fraction in "
    'quotes, such as "9/10".'
)


def template(schema: Mapping[str, Any], first: str, given: Mapping[str, object]) -> str:
    """Write a template.

    Parameters
    ----------
    schema : mapping
        The JSON Schema of a file of one table.
    first : str
        The first line.
    given : mapping
        Tables for required keys without an example; they are written at the end.

    Examples
    --------
    >>> from parley.kit.experiment.sweep import FileKeys
    >>> from parley.kit.files.schema import schema_of
    >>> print(template(schema_of("Files", [FileKeys]), "Files.", {}).partition('"9/10".')[2])
    <BLANKLINE>
    <BLANKLINE>
    # file (optional): A problem file. A text. Default: none.
    #file = "problem.toml"
    <BLANKLINE>
    # files (optional): Several problem files. A list of texts. Default: none.
    #files = ["one.toml", "other.toml"]
    <BLANKLINE>
    """
    definitions = schema["$defs"]
    root = definitions[schema["$ref"].rpartition("/")[2]]
    lines = [*_comment(first), *_comment(HEAD)]
    sections: list[str] = []
    for name, key, required in _keys(root):
        usual = _is_set(key, required=required)
        if "$ref" in key and not usual:
            sections += _section(name, key, definitions)
            continue
        value = given.get(name, _value(key, usual=usual))
        about = [] if "const" in key else _comment(told(name, key, definitions, required=required))
        about = ["", *about, *_variants(name, key, definitions)]
        if name in given:  # a table of its own
            sections += [*about, *to_toml({name: value}).strip().split("\n")]
        else:
            lines += [*about, *_toml(name, value, hidden=not usual)]
    return "\n".join([*lines, *sections]) + "\n"


def _keys(table: Mapping[str, Any]) -> list[tuple[str, JsonObject, bool]]:
    """Return the keys of a table and whether they are required; first those that a template sets."""
    required = table.get("required", ())
    found = [(name, key, name in required) for name, key in table["properties"].items() if name != "$schema"]
    return sorted(found, key=lambda one: ("const" not in one[1], not _is_set(one[1], required=one[2])))


def _is_set(key: Mapping[str, Any], *, required: bool) -> bool:
    """Return whether a template sets a key."""
    return required or "x-usual" in key or "const" in key


def _value(key: Mapping[str, Any], *, usual: bool) -> object:
    """Return the value that a template shows: the default of an optional key, or else an example."""
    if "const" in key:
        return key["const"]
    example = key.get("examples", [None])[0]
    default = key.get("default")
    return example if usual or default in (None, "", [], {}) else default


def _section(name: str, key: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[str]:
    """Write an optional table at the end, with a # before its head and its keys."""
    table = definitions[key["$ref"].rpartition("/")[2]]
    about = key.get("description") or table["description"]
    lines = ["", *_comment(f"{name} (optional): {about}"), f"#[{name}]"]
    for inner, form, required in _keys(table):
        lines += _comment(told(inner, form, definitions, required=required))
        value = _value(form, usual=False)
        lines += [] if value is None else _toml(inner, value, hidden=True)
    return lines


def _variants(name: str, key: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[str]:
    """Describe the tables that a value may contain."""
    lines: list[str] = []
    for _, table in tables_in(name, key, definitions):
        lines += _comment(headed(table), 2)
        for inner, form, required in _keys(table):
            if "const" not in form:
                lines += _comment(told(inner, form, definitions, required=required), 4)
    return lines


def headed(table: Mapping[str, Any]) -> str:
    """Return the description of a table, after the word that distinguishes it, if it has one."""
    words = [f'{name} = "{key["const"]}": ' for name, key in table["properties"].items() if "const" in key]
    return "".join(words) + str(table["description"])


def tables_in(
    name: str, key: Mapping[str, Any], definitions: Mapping[str, Any]
) -> list[tuple[str, JsonObject]]:
    """Return the tables that the value of a key may contain, each once, with the path of their key.

    Examples
    --------
    >>> from parley.kit.files.schema import schema_of
    >>> from parley.kit.experiment.sweep import SweepKeys
    >>> definitions = schema_of("Sweeps", [SweepKeys])["$defs"]
    >>> key = definitions["Sweep"]["properties"]["problem"]
    >>> [(path, list(table["properties"])) for path, table in tables_in("problem", key, definitions)]
    [('problem', ['file', 'files'])]
    """
    found: dict[str, tuple[str, JsonObject]] = {}
    forms = [(name, dict(key))]
    for path, form in forms:  # which grows
        for table in _referred(form):
            if table not in found:
                found[table] = path, definitions[table]
                forms += [
                    (f"{path}.{inner}", part) for inner, part in definitions[table]["properties"].items()
                ]
    return list(found.values())


def _referred(form: object) -> list[str]:
    """Return the names of the tables that a form refers to itself."""
    if isinstance(form, list):
        return [name for part in form for name in _referred(part)]
    if not isinstance(form, dict):
        return []
    own = [form["$ref"].rpartition("/")[2]] if "$ref" in form else []
    parts = (form.get(word) for word in ("items", "anyOf", "prefixItems", "additionalProperties"))
    return [*own, *(name for part in parts for name in _referred(part))]


def told(name: str, key: Mapping[str, Any], definitions: Mapping[str, Any], *, required: bool) -> str:
    """Write what a key means, its form, its unit and its default."""
    form = form_of(key, definitions)
    parts = [f"{name}:" if required else f"{name} (optional):"]
    parts += [key["description"]] if "description" in key else []
    parts += [f"{form[0].upper()}{form[1:]}."]
    parts += [f"Unit: {key['x-unit']}."] if "x-unit" in key else []
    parts += [f"Default: {default}."] if (default := default_of(key)) else []
    return " ".join(parts)


def default_of(key: Mapping[str, Any]) -> str:
    """Return the default of a key in words; empty if it has none."""
    if "x-default" in key:
        return str(key["x-default"])
    default = key.get("default", "")
    return "none" if default in ([], {}) else "" if default == "" else json.dumps(default, ensure_ascii=False)


_WORDS: dict[object, tuple[str, str]] = {
    "string": ("a text", "texts"),
    "boolean": ("true or false", "truth values"),
    "null": ("null", "null"),
    "object": ("a table", "tables"),
    ("number", "string"): ("a number", "numbers"),
    ("integer", "string"): ("a whole number", "whole numbers"),
}


def form_of(form: Mapping[str, Any], definitions: Mapping[str, Any], *, many: bool = False) -> str:
    """Say in words which values a schema allows.

    Examples
    --------
    >>> form_of({"type": "array", "items": {"type": "array", "items": {"type": ["number", "string"]}}}, {})
    'a list of lists of numbers'
    >>> form_of({"anyOf": [{"type": ["integer", "string"]}, {"const": ""}]}, {}, many=True)
    'whole numbers or ""'
    """
    if "anyOf" in form:
        words = dict.fromkeys(form_of(one, definitions, many=many) for one in form["anyOf"])
        return " or ".join(words)
    if "enum" in form or "const" in form:
        words_of = [json.dumps(word) for word in form.get("enum", [form.get("const")])]
        return words_of[0] if len(words_of) == 1 else f"one of {', '.join(words_of)}"
    if "$ref" in form:
        return _WORDS["object"][many]
    kind = form.get("type")
    if kind == "array":
        inner = form_of(form["items"] if "items" in form else form["prefixItems"][0], definitions, many=True)
        one, several = ("a list", "lists") if "items" in form else ("a pair", "pairs")
        return f"{several if many else one} of {inner}"
    entries = form.get("additionalProperties")
    held = f" of {form_of(entries, definitions, many=True)}" if entries else ""
    known: object = tuple(kind) if isinstance(kind, list) else kind
    word = _WORDS.get(known, ("a value", "values"))
    return word[many] + held


def _toml(name: str, value: object, *, hidden: bool) -> list[str]:
    """Write a key and its value; tables and hidden values in one line."""
    if hidden:
        return [f"#{name} = {inline(value)}"]
    text = f"{name} = {inline(value)}" if isinstance(value, dict) else to_toml({name: value})
    return text.strip().split("\n")


def _comment(text: str, indent: int = 0) -> list[str]:
    mark = "# " + " " * indent
    return [f"{mark}{line}" for line in wrap(text, WIDTH - len(mark))]
