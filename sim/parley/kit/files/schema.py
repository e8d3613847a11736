"""JSON Schemas of problem files and experiment files (draft 2020-12)."""

from __future__ import annotations

from fractions import Fraction
from inspect import getdoc
from types import FunctionType, NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from parley.core.keys import As, Keys, plain
from parley.kit.files.texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parley.core.files import JsonObject

__all__ = ["DIALECT", "schema_of"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_FRACTION = r"^\s*[+-]?(\d+\s*/\s*\d+|(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,9})?)\s*$"
NUMBER: JsonObject = {"type": ["number", "string"], "pattern": _FRACTION}
WHOLE: JsonObject = {"type": ["integer", "string"], "pattern": _FRACTION}
_SIMPLE: dict[object, JsonObject] = {
    Fraction: NUMBER,
    int: WHOLE,
    str: {"type": "string"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    Any: {},
}
_BOUNDS = {Ge: "minimum", Gt: "exclusiveMinimum", Le: "maximum", Lt: "exclusiveMaximum", MinLen: "minItems"}


def schema_of(title: str, tables: Iterable[type[Keys]]) -> JsonObject:
    """Return the JSON Schema of files with one of these tables of keys.

    Besides JSON Schema's own words, a key may have ``x-unit``, ``x-default`` (how a default is computed) and
    ``x-usual`` (true if templates set it although it is optional).

    Examples
    --------
    >>> from parley.kit.experiment.sweep import FileKeys
    >>> schema_of("Files", [FileKeys])["$defs"]["File"]["properties"]["file"]["examples"]
    ['problem.toml']
    """
    made = _Tables()
    roots = [made.refer(table) for table in tables]
    definitions = made.definitions
    for root in roots:
        # An editor adds this key to a JSON file; it is ignored.
        definitions[root["$ref"].rpartition("/")[2]]["properties"]["$schema"] = {
            "type": "string",
            "description": "The file or address of this schema, for editors; it is ignored.",
        }
    one = roots[0] if len(roots) == 1 else {"anyOf": roots}
    return {"$schema": DIALECT, "title": title, **one, "$defs": definitions}


class _Tables:
    """Makes the definitions of tables; each has a name of its own."""

    def __init__(self) -> None:
        self.definitions: dict[str, JsonObject] = {}
        self._names: dict[type[Keys], str] = {}

    def refer(self, table: type[Keys]) -> JsonObject:
        """Return the reference of a table; define it if it is new."""
        if table not in self._names:
            name = table.__name__.lstrip("_").removesuffix("Keys") or table.__name__
            taken = sum(one.rstrip("0123456789") == name for one in self.definitions)
            self._names[table] = name = f"{name}{taken + 1}" if taken else name
            self.definitions[name] = {}
            self.definitions[name].update(self._define(table))
        return {"$ref": f"#/$defs/{self._names[table]}"}

    def _define(self, table: type[Keys]) -> JsonObject:
        texts = texts_of(table)
        properties: dict[str, JsonObject] = {}
        for name, field in table.model_fields.items():
            annotation = (
                Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
            )
            form = self._form(_present(annotation) if field.default is None else annotation)
            text = texts.get(name)
            if text is not None:
                about = {"description": " ".join(text.about.split())}
                extra = {"x-unit": text.unit, "x-default": text.default, "x-usual": text.usual}
                form = form | about | {key: value for key, value in extra.items() if value}
                form |= {} if text.example is None else {"examples": [text.example]}
            default = field.get_default(call_default_factory=True)
            if default not in (PydanticUndefined, None) and not isinstance(default, Keys):
                form = form | {"default": _shown(default)}
            properties[name] = form
        required = [name for name, field in table.model_fields.items() if field.is_required()]
        return {
            "type": "object",
            "description": " ".join((getdoc(table) or "").partition("\n\n")[0].split()),
            "properties": properties,
            "additionalProperties": False,
            **({"required": required} if required else {}),
        }

    def _form(self, annotation: object) -> JsonObject:
        """Return the schema of a value of a type."""
        origin, parts = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._annotated(parts[0], parts[1:])
        if origin in (Union, UnionType):
            return {"anyOf": [self._form(one) for one in parts]}
        if origin is not None:
            return self._filled(origin, parts)
        if isinstance(annotation, type) and issubclass(annotation, Keys):
            return self.refer(annotation)
        return dict(_SIMPLE[annotation])

    def _filled(self, origin: object, parts: tuple[Any, ...]) -> JsonObject:
        """Return the schema of a list, a tuple, a dictionary, or of words."""
        if origin is Literal:
            return {"const": parts[0]} if len(parts) == 1 else {"enum": list(parts)}
        if origin is dict:
            return {"type": "object", "additionalProperties": self._form(parts[1])}
        if origin is tuple and parts[-1] is not ...:
            ends = {"minItems": len(parts), "maxItems": len(parts)}
            return {"type": "array", "prefixItems": [self._form(one) for one in parts], **ends}
        return {"type": "array", "items": self._form(parts[0])}

    def _annotated(self, annotation: object, metadata: Iterable[object]) -> JsonObject:
        marks = [
            mark
            for entry in metadata
            for mark in (entry.metadata if isinstance(entry, FieldInfo) else [entry])
        ]
        as_file = [mark.form for mark in marks if isinstance(mark, As)]
        form = as_file[-1] if as_file else annotation
        schema = self._form(form() if isinstance(form, FunctionType) else form)
        for mark in marks:
            for kind, word in _BOUNDS.items():
                if isinstance(mark, kind):
                    schema[word] = plain(_limit(mark))
        return schema


def _shown(default: object) -> object:
    """Return a default as JSON has it; a whole number is one, and no text."""
    whole = isinstance(default, Fraction) and default.denominator == 1
    return int(default) if whole else plain(default)  # type: ignore[call-overload]


def _limit(mark: object) -> object:
    """Return the one number of a bound."""
    return next(getattr(mark, name) for name in ("ge", "gt", "le", "lt", "min_length") if hasattr(mark, name))


def _present(annotation: object) -> object:
    """Leave None out of the alternatives of an optional key: a file leaves the key out instead."""
    if get_origin(annotation) is Annotated:
        first, *metadata = get_args(annotation)
        return Annotated[(_present(first), *metadata)]
    if get_origin(annotation) in (Union, UnionType):
        kept = [one for one in get_args(annotation) if one is not NoneType]
        return Union[tuple(kept)]  # noqa: UP007 - of a list
    return annotation
