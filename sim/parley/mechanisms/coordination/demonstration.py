"""A manipulation played on the EVM: the deviating agent's gain in wei.

In half of the games all agents announce X; in the other half one agent announces as in Y. All bargain as in
equilibrium.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np

from parley.chain.backends import open_evm
from parley.chain.compiler import compile_contracts, compile_sources
from parley.chain.deploy import deploy
from parley.chain.evm import Evm
from parley.core.errors import ParleyError
from parley.core.statistics import bonferroni, two_valued_p_value
from parley.kit.options import Given, counted
from parley.mechanisms.coordination.audit import IMPLEMENTATION, PROBLEMS, Audit, audit
from parley.mechanisms.coordination.axioms.counterexamples import Unimplemented, random_problems
from parley.mechanisms.coordination.axioms.custom import Named, recognition_named
from parley.mechanisms.coordination.axioms.implementation import ManipulableGame
from parley.mechanisms.coordination.bots import Announcing, Bot
from parley.mechanisms.coordination.contracts import RECOGNITION_CONTRACTS
from parley.mechanisms.coordination.play import Deployment, Player, deploy_mechanism
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.recognition import RECOGNITION
from parley.mechanisms.coordination.stated import fraction_question

__all__ = [
    "Demonstration",
    "PlayedAudit",
    "audit_and_play",
    "audited",
    "check_contract",
    "demonstrate",
    "demonstrate_found",
    "hold_against_contract",
]

GAMES = 400
"""Default number of games of each kind."""
TWINS = 200
"""Number of problems on which a user's contract is compared with the Python function."""


@dataclass(frozen=True)
class Played:
    """The costs of one agent's games."""

    games: int
    mean: Fraction
    """Mean cost in wei."""
    expected: Fraction
    """f_j(d_j) − p_j·Δ at the allocation announced, in wei."""
    variance: Fraction
    """Exact variance of one game: proposing changes the cost by Δ·(1 − δ)."""
    p_value: float
    """Exact p-value of the total cost, from the number of times it proposed."""


@dataclass(frozen=True)
class Demonstration:
    """A played manipulation."""

    evm: str
    agent: int
    followed: Played
    deviated: Played

    @property
    def gain(self) -> Fraction:
        """Gain per game from deviating, in wei."""
        return self.followed.mean - self.deviated.mean

    @property
    def expected_gain(self) -> Fraction:
        """Expected gain from theory, in wei."""
        return self.followed.expected - self.deviated.expected

    @property
    def std_error(self) -> float:
        """Standard error of the gain, from exact variances, in wei."""
        return sqrt(sum(kind.variance / kind.games for kind in (self.followed, self.deviated)))

    @property
    def z(self) -> float | None:
        """Standard errors between play and theory; None if nothing is random."""
        return float(self.gain - self.expected_gain) / self.std_error if self.std_error else None

    @property
    def p_value(self) -> float:
        """p-value of both sums of costs, with and without the deviation (Bonferroni)."""
        return bonferroni([self.followed.p_value, self.deviated.p_value])

    def to_json(self) -> dict[str, Any]:
        """Return plain values, in wei: exact numbers as strings."""
        return {
            "evm": self.evm,
            "agent": self.agent,
            "games": self.followed.games,
            "mean_costs_wei": [float(self.followed.mean), float(self.deviated.mean)],
            "expected_costs_wei": [str(self.followed.expected), str(self.deviated.expected)],
            "gain_wei": float(self.gain),
            "expected_gain_wei": str(self.expected_gain),
            "std_error_wei": self.std_error,
            "z": self.z,
            "p_value": self.p_value,
        }


@dataclass(frozen=True)
class PlayedAudit:
    """An audit, and the manipulation that it found as it was played, if there is one."""

    audit: Audit
    played: Demonstration | None

    @property
    def holds(self) -> bool:
        """Whether no axiom was refuted and no single agent gains."""
        return self.audit.holds

    def to_json(self) -> dict[str, Any]:
        """Return the object that `parley audit --json` prints."""
        return self.audit.to_json() | {"played": None if self.played is None else self.played.to_json()}


def audit_and_play(
    problem: Problem, given: Given, tell: Callable[[str, int, int | None], None]
) -> PlayedAudit:
    """Audit a recognition function, and play the manipulation that is found, if one is."""
    name, contract = given.text("recognition"), given.path("contract")
    if contract is not None and name is None:
        raise ParleyError("--contract requires --recognition FILE.py:FUNCTION")
    seed, games = given.integer("seed", 1), given.integer("games", GAMES)
    problems = given.integer("problems", PROBLEMS)
    found = audit(problem, audited(name, contract), problems=problems, seed=seed, progress=tell)
    progress = counted(tell, "playing the manipulation", 2 * games)
    return PlayedAudit(
        found, demonstrate_found(found, contract=contract, games=games, seed=seed, progress=progress)
    )


def audited(name: str | None, contract: Path | None) -> Named | None:
    """Return a recognition function by name, after a comparison with its contract.

    Raises
    ------
    ParleyError
        If the function is unknown, or its contract answers differently.
    """
    function = None if name is None else recognition_named(name)
    if function is not None and contract is not None:
        check_contract(function, contract)
    return function


def demonstrate_found(
    found: Audit,
    *,
    contract: Path | None = None,
    games: int = GAMES,
    seed: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Demonstration | None:
    """Play the manipulation of an audit; None if there is none, or no contract for it.

    Parameters
    ----------
    contract, games, seed, progress
        See `demonstrate`; None for 0 games.
    """
    witness = found.axioms[IMPLEMENTATION].witness
    playable = contract is not None or found.function.name in RECOGNITION_CONTRACTS
    if not games or not playable or not isinstance(witness, Unimplemented):
        return None
    return demonstrate(
        witness.game, found.function, contract=contract, games=games, seed=seed, progress=progress
    )


def demonstrate(
    game: ManipulableGame,
    function: Named,
    *,
    contract: Path | None = None,
    games: int = GAMES,
    seed: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Demonstration:
    """Play a manipulation on the fast embedded EVM.

    Parameters
    ----------
    function : Named
        A recognition function that has a contract.
    contract : Path, optional
        Solidity source of a user's function.
    games : int
        Games with the deviation, and as many without.
    progress : callable, optional
        Called with the number of games just finished.

    Raises
    ------
    ParleyError
        If the function has no contract, or the contract answers differently.
    """
    evm = open_evm("revm")
    deployment = _deployed(evm, function, contract)
    with _known(function):
        problem = Problem(
            contracted=game.problem.contracted,
            capacity=game.problem.capacity,
            costs=game.problem.costs,
            continuation=game.problem.continuation,
            recognition=function.name,
            allocation=np.array(game.allocation),
        )
        told = Announcing(game.agent, game.deviation[game.agent])
        followed, deviated = (
            _play(Player(evm, deployment, problem, bots, seed), game.agent, games, progress)
            for bots in (
                [Bot(seat) for seat in range(problem.agents)],
                [told if seat == game.agent else Bot(seat) for seat in range(problem.agents)],
            )
        )
    return Demonstration("revm", game.agent, followed, deviated)


def _play(player: Player, agent: int, games: int, progress: Callable[[int], None] | None) -> Played:
    player.evm.recycle()
    total = 0
    outcomes = map(player.play, range(games))
    first = next(outcomes)
    for outcome in chain([first], outcomes):
        total += outcome.costs[agent]
        if progress is not None:
            progress(1)
    # All games have the same announcements.
    bargaining = first.position.bargaining
    probability, saved = bargaining.probabilities[agent], max(bargaining.savings, 0)
    return Played(
        games,
        Fraction(total, games),
        bargaining.contracted_costs[agent] - probability * saved,
        probability * (1 - probability) * (saved * (1 - player.problem.continuation)) ** 2,
        two_valued_p_value(
            total,
            games,
            bargaining.threshold(agent),
            bargaining.proposal(agent)[agent] if saved else bargaining.threshold(agent),
            probability,
        ),
    )


@contextmanager
def _known(function: Named) -> Iterator[None]:
    """Register a user's function as a recognition function during the games."""
    if function.name in RECOGNITION or function.fraction is None:
        yield
        return
    RECOGNITION[function.name] = function.fraction
    try:
        yield
    finally:
        del RECOGNITION[function.name]


# ── a user's contract ───────────────────────────────────────────────────────────────────────────────────────


def _deployed(evm: Evm, function: Named, contract: Path | None) -> Deployment:
    deployment = deploy_mechanism(evm)
    if contract is None:
        if function.name not in deployment.recognition:
            raise ParleyError(f"{function.name}: no contract to play with")
        return deployment
    address = _deploy_source(evm, contract)
    return Deployment(deployment.mechanism, dict(deployment.recognition) | {function.name: address})


def check_contract(function: Named, contract: Path) -> None:
    """Check that a user's contract compiles and answers like the Python function; raises `ParleyError`."""
    evm = open_evm("revm")
    hold_against_contract(evm, _deploy_source(evm, contract), function)


def _deploy_source(evm: Evm, path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParleyError(f"{path}: cannot be read: {error}") from None
    artifacts = {
        name: artifact
        for name, artifact in compile_sources({path.name: text}).items()
        if any(entry.get("name") == "fraction" for entry in artifact.abi) and artifact.bytecode
    }
    if len(artifacts) != 1:
        raise ParleyError(
            f"{path}: must have exactly one contract with a function `fraction`, not {len(artifacts)}"
        )
    return deploy(evm, compile_contracts() | artifacts, list(artifacts))[next(iter(artifacts))].address


def hold_against_contract(evm: Evm, address: str, function: Named, seed: int = 1) -> None:
    """Check that a contract answers like the Python function, over random problems.

    Raises
    ------
    ParleyError
        With the first turn at which the answers differ.
    """
    if function.fraction is None:
        raise ParleyError(f"{function.name}: must have one parameter, a turn, to be compared with a contract")
    for triples in random_problems(seed, TWINS):
        for triple in triples:
            for turn in triple.turns()[:-1]:
                answer = evm.call(evm.deployer, address, fraction_question(turn)).output
                given = int.from_bytes(answer[:32]), int.from_bytes(answer[32:64])
                wanted = function.fraction(turn)
                if given != wanted:
                    raise ParleyError(
                        f"{function.name}: at {turn}, the contract returns {given[0]}/{given[1]} and the"
                        f" function {wanted[0]}/{wanted[1]}"
                    )
