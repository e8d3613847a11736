"""The command ``parley``: parses, calls, prints."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typer.core import TyperGroup

from sim import problemfile
from sim.chain.evm import is_url, open_evm
from sim.coordination import addressbook, demonstration, simulation, solution
from sim.coordination import audit as auditing
from sim.coordination import verify as verification
from sim.coordination.counterexamples import Unimplemented
from sim.coordination.custom import recognition_named
from sim.coordination.play import CONTRACTS, RECOGNITION_CONTRACTS
from sim.errors import ParleyError, ProblemError, one_line
from sim.report.audit import audit_tables, write_audit
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
    deployment: PlayedOn = None,
    bots: BotNames = "equilibrium",
    workers: Workers = 1,
    cluster: Cluster = None,
    out: Out = None,
    check: Check = False,  # noqa: FBT002 - a flag
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Play it: real contracts on a real EVM, with bots, and compare what was paid with theory.

    Some of the games, one of every kind of path among them, are replayed on the other EVM; the exit status is
    1 if anything differs there. A node's games are played side by side, by accounts of Parley's own that the
    node's first account funds, and replayed on revm with the node's chain id and addresses.

    For example:

    - `parley simulate problems/paper-example-1.toml --games 2000 --seed 1`
    - `parley simulate problems/support-desk.toml --bots greedy,equilibrium,equilibrium --out build/desk`
    - `parley simulate problems/paper-example-1.toml --bots random --evm py-evm --games 20 --json`
    - `parley simulate problems/paper-example-1.toml --evm http://127.0.0.1:8545 --games 200`
    """
    if evm not in simulation.OTHER and not is_url(evm):
        raise ParleyError(f"--evm: no EVM is called {evm!r}: revm and py-evm are, or the URL of a node")
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
                deployment=deployment,
                bots=bots.split(","),
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
        console().print(simulation_tables(run))
        if folder is not None:
            console().print(f"written: {folder.path}/games.parquet, simulation.json, costs.png, costs.svg")
    if not run.cross_check.identical or (check and not run.comparison.holds):
        raise typer.Exit(1)


Recognition = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE.py:FUNCTION",
        help="Audit this recognition function instead of the problem's own. A Python file is run.",
    ),
]
Contract = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.sol", help="The contract of a function of one's own: held against it, and played with."
    ),
]
Searched = Annotated[int, typer.Option(min=1, help="Random problems to search for counterexamples.")]
AuditSeed = Annotated[int, typer.Option(min=0, help="Of that search, and of the games that are played.")]
AuditGames = Annotated[
    int,
    typer.Option(min=0, help="Games to play a manipulation with, and as many without; 0 for none."),
]
AuditOut = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Also write JSON, witnesses as problem files, and pictures there."),
]
CheckAxioms = Annotated[
    bool, typer.Option("--check", help="Exit with 1 if an axiom does not hold, or somebody gains alone.")
]


@app.command(no_args_is_help=True)
def audit(  # noqa: PLR0913, PLR0917 - one for each option
    file: File,
    recognition: Recognition = None,
    contract: Contract = None,
    problems: Searched = auditing.PROBLEMS,
    seed: AuditSeed = 1,
    games: AuditGames = 400,
    out: AuditOut = None,
    check: CheckAxioms = False,  # noqa: FBT002 - a flag
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Say which axioms a recognition function satisfies, and what a deviator gains.

    Three axioms, over all problems of the special domain: cost-effective implementation (equilibrium
    announcements cost least), consistency (the other agents' shares stay as they are when the first one is
    settled and its excess passed on) and top-agent proportionality (the first agent's probability is its
    share of the contracts). Where one fails, a whole counterexample is found and shown. A game in which an
    agent gains by an announcement that is not cost-effective is built, and played on the embedded EVM.

    In the problem itself: all equilibria, if its game is small enough, and what every agent and every pair of
    agents could gain by announcing otherwise.

    A function of one's own is FILE.py:FUNCTION. With one parameter, a turn, it returns a numerator and a
    denominator, as the contract does; with three (announced, contracted, capacity) it returns probabilities.

    For example:

    - `parley audit problems/paper-example-1.toml`
    - `parley audit problems/paper-example-1.toml --recognition reordered --json`
    - `parley audit mine.toml --recognition mine.py:fraction --contract Mine.sol --out build/audit`
    """
    if contract is not None and recognition is None:
        raise ParleyError("--contract: whose? --recognition FILE.py:FUNCTION says so")
    function = recognition_named(recognition) if recognition is not None else None
    problem = problemfile.load(file)
    if function is not None and contract is not None:
        demonstration.check_contract(function, contract)
    with progress_bar() as progress:
        task = progress.add_task("", total=None)
        try:
            found = auditing.audit(
                problem,
                function,
                problems=problems,
                seed=seed,
                progress=lambda what, done, total: progress.update(
                    task, description=what, completed=done, total=total
                ),
            )
        except ProblemError as error:
            raise error.in_file(file) from None
        played = _demonstrated(found, contract, games, seed, progress)
    report = found.to_json() | {"played": None if played is None else played.to_json()}
    written = write_audit(out, found, report) if out is not None else []
    if as_json:
        print_json(report)
    else:
        console().print(audit_tables(found, played))
        if out is not None:
            console().print(f"written: {out}/{', '.join(written)}")
    if check and not found.holds:
        raise typer.Exit(1)


def _demonstrated(
    found: auditing.Audit, contract: Path | None, games: int, seed: int, progress: Progress
) -> demonstration.Demonstration | None:
    """Play the manipulation that was found, if there is one and something to play it with."""
    witness = found.axioms[auditing.IMPLEMENTATION].witness
    if not games or not isinstance(witness, Unimplemented):
        return None
    if contract is None and found.function.name not in RECOGNITION_CONTRACTS:
        return None
    task = progress.add_task("playing the manipulation", total=2 * games)
    return demonstration.demonstrate(
        witness.game,
        found.function,
        contract=contract,
        games=games,
        seed=seed,
        progress=lambda done: progress.advance(task, done),
    )


DeployTo = Annotated[str, typer.Option("--evm", metavar="URL", help="The node to deploy to.")]
DeploymentOut = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The deployment file.  [default: deployments/CHAIN.json]"),
]


@app.command()
def deploy(
    evm: DeployTo = "http://127.0.0.1:8545",
    out: DeploymentOut = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Put the contracts on a node's chain and write the deployment file; or, if it is there, check it.

    They are created from Parley's own deployer, whose key is known to everybody and who has no rights in
    them; the node's first account pays. When the file is there already, nothing is deployed: the code at its
    addresses is held against what it says, and against what these sources compile to.

    Exit status: 0 done, 1 a contract is not what the file says, 2 nobody at the URL, another chain's file, or
    one that cannot be read or written.

    For example:

    - `parley deploy`
    - `parley deploy --evm http://127.0.0.1:8545 --out build/deployment.json`
    """
    # Imported when needed: web3 takes a second to load.
    from sim.chain.compiler import compile_contracts  # noqa: PLC0415 - as above
    from sim.chain.deployments import CodeError, deploy_once  # noqa: PLC0415 - as above

    if not is_url(evm):
        raise ParleyError(f"--evm: {evm!r} is not the URL of a node: http://HOST:PORT is")
    try:
        file, deployed = deploy_once(open_evm(evm), out, compile_contracts(), CONTRACTS)
    except CodeError as error:
        _complain(str(error))
        raise typer.Exit(1) from None
    if as_json:
        print_json({"file": str(file.path), "deployed": deployed, **file.content})
        return
    for name, address in file.addresses.items():
        typer.echo(f"{address}  {name}")
    where = f"chain {file.chain_id}"
    typer.echo(
        f"deployed to {where}, written to {file.path}"
        if deployed
        else f"stands on {where} as {file.path} says: nothing was deployed"
    )


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
    book = addressbook.read_book(deployment)
    history = addressbook.open_history(evm, book, every_block=every_block)
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
