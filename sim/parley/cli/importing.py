"""`parley import`: problem files from other formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parley.cli.declared import with_options
from parley.cli.output import echo_bytes, say
from parley.cli.shared import app, print_json, remark, write_text
from parley.core import problemfile
from parley.core.errors import naming, one_line
from parley.kit.options import Given, only_given
from parley.kit.registry import mechanisms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.kit.declared import Format
    from parley.kit.mechanism import AnyMechanism

importers = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(importers, name="import")


@importers.callback()
def import_problem() -> None:
    """Make a problem file from a public data format.

    The file is TOML; it goes to standard output, or to the file of --out. Items that an agent does not rank
    are items that it does not want. Notes about unusual data go to standard error.
    """


Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Output file; JSON if it ends in .json.  [default: standard output]"),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the problem as one JSON object.")]


def _add(one: AnyMechanism, form: Format) -> None:
    """Add the command of a format."""
    file_argument = Annotated[str, typer.Argument(metavar="FILE", help=form.file)]

    def read(
        file: file_argument,
        out: Out = None,
        force: Force = False,  # noqa: FBT002 - a flag
        as_json: AsJson = False,  # noqa: FBT002 - a flag
        **given: object,  # what the format declares
    ) -> None:
        notes: list[str] = []
        options = Given(form.options, only_given(given))
        with naming(file):
            mapping = form.read(file, **options.values, warn=notes.append)
        one.problem(mapping, file)
        _give(mapping, file, notes, out, force=force, as_json=as_json)

    read.__annotations__["file"] = file_argument
    examples = "\n".join(f"- `{example}`" for example in form.description.examples)
    importers.command(
        form.name, no_args_is_help=True, help=f"{form.description.text}\n\nFor example:\n\n{examples}"
    )(with_options(("", option) for option in form.options)(read))


for _mechanism in mechanisms():
    for _format in _mechanism.formats:
        _add(_mechanism, _format)


def _give(
    mapping: Mapping[str, object],
    file: str,
    notes: list[str],
    out: Path | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write an imported problem to a file or to standard output."""
    text = json.dumps(mapping, indent=1, ensure_ascii=False) + "\n"
    if out is None or out.suffix.lower() != ".json":
        text = f"# Imported from {one_line(Path(file).name)}.\n\n{problemfile.to_toml(mapping)}"
    if out is not None:
        write_text(out, text, force=force)
    for note in notes:
        remark(f"{file}: note: {note}")
    if as_json:
        print_json(mapping)
    elif out is None:
        # UTF-8 like all problem files, in any terminal.
        echo_bytes(text.encode())
    else:
        say(f"written: {out}")
