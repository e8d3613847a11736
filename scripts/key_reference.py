"""Write docs/reference/problem-files.md: every key of every problem file and experiment file.

python scripts/key_reference.py        # a test holds the page
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from parley.core.problemfile import inline
from parley.kit.files.kinds import EXPERIMENT, file_kinds, file_schema
from parley.kit.files.template import default_of, form_of, tables_in
from parley.kit.files.texts import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "problem-files.md"

HEAD = """# Problem files and experiment files

`python scripts/key_reference.py` makes this page from the keys that the mechanisms declare.

A file is TOML or JSON, with the same keys. Its key `kind` says what it holds. A number is an integer, a
decimal (read exactly: 0.9 is 9/10) or a fraction in quotes, such as `"9/10"`. Unknown keys are errors. A key
with a dot is inside a table: `names.agents`.

`parley init KIND` writes a commented file to begin with, and `parley schema KIND` prints these keys as a JSON
Schema. Editors find the schema by the key `$schema` of a JSON file, or by the first line of a TOML file,
`#:schema ./coordination.schema.json`; Parley ignores both.

In the tables, examples are TOML. A default in italics is computed.
"""
COLUMNS = ("key", "meaning", "value", "unit", "default", "example")


def page() -> str:
    """Make the page."""
    parts = [HEAD]
    for kind in file_kinds():
        parts += [f"## {'Experiments' if kind == EXPERIMENT else kind}\n", *_of_kind(kind)]
    return "\n".join(parts)


def _of_kind(kind: str) -> Iterator[str]:
    """Write about the files of a kind."""
    schema = file_schema(kind)
    definitions = schema["$defs"]
    yield f"{schema['title']}.\n"
    roots = [one["$ref"].rpartition("/")[2] for one in schema.get("anyOf", [schema])]
    for root in roots:
        table = definitions[root]
        if len(roots) > 1:
            yield f"### {name_of(table['description'])}\n"
            yield f"{table['description']}\n"
        yield _rows(table, definitions)
        for name, key in table["properties"].items():
            for path, inner in tables_in(name, key, definitions):
                yield f"{'####' if len(roots) > 1 else '###'} `{path}`{_with(inner)}\n"
                yield f"{inner['description']}\n"
                yield _rows(inner, definitions)


def _with(table: Mapping[str, Any]) -> str:
    """Return the word that distinguishes a table."""
    words = [
        f' with `{name} = "{key["const"]}"`' for name, key in table["properties"].items() if "const" in key
    ]
    return words[0] if words else ""


def _rows(table: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Write the keys of a table as a Markdown table."""
    lines = [COLUMNS, ("---",) * len(COLUMNS)]
    for name, key in table["properties"].items():
        if name == "$schema":
            continue
        examples = [key["const"]] if "const" in key else key.get("examples", [])
        default = default_of(key)
        lines.append(
            (
                f"`{name}`",
                key.get("description") or definitions.get(_of(key), {}).get("description", ""),
                form_of(key, definitions),
                key.get("x-unit", ""),
                "required" if name in table.get("required", ()) else _default(key, default),
                f"`{inline(examples[0])}`" if examples else "",
            )
        )
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def _of(key: Mapping[str, Any]) -> str:
    """Return the name of the table that a key holds."""
    return str(key.get("$ref", "")).rpartition("/")[2]


def _default(key: Mapping[str, Any], default: str) -> str:
    return "" if not default else f"*{default}*" if "x-default" in key else f"`{default}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
