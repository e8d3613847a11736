"""Problem files out of other people's files: `parley import`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parley.cli.output import echo, echo_bytes
from parley.cli.shared import app, complain, print_json
from parley.core.errors import ParleyError, ProblemError, one_line
from parley.core.folders import whole_file
from parley.core.limits import MAX_GAMES
from parley.kit import problemfile
from parley.mechanisms.assignment.csvfile import read_csv
from parley.mechanisms.assignment.preflib import read_preflib
from parley.mechanisms.assignment.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

importers = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(importers, name="import")


@importers.callback()
def import_problem() -> None:
    """Make an assignment problem of a file of preferences.

    It is written as TOML, to standard output or with --out into a file. Nothing is changed: what an agent
    does not rank it does not want. What is no error but perhaps not what was meant is said on standard error.
    """


Orders = Annotated[str, typer.Argument(metavar="FILE", help="A PrefLib file: .soc, .soi, .toc or .toi.")]
Lines = Annotated[str, typer.Argument(metavar="FILE", help="A CSV file with a line for each agent.")]
OrderCapacities = Annotated[
    str | None,
    typer.Option(
        "--capacities",
        metavar="FILE",
        help="How many agents may get each item: a CSV file, items in the first column, and a column "
        "capacity; or a .dat file of PrefLib's supervisors, whose projects are there once, or not at all if "
        "the supervisor takes nobody. Without it, every item is there once.",
    ),
]
Capacities = Annotated[
    str | None,
    typer.Option(
        "--capacities",
        metavar="FILE",
        help="A CSV file, items in the first column, and a column capacity. Without it, every item is there "
        "once.",
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select", metavar="COLUMN=VALUE", help="Read only lines with this value; may be given again."
    ),
]
Seats = Annotated[
    int | None,
    typer.Option(
        min=1, max=MAX_GAMES, help="Scale capacities down, in proportion, to so many places in all."
    ),
]
Rule = Annotated[
    str,
    typer.Option(
        help="serial-dictatorship, probabilistic-serial, boston; with utilities also welfare, pseudo-market."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write there; as JSON if it ends in .json.  [default: standard output]"
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there already.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the problem as one JSON object.")]


@importers.command("preflib", no_args_is_help=True)
def preflib(
    file: Orders,
    capacities: OrderCapacities = None,
    rule: Rule = "serial-dictatorship",
    out: Out = None,
    force: Force = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Read orders from a file of PrefLib's (preflib.org): .soc, .soi, .toc or .toi.

    A .toc made of a .soi has all that was unranked tied in the end: everybody then wants everything.

    For example:

    - `parley import preflib 00038-00000004.soi --capacities 00038-00000004.dat --out projects.toml`
    - `parley solve projects.toml`
    """
    notes: list[str] = []
    mapping = read_preflib(file, capacities=capacities, rule=rule, warn=notes.append)
    _give(mapping, file, notes, out, force=force, as_json=as_json)


@importers.command("csv", no_args_is_help=True)
def csv(
    file: Lines,
    capacities: Capacities = None,
    select: Select = None,
    seats: Seats = None,
    rule: Rule = "serial-dictatorship",
    out: Out = None,
    force: Force = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Read rankings or points from a CSV file with a line for each agent, its name in the first column.

    Columns rank1, rank2, … name items, best first. Without such columns, every column is an item, and holds
    the agent's points for it: utilities, nothing where it does not want the item.

    For example:

    - `parley import csv valuations.csv --capacities courses.csv --seats 26 --out courses.toml`
    - `parley import csv projects.csv --select year=2010-11 --rule boston`
    """
    chosen = {}
    for text in select or ():
        column, equals, value = text.partition("=")
        if not equals or column in chosen:
            raise ParleyError(f"--select: {text!r} is not COLUMN=VALUE, or the column stands twice")
        chosen[column] = value
    notes: list[str] = []
    try:
        mapping = read_csv(
            file, capacities=capacities, select=chosen, seats=seats, rule=rule, warn=notes.append
        )
    except ProblemError as error:
        raise (error if error.file else error.in_file(file)) from None
    _give(mapping, file, notes, out, force=force, as_json=as_json)


def _give(
    mapping: Mapping[str, Any], file: str, notes: list[str], out: Path | None, *, force: bool, as_json: bool
) -> None:
    """Write a problem that was read where it is wanted, if it is one."""
    Problem.from_mapping(mapping, file)
    text = json.dumps(mapping, indent=1, ensure_ascii=False) + "\n"
    if out is None or out.suffix.lower() != ".json":
        text = f"# Imported from {one_line(Path(file).name)}.\n\n{problemfile.to_toml(mapping)}"
    if out is not None:
        _write(out, text, force=force)
    for note in notes:
        complain(f"{file}: note: {note}")
    if as_json:
        print_json(mapping)
    elif out is None:
        # As all problem files: in UTF-8, whatever the terminal's encoding.
        echo_bytes(text.encode())
    else:
        echo(f"written: {out}")


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write a file, over another one only if that is wanted."""
    if not path.parent.is_dir():
        raise ParleyError(f"--out: there is no folder {path.parent}")
    try:
        with whole_file(path, over=force) as work:
            work.write_text(text, encoding="utf-8")
    except FileExistsError:
        raise ParleyError(f"--out: {path} is there already; --force writes over it") from None
