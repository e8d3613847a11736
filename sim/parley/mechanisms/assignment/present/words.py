"""Random assignments and what an audit found of them, in words, for the terminal and for the page.

Verdicts are read as JSON has them, so that a folder that was written long ago reads the same.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.kit.present.page_words import listed_up_to
from parley.kit.present.tables import chance, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from parley.mechanisms.assignment.problem import Problem

    Words = Callable[[Mapping[str, Any], Problem], list[str]]

__all__ = ["assigned", "listed", "lottery_of", "on_average", "ranked", "reasons", "valued"]

MOST = 12
"""Lists longer than this end in "and N more"."""
LOTTERIES = 4
"""Lotteries of a matrix to write out."""
TERMS = 2
"""Assignments of a lottery to write out."""


def listed(parts: Iterable[str], most: int = MOST) -> str:
    """List things, and count those that are too many to list."""
    return listed_up_to(most, parts)


def lottery_of(row: Iterable[str | float | Fraction], items: Sequence[str], most: int = MOST) -> str:
    """Write a row of a matrix as a lottery: what the agent may get, the likeliest first.

    Examples
    --------
    >>> lottery_of(["1/6", "1/2", "0"], ["a", "b", "c"])
    '0.5 b, 0.333 nothing, 0.167 a'
    """
    given = list(row)
    exact = not any(isinstance(p, float) for p in given)
    shares = [Fraction(p) for p in given]
    rest = 1 - sum(shares, Fraction(0))
    named = [(p, name) for p, name in zip(shares, items, strict=True) if p]
    if rest > Fraction(1, 10**9):
        named.append((rest, "nothing"))
    named.sort(key=lambda pair: -pair[0])
    if named[0][0] == 1:
        return "nothing" if not any(shares) else f"{named[0][1]} for sure"
    return listed((f"{chance(p if exact else float(p))} {name}" for p, name in named), most)


def on_average(ranks: Sequence[Sequence[str | float]]) -> str:
    """Say what agents get on average.

    Examples
    --------
    >>> on_average([["1/2", "1/4"], ["1/2", "1/2"]])
    'On average, an agent gets its first choice with probability 0.5, and nothing with probability 0.125.'
    """
    rows = [list(map(Fraction, row)) for row in ranks]
    first = sum((row[0] for row in rows), Fraction(0)) / len(rows)
    nothing = 1 - sum(map(sum, rows), Fraction(0)) / len(rows)
    return (
        f"On average, an agent gets its first choice with probability {chance(first)}, and nothing with"
        f" probability {chance(nothing if nothing > 0 else Fraction(0))}."
    )


def ranked(ranking: Iterable[Iterable[int]], items: Sequence[str]) -> str:
    """Write a ranking, best first; tied items with a tilde between them.

    Examples
    --------
    >>> ranked([[1], [0, 2]], ["a", "b", "c"]), ranked([], ["a"])
    ('b > a ~ c', 'nothing')
    """
    return " > ".join(" ~ ".join(items[o] for o in rank) for rank in ranking) or "nothing"


def valued(utilities: Iterable[str | None], items: Sequence[str], most: int = MOST) -> str:
    """Write what each item is worth, of those that the agent wants.

    Examples
    --------
    >>> valued(["3", None, "1/2"], ["a", "b", "c"])
    'a 3, c 0.5'
    """
    return listed(
        (f"{name} {number(u)}" for name, u in zip(items, utilities, strict=True) if u is not None), most
    )


def assigned(assignment: Iterable[int | None], problem: Problem) -> str:
    """Write who gets what.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import from_orders
    >>> assigned([1, None], from_orders([[0, 1], [1]], 2))
    'agent 1 b, agent 2 nothing'
    """
    return listed(
        f"{name} {_item(o, problem)}" for name, o in zip(problem.agent_names, assignment, strict=True)
    )


def reasons(key: str, verdict: Mapping[str, Any], problem: Problem) -> list[str]:
    r"""Say in words what shows that a property holds or fails, or why it is not known.

    Parameters
    ----------
    key : str
        Of the property, as in `parley.mechanisms.assignment.audit.PROPERTIES`.
    verdict : mapping
        As in JSON.

    Returns
    -------
    list of str
        Sentences; the first one is short.

    Examples
    --------
    >>> from parley.mechanisms.assignment.audit import audit
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> verdict = audit(example_1()).verdicts["ordinally_efficient"]
    >>> print(*reasons("ordinally_efficient", verdict.to_json(), example_1())[:2], sep="\n")
    Whatever the utilities, somebody gains and nobody loses by a cycle of trades.
    agent 1 gives some of b for as much of a; agent 3 gives some of a for as much of b.
    """
    certificate = verdict["certificate"]
    if certificate is not None and set(certificate) == {"reason"}:
        return [_sentence(certificate["reason"])]
    return _EXPLAINED[key](verdict, problem)


# ── one property each ───────────────────────────────────────────────────────────────────────────────────────


def _ex_post(verdict: Mapping[str, Any], problem: Problem) -> list[str]:
    certificate, witness = verdict["certificate"], verdict["witness"]
    if witness is not None:
        return [
            f"With probability {chance(witness['weight'])} an assignment is drawn that wastes something.",
            f"This assignment: {assigned(witness['assignment'], problem)}.",
            _cycle(witness["cycle"], problem),
            f"After the trade: {assigned(witness['better'], problem)}.",
        ]
    if "orders" in certificate:
        orders = certificate["orders"]
        first = listed(problem.agent_names[i] for i in orders[0])
        return [
            f"Every assignment of the lottery ({len(orders):,}) results from picking in some order.",
            f"The likeliest one results from the order {first}.",
        ]
    return [f"No assignment of the lottery ({len(certificate['levels']):,}) leaves a trade that helps."]


def _ordinally(verdict: Mapping[str, Any], problem: Problem) -> list[str]:
    witness = verdict["witness"]
    if witness is None:
        heights = verdict["certificate"]["levels"]
        names = [*problem.items, "nothing"]
        order = sorted(range(len(names)), key=lambda o: -heights[o])
        return [
            "There is no cycle of wanted trades: each leads to an item of a higher level.",
            f"Levels: {listed(f'{names[o]} {heights[o]}' for o in order)}.",
        ]
    said = [
        "Whatever the utilities, somebody gains and nobody loses by a cycle of trades.",
        _cycle(witness["cycle"], problem),
    ]
    if "matrix" in witness:
        said += ["Trading on until nobody gains leads to:", *_rows(witness["matrix"], problem)]
        said += _terms(witness["lottery"], problem)
    return said


def _ex_ante(verdict: Mapping[str, Any], problem: Problem) -> list[str]:
    witness, certificate = verdict["witness"], verdict["certificate"]
    if witness is None:
        return [
            "There are weights and prices under which each item goes to those who value it most.",
            f"Weights λ: {_each(problem.agent_names, certificate['weights'])}.",
            f"Offsets α: {_each(problem.agent_names, certificate['offsets'])}.",
            f"Prices β: {_each(problem.items, certificate['prices'])}.",
            "λ·u − α is nowhere above an item's price, and equal to it where the agent may get the item.",
        ]
    return [
        "Another lottery is worth as much to everybody, and more to somebody.",
        "The other lottery:",
        *_rows(witness["matrix"], problem),
        *_terms(witness["lottery"], problem),
        f"Expected utilities there: {_each(problem.agent_names, witness['expected_utilities'])}.",
        f"Gains: {_each(problem.agent_names, witness['gains'])}.",
    ]


def _envy_free(verdict: Mapping[str, Any], problem: Problem) -> list[str]:
    witness = verdict["witness"]
    if witness is None:
        margins = [m for m in verdict["certificate"]["margins"] if m is not None]
        margin = min(map(Fraction, margins), default=Fraction(0))
        own = f"better, by {number(margin)} at least" if margin else "as good or better"
        return [f"Nobody expects more of another's lottery: each one's own is {own}."]
    one, other = (problem.agent_names[witness[key]] for key in ("agent", "envies"))
    return [
        (
            f"{one} expects {number(witness['expects'])} of its own lottery,"
            f" and would expect {number(witness['would_expect'])} of {other}'s."
        )
    ]


def _sd_envy_free(verdict: Mapping[str, Any], problem: Problem) -> list[str]:
    weak = verdict["weak"]
    if verdict["witness"] is None:
        return [
            (
                "Everybody's own lottery is at least as good as anyone's, whatever the utilities"
                f" ({verdict['certificate']['comparisons']:,} comparisons)."
            )
        ]
    said = _envies(verdict["witness"], problem)
    if weak["holds"]:
        return [
            *said,
            "It is weakly envy-free: nobody prefers another's lottery under all utilities.",
        ]
    return [*said, f"It is not weakly envy-free either. {_envies(weak['witness'], problem)[0]}"]


def _envies(witness: Mapping[str, Any], problem: Problem) -> list[str]:
    one, other = (problem.agent_names[witness[key]] for key in ("agent", "envies"))
    k = witness["rank"]
    ranks = "its first choice" if k == 0 else f"one of its first {k + 1} choices"
    return [
        (
            f"{one} gets {ranks} with probability {chance(witness['own'][k])};"
            f" with {other}'s lottery it would with {chance(witness['other'][k])}."
        ),
        (
            f"With utilities {valued(witness['utilities'], problem.items)}, for example, {one} would rather"
            f" have {other}'s lottery."
        ),
    ]


def _equal_treatment(verdict: Mapping[str, Any], problem: Problem) -> list[str]:
    witness = verdict["witness"]
    if witness is not None:
        one, other = (problem.agent_names[i] for i in witness["agents"])
        rows = [lottery_of(row, problem.items) for row in witness["rows"]]
        return [f"{one} and {other} are alike, but one gets {rows[0]} and the other {rows[1]}."]
    groups = [group for group in verdict["certificate"]["groups"] if len(group) > 1]
    if not groups:
        return ["No two agents are alike."]
    told = "; ".join(listed(problem.agent_names[i] for i in group) for group in groups[:MOST])
    more = f"; and {len(groups) - MOST} more groups" if len(groups) > MOST else ""
    return [f"Agents that are alike have the same lottery: {told}{more}."]


def _strategy_proof(verdict: Mapping[str, Any], problem: Problem) -> list[str]:
    witness, certificate = verdict["witness"], verdict["certificate"]
    if witness is None:
        tried = f"{certificate['reports']:,} reports were tried"
        if certificate.get("reason"):
            return [f"By a theorem; {tried}, and none gains."]
        return [
            f"{tried}, all there are, and none gains."
            if certificate["exhaustive"]
            else f"{tried}, not all there are; none gains."
        ]
    said = _lie(witness, problem)
    weak = verdict["weak"]
    if problem.utilities is None and weak["holds"]:
        return [
            *said,
            "No misreport is profitable under all utilities: the rule is weakly strategy-proof here.",
        ]
    if problem.utilities is None and weak["witness"] != witness:
        return [
            *said,
            f"It is not weakly strategy-proof either. {' '.join(_lie(weak['witness'], problem)[:2])}",
        ]
    if not weak["holds"]:
        return [*said, "This or another misreport is profitable under all utilities."]
    return said


def _lie(witness: Mapping[str, Any], problem: Problem) -> list[str]:
    name = problem.agent_names[witness["agent"]]
    report, truth = (_report(witness[key], problem) for key in ("report", "truth"))
    whose = "by its utilities" if problem.utilities is not None else "if its utilities are"
    worth = f"{whose} {valued(witness['utilities'], problem.items)}"
    return [
        f"{name} gains {number(witness['gain'])} by reporting {report}.",
        f"Its true report is {truth}.",
        (
            f"It gets {lottery_of(witness['row_reporting'], problem.items)} instead of"
            f" {lottery_of(witness['row'], problem.items)}: {number(witness['gain'])} more, {worth}."
        ),
    ]


def _report(report: Mapping[str, Any], problem: Problem) -> str:
    if report["utilities"] is not None:
        return f"utilities {valued(report['utilities'], problem.items) or 'for nothing'}"
    return ranked(report["ranking"], problem.items)


_EXPLAINED: dict[str, Words] = {
    "ex_post_efficient": _ex_post,
    "ordinally_efficient": _ordinally,
    "ex_ante_efficient": _ex_ante,
    "envy_free": _envy_free,
    "sd_envy_free": _sd_envy_free,
    "equal_treatment": _equal_treatment,
    "strategy_proof": _strategy_proof,
}


# ── pieces ──────────────────────────────────────────────────────────────────────────────────────────────────


def _sentence(reason: str) -> str:
    return f"{reason[0].upper()}{reason[1:]}."


def _item(o: int | None, problem: Problem) -> str:
    return "nothing" if o is None else problem.items[o]


def _cycle(cycle: Iterable[Mapping[str, Any]], problem: Problem) -> str:
    return "; ".join(_trade(trade, problem) for trade in cycle) + "."


def _trade(trade: Mapping[str, Any], problem: Problem) -> str:
    gives, gets = _item(trade["gives"], problem), _item(trade["gets"], problem)
    if trade["agent"] is None:
        if trade["gives"] is None:
            return f"some of {gets} is then left over"
        left = "" if trade["gets"] is None else f", and some of {gets} is left over instead"
        return f"some of {gives}, which is left over, is given out{left}"
    name = problem.agent_names[trade["agent"]]
    if trade["gives"] is None:
        return f"{name} takes some of {gets} where it got nothing"
    if trade["gets"] is None:
        return f"{name} gives away some of {gives}"
    return f"{name} gives some of {gives} for as much of {gets}"


def _each(names: Sequence[str], values: Iterable[str]) -> str:
    """Write a value beside each name."""
    return listed(f"{name} {number(value)}" for name, value in zip(names, values, strict=True))


def _first(lines: Iterable[str], most: int, what: str) -> list[str]:
    """Keep the first lines, and count those that are left out."""
    every = list(lines)
    left = len(every) - most
    return [*every[:most], *([f"… and {left} more {what} (all in --json)"] if left > 0 else [])]


def _rows(matrix: Sequence[Sequence[str]], problem: Problem) -> list[str]:
    """Lotteries of agents, those who have the same one together."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, row in zip(problem.agent_names, matrix, strict=True):
        groups.setdefault(tuple(row), []).append(name)
    told = (f"{listed(names)}: {lottery_of(row, problem.items)}" for row, names in groups.items())
    return _first(told, LOTTERIES, "lotteries")


def _terms(lottery: Sequence[Mapping[str, Any]], problem: Problem) -> list[str]:
    """A lottery over assignments, written out."""
    told = (
        f"drawn with probability {chance(t['weight'])}: {assigned(t['assignment'], problem)}" for t in lottery
    )
    return _first(told, TERMS, "assignments")
