"""Menus and what an audit found of them, in words."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_model import count
from parley.kit.present.page_words import listed
from parley.kit.present.tables import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.mechanisms.screening.problem import Problem

__all__ = ["amounts", "in_words", "reason", "trade_in_words", "value"]


def value(written: str | float) -> float:
    """Read a number of JSON: exact ones are text.

    Examples
    --------
    >>> value("1/2"), value(0.5)
    (0.5, 0.5)
    """
    return float(Fraction(written)) if isinstance(written, str) else written


def amounts(change: Sequence[Fraction], tasks: Sequence[str]) -> str:
    """List amounts of tasks, without their signs.

    Examples
    --------
    >>> amounts((Fraction(-1), Fraction(0), Fraction(3, 2)), ("A", "B", "C"))
    '1 A and 1.5 C'
    """
    return listed(f"{number(abs(x))} {task}" for x, task in zip(change, tasks, strict=True) if x)


def in_words(change: Sequence[str], tasks: Sequence[str]) -> str:
    """Say what a ray offers, for each unit of the one task that is taken or given, or at full length.

    Examples
    --------
    >>> in_words(("5/3", "-2"), ("A", "B"))
    'for each A you take you may give 1.2 B, up to 2 B'
    >>> in_words(("-1", "1", "2"), ("A", "B", "C"))
    'for each A you give you take 1 B and 2 C, up to 1 A'
    >>> in_words(("-1", "-1", "1", "1"), "ABCD")
    'you take 1 C and 1 D and give 1 A and 1 B, or any part of that'
    """
    ray = [Fraction(x) for x in change]
    takes, gives = [max(x, Fraction(0)) for x in ray], [min(x, Fraction(0)) for x in ray]
    given = amounts(gives, tasks)
    for one, rest, words in (
        (takes, gives, "you take you may give"),
        (gives, takes, "you give you take"),
    ):
        places = [i for i, x in enumerate(one) if x]
        if len(places) == 1:
            each = abs(one[places[0]])
            offer = amounts([x / each for x in rest], tasks)
            return f"for each {tasks[places[0]]} {words} {offer}, up to {given}"
    return f"you take {amounts(takes, tasks)} and give {given}, or any part of that"


def trade_in_words(agents: Sequence[int], trade: Sequence[str], problem: Problem) -> str:
    """Say what two agents trade.

    Examples
    --------
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> trade_in_words([0, 2], ["2", "-2"], worked_example())
    'agent 1 takes 2 task 1 from agent 3 and gives 2 task 2'
    """
    receiver, giver = (problem.agent_names[i] for i in agents)
    moved = [Fraction(x) for x in trade]
    taken, given = ([x if x * sign > 0 else Fraction(0) for x in moved] for sign in (1, -1))
    tasks = problem.task_names
    return f"{receiver} takes {amounts(taken, tasks)} from {giver} and gives {amounts(given, tasks)}"


def _liked(witness: Mapping[str, Any], problem: Problem) -> str:
    one, other = (k + 1 for k in witness["sets"])
    costs = ", ".join(number(x) for x in witness["type"])
    who = problem.agent_names[witness["agent"]]
    return f"rays {one} and {other} of {who}: a type with costs {costs} likes both"


def reason(key: str, verdict: Mapping[str, Any], problem: Problem) -> str:
    """Say why a property holds, fails or is not known."""
    witness, proof = verdict["witness"] or {}, verdict["certificate"] or {}
    if "sets" in witness:
        return _liked(witness, problem)
    if "pairs" in proof:
        pairs = count(len(proof["pairs"]), "pair")
        return f"no type likes two rays of a menu; weights prove it for {pairs} of rays"
    if "agents" in proof:
        trade = trade_in_words(proof["agents"], proof["trade"], problem)
        return f"{trade}, if both like it: {number(proof['expected_gain'])} less social cost"
    if "with_these_menus" in proof:
        these, without = (number(proof[name]) for name in ("with_these_menus", "without_choice"))
        return f"with these menus {these}, without choice at least {without}"
    if key == "choice_optimal" and "cost" in witness:
        return f"without choice an allocation costs {number(witness['cost'])}, and nothing beats it"
    said: str = witness.get("reason") or proof.get("reason") or ""
    return said
