"""Lotteries on the real contract: the same on both EVMs, drawn as theory says, every wei accounted for."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

import pytest

from parley.chain.abi import Interface
from parley.chain.codec import compiled_codec
from parley.chain.compiler import compile_contracts
from parley.chain.deploy import deployed_addresses
from parley.chain.evm import Receipt
from parley.core.errors import ParleyError, ProblemError
from parley.core.randomness import game_id, keccak, permutation, seed, uniform
from parley.kit.play.player import UnexpectedRevertError
from parley.mechanisms.assignment.bots import make_bots
from parley.mechanisms.assignment.certificate import find_fault
from parley.mechanisms.assignment.contracts import CONTRACTS, MECHANISM
from parley.mechanisms.assignment.lottery import Term
from parley.mechanisms.assignment.plan import check_playable, plan
from parley.mechanisms.assignment.play import Outcome, Player
from parley.mechanisms.assignment.problem import RULES, Posted, Problem, example_1, from_orders
from parley.mechanisms.assignment.serial_dictatorship import serve
from parley.mechanisms.assignment.solution import rule_matrix, solve
from tests.assignment.problems import cardinal, ready
from tests.assignment.suite import SUITE
from tests.backends import open_backend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.chain.evm import Name
    from parley.kit.play.player import Sent

FUNCTIONS = compiled_codec("AssignmentLottery").selectors

SERIAL, EATING, BOSTON = RULES[:3]

MIXED = replace(
    from_orders([[0, 1], [0, 1, 2], [0], [2, 1, 0], [1]], 3, capacities=[2, 1, 1]), bond=7 * 10**14, window=60
)
"""Capacities, and lists of all lengths."""

POPULATIONS = {
    "truthful": (["truthful"], "drawn"),
    "some never commit": (
        ["absent", "truthful", "truthful", "absent:committing", "truthful"],
        "drawn, committing expired",
    ),
    "some do not reveal": (
        ["truthful", "absent:revealing", "truthful", "truthful", "absent:revealing"],
        "drawn, revealing expired",
    ),
    "a copy": (
        ["truthful", "truthful", "copying", "truthful", "truthful"],
        "drawn, revealing expired, copy refused",
    ),
    "two copies of one that stays silent": (
        ["absent:revealing", "copying", "copying", "truthful", "truthful"],
        "drawn, revealing expired",
    ),
    "silent in all phases": (
        ["absent:revealing", "absent:committing", "absent:opening", "truthful", "copying"],
        {
            SERIAL: "drawn, committing expired, revealing expired",
            EATING: "drawn, committing expired, revealing expired, opening expired",
        },
    ),
    "some do not open": (
        ["absent:opening", "truthful", "absent:opening", "truthful", "truthful"],
        {SERIAL: "drawn", EATING: "drawn, opening expired"},
    ),
    "nobody opens": (["absent:opening"], {SERIAL: "drawn", EATING: "cancelled, opening expired"}),
    "nobody reveals": (["absent:revealing"], "cancelled, revealing expired"),
    "nobody commits": (["absent"], "cancelled, committing expired"),
    "copies of nothing": (["copying"], "cancelled, committing expired"),
}
"""Names of bots, and the path of all their lotteries; by rule where they differ."""


def player(evm: Name, problem: Problem, names: Sequence[str] = ("truthful",), seed: int = 7) -> Player:
    machine = open_backend(evm)
    bots = make_bots(names, problem.agents)
    return Player(machine, deployed_addresses(machine, CONTRACTS)[MECHANISM], plan(problem, bots), seed)


def played(on: Player, games: range) -> list[tuple[Outcome, list[Sent], tuple[int, ...]]]:
    """Outcome, transactions and balances after each lottery."""
    return [(on.play(k), on.sent, on.balances()) for k in games]


def path_of(expected: str | dict[str, str], rule: str) -> str:
    return expected if isinstance(expected, str) else expected[rule]


CASES = pytest.mark.parametrize(("names", "path"), POPULATIONS.values(), ids=POPULATIONS)
BOTH_RULES = pytest.mark.parametrize("rule", [SERIAL, EATING])


# ── the contract's words ────────────────────────────────────────────────────────────────────────────────────


def test_every_kind_of_event_is_decoded_as_generic_coding_decodes_it() -> None:
    interface = Interface(compile_contracts()["AssignmentLottery"].abi)
    wide = from_orders([[o for o in range(40) if o != i] for i in range(40)], 40)
    players = [
        player("revm", wide),
        *(
            player("revm", MIXED.with_rule(rule), names)
            for rule in (SERIAL, EATING)
            for names, _ in POPULATIONS.values()
        ),
    ]
    seen = set()
    for on in players:
        on.play(0)
        logs = [log for sent in on.sent for log in sent.logs]
        for log, event in zip(logs, on.codec.decode(logs), strict=True):
            generic = interface.decode_event(*log)
            assert generic is not None
            assert event.name == generic.name
            assert tuple(event.as_dict().values()) == tuple(generic.args.values())
            seen.add(event.name)
    assert seen == players[0].codec.topics.keys()
    assert len(seen) == 11


# ── how lotteries go ────────────────────────────────────────────────────────────────────────────────────────


@BOTH_RULES
@CASES
def test_both_evms_play_the_same_lottery(names: list[str], path: str | dict[str, str], rule: str) -> None:
    problem = MIXED.with_rule(rule)
    here = played(player("revm", problem, names), range(2))
    assert here == played(player("py-evm", problem, names), range(2))
    assert {outcome.path for outcome, _, _ in here} == {path_of(path, rule)}


@BOTH_RULES
@CASES
def test_every_wei_is_accounted_for(names: list[str], path: str | dict[str, str], rule: str) -> None:
    problem = MIXED.with_rule(rule)
    on = player("revm", problem, names)
    for k in range(10):
        before = on.balances()
        outcome = on.play(k)
        *moved, kept = map(int.__sub__, on.balances(), before)
        assert moved == [-lost for lost in outcome.bonds_lost]
        assert kept == sum(outcome.bonds_lost)
        burnt = on.evm.call(on.creator, on.contract, keccak(b"burnt()")[:4]).output
        assert int.from_bytes(burnt) == on.balances()[-1]
        # Who committed and was silent later has lost its bond, and nobody else has.
        heard = {i for i, report in enumerate(outcome.reports) if report is not None} - set(outcome.forfeits)
        committed = set(on.plan.commits)
        assert outcome.path == path_of(path, rule)
        assert outcome.bonds_lost == tuple(
            problem.bond * (i in committed and i not in heard) for i in range(problem.agents)
        )
        assert all(item is None for i, item in enumerate(outcome.assignment) if i not in heard)


def digest_of(on: Player, lottery: bytes) -> bytes:
    """What the draw of a lottery was made after."""
    return on.evm.call(on.creator, on.contract, SUITE.decoder.question("digestOf", lottery)).output


@CASES
def test_orders_are_drawn_and_served_as_theory_does(names: list[str], path: str | dict[str, str]) -> None:
    on = player("revm", MIXED, names)
    agents = MIXED.agents
    for k in range(20):
        outcome = on.play(k)
        if path_of(path, SERIAL).startswith("cancelled"):
            assert (outcome.ending, outcome.order, set(outcome.assignment)) == ("cancelled", (), {None})
            continue
        *secrets, salt = on.secrets(k, 1)
        lottery = game_id(on.evm.chain_id, on.contract, on.creator, salt)
        heard = [s if r is not None else bytes(32) for s, r in zip(secrets, outcome.reports, strict=True)]
        order = permutation(seed(b"order", lottery, digest_of(on, lottery), heard), range(agents))
        assert outcome.order == tuple(order)
        revealed = replace(
            MIXED, rankings=tuple(tuple((o,) for o in report or ()) for report in outcome.reports)
        )
        assert outcome.assignment == serve(revealed, order)


@CASES
def test_terms_are_drawn_as_theory_does(names: list[str], path: str | dict[str, str]) -> None:
    on = player("revm", MIXED.with_rule(EATING), names)
    certificate = on.plan.certificate
    for k in range(20):
        outcome = on.play(k)
        if path_of(path, EATING).startswith("cancelled"):
            assert (outcome.ending, outcome.term, set(outcome.assignment)) == ("cancelled", -1, {None})
            continue
        assert certificate is not None
        salt = on.secrets(k, 1)[-1]
        lottery = game_id(on.evm.chain_id, on.contract, on.creator, salt)
        opened = [
            secret if i in on.plan.opens else bytes(32) for i, secret in enumerate(on.secrets(k, 2)[:-1])
        ]
        number = uniform(seed(b"term", lottery, digest_of(on, lottery), opened), 0, certificate.denominator)
        assert outcome.term == certificate.term(number)
        term = certificate.assignment(outcome.term)
        assert outcome.assignment == tuple(
            item if i in on.plan.opens else None for i, item in enumerate(term)
        )
        assert find_fault(certificate, outcome.reports, MIXED.capacities, EATING) is None


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_played(rule: str) -> None:
    problem = ready("cyclic").with_rule(rule)
    on = player("revm", problem)
    outcomes = [on.play(k) for k in range(20)]
    assert {outcome.ending for outcome in outcomes} == {"drawn"}
    for outcome in outcomes:
        assert sorted(item for item in outcome.assignment if item is not None) == [0, 1, 2]


def test_more_seats_and_items_than_a_word_holds() -> None:
    dice = Random(5)
    problem = from_orders([dice.sample(range(64), 50) for _ in range(64)], 64)
    on = player("revm", problem)
    outcome = on.play(0)
    assert sorted(outcome.order) == list(range(64))
    assert outcome.assignment == serve(problem, outcome.order)
    for agents, items in ((19, 40), (34, 15)):
        rankings = [dice.sample(range(items), items) for _ in range(agents)]
        assert player("revm", from_orders(rankings, items, EATING)).play(0).ending == "drawn"


def test_what_the_organizer_posts_is_what_the_file_says_as_long_as_all_are_truthful() -> None:
    problem = example_1().with_rule(EATING)
    half = Fraction(1, 2)
    # The rule's matrix by other assignments than those that it would be decomposed into.
    lottery = (Term(half, (0, 2, 3, 1)), Term(half, (2, 0, 1, 3)))
    posted = replace(problem, posted=Posted(rule_matrix(problem), lottery))
    on = player("revm", posted)
    assert on.plan.certificate is not None
    assert on.plan.certificate.lottery() == lottery != solve(problem).lottery
    assert {on.play(k).assignment for k in range(30)} == {term.assignment for term in lottery}
    silent = player("revm", posted, ["truthful", "absent", "truthful", "truthful"])
    assert silent.play(0).assignment[1] is None


def test_no_bond_is_no_hindrance() -> None:
    on = player("revm", replace(MIXED, bond=0), ["truthful", "absent:revealing", *["truthful"] * 3])
    outcome = on.play(0)
    assert (outcome.ending, set(outcome.bonds_lost)) == ("drawn", {0})


# ── what goes wrong ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_refusal_by_the_contract_is_named() -> None:
    on = player("revm", example_1().with_rule(EATING))
    found = on.plan.certificate
    assert found is not None
    wrong = replace(on.plan, certificate=found._replace(weights=(2, 0)))
    on = Player(on.evm, on.contract, wrong, 7)
    with pytest.raises(UnexpectedRevertError, match=r"refuses post: ZeroWeight\(1\)") as refusal:
        on.play(0)
    assert refusal.value.error == "ZeroWeight"


def test_a_contract_that_opens_copies_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    on = player("revm", example_1(), ["truthful", "copying", "truthful", "truthful"])
    monkeypatch.setattr(
        type(on.evm), "call", lambda *_: Receipt(ok=True, output=b"", logs=(), gas_used=0), raising=True
    )
    with pytest.raises(ParleyError, match="opens a copied commitment"):
        on.play(0)


def test_a_copy_that_is_refused_for_another_reason_is_no_refused_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on = player("revm", example_1(), ["truthful", "copying", "truthful", "truthful"])
    output = keccak(b"ZeroSecret()")[:4]
    monkeypatch.setattr(
        type(on.evm), "call", lambda *_: Receipt(ok=False, output=output, logs=(), gas_used=0)
    )
    with pytest.raises(UnexpectedRevertError, match="refuses reveal: ZeroSecret"):
        on.play(0)


# ── what cannot be played ───────────────────────────────────────────────────────────────────────────────────


def ones(agents: int, items: int, rule: str) -> Problem:
    return from_orders([range(items)] * agents, items, rule)


@pytest.mark.parametrize(
    ("problem", "complaint"),
    [
        (ones(65, 2, SERIAL), "p.toml: rankings: the number of agents 65 is above 64"),
        (ones(2, 65, SERIAL), "p.toml: items: the number of items 65 is above 64"),
        (
            ones(10, 2, BOSTON),
            "p.toml: rule: boston has too many outcomes here to be certified: a lottery on",
        ),
    ],
    ids=["agents", "items", "contenders"],
)
def test_what_no_lottery_holds_is_refused_in_one_line(problem: Problem, complaint: str) -> None:
    with pytest.raises(ProblemError) as error:
        check_playable(problem, "p.toml")
    assert str(error.value).startswith(complaint)
    assert "\n" not in str(error.value)
    with pytest.raises(ProblemError):
        plan(problem, make_bots(["misreporting"], problem.agents))


def test_a_denominator_beyond_the_contracts_words_is_refused() -> None:
    tiny = [Fraction(1, 10**35 + k) for k in (1, 3)]
    first, second, rest = map(
        str, (*tiny, 1 - sum(tiny))
    )  # any such matrix is an equilibrium, at prices of 0
    posted = [[first, second, rest], [rest, first, second], [second, rest, first]]
    problem = cardinal([[1] * 3] * 3, "pseudo-market", posted={"matrix": posted})
    with pytest.raises(ProblemError, match=r"p\.toml: rule: the probabilities' common denominator has 71"):
        check_playable(problem, "p.toml")


def test_more_terms_than_the_contract_keeps_are_refused() -> None:
    terms = 6200
    weight = f"1/{terms}"
    lottery = [{"weight": weight, "assignment": ["A", "B"][:: 1 - 2 * (k % 2)]} for k in range(terms)]
    problem = cardinal([[2, 1], [2, 1]], EATING, posted={"matrix": [["1/2", "1/2"]] * 2, "lottery": lottery})
    most = r"the lottery is over 6200 assignments, of which the contract keeps 6135"
    with pytest.raises(ProblemError, match=rf"p\.toml: rule: {most}"):
        check_playable(problem, "p.toml")
