"""The audit finds what the paper proves, and its witnesses can be checked by hand."""

import json
from collections.abc import Sequence
from fractions import Fraction
from io import StringIO
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from parley.core.errors import ParleyError
from parley.kit.present.terminal import sheet_tables
from parley.mechanisms.coordination.audit import (
    AXIOMS,
    CONSISTENCY,
    IMPLEMENTATION,
    PROPORTIONALITY,
    audit,
    search,
)
from parley.mechanisms.coordination.axioms.characterization import transfer_family
from parley.mechanisms.coordination.axioms.counterexamples import (
    disproportion,
    inconsistency,
    random_problems,
    unimplemented,
)
from parley.mechanisms.coordination.axioms.custom import Named, recognition_named
from parley.mechanisms.coordination.axioms.equilibrium import backward_induction, stage_one
from parley.mechanisms.coordination.axioms.reduction import excess_distributions, reduced
from parley.mechanisms.coordination.axioms.triple import Triple, recognition_of, stick_broken
from parley.mechanisms.coordination.costs import Quadratic
from parley.mechanisms.coordination.present.audit import audit_sheet
from parley.mechanisms.coordination.problem import Problem, example_1, load_problem
from parley.mechanisms.coordination.recognition import RECOGNITION, Turn
from tests.coordination.problems import all_allocations, make

Matrix = Sequence[Sequence[int]]

# What the paper proves of its functions: cost-effective implementation, consistency, proportionality.
PAPER = {
    "p-star": (True, True, True),
    "equal": (True, True, False),
    "contract-proportional": (True, False, True),
    "announcement-proportional": (False, True, False),
    "reordered": (False, True, True),
}


SEARCHED = 200
"""Random problems of an audit here; a thousand are searched for p*."""


@pytest.fixture(scope="module")
def reports() -> dict[str, dict[str, Any]]:
    """The audit of Example 1 for each function, as --json gives it."""
    problem = example_1()
    found = {name: audit(problem, recognition_named(name), problems=SEARCHED) for name in PAPER}
    return {name: json.loads(json.dumps(one.to_json())) for name, one in found.items()}


def test_verdicts_are_the_papers(reports: dict[str, dict[str, Any]]) -> None:
    for name, report in reports.items():
        assert tuple(report["axioms"][axiom]["holds"] for axiom in AXIOMS) == PAPER[name]
        assert {f: tuple(v.values()) for f, v in report["functions"].items()} == PAPER
        for axiom, verdict in report["axioms"].items():
            assert (verdict["witness"] is None) == verdict["holds"], (name, axiom)
            assert (
                verdict["basis"] == "theorem"
                if verdict["holds"]
                else verdict["basis"] in range(1, SEARCHED + 1)
            )
            assert verdict["searched"] == (SEARCHED if verdict["holds"] else verdict["basis"])


def test_every_verdict_over_random_problems_is_found_without_knowing_the_theorems() -> None:
    """The same functions under other names, of which nothing is proved: what fails is found to fail."""
    for name, expected in PAPER.items():
        unknown = Named("unknown", recognition_of(name), RECOGNITION[name])
        found = search(unknown, problems=SEARCHED)
        assert tuple(verdict.holds for verdict in found.values()) == tuple(
            None if holds else False for holds in expected
        )
        assert all(verdict.basis == verdict.searched for verdict in found.values())
        assert all(not verdict.undecided for verdict in found.values())


# ── witnesses, checked by hand: nothing below uses the program, only what its JSON says ─────────────────────


def p_by_hand(name: str, X: Matrix, D: Matrix, C: Matrix) -> list[Fraction]:
    """The five functions, from the paper's formulas."""
    n, total, types = len(D), sum(map(sum, D)), range(len(D[0]))
    if name == "equal":
        return [Fraction(1, n)] * n
    if name in ("contract-proportional", "announcement-proportional"):
        return [Fraction(sum(row), total) for row in (D if name[0] == "c" else X)]
    p, rest = [], Fraction(1)
    for j in range(n):
        pool = [sum(D[i][t] for i in range(j + 1)) - sum(X[i][t] for i in range(j)) for t in types]
        held = sum(min(pool[t], C[j][t]) for t in types)
        if name == "reordered" and n >= 3 and j == n - 2:
            held = sum(max(X[j][t], D[j][t]) for t in types)
        left = total - sum(map(sum, X[:j]))
        g = Fraction(held, left) if left else Fraction(0)
        p.append(rest if j == n - 1 else rest * g)
        rest *= 1 - g
    return p


def all_by_hand(D: Matrix, C: Matrix) -> list[list[list[int]]]:
    """All allocations: capacities, column sums, first agents' sums."""
    columns = []
    for d, c in zip(zip(*D, strict=True), zip(*C, strict=True), strict=True):
        some = product(*(range(x + 1) for x in c))
        columns.append(
            [x for x in some if sum(x) == sum(d) and all(sum(x[:k]) <= sum(d[:k]) for k in range(len(d)))]
        )
    return [[list(row) for row in zip(*chosen, strict=True)] for chosen in product(*columns)]


@pytest.mark.parametrize("name", ["announcement-proportional", "reordered"])
def test_witnesses_against_implementation_check_by_hand(
    reports: dict[str, dict[str, Any]], name: str
) -> None:
    witness = reports[name]["axioms"][IMPLEMENTATION]["witness"]
    problem, j, X, Y = (witness[key] for key in ("problem", "agent", "allocation", "deviation"))
    D, C = problem["contracted"], problem["capacity"]
    slopes = [[int(slope) for slope in cost["slopes"]] for cost in problem["costs"]]

    def F(Z: Matrix) -> int:  # noqa: N802 - the paper's name
        return sum(sum(slopes[i][: sum(row)]) for i, row in enumerate(Z))

    costs = [F(Z) for Z in all_by_hand(D, C)]
    assert F(X) == min(costs) < F(Y) < F(D)
    assert F(Y) == min(F(Z) for Z in all_by_hand(D, C) if Z[: j + 1] == Y[: j + 1])
    alone = sum(slopes[j][: sum(D[j])])
    at_X, at_Y = (alone - p_by_hand(name, Z, D, C)[j] * (F(D) - F(Z)) for Z in (X, Y))
    assert [str(at_X), str(at_Y)] == witness["expected_costs"]
    assert at_X - at_Y == Fraction(witness["gain"]) > 0
    assert X[:j] == Y[:j]
    # In equilibrium of the whole game the cost is not the least one.
    assert Fraction(witness["equilibria"]["least_total_cost"]) == min(costs)
    assert max(map(Fraction, witness["equilibria"]["total_costs"])) > min(costs)


def test_witnesses_against_consistency_check_by_hand(reports: dict[str, dict[str, Any]]) -> None:
    witness = reports["contract-proportional"]["axioms"][CONSISTENCY]["witness"]
    D, C, X = witness["problem"]["contracted"], witness["problem"]["capacity"], witness["allocation"]
    # Every whole Z: between nothing and the excess, within capacity, and enough for what is announced.
    excess = [d - x for d, x in zip(D[0], X[0], strict=True)]
    n, m = len(D), len(D[0])
    ways = product(*(product(*(range(C[j][t] - D[j][t] + 1) for t in range(m))) for j in range(1, n)))
    fitting = [
        Z
        for Z in ways
        if [sum(z[t] for z in Z) for t in range(m)] == excess
        and all(
            sum(X[i][t] for i in range(1, j + 1)) <= sum(D[i][t] + Z[i - 1][t] for i in range(1, j + 1))
            for j in range(1, n)
            for t in range(m)
        )
    ]
    assert [[list(map(int, row)) for row in witness["only_distribution"][1:]]] == [
        list(map(list, Z)) for Z in fitting
    ]
    held = [[d + z for d, z in zip(D[i], fitting[0][i - 1], strict=True)] for i in range(1, n)]
    p, smaller = (
        p_by_hand("contract-proportional", X, D, C),
        p_by_hand("contract-proportional", X[1:], held, C[1:]),
    )
    assert [str(q) for q in p] == witness["probabilities"]
    assert p[1:] != [(1 - p[0]) * q for q in smaller]


@pytest.mark.parametrize("name", ["equal", "announcement-proportional"])
def test_witnesses_against_proportionality_check_by_hand(
    reports: dict[str, dict[str, Any]], name: str
) -> None:
    witness = reports[name]["axioms"][PROPORTIONALITY]["witness"]
    D, C, X = witness["problem"]["contracted"], witness["problem"]["capacity"], witness["allocation"]
    assert p_by_hand(name, X, D, C)[0] == Fraction(witness["probabilities"][0])
    assert Fraction(sum(D[0]), sum(map(sum, D))) == Fraction(witness["share"])
    assert witness["share"] != witness["probabilities"][0]


def test_witness_problems_are_problem_files(reports: dict[str, dict[str, Any]]) -> None:
    seen = 0
    for report in reports.values():
        for verdict in report["axioms"].values():
            if verdict["witness"] is not None:
                problem = Problem.from_mapping(verdict["witness"]["problem"])
                assert problem.in_special_domain
                problem.check_playable()
                seen += 1
    assert seen == 5


# ── the paper's own witnesses ───────────────────────────────────────────────────────────────────────────────

D = ((3, 0, 0), (0, 2, 0), (0, 0, 1))
X = ((2, 0, 0), (0, 2, 0), (1, 0, 1))


def test_the_papers_witness_against_the_consistency_of_contract_shares() -> None:
    found = inconsistency(
        recognition_of("contract-proportional"), Triple.of(X, D, ((3, 0, 0), (0, 2, 0), (1, 0, 1)))
    )
    assert found is not None
    assert found.distribution == ((0, 0, 0), (0, 0, 0), (1, 0, 0))
    assert found.probabilities[1] == Fraction(2, 6)
    assert found.required[0] == Fraction(2, 4) * (1 - Fraction(3, 6))


def test_the_papers_witness_against_the_reordered_function() -> None:
    triple = Triple.of(X, D, ((3, 0, 0), (1, 2, 0), (1, 0, 1)))
    found = unimplemented(recognition_of("reordered"), triple)
    assert found is not None
    assert found.of_whole_game
    assert found.game.agent == 1
    assert found.game.deviation == ((2, 0, 0), (1, 2, 0), (0, 0, 1))


def test_the_papers_argument_against_equal_shares() -> None:
    found = disproportion(recognition_of("equal"), Triple.of(X, D, ((3, 0, 0), (1, 2, 0), (1, 0, 1))))
    assert found is not None
    assert (found.probabilities[0], found.share) == (Fraction(1, 3), Fraction(1, 2))


# ── p* over many problems, and the functions around it ──────────────────────────────────────────────────────


def test_p_star_passes_over_a_thousand_problems_from_another_seed() -> None:
    unknown = Named("unknown", recognition_of("p-star"), RECOGNITION["p-star"])
    found = search(unknown, problems=1000, seed=20)
    assert [(verdict.holds, verdict.basis, verdict.undecided) for verdict in found.values()] == [
        (None, 1000, 0)
    ] * 3


def test_every_function_that_passes_the_excess_on_otherwise_can_be_manipulated() -> None:
    """Proposition 4: members of Proposition 3's family whose Z leaves Z* fail Axiom 1, and only it."""
    dice = Random(2)
    for _ in range(20):
        shares = [Fraction(dice.randint(0, 4), 4) for _ in range(3)]
        if not any(shares):
            shares[dice.randrange(2)] = Fraction(1, 3)
        p = stick_broken(transfer_family(shares))
        found = None
        for triples in random_problems(seed=dice.randrange(99), count=600):
            for triple in triples:
                assert disproportion(p, triple) is None
                assert inconsistency(p, triple) is None
                game = unimplemented(p, triple)
                found = game if game is not None and game.of_whole_game else found
            if found is not None:
                break
        assert found is not None, shares
        assert found.game.gain > 0


def test_random_problems_are_of_the_special_domain_and_reach_its_largest_sizes() -> None:
    sizes = set()
    for triples in random_problems(seed=3, count=400):
        for triple in triples:
            problem = make(np.array(triple.contracted), np.array(triple.capacity))
            assert problem.in_special_domain
            assert triple.valid
            assert triple.contracted == triples[0].contracted
        sizes.add((triples[0].agents, triples[0].task_types))
    assert {(2, 1), (5, 4)} <= sizes


# ── functions of one's own ──────────────────────────────────────────────────────────────────────────────────


def last_takes_most(turn: Turn) -> tuple[int, int]:
    """Invented for this test: everybody half of p*, what is left to the last agent."""
    return sum(turn.maximal), 2 * turn.remaining


def test_a_function_of_ones_own_is_audited_like_the_others() -> None:
    own = Named("own", stick_broken(last_takes_most), last_takes_most)
    found = audit(example_1(), own, problems=300)
    verdicts = found.axioms
    # It never looks at x_j, and agent 1 gets half its share.
    assert verdicts[IMPLEMENTATION].holds is None
    assert verdicts[IMPLEMENTATION].basis == 300
    assert verdicts[IMPLEMENTATION].here is True
    assert verdicts[PROPORTIONALITY].holds is False
    assert verdicts[PROPORTIONALITY].here is False
    assert next(iter(found.table())) == "own"
    assert len(found.table()) == 6


def by_capacity(triple: Triple) -> tuple[Fraction, ...]:
    """Invented for this test: a function of whole problems."""
    total = sum(map(sum, triple.capacity))
    return tuple(
        Fraction(sum(row), total) if total else Fraction(1, triple.agents) for row in triple.capacity
    )


def test_a_function_of_whole_problems_is_audited_too() -> None:
    own = Named("own", by_capacity, None)
    found = search(own, problems=300)
    assert found[IMPLEMENTATION].holds is None
    # The reduced problem has the capacities of the others, whatever Z: consistent, but nothing proves it.
    assert found[CONSISTENCY].holds is None
    assert found[PROPORTIONALITY].holds is False


def test_a_function_that_depends_on_the_unit_is_refused() -> None:
    def counting(turn: Turn) -> tuple[int, int]:
        return 1, 1 + turn.remaining

    with pytest.raises(ParleyError, match="depends on the unit"):
        search(Named("counting", stick_broken(counting), counting), problems=50)


# ── the problem at hand ─────────────────────────────────────────────────────────────────────────────────────


def test_what_is_said_of_the_problem_itself_is_what_its_equilibria_do() -> None:
    problem = make([[3], [0]], [[3], [2]])
    X_best = [[1], [2]] if problem.total_cost([[1], [2]]) < problem.total_cost([[2], [1]]) else [[2], [1]]
    for name in ("p-star", "announcement-proportional"):
        found = audit(problem, recognition_named(name), problems=20)
        game = stage_one(problem, recognition_of(name))
        equilibria = backward_induction(game, efficient_ties=True)
        assert found.axioms[IMPLEMENTATION].here == equilibria.cost_effective
        assert found.equilibria is not None
        assert {o.allocation for o in found.equilibria.outcomes} == {
            o.allocation for o in equilibria.outcomes
        }
        alone = any(entry.gain > 0 for entry in found.manipulations.singles)
        assert found.holds == (name == "p-star" and not alone)
    assert problem.total_cost(X_best) == min(map(problem.total_cost, all_allocations(problem)))


def test_the_pair_of_the_protocol_note_is_reported() -> None:
    one, five = Quadratic(Fraction(1)), Quadratic(Fraction(5))
    problem = make([[1, 0], [0, 4], [0, 0]], [[1, 0], [0, 4], [2, 2]], one, five, one)
    report = audit(problem, problems=20).to_json()
    gains = {json.dumps(entry["agent"]): entry["gain"] for entry in report["manipulation"]}
    assert gains == {
        "0": "0",
        "1": "0",
        "2": "0",
        "[0, 1]": gains["[0, 1]"],
        "[0, 2]": str(Fraction(468, 25) - Fraction(56, 5)),
        "[1, 2]": gains["[1, 2]"],
    }


@pytest.mark.parametrize("file", ["support-desk", "power", "piecewise", "general-domain"])
def test_every_ready_problem_can_be_audited(file: str) -> None:
    problem = load_problem(f"problems/{file}.toml")
    report = audit(problem, problems=20).to_json()
    assert report["special_domain"] == problem.in_special_domain
    assert all(Fraction(entry["gain"]) >= 0 for entry in report["manipulation"])
    n = problem.agents
    assert len(report["manipulation"]) == n + n * (n - 1) // 2


@pytest.mark.deep
def test_of_a_large_game_only_what_is_known_is_said() -> None:
    problem = load_problem("problems/support-desk.toml")
    verdicts = {name: audit(problem, recognition_named(name), problems=20).axioms for name in PAPER}
    here = {name: found[IMPLEMENTATION].here for name, found in verdicts.items()}
    assert here == {
        "p-star": True,
        "equal": True,
        "contract-proportional": True,
        "announcement-proportional": False,
        "reordered": None,
    }


# ── a failure in the problem at hand ────────────────────────────────────────────────────────────────────────

SIX = make([[3, 0], *4 * [[0, 0]], [0, 1]], [[3, 0], [1, 0], *3 * [[0, 0]], [0, 1]])


def half_of_six(triple: Triple) -> tuple[Fraction, ...]:
    """p*, but that agent 1 of six gets one half."""
    p = recognition_of("p-star")(triple)
    if triple.agents != 6:
        return p
    half, rest = Fraction(1, 2), 1 - p[0]
    others = [half * q / rest for q in p[1:]] if rest else [half / 5] * 5
    return (half, *others)


def test_a_failure_in_the_problem_at_hand_refutes_what_no_search_does() -> None:
    """No problem of the search has six agents."""
    found = audit(SIX, Named("own", half_of_six, None), problems=200)
    verdict = found.axioms[PROPORTIONALITY]
    assert search(Named("own", half_of_six, None), problems=200)[PROPORTIONALITY].holds is None
    assert (verdict.holds, verdict.here, verdict.refuted_here) == (False, False, True)
    report = json.loads(json.dumps(found.to_json()))["axioms"][PROPORTIONALITY]
    assert (report["holds"], report["here"], report["basis"]) == (False, False, 200)
    witness = report["witness"]
    D, C, X = witness["problem"]["contracted"], witness["problem"]["capacity"], witness["allocation"]
    assert (SIX.contracted.tolist(), SIX.capacity.tolist()) == (D, C)
    assert witness["probabilities"][0] == "1/2"
    assert Fraction(sum(D[0]), sum(map(sum, D))) == Fraction(witness["share"]) == Fraction(3, 4)
    assert Triple.of(X, D, C).valid
    assert not found.holds


def test_consistency_that_fails_here_is_refuted_however_little_was_searched() -> None:
    """Contract shares, where the excess can be passed on in several ways: a proof speaks of them all."""
    four = make([[0, 2, 3], [3, 0, 0], 3 * [0], 3 * [0]], [[0, 2, 3], [3, 2, 0], [1, 2, 1], [1, 0, 1]])
    five = make(
        [[3, 2, 0], 3 * [0], 3 * [0], 3 * [0], [0, 0, 2]],
        [[5, 2, 0], [2, 1, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]],
    )
    for problem in (four, five):
        found = audit(problem, recognition_named("contract-proportional"), problems=1)
        verdict = found.axioms[CONSISTENCY]
        assert (verdict.holds, verdict.here) == (False, False)
        report = json.loads(json.dumps(found.to_json()))
        witness = report["axioms"][CONSISTENCY]["witness"]
        proof = witness["certificate"]
        low, high, needed = (Fraction(proof[key]) for key in ("low", "high", "needed"))
        assert not low <= needed <= high
        p = [Fraction(q) for q in witness["probabilities"]]
        weights = [Fraction(w) for w in proof["weights"]]
        assert sum(w * q for w, q in zip(weights, p[1:], strict=True)) / (1 - p[0]) == needed
        # Every whole way to pass the excess on, by hand.
        given = witness["problem"]
        triple = Triple.of(witness["allocation"], given["contracted"], given["capacity"])
        total = 0
        for Z in excess_distributions(triple).points():
            after = recognition_of("contract-proportional")(reduced(triple, Z))
            total += 1
            assert low <= sum(w * q for w, q in zip(weights, after, strict=True)) <= high
        assert total > 1
        assert report["functions"]["contract-proportional"][CONSISTENCY] is False


def test_other_functions_are_held_against_the_problem_at_hand_too() -> None:
    table = audit(example_1(), problems=1).to_json()["functions"]
    assert table["contract-proportional"][CONSISTENCY] is False
    assert table["equal"][PROPORTIONALITY] is False
    assert list(table["p-star"].values()) == [True] * 3


def test_equilibria_that_cost_too_much_here_refute_implementation() -> None:
    def announced_of_six(triple: Triple) -> tuple[Fraction, ...]:
        name = "announcement-proportional" if triple.agents == 6 else "p-star"
        return recognition_of(name)(triple)

    problem = make([[4, 0], *4 * [[0, 0]], [0, 1]], [[4, 0], [2, 0], *3 * [[0, 0]], [2, 1]])
    found = audit(problem, Named("own", announced_of_six, None), problems=50)
    verdict = found.axioms[IMPLEMENTATION]
    assert found.equilibria is not None
    assert not found.equilibria.cost_effective
    assert (verdict.holds, verdict.here, verdict.refuted_here) == (False, False, True)
    witness = json.loads(json.dumps(found.to_json()))["axioms"][IMPLEMENTATION]["witness"]
    assert max(map(Fraction, witness["equilibria"]["total_costs"])) > Fraction(
        witness["equilibria"]["least_total_cost"]
    )
    assert Problem.from_mapping(witness["problem"] | {"recognition": "p-star"}).agents == 6


def test_a_problem_outside_the_special_domain_refutes_nothing() -> None:
    problem = make([[3], [1], [0], [0], [0], [0]], [[3], [2], [0], [0], [0], [1]])
    assert not problem.in_special_domain
    verdict = audit(problem, Named("own", half_of_six, None), problems=50).axioms[PROPORTIONALITY]
    assert (verdict.holds, verdict.here, verdict.witness) == (None, False, None)


def test_tables_say_what_is_not_known() -> None:
    found = audit(example_1(), Named("own", stick_broken(last_takes_most), last_takes_most), problems=60)
    console = Console(width=250, record=True, file=StringIO())
    console.print(sheet_tables(audit_sheet(found.to_json(), found.problem)))
    text = console.export_text()
    assert "not known: none of 60 refutes it" in text
    assert "not refuted by" not in text


# ── ties ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_total_costs_are_given_under_the_tie_rule_and_without_it() -> None:
    """D = (4, 0, 0)ᵀ, C = (4, 2, 2)ᵀ: agents 2 and 3 are never recognized, and do not mind."""
    thirds = Problem(
        contracted=3 * np.array([[4], [0], [0]]),
        capacity=3 * np.array([[4], [2], [2]]),
        costs=(Quadratic(Fraction(1)),),
        continuation=Fraction(1, 2),
        unit=3,
    )
    found = audit(thirds, problems=1)
    report = found.to_json()["equilibria"]
    assert report["total_costs"] == ["16/3"]
    assert report["total_costs_any_ties"] == ["16/3", "50/9", "6"]
    assert report["tie_rule"] in found.axioms[IMPLEMENTATION].here_basis
    console = Console(width=250, record=True, file=StringIO())
    console.print(sheet_tables(audit_sheet(found.to_json(), found.problem)))
    text = " ".join(console.export_text().split())
    assert "Those of the game cost" in text
    assert report["tie_rule"] in text
