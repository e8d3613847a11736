"""`parley compare`: several rules or functions on one problem."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from parley.cli.declared import declared, describe, own_options, whole, with_options
from parley.cli.output import say
from parley.cli.shared import (
    Exact,
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
from parley.core.limits import MAX_GAMES
from parley.kit.registry import mechanisms

ACROSS = [name for one in mechanisms() for name in one.across]

Files = Annotated[
    list[str], typer.Argument(metavar="FILE…", help="Problem files of one kind; - for standard input.")
]
Across = Annotated[
    str | None,
    typer.Option(metavar="|".join(ACROSS), help="What is compared.  [default: the kind's first]"),
]
Games = Annotated[int, whole("--games", "Games to play of each, to measure gas; 0 for none.", 0, MAX_GAMES)]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Also write JSON and a picture to this folder.")
]


@app.command(
    no_args_is_help=True,
    help=describe(
        "compare",
        "Compare rules or recognition functions on a problem: efficiency, fairness, manipulability and gas.",
        "Several problems of one kind are shown below each other.",
    ),
)
@with_options(declared("compare"))
def compare(
    files: Files,
    across: Across = None,
    games: Games = 1,
    out: Out = None,
    force: OutForce = False,  # noqa: FBT002 - a flag
    exact: Exact = False,  # noqa: FBT002 - a flag
    as_json: Json = False,  # noqa: FBT002 - a flag
    **given: object,  # what mechanisms declare
) -> None:
    """Compare rules or recognition functions on a problem."""
    from parley.kit.comparison import compare as compare_all  # noqa: PLC0415 - slow to load
    from parley.kit.present.run import made_by  # noqa: PLC0415 - as above
    from parley.kit.present.style import save_all  # noqa: PLC0415 - as above
    from parley.kit.results import Result  # noqa: PLC0415 - as above

    problems = [load_problem(file) for file in files]
    options = own_options(problems[0].kind, "compare", given)
    made = made_by("compare", problems, {"across": across, "games": games, **options})
    written: list[str] = []
    with ExitStack() as stack:
        work = None if out is None else stack.enter_context(whole_folder(out, None if force else made))
        progress = stack.enter_context(progress_bar())
        task = progress.add_task("", total=None)

        def tell(what: str, done: int, total: int | None) -> None:
            progress.update(task, description=what, completed=done, total=total)

        found = compare_all(problems, across, games=games, options=options, tell=tell)
        shown = Result(found, found.sheet)
        if out is not None and work is not None:
            write_json(work / "comparison.json", found.to_json())
            write_json(work / RUN, made)
            written = ["comparison.json", RUN, *save_all(work, shown.pictures())]
            commit_folder(out)
    for problem in problems:
        warn_of(problem)
    if as_json:
        print_json(found.to_json())
        return
    for table in shown.tables(exact=exact):
        console().print(table)
    if out is not None:
        say(f"written: {out}/{', '.join(written)}")
        next_command("report", out)
