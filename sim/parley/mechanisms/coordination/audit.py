"""The audit of a recognition function: axioms, with witnesses, and gains from deviating.

For each axiom, counterexamples are searched over random problems of the special domain, and in the audited
problem. The search also runs if a theorem excludes them (`PROVED`); a counterexample would override the
theorem. Without a proof or a counterexample, the result is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from parley.core.errors import ParleyError
from parley.core.exact import show
from parley.mechanisms.coordination.axioms import consistency, counterexamples
from parley.mechanisms.coordination.axioms.consistency import find_distribution
from parley.mechanisms.coordination.axioms.counterexamples import (
    InefficientHere,
    NoDistribution,
    Unimplemented,
)
from parley.mechanisms.coordination.axioms.custom import Named, recognition_named
from parley.mechanisms.coordination.axioms.equilibrium import (
    TIE_RULE,
    Equilibria,
    backward_induction,
    count_allocations,
    stage_one,
)
from parley.mechanisms.coordination.axioms.manipulation import Manipulations, manipulations
from parley.mechanisms.coordination.axioms.plain import (
    Witness,
    plain_deviation,
    plain_equilibria,
    plain_witness,
)
from parley.mechanisms.coordination.axioms.triple import Recognition, Triple
from parley.mechanisms.coordination.recognition import RECOGNITION
from parley.mechanisms.coordination.solution import announced_allocation, in_tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley.mechanisms.coordination.problem import Matrix, Problem

IMPLEMENTATION = "cost_effective_implementation"
CONSISTENCY = "consistency"
PROPORTIONALITY = "top_agent_proportionality"
AXIOMS = {
    IMPLEMENTATION: "cost-effective implementation",
    CONSISTENCY: "consistency",
    PROPORTIONALITY: "top-agent proportionality",
}
"""The axioms by their keys, with their names."""

PROVED: dict[str, dict[str, str]] = {
    "p-star": dict.fromkeys(AXIOMS, "Theorem 1"),
    "equal": {
        IMPLEMENTATION: "Proposition 2: 1/n depends on no announcement",
        CONSISTENCY: "1/n = (1 − 1/n)·1/(n − 1), whatever Z",
    },
    "contract-proportional": {
        IMPLEMENTATION: "Proposition 2: it depends on no announcement",
        PROPORTIONALITY: "by definition",
    },
    "announcement-proportional": {
        CONSISTENCY: "Σ_t x_jt / Σ X = (1 − Σ_t x_1t / Σ X)·Σ_t x_jt / Σ X_≥2, whatever Z",
    },
    "reordered": {
        CONSISTENCY: "by construction, from Proposition 3",
        PROPORTIONALITY: "by definition",
    },
}
"""The axioms that are proved for each function, with the proof. For others, only the search decides."""

AFFINE = {"equal", "contract-proportional"}
"""Functions with probabilities of the reduced problem that are affine in Z."""

PROBLEMS = 1000
"""Default number of searched problems."""
MAX_COURSES = 20_000
"""Maximum number of courses of announcements to find all equilibria of the audited problem."""
UNITS_CHECKED = 50
"""Problems to test that a function does not depend on the unit."""


@dataclass(frozen=True)
class Verdict:
    """The verdict on one axiom."""

    holds: bool | None
    """For all problems of the special domain; None if neither proved nor refuted."""
    searched: int
    """Number of searched problems, up to the witness if there is one."""
    source: str | None = None
    """The proof that it holds, if there is one."""
    witness: Witness | None = None
    undecided: int = 0
    """Number of searched problems without a decision."""
    here: bool | None = None
    """For the audited problem; None if unknown."""
    here_basis: str = ""
    """The reason for `here`."""
    refuted_here: bool = False
    """Whether the witness is the audited problem."""

    @property
    def basis(self) -> str | int:
        """``theorem``, or the number of searched problems."""
        return "theorem" if self.source is not None and self.witness is None else self.searched


@dataclass
class _Search:
    """The search for counterexamples of one function to all axioms."""

    function: Named
    found: dict[str, Witness] = field(default_factory=dict)
    at: dict[str, int] = field(default_factory=dict)
    partial: Unimplemented | None = None
    partial_at: int = 0
    undecided: int = 0

    @property
    def p(self) -> Recognition:
        return self.function.probabilities

    @property
    def proved(self) -> dict[str, str]:
        return PROVED.get(self.function.name, {})

    def look(self, number: int, triples: list[Triple]) -> None:
        """Search one D and C."""
        undecided = False
        for triple in triples:
            if PROPORTIONALITY not in self.found and (found := counterexamples.disproportion(self.p, triple)):
                self._found(PROPORTIONALITY, number, found)
            if CONSISTENCY not in self.found:
                if unfit := counterexamples.inconsistency(self.p, triple):
                    self._found(CONSISTENCY, number, unfit)
                elif CONSISTENCY not in self.proved:
                    undecided |= _consistency(self.function, triple).holds is not True
            if IMPLEMENTATION not in self.found and (game := counterexamples.unimplemented(self.p, triple)):
                if game.of_whole_game:
                    self._found(IMPLEMENTATION, number, game)
                elif self.partial is None:
                    self.partial, self.partial_at = game, number
        self.undecided += undecided

    def _found(self, axiom: str, number: int, witness: Witness) -> None:
        self.found[axiom] = witness
        self.at[axiom] = number

    def verdict(self, axiom: str, searched: int) -> Verdict:
        witness, at = self.found.get(axiom), self.at.get(axiom, searched)
        if witness is None and axiom == IMPLEMENTATION and self.partial is not None:
            witness, at = self.partial, self.partial_at
        source = self.proved.get(axiom)
        undecided = self.undecided if axiom == CONSISTENCY else 0
        holds = False if witness is not None else True if source is not None else None
        return Verdict(holds, at, source, witness, undecided)


def search(
    function: Named,
    *,
    problems: int = PROBLEMS,
    seed: int = 1,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Verdict]:
    """Search for counterexamples of a recognition function to the three axioms.

    Parameters
    ----------
    problems : int
        Number of random D and C, each with three allocations.
    progress : callable, optional
        Called with the number of problems done.

    Returns
    -------
    dict of str to Verdict
        By the axiom's key.

    Raises
    ------
    ParleyError
        If the function depends on the unit of quantities.

    Examples
    --------
    >>> found = search(recognition_named("announcement-proportional"), problems=20)
    >>> [(verdict.holds, verdict.basis == "theorem") for verdict in found.values()]
    [(False, False), (True, True), (False, False)]
    """
    state = _Search(function)
    for number, triples in enumerate(counterexamples.random_problems(seed, problems), start=1):
        if number <= UNITS_CHECKED:
            _check_units(function, triples[-1])
        state.look(number, triples)
        if progress is not None:
            progress(number)
    return {axiom: state.verdict(axiom, problems) for axiom in AXIOMS}


def _consistency(function: Named, triple: Triple) -> consistency.Verdict:
    """Search for a Z with which a function is consistent, using what is proved about the function."""
    return find_distribution(
        function.probabilities,
        triple,
        top_agent=PROPORTIONALITY in PROVED.get(function.name, {}),
        affine=function.name in AFFINE,
    )


@cache
def _search_known(name: str, problems: int, seed: int) -> dict[str, Verdict]:
    """Search with a built-in function (cached)."""
    return search(recognition_named(name), problems=problems, seed=seed)


def _check_units(function: Named, triple: Triple) -> None:
    if function.probabilities(triple) != function.probabilities(triple.times(2)):
        raise ParleyError(
            f"{function.name}: depends on the unit: its probabilities at {triple} change when every"
            " quantity is counted in halves"
        )


@dataclass(frozen=True)
class Audit:
    """The result of an audit of a function at one problem."""

    problem: Problem
    function: Named
    allocation: Matrix
    """X: the announced cost-effective allocation, in units."""
    axioms: dict[str, Verdict]
    others: dict[str, dict[str, Verdict]]
    """Verdicts on the other functions, for comparison: by name and axiom."""
    equilibria: Equilibria | None
    """Equilibria of the problem's game that follow `TIE_RULE`, if its tree is small enough."""
    any_ties: Equilibria | None
    """All equilibria of the problem's game, for any treatment of ties."""
    manipulations: Manipulations

    def to_json(self) -> dict[str, Any]:
        """Return plain values: exact numbers as strings, in tasks and units of cost."""
        unit = self.problem.unit
        return {
            "kind": "coordination",
            "recognition": self.function.name,
            "special_domain": self.problem.in_special_domain,
            "allocation": in_tasks(self.allocation, unit),
            "axioms": {
                axiom: {
                    "holds": verdict.holds,
                    "basis": verdict.basis,
                    "here": verdict.here,
                    "witness": plain_witness(verdict.witness, self.function),
                    "source": verdict.source,
                    "searched": verdict.searched,
                    "undecided": verdict.undecided,
                    "here_basis": verdict.here_basis,
                    "refuted_here": verdict.refuted_here,
                }
                for axiom, verdict in self.axioms.items()
            },
            "functions": {
                name: {axiom: verdict.holds for axiom, verdict in verdicts.items()}
                for name, verdicts in self.table().items()
            },
            "equilibria": plain_equilibria(self.equilibria, self.any_ties),
            "manipulation": [
                {
                    "agent": found.agents[0] if len(found.agents) == 1 else list(found.agents),
                    "best_deviation": plain_deviation(found.best_deviation, unit),
                    "gain": show(found.gain),
                    "exhaustive": found.exhaustive,
                    "tried": found.tried,
                }
                for found in self.manipulations.entries
            ],
        }

    @property
    def holds(self) -> bool:
        """Whether no axiom was refuted and no single agent gains."""
        refuted = any(verdict.witness or verdict.here is False for verdict in self.axioms.values())
        alone = any(found.gain for found in self.manipulations.singles)
        return not refuted and not alone

    def table(self) -> dict[str, dict[str, Verdict]]:
        """Verdicts by function and axiom, the audited function first."""
        return {self.function.name: self.axioms} | self.others


def audit(
    problem: Problem,
    function: Named | None = None,
    *,
    problems: int = PROBLEMS,
    seed: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Audit:
    """Audit a recognition function: its axioms over all problems, and gains from deviating in this one.

    Parameters
    ----------
    function : Named, optional
        By default the problem's own.
    problems : int
        Problems to search for counterexamples.
    seed : int
        Of that search.
    progress : callable, optional
        Called with a description, the finished amount and the total.

    Raises
    ------
    ProblemError
        If the problem's allocation is not cost-effective.
    ParleyError
        If the function fails, or does not return probabilities.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> found = audit(example_1(), problems=20)
    >>> [(verdict.holds, verdict.here) for verdict in found.axioms.values()]
    [(True, True), (True, True), (True, True)]
    """

    def tell(what: str, done: int, total: int) -> None:
        if progress is not None:
            progress(what, done, total)

    function = function or recognition_named(problem.recognition)
    X, _ = announced_allocation(problem)
    p = function.probabilities
    own = search(
        function,
        problems=problems,
        seed=seed,
        progress=lambda done: tell(f"searching for counterexamples to {function.name}", done, problems),
    )
    others = {}
    for name in RECOGNITION:
        if name != function.name:
            tell(f"searching for counterexamples to {name}", 0, 1)
            others[name] = _search_known(name, problems, seed)
    equilibria = any_ties = None
    if count_allocations(problem) <= MAX_COURSES:
        tell("finding all equilibria", 0, 1)
        game = stage_one(problem, p)
        equilibria, any_ties = (backward_induction(game, efficient_ties=rule) for rule in (True, False))
    found = manipulations(problem, p, progress=lambda done, total: tell("trying deviations", done, total))
    triple = Triple.at(problem, X)
    here = _here(function, triple, equilibria, found)
    refuted = _refuted_here(function, problem, triple, equilibria, found) if problem.in_special_domain else {}
    axioms = {
        axiom: replace(
            _withplain_witness(verdict, refuted.get(axiom) if here[axiom][0] is False else None),
            here=here[axiom][0],
            here_basis=here[axiom][1],
        )
        for axiom, verdict in own.items()
    }
    if problem.in_special_domain:
        others = {name: _held_against(name, verdicts, triple) for name, verdicts in others.items()}
    return Audit(problem, function, X, axioms, others, equilibria, any_ties, found)


def _withplain_witness(verdict: Verdict, witness: Witness | None) -> Verdict:
    """Refute an axiom by the audited problem, if the search has not refuted it."""
    if witness is None or verdict.witness is not None:
        return verdict
    return replace(verdict, holds=False, witness=witness, refuted_here=True)


def _held_against(name: str, verdicts: dict[str, Verdict], triple: Triple) -> dict[str, Verdict]:
    """Test a function at the audited problem too, if neither a theorem nor the search has decided."""
    function = recognition_named(name)
    looked = {CONSISTENCY: _inconsistency_here, PROPORTIONALITY: _disproportion_here}
    return {
        axiom: _withplain_witness(verdict, looked[axiom](function, triple))
        if verdict.holds is None and axiom in looked
        else verdict
        for axiom, verdict in verdicts.items()
    }


def _disproportion_here(function: Named, triple: Triple) -> Witness | None:
    return counterexamples.disproportion(function.probabilities, triple)


def _inconsistency_here(function: Named, triple: Triple) -> Witness | None:
    p = function.probabilities
    if single := counterexamples.inconsistency(p, triple):
        return single
    certificate = _consistency(function, triple).certificate
    return None if certificate is None else NoDistribution(triple, p(triple), certificate)


def _refuted_here(
    function: Named,
    problem: Problem,
    triple: Triple,
    equilibria: Equilibria | None,
    found: Manipulations,
) -> dict[str, Witness | None]:
    """Return the audited problem as a witness, by axiom."""
    inefficient = None
    if equilibria is not None:
        if not equilibria.cost_effective:
            inefficient = InefficientHere(problem, triple.allocation, equilibria)
    else:
        inefficient = next(
            (
                InefficientHere(
                    problem, triple.allocation, None, entry.agents[0], entry.best_deviation, entry.gain
                )
                for entry in found.singles
                if entry.gain > 0
            ),
            None,
        )
    return {
        IMPLEMENTATION: inefficient,
        CONSISTENCY: _inconsistency_here(function, triple),
        PROPORTIONALITY: _disproportion_here(function, triple),
    }


def _here(
    function: Named,
    triple: Triple,
    equilibria: Equilibria | None,
    found: Manipulations,
) -> dict[str, tuple[bool | None, str]]:
    """Return whether each axiom holds at the problem itself, and why."""
    here: dict[str, tuple[bool | None, str]] = {}
    if equilibria is not None:
        basis = f"all equilibria in which {TIE_RULE}"
        here[IMPLEMENTATION] = equilibria.cost_effective, basis
    elif gaining := [entry for entry in found.singles if entry.gain > 0]:
        basis = f"agent {gaining[0].agents[0] + 1} gains by another announcement"
        here[IMPLEMENTATION] = False, basis
    elif IMPLEMENTATION in PROVED.get(function.name, {}):
        here[IMPLEMENTATION] = True, "by the theorem; the game is too large to list its equilibria"
    else:
        basis = "no agent was found that gains alone; the game is too large to list its equilibria"
        here[IMPLEMENTATION] = None, basis
    verdict = _consistency(function, triple)
    if verdict.holds:
        Z = "; ".join(" ".join(map(show, row)) for row in verdict.distribution or ())
        basis = f"at the announced allocation, where agent 1's excess is passed on as [{Z}]"
    elif verdict.certificate is not None:
        basis = f"at the announced allocation: {verdict.certificate}"
    else:
        basis = (
            "at the announced allocation, no way to pass on agent 1's excess was found:"
            f" {', '.join(verdict.searched)}"
        )
    here[CONSISTENCY] = verdict.holds, basis
    here[PROPORTIONALITY] = (
        counterexamples.disproportion(function.probabilities, triple) is None,
        "at the announced allocation",
    )
    return here
