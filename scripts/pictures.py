"""Draw the pictures of random assignment that the documentation shows.

    python scripts/pictures.py --out docs/images

``assignment-rules.svg`` is the example of Bogomolnaia and Moulin under serial dictatorship and under
probabilistic serial; ``assignment-options.svg`` is what agents could have had by reporting otherwise, under a
rule that is strategy-proof and under one that is not.
"""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parley.chain.compiler import project_root
from parley.kit.present.drawing import picture
from parley.kit.present.page_model import Column, Figure, cell, columns
from parley.kit.present.page_words import ordinal
from parley.kit.present.style import save
from parley.kit.present.tables import in_fractions
from parley.mechanisms.assignment.options import option_set
from parley.mechanisms.assignment.present.audit import option_figure
from parley.mechanisms.assignment.present.page_parts import matrix_figure
from parley.mechanisms.assignment.problem import load_problem
from parley.mechanisms.assignment.solution import solve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure as Picture

RULES = ("serial-dictatorship", "probabilistic-serial")


def pictures() -> dict[str, Picture]:
    """Draw them, by the names of their files."""
    problems = project_root() / "problems"
    example = load_problem(problems / "assignment-bogomolnaia-moulin.toml")
    solved = {rule: solve(example.with_rule(rule)).to_json() for rule in RULES}
    matrices = [matrix_figure(example, found["matrix"], "", title=rule) for rule, found in solved.items()]
    sets = []
    for name in ("option-set", "cyclic"):
        problem = load_problem(problems / f"assignment-{name}.toml")
        sets.append(option_figure(option_set(problem, 0).to_json(), problem))
    with in_fractions():  # as in the papers
        return {
            "assignment-rules": picture(
                [*(("matrix", figure) for figure in matrices), ("curves", average_figure(solved))]
            ),
            "assignment-options": picture([("triangle", figure) for figure in sets]),
        }


def average_figure(solutions: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Compare rules: how likely an agent gets one of its first choices, on average.

    Parameters
    ----------
    solutions : mapping of str to mapping
        What `parley solve --json` prints, by the rule, exactly. The last rule is drawn in front.
    """
    rows: list[list[Any]] = []
    for rule, solution in solutions.items():
        means = [sum(map(Fraction, column)) / len(column) for column in zip(*solution["ranks"], strict=True)]
        rows.append([rule, *map(cell, accumulate(means)), rule])
    steps = [f"first:{k}" for k in range(len(rows[0]) - 2)]
    labels = [f"1st to {ordinal(k + 1)}" for k in range(len(steps))]
    return Figure(
        "average",
        "Who gets what it wants",
        [
            *columns(rule="rule"),
            *(Column(step, label, "exact") for step, label in zip(steps, labels, strict=True)),
            *columns(kind="curve"),
        ],
        rows,
        chart="curves",
        options={
            "steps": steps,
            "kinds": dict(zip(solutions, ("theory", "played"), strict=True)),
            "across": "one of the first k choices",
            "up": "probability, on average",
        },
    )


def run(arguments: Sequence[str]) -> int:
    """Write the pictures, and return the exit status."""
    parser = argparse.ArgumentParser(description="Draw the pictures of random assignment.")
    parser.add_argument("--out", type=Path, required=True, help="where to write them")
    options = parser.parse_args(arguments)
    for name, figure in pictures().items():
        save(figure, options.out / f"{name}.svg")
        print(options.out / f"{name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
