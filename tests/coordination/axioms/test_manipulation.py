"""What one agent or two gain by announcing otherwise, against agents that play the equilibrium."""

from fractions import Fraction
from itertools import combinations, product
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.announcements import bounds, is_feasible
from parley.mechanisms.coordination.axioms import manipulation
from parley.mechanisms.coordination.axioms.manipulation import (
    Followers,
    _positions,
    best_response,
    manipulations,
)
from parley.mechanisms.coordination.axioms.triple import (
    Recognition,
    Row,
    Rows,
    Triple,
    recognition_of,
    rows_of,
)
from parley.mechanisms.coordination.bargaining import savings
from parley.mechanisms.coordination.costs import Piecewise, Quadratic
from parley.mechanisms.coordination.problem import Matrix, Problem, example_1, load_problem
from tests.coordination.problems import (
    X,
    make,
    random_announcements,
    random_problem,
    small_special_problems,
)

if TYPE_CHECKING:
    from collections.abc import Callable

P_STAR = recognition_of("p-star")


def continued(problem: Problem, rows: Rows) -> Rows:
    """What agents announce after some rows if they play on as bots do."""
    return rows_of(cost_effective(problem, announced=rows).matrix)


def saved_by(problem: Problem, p: Recognition, allocation: Rows) -> list[Fraction]:
    gain = max(savings(problem, allocation), Fraction(0))
    return [share * gain for share in p(Triple.at(problem, allocation))]


def legal(problem: Problem, rows: Rows) -> list[tuple[int, ...]]:
    lower, upper = bounds(problem, rows)
    return list(product(*(range(a, b + 1) for a, b in zip(lower.tolist(), upper.tolist(), strict=True))))


def best_by_hand(problem: Problem, p: Recognition, agents: tuple[int, ...]) -> Fraction:
    """The most that agents save together, from the definitions: every announcement that they could make."""

    def after(rows: Rows) -> Fraction:
        if len(rows) == problem.agents:
            return sum((saved_by(problem, p, rows)[i] for i in agents), Fraction(0))
        if len(rows) in agents:
            return max(after((*rows, row)) for row in legal(problem, rows))
        return after((*rows, continued(problem, rows)[len(rows)]))

    return after(())


@pytest.mark.parametrize("name", ["p-star", "announcement-proportional", "reordered"])
def test_exhaustive_gains_are_those_of_the_definitions(name: str) -> None:
    dice = Random(4)
    p = recognition_of(name)
    gaining = 0
    for _ in range(25):
        problem = random_problem(dice, special=dice.random() < 0.7)
        found = manipulations(problem, p)
        assert found.exhaustive
        usual = saved_by(problem, p, continued(problem, ()))
        everybody = [(i,) for i in range(problem.agents)] + list(combinations(range(problem.agents), 2))
        assert [entry.agents for entry in found.entries] == everybody
        for entry in found.entries:
            together = sum((usual[i] for i in entry.agents), Fraction(0))
            assert entry.gain == best_by_hand(problem, p, entry.agents) - together
            gaining += entry.gain > 0
    assert gaining > 0


def test_what_is_reported_can_be_announced_and_saves_what_is_said() -> None:
    dice = Random(5)
    for _ in range(60):
        problem = random_problem(dice, special=True)
        p = recognition_of(dice.choice(("p-star", "announcement-proportional")))
        found = manipulations(problem, p)
        usual = found.equilibrium.savings
        for entry in found.entries:
            ended = entry.outcome.allocation
            assert is_feasible(problem, ended)
            assert tuple(ended[i] for i in entry.agents) == entry.best_deviation
            assert entry.outcome.savings == tuple(saved_by(problem, p, ended))
            assert entry.gain == sum(entry.outcome.savings[i] - usual[i] for i in entry.agents) >= 0


def test_nobody_gains_alone_under_p_star_over_1000_random_problems() -> None:
    dice = Random(6)
    pairs = 0
    for number, problem in enumerate(small_special_problems(dice, 1000)):
        found = manipulations(problem, P_STAR, pairs=number % 10 == 0)
        assert found.exhaustive
        assert all(entry.gain == 0 for entry in found.singles)
        # Nothing to gain: the best announcement is the usual one.
        assert all(entry.outcome == found.equilibrium for entry in found.singles)
        pairs += any(entry.gain > 0 for entry in found.pairs)
    assert pairs > 0


def test_agents_that_play_on_find_the_solvers_allocation() -> None:
    dice = Random(7)
    for _ in range(100):
        problem = random_problem(dice, special=dice.random() < 0.5)
        followers = Followers(problem)
        for _ in range(5):
            rows = rows_of(random_announcements(dice, problem, dice.randrange(problem.agents)))
            assert followers.finish(rows) == continued(problem, rows)


def test_solved_and_tabulated_continuations_lead_to_the_same_manipulations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dice = Random(8)
    for _ in range(15):
        problem = random_problem(dice, special=dice.random() < 0.5)
        p = recognition_of(dice.choice(("p-star", "announcement-proportional")))
        tabulated = manipulations(problem, p)
        with monkeypatch.context() as patch:
            patch.setattr(manipulation, "SMALL", 0)
            assert manipulations(problem, p, limit=manipulation.LIMIT_SMALL) == tabulated


def test_under_p_star_a_pair_gains_by_what_its_first_member_announces() -> None:
    """Once the first has announced both probabilities are settled, and the second does best by following."""
    dice = Random(10)
    gaining = 0
    for _ in range(400):
        problem = random_problem(dice, special=True)
        found = manipulations(problem, P_STAR)
        for entry in found.pairs:
            if entry.gain:
                gaining += 1
                first = entry.agents[0]
                rows = (*found.equilibrium.allocation[:first], entry.best_deviation[0])
                saved = saved_by(problem, P_STAR, continued(problem, rows))
                usual = found.equilibrium.savings
                assert entry.gain == sum(saved[i] - usual[i] for i in entry.agents)
    assert gaining > 10


def test_the_pair_of_the_protocol_note() -> None:
    """Agents 1 and 3 save more together while all save less: from 56/5 to 468/25, Δ from 56 to 52."""
    one, five = Quadratic(Fraction(1)), Quadratic(Fraction(5))
    problem = make([[1, 0], [0, 4], [0, 0]], [[1, 0], [0, 4], [2, 2]], one, five, one)
    found = manipulations(problem, P_STAR)
    pair = next(entry for entry in found.pairs if entry.agents == (0, 2))
    usual = found.equilibrium.savings
    assert (usual[0] + usual[2], pair.gain) == (Fraction(56, 5), Fraction(468, 25) - Fraction(56, 5))
    assert (sum(usual), sum(pair.outcome.savings)) == (56, 52)
    assert all(entry.gain == 0 for entry in found.singles)


@pytest.mark.parametrize("allocation", [None, X])
def test_agents_3_and_4_of_the_papers_example_gain_by_choosing_among_cost_effective_allocations(
    allocation: Matrix | None,
) -> None:
    example = example_1()
    problem = make(example.contracted, example.capacity, *example.costs, allocation=allocation)
    found = manipulations(problem, P_STAR)
    pair = next(entry for entry in found.pairs if entry.agents == (2, 3))
    assert pair.gain == Fraction(57, 112)
    assert pair.outcome.cost == found.equilibrium.cost == 89
    assert all(entry.gain == 0 for entry in found.singles)


def test_a_problems_own_allocation_is_what_the_others_announce() -> None:
    example = example_1()
    problem = make(example.contracted, example.capacity, *example.costs, allocation=X)
    assert manipulations(problem, P_STAR).equilibrium.allocation == rows_of(X)


def test_where_a_search_is_cut_short_it_says_so_and_its_gains_are_real() -> None:
    p = recognition_of("announcement-proportional")
    full = {entry.agents: entry for entry in manipulations(example_1(), p).entries}
    short = manipulations(example_1(), p, limit=150)
    assert not short.exhaustive
    assert any(not entry.exhaustive for entry in short.entries)
    for entry in short.entries:
        assert 0 <= entry.gain <= full[entry.agents].gain
        assert entry.gain == full[entry.agents].gain or not entry.exhaustive
    assert sum(entry.tried for entry in short.entries) <= 400


@pytest.mark.parametrize("limit", [1, 20, 150, 300])
def test_no_more_allocations_are_looked_at_than_the_limit_says(limit: int) -> None:
    seen: list[Rows] = []

    def watched(triple: Triple) -> tuple[Fraction, ...]:
        seen.append(triple.allocation)
        return P_STAR(triple)

    manipulations(example_1(), watched, limit=limit)
    assert limit // 2 < len(set(seen)) == len(seen) <= limit


TWICE, ONCE = (Piecewise((Fraction(0),), (Fraction(slope),)) for slope in (2, 1))


def hill(top: tuple[int, int]) -> Recognition:
    """Savings of agent 1 that grow towards `top`, along a narrow ridge: what is saved is what it hands on."""

    def height(x: Row) -> Fraction:
        along, across = x[0] + x[1] - sum(top), x[0] - x[1] - top[0] + top[1]
        return 1 - Fraction(along**2 + 15 * across**2, 10**6)

    def p(triple: Triple) -> tuple[Fraction, ...]:
        share = height(triple.allocation[0]) / (triple.total - sum(triple.allocation[0]))
        return (
            share,
            *(1 - share if j == triple.agents - 1 else Fraction(0) for j in range(1, triple.agents)),
        )

    return p


@pytest.mark.parametrize("top", [(0, 0), (1, 3), (20, 41), (40, 2), (61, 62)])
def test_a_search_goes_on_until_no_single_unit_more_or_less_gains(top: tuple[int, int]) -> None:
    problem = make([[63, 63], [0, 0]], [[63, 63]] * 2, TWICE, ONCE)
    p = hill(top)
    found = best_response(problem, p, limit=600)
    assert found.tried < 600  # of 64² that there are
    assert not found.exhaustive
    (best,) = found.best_deviation
    usual = saved_by(problem, p, continued(problem, ()))[0]
    saved = {
        row: saved_by(problem, p, (row, (63 - row[0], 63 - row[1])))[0]
        for row in legal(problem, ())
        if row == best or sum(abs(a - b) for a, b in zip(row, best, strict=True)) == 1
    }
    assert max(saved.values()) == saved[best] == usual + found.gain
    assert abs(sum(best) - sum(top)) <= 16


def test_a_pair_is_searched_whose_first_member_has_no_choice() -> None:
    problem = make([[0, 0], [63, 63], [0, 0]], [[0, 0], [63, 63], [63, 63]], ONCE, TWICE, ONCE)
    p = recognition_of("announcement-proportional")
    found = {entry.agents: entry for entry in manipulations(problem, p, limit=300).entries}
    assert found[0, 1].gain == found[1,].gain > 0


def test_part_of_a_limited_search_is_left_for_what_pairs_announce_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = make([[30, 30], [0, 0], [0, 0]], [[30, 30]] * 3, TWICE, ONCE, ONCE)
    p = recognition_of("announcement-proportional")
    before: list[int] = []

    def both(search: Any, entry: object, budget: int) -> None:  # noqa: ANN401 - private to its module
        before.append(len(search.known))
        search_both(search, entry, budget)

    search_both: Callable[..., None] = manipulation._Search.search_both
    monkeypatch.setattr(manipulation._Search, "search_both", both)
    manipulations(problem, p, limit=41)
    # Of 40 there are 15 for agent 1, which is 3/4 of a half, and for agent 2 18 of the other 25.
    assert before[0] == 1 + 15 + 18
    # Where nobody looks at pairs there is nothing to leave it for.
    seen: list[int] = []
    alone = make([[63, 63], [0, 0]], [[63, 63]] * 2, TWICE, ONCE)
    manipulations(alone, hill((40, 2)), pairs=False, limit=25, progress=lambda done, _: seen.append(done))
    assert seen == [*range(1, 26), 25]


def test_positions_are_bounded_from_above() -> None:
    # Agent 1 may announce 0, 1 or 2; agent 2 finds 2, 1 or 0, and has to take it.
    assert _positions(make([[2], [0]], [[2], [2]])) == 6
    dice = Random(12)
    for _ in range(60):
        problem = random_problem(dice, special=dice.random() < 0.5)
        before: set[tuple[int, tuple[int, ...]]] = set()
        ways = 0
        waiting: list[Rows] = [()]
        while waiting:
            rows = waiting.pop()
            left = tuple(map(sum, zip(*problem.contracted[: len(rows)].tolist(), strict=True)))
            left = tuple(d - sum(x) for d, x in zip(left, zip(*rows, strict=True), strict=True))
            if len(rows) == problem.agents or (len(rows), left) in before:
                continue
            before.add((len(rows), left))
            following = legal(problem, rows)
            ways += len(following)
            waiting += [(*rows, row) for row in following]
        assert ways <= _positions(problem)


def test_large_problems_end_within_their_limit_and_report_progress() -> None:
    problem = load_problem("problems/support-desk.toml")
    seen: list[tuple[int, int]] = []
    found = manipulations(problem, P_STAR, limit=300, progress=lambda done, limit: seen.append((done, limit)))
    assert not found.exhaustive
    assert all(entry.gain == 0 for entry in found.singles)
    assert seen == sorted(seen)


def test_a_best_response_after_any_announcements() -> None:
    dice = Random(9)
    for _ in range(40):
        problem = random_problem(dice, special=True)
        rows = rows_of(random_announcements(dice, problem, dice.randrange(problem.agents - 1)))
        j = len(rows)
        for name in ("p-star", "announcement-proportional"):
            p = recognition_of(name)
            usual = saved_by(problem, p, continued(problem, rows))[j]
            ways = [saved_by(problem, p, continued(problem, (*rows, row)))[j] for row in legal(problem, rows)]
            assert best_response(problem, p, rows).gain == max(ways) - usual
            assert name != "p-star" or max(ways) == usual
