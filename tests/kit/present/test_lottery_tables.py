"""Tables of random assignments say what theory and play found, in the names of the problem."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from parley.chain.compiler import project_root
from parley.kit.present.tables import in_fractions, number
from parley.kit.present.terminal import sheet_tables, tables_of
from parley.kit.present.verification import verification_sheet
from parley.kit.registry import load
from parley.kit.verify.rules import Violation
from parley.kit.verify.verification import Judged, Verification
from parley.mechanisms.assignment.audit import audit
from parley.mechanisms.assignment.efficiency import ordinally_efficient
from parley.mechanisms.assignment.envy import envy_free, equal_treatment, sd_envy_free
from parley.mechanisms.assignment.favourites import beats, worse_region
from parley.mechanisms.assignment.lottery import as_matrix
from parley.mechanisms.assignment.present.words import reasons
from parley.mechanisms.assignment.problem import Problem, from_orders, load_problem

if TYPE_CHECKING:
    from rich.console import RenderableType

    from parley.kit.verdict import Verdict

SMALL = [
    file
    for file in sorted((project_root() / "problems").glob("assignment-*.toml"))
    if "seminars" not in file.stem
]
"""Problem files whose audit takes no second."""


def told(*tables: RenderableType) -> str:
    """What a wide terminal shows, with bars between cells, white space as single blanks."""
    console = Console(width=400, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        for table in tables:
            console.print(table)
    return re.sub(r" {2,}", " | ", captured.get()).replace("\n", " |\n| ")


def problem_of(name: str) -> Problem:
    return load_problem(project_root() / "problems" / f"assignment-{name}.toml")


def solved(problem: Problem) -> str:
    return told(*load(problem.to_mapping()).solve().tables(exact=True))


def audited(problem: Problem) -> str:
    return told(*load(problem.to_mapping()).audit().tables(exact=True))


def explained(problem: Problem, key: str) -> list[str]:
    with in_fractions():
        return reasons(key, audit(problem).verdicts[key].to_json(), problem)


def made(**keys: Any) -> Problem:  # noqa: ANN401 - what a problem file may say
    return Problem.from_mapping({"kind": "assignment", "rule": "serial-dictatorship", **keys})


# ── solutions ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_solution_shows_matrix_ranks_and_lottery_in_fractions() -> None:
    text = solved(problem_of("bogomolnaia-moulin"))
    assert "rule serial-dictatorship; agents 4; items 4; places 4; probabilities exact" in text
    assert "| agent 1 | 5/12 | 1/12 | 5/12 | 1/12 |" in text
    assert "| agent 3 | 1/12 | 5/12 | 1/12 | 5/12 |" in text
    assert "| average of all | 5/12 | 1/12 | 5/12 | 1/12 |" in text
    assert "| 1/3 | a | c | b | d |" in text


def test_what_is_left_over_and_who_may_get_nothing_is_shown() -> None:
    text = solved(made(items=["a", "b"], capacities=[2, 1], rankings=[["b"], ["b"]]))
    assert "agents 2; items 2; places 3" in text
    assert "| agent 1 | 0 | 1/2 | 1/2 |" in text
    assert "| a | 2 | 0 |" in text
    assert "| b | 1 | 1 |" in text


def test_prices_and_what_they_prove_are_shown() -> None:
    text = solved(problem_of("cyclic"))
    assert "| A | 1 | 1 | 1 |" in text
    assert "At these prices no other assignment has a greater weighted sum of utilities." in " ".join(
        text.split()
    )
    assert "At these prices demand equals supply" in solved(problem_of("cyclic").with_rule("pseudo-market"))


def test_a_wide_problem_is_written_in_words() -> None:
    orders = [[(7 * i + 3 * o * o + o * i) % 11 for o in range(11)] for i in range(12)]
    problem = from_orders([list(dict.fromkeys(order)) for order in orders], 11, "probabilistic-serial")
    found = load(problem.to_mapping()).solve()
    text = told(*found.tables(exact=True))
    (row,) = re.findall(r"\| agent 3 \| ([^|]* [a-k],[^|]*?) \|", text)
    entries = [entry.split() for entry in row.split(", ")]
    shares = dict(zip(problem.items, found.matrix[2], strict=True))
    with in_fractions():
        assert all(number(shares.get(item, Fraction(0))) == p for p, item in entries if item != "nothing")
    assert [Fraction(p) for p, _ in entries] == sorted((Fraction(p) for p, _ in entries), reverse=True)
    assert text.count("agent 12 ") == 2 + len(found.lottery)  # in matrix and ranks, and in each term


def test_an_estimate_is_told_from_what_is_exact() -> None:
    agents = 24
    orders = [[(i + k * (1 + i % 5)) % 23 for k in range(23)] for i in range(agents)]
    problem = from_orders([list(dict.fromkeys(order)) for order in orders], 23)
    found = load(problem.to_mapping()).solve(runs=400, seed=1)
    text = told(*found.tables())
    error = float(found.sample.std_errors.max())
    assert f"Frequencies in 400 runs of the rule; standard errors are at most {error:.4f}." in text
    assert "the rule's own assignments are too many to list" in text.lower()
    assert f"| {float(found.ranks[0][0]):.3f}".rstrip("0") in text


# ── audits ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rule", ["serial-dictatorship", "probabilistic-serial", "boston", "welfare"])
@pytest.mark.parametrize("file", SMALL, ids=lambda file: file.stem)
def test_every_verdict_has_its_reasons_in_words(file: Any, rule: str) -> None:  # noqa: ANN401 - a path
    problem = load_problem(file)
    if problem.utilities is None and rule == "welfare":
        problem = problem_of("three-utilities")
    found = audit(problem.with_rule(rule))
    for key, verdict in found.verdicts.items():
        lines = reasons(key, verdict.to_json(), found.problem)
        assert lines
        assert all(line.strip() == line and line for line in lines)
        assert not any(word in " ".join(lines) for word in ("None", "null", "{", "Fraction"))
    text = audited(found.problem)
    for key, verdict in found.verdicts.items():
        word = {True: "holds", False: "fails", None: "not known"}[verdict.holds]
        assert re.search(rf"\| {key.replace('_', '.')[:6]}.*\| {word} \|", text), key


EXPLAINED = (
    (
        "bogomolnaia-moulin",
        "ordinally_efficient",
        "agent 1 gives some of b for as much of a; agent 3 gives some of a for as much of b.",
        "agent 1, agent 2: 1/2 a, 1/2 c",
        "drawn with probability 1/2: agent 1 a, agent 2 c, agent 3 b, agent 4 d",
    ),
    # The paper's: the third agent gets the last item, a coin decides about the others.
    (
        "three-utilities",
        "ex_ante_efficient",
        "agent 1, agent 2: 1/2 A, 1/2 B",
        "agent 3: C for sure",
        "drawn with probability 1/2: agent 1 A, agent 2 B, agent 3 C",
        "Gains: agent 1 1/6, agent 2 1/6, agent 3 1/3.",
    ),
    (
        "cyclic",
        "ex_ante_efficient",
        "Weights λ: agent 1 1, agent 2 2, agent 3 1.",
        "Prices β: A 1, B 1/2, C 0.",
    ),
)


@pytest.mark.parametrize(("name", "key", "lines"), [(name, key, lines) for name, key, *lines in EXPLAINED])
def test_what_shows_a_property_is_told_in_names_and_fractions(name: str, key: str, lines: list[str]) -> None:
    assert set(lines) <= set(explained(problem_of(name), key))


def test_trades_with_what_is_left_over_are_told() -> None:
    problem = from_orders([[0, 1], [1]], 2)
    verdict = ordinally_efficient(problem, as_matrix([["1/2", 0], [0, 1]]))
    assert reasons("ordinally_efficient", verdict.to_json(), problem)[1] == (
        "agent 1 takes some of a where it got nothing; some of a, which is left over, is given out."
    )


def test_tied_items_that_are_wasted_are_found_in_an_assignment() -> None:
    rankings = [[["a", "b"]], ["a"]]
    lines = explained(made(items=["a", "b"], rankings=rankings), "ex_post_efficient")
    assert lines[0] == "With probability 1/2 an assignment is drawn that wastes something."
    assert lines[1] == "This assignment: agent 1 a, agent 2 nothing."
    assert lines[-1] == "After the trade: agent 1 b, agent 2 a."


def test_envy_and_unequal_treatment_are_told_with_their_numbers() -> None:
    problem = made(items=["a", "b"], utilities=[[3, 1], [3, 1]])
    matrix = as_matrix([[1, 0], [0, 1]])

    def lines(key: str, verdict: Verdict) -> list[str]:
        return reasons(key, verdict.to_json(), problem)

    assert lines("envy_free", envy_free(problem, matrix)) == [
        "agent 2 expects 1 of its own lottery, and would expect 3 of agent 1's."
    ]
    assert lines("equal_treatment", equal_treatment(problem, matrix)) == [
        "agent 1 and agent 2 are alike, but one gets a for sure and the other b for sure."
    ]
    first, _, weak = lines("sd_envy_free", sd_envy_free(problem, matrix))
    assert (
        first == "agent 2 gets its first choice with probability 0; with agent 1's lottery it would with 1."
    )
    assert weak.startswith("It is not weakly envy-free either. agent 2 gets its first choice")


def test_a_lie_is_told_with_what_it_gains_and_for_which_utilities() -> None:
    lines = explained(problem_of("cyclic"), "strategy_proof")
    assert lines[0] == "agent 1 gains 1/4 by reporting utilities A 0, B 1, C 0."
    assert lines[2] == (
        "It gets B for sure instead of 1/2 B, 1/2 C: 1/4 more, by its utilities A 0, B 1, C 1/2."
    )
    # Boston without utilities: for some that agree with the ranking.
    problem = from_orders([[0, 1, 2]] * 3, 3, "boston")
    verdict = audit(problem).verdicts["strategy_proof"]
    assert verdict.witness is not None
    with in_fractions():
        lines = reasons("strategy_proof", verdict.to_json(), problem)
    assert "It gets b for sure instead of 1/3 a, 1/3 b, 1/3 c" in lines[2]
    assert f"{verdict.witness['gain']} more, if its utilities are " in lines[2]
    assert lines[-1].startswith("No misreport is profitable under all utilities")


def test_option_sets_show_the_own_lottery_first_and_why_nothing_is_better() -> None:
    problem = problem_of("option-set")
    text = audited(problem)
    assert "| agent 1 | 16 | 8 | yes |" in text
    assert "Its true report" not in text
    with in_fractions():
        ((_, notes, (options,)), *_) = load(problem.to_mapping()).audit()._sheet().cells
        text = told(*tables_of(options))
    own, *others = re.findall(r"\| ([^|]*) \| ([^|]*) \| ([\d/]+) \| ([\d/]+) \| ([\d/]+) \| [a-z ]+\|", text)
    assert own[:2] == ("the truth", "2/3 2, 1/3 3")
    sums = [tuple(map(Fraction, numbers)) for _, _, *numbers in (own, *others[:7])]
    assert list(map(str, sums[0])) == ["2/3", "2/3", "1"]
    assert all(p <= q for row in sums for p, q in zip(row, sums[0], strict=True))
    assert notes[0] == "Its true report is 2 > 1 > 3."


# ── what is better for an agent ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("utilities", [None, [["3", "1", "0"]], [["1", "1", "5/2"]]])
def test_the_shaded_region_is_what_does_not_beat_the_own_lottery(utilities: list[list[str]] | None) -> None:
    """Every lottery on a grid is within the polygon if and only if it is no better."""
    keys: dict[str, Any] = {"utilities": utilities} if utilities else {"rankings": [["a", "b", "c"]]}
    problem = made(items=["a", "b", "c"], **keys)
    own = Fraction(1, 3), Fraction(1, 2), Fraction(1, 6)
    corners = [tuple(map(Fraction, corner)) for corner in worse_region(problem, 0, own)]
    n = 12
    for i in range(n + 1):
        for j in range(n + 1 - i):
            row = Fraction(i, n), Fraction(j, n), Fraction(n - i - j, n)
            assert within(row, corners) == (not beats(problem, 0, row, own)), row


def within(row: tuple[Fraction, ...], corners: list[tuple[Fraction, ...]]) -> bool:
    """Whether a point is in a convex polygon, whichever way round its corners go; rounding is let pass."""
    turns = []
    for k, (x, y, _) in enumerate(corners):
        before = corners[k - 1]
        turns.append((x - before[0]) * (row[1] - before[1]) - (y - before[1]) * (row[0] - before[0]))
    little = Fraction(1, 10**9)
    return all(turn <= little for turn in turns) or all(turn >= -little for turn in turns)


# ── runs and verifications ──────────────────────────────────────────────────────────────────────────────────


def test_a_run_shows_counts_beside_what_was_expected_and_bonds_lost() -> None:
    problem = load(problem_of("three-utilities").to_mapping())
    run = problem.simulate(games=30, seed=5, bots=["truthful", "truthful", "absent:revealing"])
    text = told(*run.tables())
    assert "lotteries 30; rule serial-dictatorship; agents 3; items 3;" in text
    assert "Of 30 lotteries, 30 drawn (100%)." in text
    one, two, three = run.comparison.counts["item"].counts
    shares = (f"{100 * one[0] / 30:.1f}", f"{100 * one[2] / 30:.1f}")
    assert f"| agent 1 | {shares[0]}% (50.0%) | 0.0% (0.0%) | {shares[1]}% (50.0%) | 0.0% (0.0%) |" in text
    assert one[0] + two[0] == 30
    assert "| agent 3 | 0.0% (0.0%) | 0.0% (0.0%) | 0.0% (0.0%) | 100.0% (100.0%) |" in text
    assert three[-1] == 30
    assert re.search(
        r"\| agent 3 \| absent:revealing \| nothing revealed \| 0(\.0+)? \| 0(\.0+)? \|[ |]*30 \|", text
    )
    assert re.search(r"\| agent 1 \| truthful \| the truth \| [\d.]+ \| 2(\.0+)? \|", text)
    assert "agrees with theory" in text
    assert "games replayed on py-evm: every transaction and balance was the same." in text


def test_a_verification_is_shown_whatever_its_kind() -> None:
    judged = (Judged("recognition_p_value", "orders", 0.25), Judged("term_p_value", "terms", None))
    violation = Violation("0x01", None, "assignment", "seat 2 got b, not a")
    for kind, violations in (("assignment", [violation]), ("coordination", [])):
        found = Verification(
            kind=kind,
            chain_id=31337,
            contract="0xaa",
            endings={"drawn": 2},
            checked={"reveal": 8},
            violations=violations,
            not_followed=0,
            judged=judged,
            surplus=0,
            own_code=True,
            seconds=1.0,
        )
        text = told(sheet_tables(verification_sheet(found)))
        assert f"2 games of {kind} at 0xaa on chain 31337: 2 drawn" in text
        assert "orders: p-value 0.25, not below 1e-06" in text
        assert "terms: nothing was drawn" in text
        assert ("| assignment | 0x01 | none | seat 2 got b, not a |" in text) == bool(violations)
        assert ("does NOT hold" in text) == bool(violations)
