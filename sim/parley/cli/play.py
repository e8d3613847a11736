"""Games on an EVM, many of them: `parley simulate`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from parley.chain.urls import is_url, shown
from parley.cli.output import echo
from parley.cli.shared import File, Json, app, console, print_json, progress_bar
from parley.core.errors import ParleyError, ProblemError
from parley.core.limits import MAX_CONFIRMATIONS, MAX_GAMES, MAX_SEED, MAX_WORKERS
from parley.kit import mechanisms, problemfile

Games = Annotated[int, typer.Option(min=1, max=MAX_GAMES, help="How many games to play.")]
Seed = Annotated[
    int,
    typer.Option(min=0, max=MAX_SEED, help="Same seed, same games, on either EVM and for any workers."),
]
Machine = Annotated[
    str,
    typer.Option(
        metavar="revm|py-evm|URL", help="The fast embedded EVM, the reference one, or a JSON-RPC node."
    ),
]
PlayedOn = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="On a node: play on this deployment. Without it, the contracts are deployed first.",
    ),
]
Confirmations = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=MAX_CONFIRMATIONS,
        help="On a node: blocks to wait after each step before bots act on it.  [default: 0 on development "
        "chains, 12 elsewhere]",
    ),
]
BotNames = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[,NAME…]",
        help="One for all, or one per agent. Coordination: equilibrium (the default), greedy, minimal, "
        "stubborn[:share], random, withholder, silent:PHASE (joining, announcing, revealing, proposing, "
        "responding). Assignment: truthful (the default), misreporting, absent[:PHASE] (committing, "
        "revealing, opening), copying.",
    ),
]
Workers = Annotated[
    int, typer.Option(min=1, max=MAX_WORKERS, help="Processes at most to spread the games over.")
]
Cluster = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Play on the workers of this Dask scheduler instead.")
]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write games.parquet, simulation.json and pictures there.")
]
Check = Annotated[
    bool,
    typer.Option(
        "--check", help="Exit 1 if play contradicts theory: an exact test has a p-value below 1e-6."
    ),
]


@app.command(no_args_is_help=True)
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
    check: Check = False,  # noqa: FBT002 - a flag
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Play it: real contracts on a real EVM, with bots, and compare what happened with theory.

    Coordination: what agents paid, against the expected costs of the equilibrium. Assignment: how often each
    agent got each item, against the exact probabilities at the rankings that were revealed.

    Some of the games, one of every kind of path among them, are replayed on the other EVM; the exit status is
    1 if anything differs there. A node's games are played side by side, by accounts of Parley's own that the
    node's first account funds, and replayed on revm with the node's chain id and addresses.

    For example:

    - `parley simulate problems/paper-example-1.toml --games 2000 --seed 1`
    - `parley simulate problems/support-desk.toml --bots greedy,equilibrium,equilibrium --out build/desk`
    - `parley simulate problems/paper-example-1.toml --bots random --evm py-evm --games 20 --json`
    - `parley simulate problems/paper-example-1.toml --evm http://127.0.0.1:8545 --games 200`
    - `parley simulate problems/assignment-bogomolnaia-moulin.toml --games 5000 --check`
    - `parley simulate problems/assignment-option-set.toml --bots truthful,absent:revealing,copying`
    """
    from parley.kit.play.run import OTHER  # noqa: PLC0415 - what plays is slow to load

    if evm not in OTHER and not is_url(evm):
        raise ParleyError(
            f"--evm: no EVM is called {shown(evm)!r}: revm and py-evm are, or the URL of a node"
        )
    problem = problemfile.load(file)
    problem.check_playable(file)
    with ExitStack() as stack:
        folder = (
            stack.enter_context(mechanisms.module_of_report(problem.kind, "run").RunFolder(out, problem))
            if out is not None
            else None
        )
        progress = stack.enter_context(progress_bar())
        task = progress.add_task("playing", total=games)
        try:
            run = mechanisms.module(problem.kind, "simulation").simulate(
                problem,
                games=games,
                seed=seed,
                evm=evm,
                deployment=deployment,
                confirmations=confirmations,
                **({} if bots is None else {"bots": bots.split(",")}),
                workers=workers,
                cluster=cluster,
                progress=lambda done: progress.advance(task, done),
                record=folder.record if folder is not None else None,
            )
        except ProblemError as error:
            # What a deployment file lacks is said of that file.
            raise (error if error.file else error.in_file(file)) from None
        if folder is not None:
            folder.finish(run)
    if as_json:
        print_json(run.to_json())
    else:
        console().print(mechanisms.module_of_report(problem.kind, "simulation").simulation_tables(run))
        if folder is not None:
            echo(f"written: {folder.path}/{', '.join(folder.files)}")
    if not run.cross_check.identical or (check and not run.comparison.holds):
        raise typer.Exit(1)
