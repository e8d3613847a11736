"""What theory says: `parley solve`."""

from __future__ import annotations

from inspect import signature
from typing import Annotated

import typer

from parley.cli.shared import File, Json, Runs, app, console, own_options, print_json, progress_bar
from parley.core.errors import ProblemError
from parley.core.limits import MAX_SEED
from parley.kit import mechanisms, problemfile

Exact = Annotated[bool, typer.Option("--exact", help="Fractions beyond 64 agents too (coordination).")]
Announce = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help='Solve the bargaining after these announcements, cost-effective or not: {"allocation": matrix}, '
        "in tasks, TOML or JSON (coordination).",
    ),
]
RunSeed = Annotated[
    int | None, typer.Option(min=0, max=MAX_SEED, help="Of these runs (assignment).  [default: 0]")
]

SOLVE_ONLY = {"exact": "coordination", "announce": "coordination", "runs": "assignment", "seed": "assignment"}
"""Which kind an option of `solve` is for."""


@app.command(no_args_is_help=True)
def solve(
    file: File,
    as_json: Json = False,  # noqa: FBT002 - a flag
    exact: Exact = False,  # noqa: FBT002 - a flag
    announce: Announce = None,
    runs: Runs = None,
    seed: RunSeed = None,
) -> None:
    """Say what theory says, exactly.

    Coordination: the cost-effective allocation, optimal in whole units, and the equilibrium of the
    bargaining; probabilities, expected costs, thresholds and proposals are fractions.

    Assignment: the probability that each agent gets each item under the problem's rule, a lottery over
    assignments that comes to these probabilities, and what agents expect of it, all in fractions. Where a
    rule's probabilities are too many, they are estimated, with standard errors. What is posted is verified.

    For example:

    - `parley solve problems/paper-example-1.toml`
    - `parley solve problems/support-desk.toml --json`
    - `parley solve examples/reordered.toml --announce examples/reordered-announced.toml`
    - `parley solve problems/assignment-bogomolnaia-moulin.toml`
    """
    problem = problemfile.load(file)
    options = own_options(
        problem.kind, SOLVE_ONLY, exact=exact or None, announce=announce, runs=runs, seed=seed
    )
    solution = mechanisms.module(problem.kind, "solution")
    if announce is not None:
        mapping = problemfile.read(options.pop("announce"))
        try:
            options["announced"] = solution.read_announcement(problem, mapping)
        except ProblemError as error:
            raise error.in_file(announce) from None
    verb = solution.solve
    with progress_bar() as progress:
        task = progress.add_task("solving", total=None)
        if "progress" in signature(verb).parameters:
            options["progress"] = lambda done: progress.advance(task, done)
        try:
            solved = verb(problem, **options)
        except ProblemError as error:
            raise error.in_file(file) from None
    if as_json:
        print_json(solved.to_json())
        return
    out = console()
    for table in mechanisms.module_of_report(problem.kind, "solution").solution_tables(solved):
        out.print(table)
