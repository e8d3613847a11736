"""The command ``parley``: parses, calls, prints."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from sim import problemfile
from sim.coordination import solution
from sim.errors import ParleyError, ProblemError, one_line
from sim.report.solution import solution_tables

BAD_INPUT = 2


class _OneLineErrors(TyperGroup):
    """Bad input ends in one line on standard error and exit status 2, whoever calls the command."""

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 - the signature of its base
        standalone = extra.get("standalone_mode", True)
        extra["standalone_mode"] = False
        if not standalone:
            return super().main(*args, **extra)
        try:
            status = super().main(*args, **extra)
        except ParleyError as error:
            _complain(str(error))
            sys.exit(BAD_INPUT)
        except typer.Abort:
            _complain("aborted")
            sys.exit(1)
        except Exception as error:
            # A usage error: its class lives elsewhere in another release of typer, what it carries does not.
            explain = getattr(error, "format_message", None)
            if explain is None:
                raise
            if explain():  # empty where the help has just been printed instead
                _complain(f"{explain()} (see parley --help)")
            sys.exit(BAD_INPUT)
        sys.exit(status if isinstance(status, int) else 0)


def _complain(text: str) -> None:
    encoding = sys.stderr.encoding or "utf-8"
    typer.echo(one_line(text).encode(encoding, "backslashreplace").decode(encoding), err=True)


def print_json(value: dict[str, Any]) -> None:
    """Print the one JSON object that a command with ``--json`` answers with."""
    typer.echo(json.dumps(value, allow_nan=False))


def console() -> Console:
    """Where tables go. Names out of problem files are shown as they are."""
    return Console(markup=False, emoji=False, highlight=False)


app = typer.Typer(
    name="parley",
    cls=_OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

File = Annotated[str, typer.Argument(metavar="FILE", help="Problem file, TOML or JSON.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object; exact numbers are strings.")]
Exact = Annotated[bool, typer.Option("--exact", help="Fractions beyond 64 agents too.")]


@app.callback()
def parley() -> None:
    """Task-allocation mechanisms: what theory says, and what happens when real contracts are played.

    A problem file (TOML or JSON) states who has contracted on which tasks, who could do them, and at what
    cost. Every command prints tables, or with --json one JSON object. Exit status: 0 done, 1 a check did not hold,
    2 bad input.
    """


@app.command(no_args_is_help=True)
def solve(file: File, as_json: Json = False, exact: Exact = False) -> None:  # noqa: FBT002 - flags
    """Say what theory says: the cost-effective allocation and the equilibrium of the bargaining.

    Everything is exact: allocations are optimal in whole units; probabilities, expected costs, thresholds and
    proposals are fractions.

    For example:

    - `parley solve problems/paper-example-1.toml`
    - `parley solve problems/support-desk.toml --json`
    """
    problem = problemfile.load(file)
    try:
        solved = solution.solve(problem, exact=exact)
    except ProblemError as error:
        raise error.in_file(file) from None
    if as_json:
        print_json(solved.to_json())
        return
    out = console()
    for table in solution_tables(solved):
        out.print(table)


def main() -> None:
    """Run the command."""
    app(prog_name="parley")


if __name__ == "__main__":
    main()
