"""Which properties hold, and who gains by deviating: `parley audit`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parley.cli.output import echo
from parley.cli.shared import File, Json, Runs, app, console, own_options, print_json, progress_bar
from parley.core.errors import ParleyError, ProblemError
from parley.core.folders import commit_folder, whole_folder
from parley.core.limits import MAX_GAMES, MAX_SAMPLE, MAX_SEED
from parley.kit import mechanisms, problemfile

if TYPE_CHECKING:
    from rich.progress import Progress

Recognition = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE.py:FUNCTION",
        help="Audit this recognition function instead of the problem's own (coordination). "
        "A Python file is run.",
    ),
]
Contract = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.sol",
        help="The contract of a function of one's own: held against it, and played with (coordination).",
    ),
]
Searched = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MAX_SAMPLE,
        help="Random problems to search for counterexamples (coordination).  [default: 1000]",
    ),
]
AuditGames = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=MAX_GAMES,
        help="Games to play a manipulation with, and as many without; 0 for none (coordination).  "
        "[default: 400]",
    ),
]
AuditSeed = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=MAX_SEED,
        help="Coordination: of that search, and of the games that are played.  [default: 1]  "
        "Assignment: of the runs.  [default: 0]",
    ),
]
AuditOut = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Also write JSON, problem files, and pictures there."),
]
CheckAxioms = Annotated[
    bool,
    typer.Option(
        "--check", help="Exit with 1 if an axiom or a property is refuted, or somebody gains alone."
    ),
]

AUDIT_ONLY = {
    "recognition": "coordination",
    "contract": "coordination",
    "problems": "coordination",
    "games": "coordination",
    "runs": "assignment",
}
"""Which kind an option of `audit` is for."""


@app.command(no_args_is_help=True)
def audit(  # noqa: PLR0913, PLR0917 - one for each option
    file: File,
    recognition: Recognition = None,
    contract: Contract = None,
    problems: Searched = None,
    games: AuditGames = None,
    runs: Runs = None,
    seed: AuditSeed = None,
    out: AuditOut = None,
    check: CheckAxioms = False,  # noqa: FBT002 - a flag
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Say which properties hold, with witnesses, and who gains by deviating.

    Coordination: which axioms a recognition function satisfies, over all problems of the special domain:
    cost-effective implementation (equilibrium announcements cost least), consistency (the other agents'
    shares stay as they are when the first one is settled and its excess passed on) and top-agent
    proportionality (the first agent's probability is its share of the contracts). Where one fails, a whole
    counterexample is found and shown. A game in which an agent gains by an announcement that is not
    cost-effective is built, and played on the embedded EVM. In the problem itself: all equilibria, if its
    game is small enough, and what every agent and every pair of agents could gain by announcing otherwise.

    A function of one's own is FILE.py:FUNCTION. With one parameter, a turn, it returns a numerator and a
    denominator, as the contract does; with three (announced, contracted, capacity) it returns probabilities.

    Assignment: whether what the rule does here is efficient (ex post, ordinally, ex ante), free of envy, and
    the same for equals, and whether somebody gains by a false report; each with a witness against it or what
    proves it. And the option sets: all that each agent could have had by reporting otherwise.

    For example:

    - `parley audit problems/paper-example-1.toml`
    - `parley audit problems/paper-example-1.toml --recognition reordered --json`
    - `parley audit mine.toml --recognition mine.py:fraction --contract Mine.sol --out build/audit`
    - `parley audit problems/assignment-three-utilities.toml --check`
    """
    problem = problemfile.load(file)
    options = own_options(
        problem.kind,
        AUDIT_ONLY,
        recognition=recognition,
        contract=contract,
        problems=problems,
        games=games,
        runs=runs,
        seed=seed,
    )
    with ExitStack() as stack:
        work = stack.enter_context(whole_folder(out)) if out is not None else None
        progress = stack.enter_context(progress_bar())
        try:
            found, shown = _EXAMINED.get(problem.kind, _examine)(problem, options, progress)
        except ProblemError as error:
            raise (error if error.file else error.in_file(file)) from None
        report = found.to_json()
        report |= {name: None if value is None else value.to_json() for name, value in shown.items()}
        tables = mechanisms.module_of_report(problem.kind, "audit")
        written = []
        if out is not None and work is not None:
            written = tables.write_audit(work, found, report)
            commit_folder(out)
    if as_json:
        print_json(report)
    else:
        console().print(tables.audit_tables(found, **shown))
        if out is not None:
            echo(f"written: {out}/{', '.join(written)}")
    if check and not found.holds:
        raise typer.Exit(1)


# ── by kind ─────────────────────────────────────────────────────────────────────────────────────────────────


def _examine(problem: Any, options: dict[str, Any], progress: Progress) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401 - of any mechanism
    """Audit a problem; returns what was found, and nothing that was played."""
    task = progress.add_task("", total=None)

    def tell(what: str, done: int, total: int) -> None:
        progress.update(task, description=what, completed=done, total=total)

    return mechanisms.module(problem.kind, "audit").audit(problem, **options, progress=tell), {}


def _examine_coordination(
    problem: Any,  # noqa: ANN401 - as above
    options: dict[str, Any],
    progress: Progress,
) -> tuple[Any, dict[str, Any]]:
    """Audit a recognition function, and play the manipulation that was found, if there is one."""
    # Imported when needed: what plays is slow to load.
    from parley.mechanisms.coordination import demonstration  # noqa: PLC0415 - as above
    from parley.mechanisms.coordination.audit import IMPLEMENTATION  # noqa: PLC0415 - as above
    from parley.mechanisms.coordination.axioms.counterexamples import Unimplemented  # noqa: PLC0415 - as above
    from parley.mechanisms.coordination.axioms.custom import recognition_named  # noqa: PLC0415 - as above
    from parley.mechanisms.coordination.play import RECOGNITION_CONTRACTS  # noqa: PLC0415 - as above

    contract, games = options.pop("contract", None), options.pop("games", demonstration.GAMES)
    seed = options.setdefault("seed", 1)
    name = options.pop("recognition", None)
    if name is not None:
        options["function"] = recognition_named(name)
        if contract is not None:
            demonstration.check_contract(options["function"], contract)
    elif contract is not None:
        raise ParleyError("--contract: whose? --recognition FILE.py:FUNCTION says so")
    found, _ = _examine(problem, options, progress)
    witness = found.axioms[IMPLEMENTATION].witness
    playable = contract is not None or found.function.name in RECOGNITION_CONTRACTS
    if not games or not playable or not isinstance(witness, Unimplemented):
        return found, {"played": None}
    task = progress.add_task("playing the manipulation", total=2 * games)
    played = demonstration.demonstrate(
        witness.game,
        found.function,
        contract=contract,
        games=games,
        seed=seed,
        progress=lambda done: progress.advance(task, done),
    )
    return found, {"played": played}


_EXAMINED = {"coordination": _examine_coordination}
"""Kinds whose audit is also played."""
