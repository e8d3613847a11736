"""`parley init` and `parley schema`: what files may say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parley.cli.output import echo, echo_bytes, say
from parley.cli.shared import app, print_json, write_text
from parley.kit.registry import kinds

KINDS = f"{', '.join(kinds())} or experiment"

Kind = Annotated[str, typer.Argument(metavar="KIND", help=f"{KINDS[0].upper()}{KINDS[1:]}.")]
Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Output file.  [default: standard output]")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]
Example = Annotated[
    str | None, typer.Option("--example", metavar="NAME", help="Write this ready file instead; see --list.")
]
List = Annotated[bool, typer.Option("--list", help="List the ready files of this kind, and write nothing.")]


@app.command(no_args_is_help=True)
def init(
    kind: Kind,
    name: Example = None,
    out: Out = None,
    force: Force = False,  # noqa: FBT002 - a flag
    listed: List = False,  # noqa: FBT002 - a flag
) -> None:
    """Write a commented problem file or experiment file to begin with.

    The file has every key with its meaning, unit and default, and can be used as it is. Optional keys are
    commented out.

    For example:

    - `parley init coordination --out mine.toml`
    - `parley init assignment --list`
    - `parley init assignment --example assignment-seminars --out mine.toml`
    - `parley init experiment --out mine-experiment.toml`
    """
    from parley.kit.files.kinds import example, examples, file_template  # noqa: PLC0415 - tables are slow to load

    if listed:
        for ready in examples(kind):
            echo(ready)
        return
    text = file_template(kind) if name is None else example(kind, name)
    if out is None:
        echo_bytes(text.encode())  # UTF-8 like all files, in any terminal
        return
    write_text(out, text, force=force)
    say(f"written: {out}")


@app.command(no_args_is_help=True)
def schema(kind: Kind) -> None:
    """Print the JSON Schema (draft 2020-12) of problem files of a kind, or of experiment files.

    Editors use it to complete and check files. A JSON file names it in the key `$schema`, which Parley
    ignores; a TOML file in its first line: `#:schema ./coordination.schema.json`.

    For example:

    - `parley schema coordination > coordination.schema.json`
    """
    from parley.kit.files.kinds import file_schema  # noqa: PLC0415 - tables are slow to load

    print_json(file_schema(kind))
