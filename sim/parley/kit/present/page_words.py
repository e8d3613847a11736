"""Sentences about the results of games."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.core.statistics import MIN_P
from parley.kit.present.page_model import count, p_value, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "cross_checked",
    "draws_follow",
    "ended",
    "largest_deviation",
    "listed",
    "listed_up_to",
    "means_agree",
    "ordinal",
    "properties_hold",
    "verdict",
]


def means_agree(what: str, p_values: Sequence[float], otherwise: Sequence[str] = ()) -> list[str]:
    """Say whether means agree with theory; each has a test that holds for every number of games.

    Parameters
    ----------
    what : str
        The means: for example "Mean costs".
    p_values : sequence of float
        p-values of these tests.
    otherwise : sequence of str
        Bots that may differ from theory on purpose.

    Examples
    --------
    >>> means_agree("Mean costs", [0.2, 0.7])
    ['Mean costs agree with theory: the smallest of 2 p-values is 0.2.']
    >>> means_agree("Mean costs", [0.0], ["greedy"])
    ['Mean costs are not those of theory, as is to be expected: greedy may depart from it on purpose.']
    """
    meant = f"{listed(otherwise)} may depart from it on purpose" if otherwise else ""
    if not p_values:
        return [f"{what} are not held against theory: {meant}."] if meant else []
    least = min(p_values)
    tests = "p-value" if len(p_values) == 1 else f"the smallest of {len(p_values):,} p-values is"
    if least >= MIN_P:
        return [f"{what} agree with theory: {tests} {p_value(least)}."]
    differ = f"{what} differ from theory: {tests} {p_value(least)}."
    return [f"{what} are not those of theory, as is to be expected: {meant}." if meant else differ]


def largest_deviation(what: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """State the largest distance of means from theory, for information.

    Parameters
    ----------
    what : str
        The means: for example "Mean utilities".
    rows : iterable of mapping
        Each with its deviation from theory in standard errors, ``z``; None if that is not known.
    """
    z_scores = [row["z"] for row in rows if row["z"] is not None]
    if not z_scores:
        return []
    return [f"{what} are at most {max(map(abs, z_scores)):.2f} standard errors away from theory."]


def draws_follow(who: str, whose: str, p_values: Sequence[float]) -> list[str]:
    """Say whether draws follow their probabilities, corrected for the number of tests.

    Parameters
    ----------
    who : str
        The draws: subject of the sentence.
    whose : str
        The probabilities.
    p_values : sequence of float
        p-values of tests of the draws.
    """
    if not p_values:
        return []
    least = min(p_values)
    corrected = min(1.0, least * len(p_values))
    verdict = "follow" if corrected >= MIN_P else "do NOT follow"
    tests = (
        f"p-value {p_value(least)}"
        if len(p_values) == 1
        else f"the smallest of {len(p_values):,} p-values is {p_value(least)}, {p_value(corrected)} once"
        " corrected for their number"
    )
    return [f"{who} {verdict} {whose}: {tests}."]


def ended(endings: Mapping[str, int], games: str = "games") -> list[str]:
    """Say how games ended.

    Examples
    --------
    >>> ended({"settled": 3, "broken_down": 1, "expired": 0})
    ['Of 4 games, 3 settled (75%) and 1 broken down (25%).']
    """
    number = sum(endings.values())
    if not number:
        return []
    told = [
        f"{count:,} {name.replace('_', ' ')} ({percent(count / number)})"
        for name, count in endings.items()
        if count
    ]
    return [f"Of {number:,} {games}, {listed(told)}."]


def cross_checked(check: Mapping[str, object] | None) -> list[str]:
    """State the result of the cross-check."""
    if not check or "identical" not in check:
        return []
    games = check.get("games")
    number = count(games, "game") if isinstance(games, int) else "Some games"
    same = "every transaction and balance was the same" if check["identical"] else "they were NOT the same"
    return [f"{number} replayed on {check.get('evm', 'py-evm')}: {same}."]


def verdict(holds: bool | None) -> str:  # noqa: FBT001 - None is a third answer
    """Return the word of a verdict, which pages and terminals colour."""
    return {True: "holds", False: "fails", None: "not known"}[holds]


NOUN = ("property", "properties")


def properties_hold(found: Mapping[str, bool | None], *what: str) -> str:
    """Return the verdict of an audit in one sentence: how many properties hold, and which do not.

    Parameters
    ----------
    *what : str
        Another word for properties, and its plural.

    Examples
    --------
    >>> properties_hold({"efficient": True, "envy-free": False, "fair": None})
    '1 of 3 properties holds. Fails: envy-free. Not known: fair.'
    >>> properties_hold({"efficient": True, "fair": True})
    'All 2 properties hold.'
    """
    one, *_ = what or NOUN
    holding, failing, unknown = (
        [name for name, holds in found.items() if holds is is_so] for is_so in (True, False, None)
    )
    if len(holding) == len(found):
        return f"All {count(len(found), *(what or NOUN))} hold." if len(found) > 1 else f"The {one} holds."
    hold = "holds" if len(holding) == 1 else "hold"
    said = [f"{len(holding)} of {count(len(found), *(what or NOUN))} {hold}."]
    said += [f"Fails: {'; '.join(failing)}."] if failing else []
    said += [f"Not known: {'; '.join(unknown)}."] if unknown else []
    return " ".join(said)


def listed(parts: Iterable[str]) -> str:
    """Join parts with commas, and "and" before the last.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def listed_up_to(most: int, parts: Iterable[str]) -> str:
    """Join parts with commas, and count those that are too many to list.

    Examples
    --------
    >>> listed_up_to(3, ["a", "b", "c"]), listed_up_to(2, ["a", "b", "c"])
    ('a, b, c', 'a, b and 1 more')
    """
    every = list(parts)
    if len(every) <= most:
        return ", ".join(every)
    return f"{', '.join(every[:most])} and {len(every) - most} more"


def ordinal(k: int) -> str:
    """Name a rank from 1.

    Examples
    --------
    >>> [ordinal(k) for k in (1, 2, 3, 4, 11, 22)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd']
    """
    teen = k % 100 in {11, 12, 13}
    return f"{k}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(k % 10, 'th')}"
