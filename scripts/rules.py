"""Compare rules of random assignment on problem files: a table, and a picture of it.

    python scripts/rules.py problems/assignment-seminars.toml --out rules.svg

Several files are shown below each other, as in docs/studies/assignment-data.md. Rules that look
at utilities are left out where there are none. Where probabilities are estimated, that is marked with ~, and
the same seed gives the same figures.

Under Brownie, for one of the files of this tree:

    brownie run rules

Brownie's environment cannot hold Parley: there, this script runs in this tree's own environment.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from parley.mechanisms.assignment.rules import RuleComparison, RuleResult

TREE = Path(__file__).resolve().parents[1]
EXAMPLE = (str(TREE / "problems" / "assignment-seminars.toml"),)
HEAD = (
    "problem",
    "agents × items (seats)",
    "rule",
    "first choice",
    "first two",
    "first three",
    "mean rank",
    "nothing",
    "ex post, ordinally, ex ante",
    "sd-envy",
    "envy",
    "welfare",
)
SHOWN_RANKS = 6
"""Ranks with a colour of their own; the others share one."""


def main() -> None:
    """Compare the rules on an example; Brownie calls this function.

    Raises
    ------
    RuntimeError
        If the comparison fails, or there is no environment to run it in.
    """
    if _installed():
        status = run(EXAMPLE)
    else:
        python = TREE / ".venv" / "bin" / "python"
        if not python.exists():
            raise RuntimeError("there is no parley to run: `make setup` installs it")
        status = subprocess.run([python, __file__, *EXAMPLE], check=False).returncode  # noqa: S603 -- ours
    if status:
        raise RuntimeError(f"the comparison ended with status {status}")


def _installed() -> bool:
    """Say whether Parley is installed here: its source alone, on an inherited PYTHONPATH, is not enough."""
    try:
        distribution("parley-sim")
    except PackageNotFoundError:
        return False
    return True


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────


def table(compared: dict[str, RuleComparison]) -> str:
    """A Markdown table: a line for each problem and rule."""
    lines = [HEAD, ("---",) * 3 + ("---:",) * (len(HEAD) - 3)]
    lines += [
        (name, size_of(comparison), *cells(result))
        for name, comparison in compared.items()
        for result in comparison.results
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def size_of(comparison: RuleComparison) -> str:
    """Agents, items and seats."""
    agents, items = comparison.problem.shape
    return f"{agents} × {items} ({sum(comparison.problem.capacities)})"


def cells(result: RuleResult) -> tuple[str, ...]:
    """What the table says of one rule."""
    about = "" if result.exact else "~"
    ranks = result.ranks
    verdicts = [{True: "yes", False: "no", None: "?"}[verdict.holds] for verdict in result.verdicts.values()]
    return (
        result.rule,
        *(about + percent(sum(ranks[:k])) for k in (1, 2, 3)),
        "—" if result.mean_rank is None else f"{about}{float(result.mean_rank):.2f}",
        about + percent(result.unassigned),
        ", ".join(verdicts),
        ("" if result.exact else "≥ ") + str(result.sd_envious),
        "—" if result.envious is None else str(result.envious),
        "—" if result.welfare is None else f"{about}{float(result.welfare):,.0f}",
    )


def percent(share: Fraction | int) -> str:
    """A share in percent, rounded."""
    return f"{100 * float(share):.1f}%"


# ── the picture ─────────────────────────────────────────────────────────────────────────────────────────────


def picture(compared: dict[str, RuleComparison]) -> Figure:
    """Left, who gets which rank under each rule; right, how many pairs envy, and whether a cycle is left."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - under Brownie there may be none

    from parley.kit.present.style import style  # noqa: PLC0415

    rows: list[tuple[float, RuleResult]] = []
    labels, ticks, place = [], [], 0.0
    for name, comparison in compared.items():
        ticks.append(place + (len(comparison.results) - 1) / 2)
        labels.append(name)
        for result in comparison.results:
            rows.append((place, result))
            place += 1
        place += 0.7
    with style():
        figure = Figure(figsize=(10, 1.2 + 0.2 * place), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        _ranks(left, rows)
        _envy(right, rows)
        left.set_yticks(ticks, labels)
        left.set_ylim(place - 0.9, -0.7)
        for axes in (left, right):
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.tick_params(axis="y", length=0)
    return figure


def _ranks(axes: Axes, rows: Sequence[tuple[float, RuleResult]]) -> None:
    from matplotlib import colormaps  # noqa: PLC0415

    from parley.kit.present.style import INK, SHADE, THEORY  # noqa: PLC0415

    blues = colormaps["Blues_r"]
    for place, result in rows:
        shares = [float(share) for share in result.ranks]
        parts = [*shares[:SHOWN_RANKS], sum(shares[SHOWN_RANKS:])]
        parts += [0.0] * (SHOWN_RANKS + 1 - len(parts)) + [float(result.unassigned)]
        start = 0.0
        for k, part in enumerate(parts):
            color = THEORY if k == len(parts) - 1 else SHADE if k == SHOWN_RANKS else blues(0.12 + 0.13 * k)
            axes.barh(place, part, left=start, height=0.85, color=color)
            start += part
        axes.text(0.01, place, result.rule, va="center", fontsize=6, color="white")
    for k in range(SHOWN_RANKS):
        axes.barh(0, 0, color=blues(0.12 + 0.13 * k), label=f"rank {k + 1}")
    axes.barh(0, 0, color=SHADE, label="later")
    axes.barh(0, 0, color=THEORY, label="nothing")
    axes.legend(ncols=4, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), fontsize=7)
    axes.set_xlim(0, 1)
    axes.set_xlabel("expected share of agents", color=INK)


def _envy(axes: Axes, rows: Sequence[tuple[float, RuleResult]]) -> None:
    from parley.kit.present.style import INK, PLAYED, THEORY  # noqa: PLC0415

    marks = {
        True: ("o", PLAYED, "ordinally efficient"),
        False: ("X", THEORY, "a cycle of trades is left"),
        None: ("D", "white", "not known"),
    }
    for holds, (mark, color, label) in marks.items():
        chosen = [(place, r) for place, r in rows if r.verdicts["ordinally_efficient"].holds is holds]
        if chosen:
            share = [
                r.sd_envious / max(1, r.solution.problem.agents * (r.solution.problem.agents - 1))
                for _, r in chosen
            ]
            axes.scatter(
                share, [p for p, _ in chosen], marker=mark, color=color, edgecolor=INK, lw=0.5, label=label
            )
    axes.legend(ncols=3, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), fontsize=7)
    axes.set_xlim(left=-0.004)
    axes.set_xlabel("share of pairs with sd-envy (of a sample: beyond chance)")
    axes.grid(axis="x", lw=0.3)


# ── the command ─────────────────────────────────────────────────────────────────────────────────────────────


def run(arguments: Sequence[str]) -> int:
    """Compare, print, draw, and return the exit status."""
    # Not before `main` has found out whether they are there.
    from parley.core.errors import ParleyError  # noqa: PLC0415
    from parley.mechanisms.assignment.problem import RULES, load_problem  # noqa: PLC0415
    from parley.mechanisms.assignment.rules import compare_rules  # noqa: PLC0415
    from parley.mechanisms.assignment.solution import RUNS  # noqa: PLC0415

    parser = argparse.ArgumentParser(description="Compare rules of random assignment on problem files.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="problem files, TOML or JSON")
    parser.add_argument("--rule", action="append", choices=RULES, help="only this one; may be given again")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs where it is estimated (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of these runs (%(default)s)")
    parser.add_argument("--out", type=Path, help="picture to write, .svg or .png")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    if options.runs < 2:
        parser.error("--runs: at least 2")

    def tell(rule: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(f"{file.stem}: {rule} ({done + 1} of {total})", file=sys.stderr)

    compared = {}
    try:
        for file in options.files:
            problem = load_problem(file)
            compared[file.stem] = compare_rules(
                problem, options.rule, runs=options.runs, seed=options.seed, progress=tell
            )
    except ParleyError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({name: comparison.to_json() for name, comparison in compared.items()}))
    else:
        print(table(compared))
    if options.out:
        from parley.kit.present.style import save  # noqa: PLC0415

        save(picture(compared), options.out)
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:] or EXAMPLE))
