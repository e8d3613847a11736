"""The command ``parley``: parses, calls, prints."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typer.core import TyperGroup

from sim import problemfile
from sim.coordination import simulation, solution
from sim.coordination import verify as verification
from sim.errors import ParleyError, ProblemError, one_line
from sim.report.run import RunFolder
from sim.report.simulation import simulation_tables
from sim.report.solution import solution_tables
from sim.report.verification import verification_tables

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

    A problem file (TOML or JSON) states who has contracted on which tasks, who could do them and at what
    cost. Every command prints tables, or with --json one JSON object. Exit status: 0 done, 1 a check did not
    hold, 2 bad input.
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


Games = Annotated[int, typer.Option(min=1, help="How many games to play.")]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same games, on either EVM and for any workers.")]
Machine = Annotated[
    Literal["revm", "py-evm"], typer.Option(help="The fast embedded EVM, or the reference one.")
]
BotNames = Annotated[
    str,
    typer.Option(
        metavar="NAME[,NAME…]",
        help="One for all, or one per agent: equilibrium, greedy, minimal, stubborn[:share], random, "
        "withholder, silent:PHASE (joining, announcing, revealing, proposing, responding).",
    ),
]
Workers = Annotated[int, typer.Option(min=1, help="Processes to spread the games over.")]
Cluster = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Play on the workers of this Dask scheduler instead.")
]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write games.parquet, simulation.json and pictures there.")
]
Check = Annotated[
    bool, typer.Option("--check", help="Exit 1 if some |z| > 4.5 or the p-value is below 1e-6.")
]


@app.command(no_args_is_help=True)
def simulate(  # noqa: PLR0913, PLR0917 - one for each option
    file: File,
    games: Games = 1000,
    seed: Seed = 0,
    evm: Machine = "revm",
    bots: BotNames = "equilibrium",
    workers: Workers = 1,
    cluster: Cluster = None,
    out: Out = None,
    check: Check = False,  # noqa: FBT002 - a flag
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Play it: real contracts on a real EVM, with bots, and compare what was paid with theory.

    Some of the games, one of every kind of path among them, are replayed on the other EVM; the exit status is
    1 if anything differs there.

    For example:

    - `parley simulate problems/paper-example-1.toml --games 2000 --seed 1`
    - `parley simulate problems/support-desk.toml --bots greedy,equilibrium,equilibrium --out build/desk`
    - `parley simulate problems/paper-example-1.toml --bots random --evm py-evm --games 20 --json`
    """
    problem = problemfile.load(file)
    problem.check_playable(file)
    with ExitStack() as stack:
        folder = stack.enter_context(RunFolder(out, problem)) if out is not None else None
        progress = stack.enter_context(progress_bar())
        task = progress.add_task("playing", total=games)
        try:
            run = simulation.simulate(
                problem,
                games=games,
                seed=seed,
                evm=evm,
                bots=bots.split(","),
                workers=workers,
                cluster=cluster,
                progress=lambda done: progress.advance(task, done),
                record=folder.record if folder is not None else None,
            )
        except ProblemError as error:
            raise error.in_file(file) from None
        if folder is not None:
            folder.finish(run)
    if as_json:
        print_json(run.to_json())
    else:
        console().print(simulation_tables(run))
        if folder is not None:
            console().print(f"written: {folder.path}/games.parquet, simulation.json, costs.png, costs.svg")
    if not run.cross_check.identical or (check and not run.comparison.holds):
        raise typer.Exit(1)


Node = Annotated[str, typer.Option("--evm", metavar="URL", help="The node to read from.")]
DeploymentFile = Annotated[
    Path,
    typer.Option("--deployment", metavar="FILE", help="Where the contracts stand, as written by deploy."),
]
EveryBlock = Annotated[
    bool,
    typer.Option(
        "--every-block", help="Read every block: also finds calls that emit nothing. For local nodes."
    ),
]


@app.command(no_args_is_help=True)
def verify(
    evm: Node,
    deployment: DeploymentFile,
    every_block: EveryBlock = False,  # noqa: FBT002 - a flag
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Replay every game of a deployed contract from the outside, and check everything that happened.

    Calldata and events are replayed against the reference model: who may call when and with how much money,
    every announcement and recognition fraction, every reveal, every draw made again from the revealed
    secrets, proposals, answers, settlements and payments. The contract's state only confirms what comes out.

    Across games, first proposers and first continuations are tested against their stated probabilities,
    which differ from game to game: exact Poisson-binomial tails, one test per seat, combined by Bonferroni;
    fails at p < 1e-6.

    Exit status: 0 it holds, 1 it does not, 2 nobody at the URL, another chain, or no contract there.

    For example:

    - `parley verify --evm http://127.0.0.1:8545 --deployment build/deployment.json`
    """
    book = verification.read_book(deployment)
    history = verification.open_history(evm, book, every_block=every_block)
    with progress_bar() as progress:
        task = progress.add_task("reading blocks", total=None)
        found = verification.verify(
            history, book, lambda done, total: progress.update(task, completed=done, total=total)
        )
    if as_json:
        print_json(found.to_json())
    else:
        console().print(verification_tables(found))
    if not found.holds:
        raise typer.Exit(1)


def progress_bar() -> Progress:
    """Return a progress bar on standard error, seen only where somebody is looking."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def main() -> None:
    """Run the command."""
    app(prog_name="parley")


if __name__ == "__main__":
    main()
