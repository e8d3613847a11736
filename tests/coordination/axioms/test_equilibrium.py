"""Equilibria of Stage 1, against a tree of our own that knows nothing but the definition.

Why our own: what is to be found is the set of *all* pure subgame-perfect equilibria, ties included.
Gambit's Python package (17.0 beta, the release with ready-made packages) lists pure Nash equilibria, and
those of the agent form, but has no option for the subgame-perfect ones; solving every subgame with it
and putting the answers together would be most of a backward induction again. Here all profiles of tiny
trees are listed, and those are kept from which no agent gains by any other strategy in any subgame.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice, product
from math import prod
from random import Random

import numpy as np
import pytest

from parley.core.errors import ParleyError, ProblemError
from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.axioms.equilibrium import (
    Equilibria,
    Outcome,
    StageOne,
    Subgame,
    backward_induction,
    count_allocations,
    stage_one,
)
from parley.mechanisms.coordination.axioms.triple import (
    Recognition,
    Row,
    Rows,
    Triple,
    recognition_of,
    rows_of,
    stick_broken,
)
from parley.mechanisms.coordination.bargaining import default_costs, expected_costs
from parley.mechanisms.coordination.problem import Problem, example_1
from parley.mechanisms.coordination.recognition import RECOGNITION, Turn, probabilities
from tests.coordination.problems import (
    all_allocations,
    make,
    random_announcements,
    random_problem,
    small_special_problems,
)

F = Fraction
NAMES = tuple(RECOGNITION)


# ── the judge ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Tree:
    """A game given by a dictionary of its leaves, with few different payoffs so that ties abound."""

    agents: int
    leaves: dict[Rows, Outcome]

    def announcements(self, announced: Rows) -> Iterator[Row]:
        k = len(announced)
        yield from dict.fromkeys(rows[k] for rows in self.leaves if rows[:k] == announced)

    def outcome(self, allocation: Rows) -> Outcome:
        return self.leaves[allocation]


def random_tree(dice: Random) -> Tree:
    agents = dice.randint(1, 3)
    paths: list[Rows] = [()]
    for _ in range(agents):
        paths = [(*path, (k,)) for path in paths for k in range(dice.randint(1, 3))]
    leaves = {
        path: Outcome(path, F(dice.randint(0, 2)), tuple(F(dice.randint(0, 2)) for _ in range(agents)))
        for path in paths
    }
    return Tree(agents, leaves)


def tree_of(game: StageOne) -> dict[Rows, list[Row]]:
    """All decision nodes with their announcements."""
    nodes: dict[Rows, list[Row]] = {}
    waiting: list[Rows] = [()]
    while waiting:
        node = waiting.pop()
        if len(node) < game.agents:
            nodes[node] = list(game.announcements(node))
            waiting += [(*node, row) for row in nodes[node]]
    return nodes


def perfect_outcomes(game: StageOne, *, efficient_ties: bool) -> dict[Rows, set[Outcome]]:
    """For every subgame, where the profiles lead that are subgame-perfect from there, by the definition."""
    nodes = tree_of(game)

    def led_to(node: Rows, profile: dict[Rows, Row]) -> Outcome:
        while len(node) < game.agents:
            node = (*node, profile[node])
        return game.outcome(node)

    def worth(agent: int, outcome: Outcome) -> tuple[Fraction, ...]:
        cost = (-outcome.cost,) if efficient_ties else ()
        return (outcome.savings[agent], *cost)

    def profiles(of: list[Rows]) -> Iterator[dict[Rows, Row]]:
        for chosen in product(*(nodes[node] for node in of)):
            yield dict(zip(of, chosen, strict=True))

    def equilibrium(profile: dict[Rows, Row], start: Rows) -> bool:
        """No agent gains by any other of its strategies in the subgame, a whole plan and not one move."""
        for agent in range(len(start), game.agents):
            own = [node for node in nodes if len(node) == agent and node[: len(start)] == start]
            kept = worth(agent, led_to(start, profile))
            if any(worth(agent, led_to(start, profile | other)) > kept for other in profiles(own)):
                return False
        return True

    found: dict[Rows, set[Outcome]] = {}
    for start in nodes:
        below = [node for node in nodes if node[: len(start)] == start]
        found[start] = {
            led_to(start, profile)
            for profile in profiles(below)
            if all(equilibrium(profile, node) for node in below)
        }
    return found


def assert_like_the_definition(game: StageOne) -> int:
    """Compare every subgame, and count those in which several announcements are made in equilibria."""
    nodes = tree_of(game)
    ties = 0
    for efficient_ties in (False, True):
        expected = perfect_outcomes(game, efficient_ties=efficient_ties)
        seen: list[Subgame] = []
        found = backward_induction(game, efficient_ties=efficient_ties, report=seen.append)
        assert {subgame.announced: set(subgame.outcomes) for subgame in seen} == expected
        assert set(found.outcomes) == expected[()]
        assert len(set(found.outcomes)) == len(found.outcomes)
        for subgame in seen:
            k = len(subgame.announced)
            assert set(subgame.choices) == {o.allocation[k] for o in expected[subgame.announced]}
            leaves = [game.outcome(leaf) for leaf in leaves_below(game, subgame.announced)]
            assert subgame.least == min(leaf.cost for leaf in leaves)
        wasteful = [subgame for subgame in seen if any(o.cost > subgame.least for o in subgame.outcomes)]
        assert found.subgames == len(seen) == len(nodes)
        assert found.ties == sum(len(subgame.choices) > 1 for subgame in seen)
        assert found.violations == len(wasteful)
        assert found.cost_effective_everywhere == (not wasteful)
        assert found.cost_effective == all(o.cost == found.least for o in expected[()])
        assert set(found.inefficient) <= {subgame.announced for subgame in wasteful}
        assert_first_violation_blames_its_mover(found, {s.announced: s for s in seen})
        ties = found.ties
    return ties


def leaves_below(game: StageOne, node: Rows) -> Iterator[Rows]:
    if len(node) == game.agents:
        yield node
    else:
        for row in game.announcements(node):
            yield from leaves_below(game, (*node, row))


def assert_first_violation_blames_its_mover(found: Equilibria, subgames: dict[Rows, Subgame]) -> None:
    first = found.first_violation
    assert (first is None) == (found.violations == 0)
    if first is None:
        return
    k = len(first.announced)
    here = subgames[first.announced]
    assert found.inefficient[0] == first.announced
    assert first.outcome in here.outcomes
    assert first.outcome.cost == max(o.cost for o in here.outcomes) > here.least == first.cheaper.cost
    below = [s for s in subgames.values() if len(s.announced) > k and s.announced[:k] == first.announced]
    assert all(s.cost_effective for s in below)
    # It could have had the cheaper one, which equilibria reach after another announcement.
    after = (*first.announced, first.cheaper.allocation[k])
    assert after not in subgames or first.cheaper in subgames[after].outcomes


def test_all_subgame_perfect_equilibria_of_random_trees_are_found_and_no_others() -> None:
    dice = Random(11)
    trees = ties = 0
    while trees < 250:
        tree = random_tree(dice)
        if prod(len(rows) for rows in tree_of(tree).values()) <= 1200:
            trees += 1
            ties += assert_like_the_definition(tree) > 0
    assert ties > 40


def test_all_subgame_perfect_equilibria_of_small_problems_are_found_and_no_others() -> None:
    dice = Random(12)
    problems = ties = 0
    while problems < 120:
        problem = random_problem(dice, special=dice.random() < 0.5)
        game = stage_one(problem, recognition_of(dice.choice(NAMES)))
        if not 4 <= count_allocations(problem) <= 40:
            continue
        if prod(len(rows) for rows in tree_of(game).values()) <= 600:
            problems += 1
            ties += assert_like_the_definition(game) > 0
    assert ties > 10


# ── the paper's game ────────────────────────────────────────────────────────────────────────────────────────


def test_announcements_and_outcomes_are_those_of_the_definitions() -> None:
    dice = Random(13)
    for _ in range(150):
        problem = random_problem(dice, special=dice.random() < 0.5)
        if count_allocations(problem) > 400:
            continue
        name = dice.choice(NAMES)
        game = stage_one(problem, recognition_of(name))
        allocations = {rows_of(Z) for Z in all_allocations(problem)}
        assert set(leaves_below(game, ())) == allocations
        for allocation in islice(allocations, 40):
            outcome = game.outcome(allocation)
            p = probabilities(name, problem, allocation)
            borne = expected_costs(problem, allocation, p)
            alone = default_costs(problem)
            assert outcome.allocation == allocation
            assert outcome.cost == min(problem.total_cost(allocation), problem.total_cost(problem.contracted))
            assert outcome.savings == tuple(a - b for a, b in zip(alone, borne, strict=True))


def test_allocations_are_counted_without_listing_them() -> None:
    dice = Random(14)
    for _ in range(150):
        problem = random_problem(dice, special=dice.random() < 0.5)
        history = random_announcements(dice, problem, dice.randrange(problem.agents + 1))
        announced = rows_of(history) if len(history) else ()
        count = count_allocations(problem, announced)
        if count <= 3000 and count_allocations(problem) <= 20_000:
            listed = (rows_of(Z) for Z in all_allocations(problem))
            assert count == sum(Z[: len(announced)] == announced for Z in listed)
    # One type, one unit to hand on for each of 64 agents: Catalan's number, in no time.
    row = make(np.ones((64, 1)), np.full((64, 1), 64))
    assert count_allocations(row) == prod(range(66, 129)) // prod(range(1, 64)) // 64


def test_an_induction_can_start_from_any_legal_announcements() -> None:
    problem = example_1()
    game = stage_one(problem, recognition_of("p-star"))
    inside: dict[Rows, Subgame] = {}
    backward_induction(game, report=lambda subgame: inside.update({subgame.announced: subgame}))
    dice = Random(15)
    for _ in range(20):
        announced = rows_of(random_announcements(dice, problem, dice.randint(1, 4)))
        found = backward_induction(game, announced)
        assert found.announced == announced
        assert found.outcomes == inside[announced].outcomes
        assert found.least == inside[announced].least
        assert found.subgames == sum(node[: len(announced)] == announced for node in inside)


def test_illegal_announcements_are_refused() -> None:
    problem = example_1()
    with pytest.raises(ParleyError, match=r"agent 2 cannot announce \(3, 3, 0, 0, 0\)"):
        backward_induction(stage_one(problem, recognition_of("equal")), ((5, 0, 0, 0, 0), (3, 3, 0, 0, 0)))
    with pytest.raises(ProblemError, match="agent 1 announces 2"):
        count_allocations(problem, ((2, 0, 0, 0, 0),))


# ── what the equilibria implement ───────────────────────────────────────────────────────────────────────────


def with_many_choices(dice: Random, count: int) -> Iterator[Problem]:
    """Those of the small problems that have 20 allocations or more: most have fewer than ten."""
    problems = small_special_problems(dice, 100 * count)
    return islice((problem for problem in problems if count_allocations(problem) >= 20), count)


def all_have_a_say(problem: Problem, p: Recognition, subgames: list[Subgame], game: StageOne) -> bool:
    """Whether whoever has a choice has a positive probability, whatever the later announcements are."""
    D, C = rows_of(problem.contracted), rows_of(problem.capacity)
    return all(
        p(Triple(subgame.outcomes[0].allocation, D, C))[len(subgame.announced)] > 0
        for subgame in subgames
        if len(list(islice(game.announcements(subgame.announced), 2))) > 1
    )


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.deep)])
def test_under_p_star_and_equal_shares_every_subgame_implements_least_cost(times: int) -> None:
    """Theorem (a) and (b) of the module, with what is possible taken from the allocation solver."""
    dice = Random(16)
    with_a_say = wasteful = degenerate = 0
    problems = chain(small_special_problems(dice, 100 * times), with_many_choices(dice, 20 * times))
    for k, problem in enumerate(problems):
        assert problem.in_special_domain
        default = problem.total_cost(problem.contracted)
        subgames: list[Subgame] = []
        for name in ("p-star", "equal"):
            p = recognition_of(name)
            game = stage_one(problem, p)
            subgames.clear()
            found = backward_induction(game, report=subgames.append)
            settled = backward_induction(game, efficient_ties=True)
            assert found.least == settled.least == min(default, cost_effective(problem).total_cost)
            assert settled.cost_effective_everywhere, problem
            # (a): by the hypothesis itself, which for p* follows from d_n ≠ 0.
            say = all_have_a_say(problem, p, subgames, game)
            if name == "equal" or problem.contracted[-1].any():
                assert say
            if say:
                assert found.cost_effective_everywhere, problem
            with_a_say += say
            wasteful += not found.cost_effective_everywhere
            # (c): the announced allocation is another matter.
            degenerate += found.least == default and any(
                problem.total_cost(o.allocation) > default for o in found.outcomes
            )
        if k % 10 == 0:  # the least cost of each subgame, against the solver
            for subgame in islice(subgames, 0, None, 5):
                best = cost_effective(problem, subgame.announced).total_cost
                assert subgame.least == min(default, best)
    assert with_a_say > 120 * times
    assert wasteful > 5 * times
    assert degenerate > 5 * times


def test_announcement_proportional_and_reordered_recognition_fail_and_problems_are_found_where_they_do() -> (
    None
):
    """Even with ties broken in favour of the lower cost."""
    dice = Random(17)
    names = ("announcement-proportional", "reordered")
    from_the_start, somewhere = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for problem in with_many_choices(dice, 150):
        for name in names:
            found = backward_induction(stage_one(problem, recognition_of(name)), efficient_ties=True)
            from_the_start[name] += not found.cost_effective
            somewhere[name] += not found.cost_effective_everywhere
            violation = found.first_violation
            if violation is not None:
                # What makes it fail: the agent to announce saves more where the total is higher.
                j = len(violation.announced)
                assert violation.outcome.savings[j] > violation.cheaper.savings[j]
                assert violation.outcome.cost > violation.cheaper.cost
                # Under p̌ only the last but one can be tempted.
                assert name != "reordered" or j == problem.agents - 2
    assert from_the_start["announcement-proportional"] > 50, from_the_start
    assert from_the_start["reordered"] > 0, from_the_start
    assert somewhere["reordered"] > 10, somewhere


def test_whoever_is_indifferent_may_leave_costs_on_the_table_unless_ties_go_to_the_lower_cost() -> None:
    """The gap of probability zero: D = (4, 0, 0)ᵀ, C = (4, 2, 2)ᵀ in thirds of tasks."""
    problem = make([[12], [0], [0]], [[12], [6], [6]], unit=3)
    game = stage_one(problem, recognition_of("p-star"))
    found = backward_induction(game)
    assert {o.cost for o in found.outcomes} == {F(16, 3), F(50, 9), F(6)}
    assert not found.cost_effective
    assert found.first_violation is not None
    assert len(found.first_violation.announced) == 1  # agent 2, with p_2 = 0
    assert not any(found.first_violation.outcome.savings[1:])
    assert {o.cost for o in backward_induction(game, efficient_ties=True).outcomes} == {F(16, 3)}


def test_where_nothing_can_be_saved_everything_is_announced_and_the_contracts_stand() -> None:
    """D is optimal, and every allocation is announced in some equilibrium; D alone is implemented."""
    problem = make([[2], [2]], [[2], [4]])
    for name in NAMES:
        found = backward_induction(stage_one(problem, recognition_of(name)))
        assert {o.allocation for o in found.outcomes} == {rows_of(Z) for Z in all_allocations(problem)}
        assert {o.cost for o in found.outcomes} == {problem.total_cost(problem.contracted)} == {F(8)}
        assert {problem.total_cost(o.allocation) for o in found.outcomes} == {F(8), F(10), F(16)}
        assert found.cost_effective_everywhere
        assert found.ties == 1


@pytest.mark.parametrize(
    ("name", "wasteful_subgames", "costs"),
    [
        ("p-star", 0, {89}),
        ("equal", 0, {89}),
        ("contract-proportional", 0, {89}),
        ("announcement-proportional", 991, {93}),
        ("reordered", 176, {89}),
    ],
)
def test_example_1_in_whole_tasks(name: str, wasteful_subgames: int, costs: set[int]) -> None:
    found = backward_induction(stage_one(example_1(), recognition_of(name)))
    assert {o.cost for o in found.outcomes} == costs
    assert found.least == 89
    assert found.violations == wasteful_subgames
    assert len(found.inefficient) == min(wasteful_subgames, 8)


def test_any_recognition_function_will_do() -> None:
    """One that gives everything to whoever leaves most: agents undo each other, and the tree shows it."""

    def lazy(triple: Triple) -> tuple[Fraction, ...]:
        left = [m - sum(x) for m, x in zip(map(sum, triple.maximal), triple.allocation, strict=True)]
        total = sum(left)
        n = triple.agents
        return tuple(F(1, n) if total == 0 else F(share, total) for share in left)

    found = backward_induction(stage_one(example_1(), lazy))
    assert not found.cost_effective

    def first_come(turn: Turn) -> tuple[int, int]:
        return turn.contracted_from + turn.agent, 2 * turn.contracted_from + turn.agents

    assert backward_induction(stage_one(example_1(), stick_broken(first_come))).cost_effective_everywhere
