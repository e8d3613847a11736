"""`parley simulate`: play games on a backend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parley.chain.urls import is_url, shown
from parley.cli.declared import Workers, declared, describe, own_options, whole, with_options
from parley.cli.output import say
from parley.cli.shared import (
    Csv,
    Exact,
    File,
    Json,
    OutForce,
    Pace,
    app,
    console,
    load_problem,
    next_command,
    print_json,
    progress_bar,
    stopping,
    warn_of,
)
from parley.core.errors import ParleyError
from parley.core.limits import MAX_CONFIRMATIONS, MAX_GAMES, MAX_SEED
from parley.kit.registry import mechanisms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.kit.protocols import PlayOptions


def _bots(bots: Mapping[str, str]) -> str:
    """List bots and what they do."""
    return "\n".join(f"- `{name}` {what}" for name, what in bots.items())


Games = Annotated[int, whole("--games", "How many games to play.", 1, MAX_GAMES)]
Seed = Annotated[
    int,
    whole(
        "--seed",
        "The same seed gives the same games, on both EVMs and for any number of workers.",
        0,
        MAX_SEED,
    ),
]
Machine = Annotated[
    str,
    typer.Option(
        metavar="revm|py-evm|URL",
        help="The backend: the fast embedded EVM, the reference EVM, or a JSON-RPC node.",
    ),
]
PlayedOn = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="On a node: use the contracts of this deployment file.  [default: deploy them first]",
    ),
]
Confirmations = Annotated[
    int | None,
    whole(
        "--confirmations",
        "On a node: blocks to wait after each step before bots react to it.  [default: 0 on development "
        "chains, 12 elsewhere]",
        0,
        MAX_CONFIRMATIONS,
    ),
]


BotNames = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[,NAME…]",
        help="One bot for all agents, or one per agent; see above.  [default: the first bot above]",
    ),
]
Cluster = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Play on the workers of this Dask scheduler.")
]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder for games.parquet, simulation.json and pictures.")
]
Check = Annotated[
    bool,
    typer.Option(
        "--check", help="Exit with 1 if play contradicts theory: an exact test has a p-value below 1e-6."
    ),
]


@app.command(
    no_args_is_help=True,
    help=describe(
        "simulate",
        "Play games with bots on real contracts in a real EVM, and compare the results with theory.",
        "\n\n".join(f"Bots for {one.kind}:\n\n{_bots(one.bots)}" for one in mechanisms())
        + "\n\nCross-check: some games, at least one of each kind of path, are replayed on the other "
        "embedded EVM; the exit status is 1 if anything differs. On a node, games are played in parallel, "
        "from Parley's own accounts, which the node's first account funds; they are replayed on revm with "
        "the node's chain id and addresses.",
    ),
)
@with_options(declared("simulate"))
def simulate(  # noqa: PLR0913, PLR0917 - one for each option
    file: File,
    games: Games = 1000,
    seed: Seed = 0,
    evm: Machine = "revm",
    deployment: PlayedOn = None,
    confirmations: Confirmations = None,
    bots: BotNames = None,
    workers: Workers = 1,
    cluster: Cluster = None,
    out: Out = None,
    force: OutForce = False,  # noqa: FBT002 - a flag
    csv: Csv = False,  # noqa: FBT002 - a flag
    check: Check = False,  # noqa: FBT002 - a flag
    exact: Exact = False,  # noqa: FBT002 - a flag
    as_json: Json = False,  # noqa: FBT002 - a flag
    **given: object,  # what mechanisms declare
) -> None:
    """Play games on an EVM, and compare the results with theory."""
    from parley.kit.play.run import OTHER  # noqa: PLC0415 - what plays is slow to load

    if evm not in OTHER and not is_url(evm):
        raise ParleyError(f"--evm: unknown EVM {shown(evm)!r}; use revm, py-evm or the URL of a node")
    problem = load_problem(file)
    options = own_options(problem.kind, "simulate", given)
    problem.problem.check_playable(problem.file)
    written: list[str] = []
    with progress_bar() as progress:
        task, pace = progress.add_task("playing", total=games), Pace()
        finished, told = 0, False

        def advance(done: int) -> None:
            nonlocal finished, told
            if not told:  # the problem, the bots and the backend are accepted
                warn_of(problem)
            finished, told = finished + done, True
            progress.advance(task, done)
            pace.at(finished, games)

        play: PlayOptions = {
            "games": games,
            "seed": seed,
            "evm": evm,
            "deployment": deployment,
            "confirmations": confirmations,
            "workers": workers,
            "cluster": cluster,
            "progress": advance,
            "options": options,
        }
        if bots is not None:
            play["bots"] = bots.split(",")
        folder = "" if out is None else f"; {out} is as it was"
        with stopping(lambda: f"stopped after {finished:,} of {games:,} games{folder}"):
            if out is None:
                run = problem.simulate(keep=False, **play)
            else:
                from parley.kit.present.run import play_into  # noqa: PLC0415 - pyarrow is slow to load

                run, written = play_into(out, problem, force=force, csv=csv, **play)
    if as_json:
        print_json(run.to_json())
    else:
        for table in run.tables(exact=exact):
            console().print(table)
        if out is not None:
            say(f"written: {out}/{', '.join(written)}")
        next_command(*(("audit", file) if out is None else ("report", out)))
    if not run.identical or (check and not run.holds):
        raise typer.Exit(1)
