"""What theory says: `parley solve` and `parley audit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim import problemfile
from sim.cli.shared import File, Json, app, console, print_json, progress_bar
from sim.coordination import audit as auditing
from sim.coordination import demonstration, solution
from sim.coordination.axioms.counterexamples import Unimplemented
from sim.coordination.axioms.custom import recognition_named
from sim.coordination.play import RECOGNITION_CONTRACTS
from sim.errors import ParleyError, ProblemError
from sim.report.coordination.audit import audit_tables, write_audit
from sim.report.coordination.solution import solution_tables

if TYPE_CHECKING:
    from rich.progress import Progress

Exact = Annotated[bool, typer.Option("--exact", help="Fractions beyond 64 agents too.")]


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
            typer.echo(f"written: {out}/{', '.join(written)}")
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
