"""Games on an EVM, many of them: `parley simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parley.chain.urls import is_url, shown
from parley.cli.declared import describe
from parley.cli.output import echo
from parley.cli.shared import File, Json, app, console, print_json, progress_bar
from parley.core.errors import ParleyError
from parley.core.limits import MAX_CONFIRMATIONS, MAX_GAMES, MAX_SEED, MAX_WORKERS
from parley.kit.registry import load, mechanisms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.kit.protocols import PlayOptions


def _bots(bots: Mapping[str, str]) -> str:
    """List bots and what they do."""
    return "; ".join(f"`{name}` {what}" for name, what in bots.items())


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
        help="One for all, or one per agent; see above.  [default: the first that is named above]",
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


@app.command(
    no_args_is_help=True,
    help=describe(
        "simulate",
        "Play it: real contracts on a real EVM, with bots, and compare what happened with theory.",
        "\n\n".join(f"Bots of {one.kind}: {_bots(one.bots)}." for one in mechanisms())
        + "\n\nSome of the games, one of every kind of path among them, are replayed on the other EVM; the "
        "exit status is 1 if anything differs there. A node's games are played side by side, by accounts of "
        "Parley's own that the node's first account funds, and replayed on revm with the node's chain id and "
        "addresses.",
    ),
)
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
    """Play games on an EVM, and compare what happened with theory."""
    from parley.kit.play.run import OTHER  # noqa: PLC0415 - what plays is slow to load

    if evm not in OTHER and not is_url(evm):
        raise ParleyError(
            f"--evm: no EVM is called {shown(evm)!r}: revm and py-evm are, or the URL of a node"
        )
    problem = load(file)
    problem.problem.check_playable(file)
    written: list[str] = []
    with progress_bar() as progress:
        task = progress.add_task("playing", total=games)
        play: PlayOptions = {
            "games": games,
            "seed": seed,
            "evm": evm,
            "deployment": deployment,
            "confirmations": confirmations,
            "workers": workers,
            "cluster": cluster,
            "progress": lambda done: progress.advance(task, done),
        }
        if bots is not None:
            play["bots"] = bots.split(",")
        if out is None:
            run = problem.simulate(keep=False, **play)
        else:
            from parley.kit.present.run import play_into  # noqa: PLC0415 - pyarrow is slow to load

            run, written = play_into(out, problem, **play)
    if as_json:
        print_json(run.to_json())
    else:
        for table in run.tables():
            console().print(table)
        if written:
            echo(f"written: {out}/{', '.join(written)}")
    if not run.identical or (check and not run.holds):
        raise typer.Exit(1)
