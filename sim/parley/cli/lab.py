"""The laboratory: `parley experiment`, `parley report` and `parley serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parley.cli.declared import Workers, whole
from parley.cli.output import echo, say
from parley.cli.shared import (
    Csv,
    Json,
    OutForce,
    Pace,
    app,
    console,
    load_problem,
    next_command,
    print_json,
    progress_bar,
    warn,
    warn_of,
)
from parley.core.errors import ParleyError
from parley.core.folders import whole_file
from parley.kit import api

ExperimentFile = Annotated[str, typer.Argument(metavar="FILE", help="Experiment file, TOML or JSON.")]
ExperimentOut = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder for the tables.  [default: build/experiments/NAME]"),
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A folder that a command wrote with --out.")]
ProblemFile = Annotated[
    str | None,
    typer.Argument(metavar="[FILE]", help="Problem file to start with, TOML or JSON; - for standard input."),
]
Port = Annotated[int, whole("--port", "Port of the page; 0 for any free port.", 0, 65535)]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Print the address, but open no browser.")]


@app.command(no_args_is_help=True)
def experiment(
    file: ExperimentFile,
    workers: Workers = 1,
    out: ExperimentOut = None,
    force: OutForce = False,  # noqa: FBT002 - a flag
    csv: Csv = False,  # noqa: FBT002 - a flag
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Run an experiment: many games while keys of a problem, bots and seeds vary.

    Problems of any kind can be swept. A kind may add populations, whose strategies spread or learn, or a
    study, whose instances are solved and not played. See docs/reference/experiments.md. Every game runs the
    real contract on the embedded EVM. If the file says so, a compiled twin plays a population's
    games, and a sample of them is compared with the EVM.

    To continue a stopped run, give the same command again: the tables are the same as without the stop.

    For example:

    - `parley experiment problems/experiments/rules.toml --workers 2`
    - `parley experiment problems/experiments/greed.toml --workers 2`
    - `parley experiment problems/experiments/value-loss.toml --workers 2`
    - `parley report build/experiments/greed`
    """
    with progress_bar() as progress:
        task, pace = progress.add_task("playing", total=None), Pace()

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)
            pace.at(done, total)

        run = api.experiment(file, out, workers=workers, force=force, progress=tell, warn=warn)
        if csv:
            from parley.kit.present.arrow import write_csv  # noqa: PLC0415 - pyarrow is slow to load

            for table in sorted(run.folder.glob("*.parquet")):
                with whole_file(table.with_suffix(".csv")) as work:
                    write_csv(table, work)
    if as_json:
        print_json(run.to_json())
        return
    console().print(run.tables())
    say(f"written: {run.folder}")
    next_command("report", run.folder)


@app.command(no_args_is_help=True)
def report(folder: Folder) -> None:
    """Make a self-contained HTML page from the output folder of experiment, simulate, audit or compare.

    A folder that holds such folders gets one page of all of them, in the order of their names.

    For example:

    - `parley report build/experiments/greed`
    """
    from parley.kit.present.page import write_page  # noqa: PLC0415 - slow to load

    if not folder.is_dir():
        is_file = folder.is_file()
        raise ParleyError(
            f"{folder}: {'a file, not a folder written with --out' if is_file else 'no such folder'}"
        )
    echo(str(write_page(folder)))


@app.command()
def serve(file: ProblemFile = None, port: Port = 0, no_browser: NoBrowser = False) -> None:  # noqa: FBT002
    """Open a live page that plays one game of any kind transaction by transaction, and then many.

    The server listens on loopback only, until you interrupt it.

    For example:

    - `parley serve problems/paper-example-1.toml`
    - `parley serve problems/assignment-cyclic.toml`
    """
    from parley.kit.live.server import serve as serve_live  # noqa: PLC0415 - aiohttp is slow to load

    given = load_problem(file) if file is not None else None

    def announce(address: str) -> None:
        if given is not None:
            warn_of(given)
        echo(address)

    serve_live(given, port=port, open_browser=not no_browser, announce=announce)
