"""What seats chose and what it was worth, against theory.

Each agent's choices are independent trials with known probabilities, so each count is tested exactly, and all
of them together by Bonferroni. Social cost follows from the choices; it is not tested again. That nobody
truthful is worse off, that social cost never rises, and that every selection is theory's are no matter of
chance: one exception refutes them.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import sqrt
from typing import TYPE_CHECKING, Any

from parley.core.exact import show
from parley.core.statistics import bonferroni, z_score
from parley.kit.play.declaration import Columns
from parley.kit.statistics import Chances, Count, Law, Mean
from parley.mechanisms.screening.bots import BOTS, ERRORS, law_of
from parley.mechanisms.screening.expectation import Expectation, expectation, laws_of
from parley.mechanisms.screening.play import SCALE
from parley.mechanisms.screening.solution import Solution, market_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.kit.play.simulation import Simulation
    from parley.kit.statistics import MeanRow, Statistic
    from parley.mechanisms.screening.bots import Cast
    from parley.mechanisms.screening.market import Menu
    from parley.mechanisms.screening.play import Outcome
    from parley.mechanisms.screening.preferences import Law as ChoiceLaw
    from parley.mechanisms.screening.problem import Problem

__all__ = ["NEVER", "columns", "labels_of", "report", "statistics"]

NEVER = ("worse off", "above the status quo", "mismatches", "gains of responders")
"""What happens in no market, in the order of the statistic ``never``."""


def labels_of(menu: Menu) -> list[str]:
    """Name the choices of a menu.

    Examples
    --------
    >>> from parley.mechanisms.screening.market import REMEDIAL, Menu
    >>> labels_of(REMEDIAL), labels_of(Menu(((Fraction(1), Fraction(-1)),)))
    (['stay', 'remedial'], ['stay', 'ray 1'])
    """
    return ["stay", *(f"ray {k}" for k in range(1, len(menu.rays) + 1)), *(["remedial"] * menu.remedial)]


def statistics(problem: Problem) -> tuple[Statistic[Outcome, Solution], ...]:
    """Say what is counted: choices, social cost, workload saved, what must never happen, and refusals."""
    menus = market_of(problem).menus
    width = max(menu.choices for menu in menus)
    cells = max(map(labels_of, menus), key=len)
    exact = [law.exact for law in _truthful(problem)]

    def tested(outcome: Outcome, *, exact: bool) -> list[int | None]:
        known = _laws(problem, outcome.bots)
        return [
            choice if law is not None and law.exact is exact else None
            for choice, law in zip(outcome.choices, known, strict=True)
        ]

    def chances(bots: tuple[str, ...], *, exact: bool) -> Chances:
        known = [law if law and law.exact is exact else None for law in _laws(problem, bots)]
        runs = None if exact else next((law.samples for law in known if law), 1)
        return Chances([_row(law, width) for law in known], runs)

    def choices(name: str, *, exact: bool) -> Count[Outcome, Solution]:
        return Count(
            name=name,
            of=lambda outcome: tested(outcome, exact=exact),
            rows=problem.agent_names,
            cells=cells,
            key=lambda outcome: outcome.bots,
            chances=lambda _, bots: chances(bots, exact=exact),
        )

    certain = Law.of([(0, Fraction(1))])
    return (
        choices("choices", exact=True),
        *(() if all(exact) else (choices("sampled choices", exact=False),)),
        Mean(
            name="chosen",
            of=lambda outcome: _one_hot(outcome.choices, menus),
            labels=[
                f"{name}: {label}"
                for name, menu in zip(problem.agent_names, menus, strict=True)
                for label in labels_of(menu)
            ],
        ),
        Mean(name="change of cost", of=lambda outcome: [outcome.change], labels=["society"], unit=SCALE),
        Mean(name="workload saved", of=lambda outcome: outcome.saved, labels=problem.agent_names, unit=SCALE),
        Mean(name="worse off", of=lambda outcome: outcome.worse_off, labels=problem.agent_names),
        Mean(name="never", of=_never, labels=NEVER, law=lambda *_: [certain] * len(NEVER)),
        Mean(
            name="refused",
            of=lambda outcome: [outcome.refused.count(error) for error in ERRORS],
            labels=ERRORS,
        ),
    )


@lru_cache(maxsize=64)
def _truthful(problem: Problem) -> tuple[ChoiceLaw, ...]:
    return laws_of(market_of(problem))


@lru_cache(maxsize=256)
def _laws(problem: Problem, bots: tuple[str, ...]) -> list[ChoiceLaw | None]:
    market, truthful = market_of(problem), _truthful(problem)
    return [law_of(bot, market, seat, truthful[seat]) for seat, bot in enumerate(bots)]


def _row(law: ChoiceLaw | None, width: int) -> list[Fraction]:
    known = law.probabilities if law else ()
    return [*known, *[Fraction(0)] * (width - len(known))]


def _one_hot(choices: Sequence[int], menus: Sequence[Menu]) -> list[int]:
    return [
        int(choice == k) for choice, menu in zip(choices, menus, strict=True) for k in range(menu.choices)
    ]


def _never(outcome: Outcome) -> tuple[int, ...]:
    """Count what must not happen, in the order of `NEVER`."""
    worse = sum(
        worse for worse, bot in zip(outcome.worse_off, outcome.bots, strict=True) if bot == next(iter(BOTS))
    )
    return worse, outcome.above_status_quo, outcome.mismatch, outcome.untrue


def columns(problem: Problem) -> list[Columns[Outcome]]:
    """Say what the table of markets has: each agent's choice and saved workload, and the change of cost."""
    seats = range(problem.agents)
    return [
        Columns([f"choice_{i}" for i in seats], "int8", lambda outcome: outcome.choices),
        Columns(
            [f"workload_saved_{i}" for i in seats],
            "float64",
            lambda outcome: [amount / SCALE for amount in outcome.saved],
        ),
        Columns(["cost_change"], "float64", lambda outcome: [outcome.change / SCALE]),
    ]


# ── the report ──────────────────────────────────────────────────────────────────────────────────────────────


def report(run: Simulation[Problem, Solution, Outcome, Cast]) -> dict[str, Any]:
    """Give this kind's own keys of ``simulate --json``."""
    means, counts = run.comparison.means, run.comparison.counts
    menus, games = run.cast.market.menus, run.tally.games
    known = _laws(run.problem, run.cast.names)
    totals = iter(row.total for row in means["chosen"])
    worse, above, mismatches, gains = (row.total for row in means["never"])
    p_values = [one.p_value for one in counts.values() if one.p_value is not None]
    return {
        "poster": run.cast.poster,
        "cost": _cost(run, known),
        "choices": [[next(totals) for _ in range(menu.choices)] for menu in menus],
        "expected_choices": [
            None if law is None else [float(games * p) for p in law.probabilities] for law in known
        ],
        "p_value": bonferroni(p_values) if p_values else None,
        "agents": [
            {
                "agent": i,
                "bot": bot,
                "mean_workload_saved": float(saved.mean or 0),
                "std_error": saved.std_error,
                "worse_off": lost.total,
            }
            for i, (bot, saved, lost) in enumerate(
                zip(run.bots, means["workload saved"], means["worse off"], strict=True)
            )
        ],
        "worse_off": worse,
        "above_status_quo": above,
        "mismatches": mismatches,
        "gains": gains,
        "refused": {row.label: row.total for row in means["refused"] if row.total},
    }


def _cost(
    run: Simulation[Problem, Solution, Outcome, Cast], known: Sequence[ChoiceLaw | None]
) -> dict[str, Any]:
    """Compare social cost with its expectation."""
    (change,) = run.comparison.means["change of cost"]
    quo = run.cast.market.status_quo_cost
    theory = _expected(run, known)
    mean = change.mean or Fraction(0)
    found: dict[str, Any] = {
        "status_quo": show(quo),
        "mean": float(quo + mean),
        "std_error": change.std_error,
        "expected": None,
        "z": None,
    }
    if theory is not None:
        expected = theory.change
        exact = isinstance(expected, Fraction)
        found["expected"] = show(quo + expected) if isinstance(expected, Fraction) else float(quo) + expected
        found["z"] = _z(change, theory) if exact else _two_sample_z(change, theory)
    return found


def _expected(
    run: Simulation[Problem, Solution, Outcome, Cast], known: Sequence[ChoiceLaw | None]
) -> Expectation | None:
    """Return the expectation of the change of cost with these bots; None if it is not known."""
    if run.cast.poster == "late":
        return Expectation(Fraction(0), Fraction(0), run.cast.market.status_quo, 1, None)
    laws = [law for law in known if law is not None]
    if len(laws) < len(known):
        return None
    if all(BOTS[bot].law for bot in run.cast.names):
        return run.theory.expectation
    return expectation(run.cast.market, laws, seed=run.seed)


def _z(change: MeanRow, theory: Expectation) -> float | None:
    return z_score(
        change.mean or Fraction(0), Fraction(theory.change), Fraction(theory.variance), change.games
    )


def _two_sample_z(change: MeanRow, theory: Expectation) -> float | None:
    error = sqrt((change.std_error or 0.0) ** 2 + (theory.std_error or 0.0) ** 2)
    return (float(change.mean or 0) - float(theory.change)) / error if error else None
