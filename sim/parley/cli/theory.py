"""`parley solve` and `parley audit`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parley.cli.declared import declared, describe, own_options, with_options
from parley.cli.output import say
from parley.cli.shared import (
    Exact,
    File,
    Json,
    OutForce,
    app,
    console,
    load_problem,
    next_command,
    print_json,
    progress_bar,
    warn_of,
)
from parley.core.folders import RUN, commit_folder, whole_folder, write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress

AuditOut = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Also write JSON, problem files and pictures to this folder."),
]
Check = Annotated[
    bool,
    typer.Option(
        "--check", help="Exit with 1 if an axiom or property is refuted, or one agent alone can gain."
    ),
]


def _teller(progress: Progress) -> Callable[[str, int, int | None], None]:
    """Return a callback that shows progress in a progress bar."""
    task = progress.add_task("", total=None)

    def tell(what: str, done: int, total: int | None) -> None:
        progress.update(task, description=what, completed=done, total=total)

    return tell


@app.command(
    no_args_is_help=True,
    help=describe("solve", "Compute the exact equilibrium or assignment."),
)
@with_options(declared("solve"))
def solve(
    file: File,
    exact: Exact = False,  # noqa: FBT002 - a flag
    as_json: Json = False,  # noqa: FBT002 - a flag
    **given: object,  # what mechanisms declare
) -> None:
    """Compute the exact equilibrium or assignment."""
    problem = load_problem(file)
    options = own_options(problem.kind, "solve", given, exact=exact)
    with progress_bar() as progress:
        solved = problem.solve(tell=_teller(progress), **options)
    warn_of(problem)
    if as_json:
        print_json(solved.to_json())
        return
    out = console()
    for table in solved.tables(exact=exact):
        out.print(table)


@app.command(
    no_args_is_help=True,
    help=describe("audit", "Check which properties hold, with witnesses, and who can gain by deviating."),
)
@with_options(declared("audit"))
def audit(
    file: File,
    out: AuditOut = None,
    force: OutForce = False,  # noqa: FBT002 - a flag
    check: Check = False,  # noqa: FBT002 - a flag
    exact: Exact = False,  # noqa: FBT002 - a flag
    as_json: Json = False,  # noqa: FBT002 - a flag
    **given: object,  # what mechanisms declare
) -> None:
    """Check which properties hold, with witnesses, and who can gain by deviating."""
    problem = load_problem(file)
    options = own_options(problem.kind, "audit", given)
    with ExitStack() as stack:
        work, made = None, {}
        if out is not None:
            from parley.kit.present.run import made_by  # noqa: PLC0415 - pyarrow is slow to load

            made = made_by("audit", problem, options)
            work = stack.enter_context(whole_folder(out, None if force else made))
        progress = stack.enter_context(progress_bar())
        found = problem.audit(tell=_teller(progress), **options)
        written = []
        if out is not None and work is not None:
            write_json(work / RUN, made)
            written = [*found.write(work), RUN]
            commit_folder(out)
    warn_of(problem)
    if as_json:
        print_json(found.to_json())
    else:
        for table in found.tables(exact=exact):
            console().print(table)
        if out is not None:
            say(f"written: {out}/{', '.join(written)}")
        next_command(*(("simulate", file) if out is None else ("report", out)))
    if check and not found.holds:
        raise typer.Exit(1)
