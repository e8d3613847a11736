"""How long optimal team contracts take: `python benchmarks/team.py [--quick] [--labels FILE]`.

Additive problems have contributions and cut-offs uniform, cut-offs up to 10/n (`study.random_team`). Coverage
has 60 elements of weights 1 to 20, each of which an agent covers with probability 0.15; a cost is uniform up
to 1/20 of what the agent covers. Where at least one must succeed, chances are uniform up to 1/20, and costs
up to 1/200 of them. Every line has the seconds of CPU for each seed, the goal, and how far the proven bound
is above what was found. `--labels` adds a crowd: columns item, worker, correct.
"""

import argparse
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from time import process_time

import numpy as np

from parley.core.clock import Clock
from parley.mechanisms.team.imported import read_labels
from parley.mechanisms.team.problem import Problem
from parley.mechanisms.team.solution import solve
from parley.mechanisms.team.solver.additive import best_fair
from parley.mechanisms.team.solver.constant_factor import constant_factor
from parley.mechanisms.team.solver.found import Found
from parley.mechanisms.team.solver.fptas import fptas
from parley.mechanisms.team.solver.submodular import best_submodular
from parley.mechanisms.team.solver.unconstrained import best_unconstrained
from parley.mechanisms.team.study import random_team
from parley.mechanisms.team.success.functions import Additive, AtLeastOne, Coverage

LIMIT = 120.0
ELEMENTS = 60
RULES = ("fair", "nondiscriminatory", "unconstrained")


def covering(agents: int, seed: int) -> Problem:
    """Draw a coverage problem."""
    dice = np.random.default_rng((seed, agents))
    weights = dice.integers(1, 21, ELEMENTS).tolist()
    total = sum(weights)
    sets = tuple(tuple(np.flatnonzero(dice.random(ELEMENTS) < 0.15).tolist()) for _ in range(agents))
    worth = [max(Fraction(sum(weights[e] for e in own), total), Fraction(1, 100)) for own in sets]
    costs = tuple(one * Fraction(int(dice.integers(1, 100)), 2000) for one in worth)
    return Problem(costs, Coverage(tuple(Fraction(w, total) for w in weights), sets))


def one_is_enough(agents: int, seed: int) -> Problem:
    """Draw a problem of which at least one must succeed."""
    dice = np.random.default_rng((seed, agents))
    chances = [Fraction(int(dice.integers(1, 1000)), 20_000) for _ in range(agents)]
    costs = tuple(chance * Fraction(int(dice.integers(1, 100)), 20_000) for chance in chances)
    return Problem(costs, AtLeastOne(tuple(chances)))


def fair(problem: Problem) -> Found:
    """Find the fair optimum of an additive problem."""
    assert isinstance(problem.success, Additive)  # noqa: S101 - for mypy
    return best_fair(problem, problem.success, Clock.of(LIMIT))


def free(problem: Problem) -> Found:
    """Find the best team without fairness of an additive problem."""
    assert isinstance(problem.success, Additive)  # noqa: S101 - for mypy
    return best_unconstrained(problem, problem.success, Clock.of(LIMIT))


def measure(name: str, make: Callable[[int], Problem], find: Callable[[Problem], Found], seeds: int) -> None:
    """Print the seconds for each seed, and the largest gap."""
    times, gaps = list[str](), list[float]()
    for seed in range(seeds):
        problem = make(seed)
        start = process_time()
        found = find(problem)
        times.append(f"{process_time() - start:6.2f}")
        gaps.append(float(found.bound / found.revenue - 1) if found.revenue else 0.0)
    print(f"{name:<46} {' '.join(times)} s   gap {max(gaps):.1e}", flush=True)


def measure_ratios(problems: int) -> None:
    """Compare the approximations with the optimum on small problems."""
    worst = {"fptas, ε = 1/2": 1.0, "constant factor": 1.0}
    for seed in range(problems):
        for problem in (random_team(6, seed), covering(6, seed)):
            best = best_submodular(problem, "fair", Clock.of(LIMIT)).revenue
            found = {"constant factor": constant_factor(problem, Clock.of(LIMIT)).revenue}
            if isinstance(problem.success, Additive):
                found["fptas, ε = 1/2"] = fptas(problem, Fraction(1, 2), Clock.of(LIMIT)).revenue
            for name, revenue in found.items():
                if best:
                    worst[name] = min(worst[name], float(revenue / best))
    for name, ratio in worst.items():
        print(f"{name}, at worst of {problems} problems a class: {ratio:.3f} of the optimum")


def main() -> None:
    """Measure all cases."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--labels", type=Path)
    options = parser.parse_args()
    seeds = 1 if options.quick else 3
    for compiles in (random_team(10, 0), covering(10, 0)):
        solve(compiles)
    fptas(random_team(5, 0), Fraction(1, 2), Clock.of(LIMIT))
    for agents, goal in ((300, ""), (1000, " (goal 0.3)"), (2000, " (goal 1.5)"), (5000, " (goal 10)")):

        def make(seed: int, agents: int = agents) -> Problem:
            return random_team(agents, seed)

        measure(f"additive, {agents} agents{goal}", make, fair, seeds)
        measure(f"additive, {agents} agents, without fairness", make, free, seeds)
    for agents, goal in ((40, " (goal 11)"), (100, "")):
        for rule in RULES:
            measure(
                f"coverage, {agents} agents, {rule}{goal if rule == 'fair' else ''}",
                lambda seed, agents=agents: covering(agents, seed),  # type: ignore[misc]
                lambda problem, rule=rule: best_submodular(problem, rule, Clock.of(LIMIT)),  # type: ignore[misc]
                seeds,
            )
    for rule in RULES:
        measure(
            f"at least one of 200 agents, {rule}",
            lambda seed: one_is_enough(200, seed),
            lambda problem, rule=rule: best_submodular(problem, rule, Clock.of(LIMIT)),  # type: ignore[misc]
            seeds,
        )
    if options.labels:
        crowd = Problem.from_mapping(read_labels(options.labels, cost="1/50"))
        for rule in RULES:
            measure(
                f"crowd, {crowd.agents} workers, {rule}{' (goal 4)' if rule == 'fair' else ''}",
                lambda _: crowd,
                lambda problem, rule=rule: best_submodular(problem, rule, Clock.of(LIMIT)),  # type: ignore[misc]
                1,
            )
    for agents, epsilon, seconds in ((10, Fraction(1, 2), "0.8"), (4, Fraction(1, 10), "6")):
        measure(
            f"FPTAS, {agents} agents, ε = {epsilon} (goal {seconds})",
            lambda seed, agents=agents: random_team(agents, seed),  # type: ignore[misc]
            lambda problem, epsilon=epsilon: fptas(problem, epsilon, Clock.of(LIMIT)),  # type: ignore[misc]
            seeds,
        )
    measure_ratios(20 if options.quick else 125)


if __name__ == "__main__":
    main()
