"""Drawing straws, declared: what the kit needs to solve, play, compare, verify and show it."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from parley.chain.compiler import Artifact, compile_folder
from parley.core.randomness import commitment, keccak
from parley.kit.bots import BaseBot, Bots, bots_named
from parley.kit.declared import Description
from parley.kit.mechanism import Mechanism
from parley.kit.play import player
from parley.kit.play.declaration import Columns
from parley.kit.protocols import Ending
from parley.kit.statistics import Chances, Count, Law, Mean, Statistic
from parley.kit.verify.replay import Drawn, Draws, Replay, number_in
from parley.kit.verify.rules import Rules
from straws.model import Game, Parameters, Phase, StrawsModel
from straws.theory import Audit, Problem, Solution, StrawKeys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.chain.evm import Evm
    from parley.kit.reference import Event


class Honest(BaseBot):
    """Reveals."""

    kind = "honest"


class Silent(Honest):
    """Does not reveal."""

    kind = "silent"
    waits = True


class Outcome(NamedTuple):
    """How a game went: who was drawn (-1 for nobody), and what each seat paid on balance, in wei."""

    game: int
    ending: str
    drawn: int
    paid: tuple[int, ...]

    @property
    def path(self) -> str:
        """One game of every ending is replayed on the other EVM."""
        return self.ending


class Player(player.Player[Outcome]):
    """Plays games of one problem."""

    def __init__(self, evm: Evm, contract: str, problem: Problem, bots: Bots[Honest], seed: int) -> None:
        super().__init__(evm, contract, problem.agents, seed, MECHANISM.codec())
        self.honest = [bot.seat for bot in bots if not bot.waits]
        amounts = problem.wei(problem.compensation), problem.wei(problem.bond)
        self.parameters = Parameters(self.seats, *amounts, problem.window)

    def play(self, k: int) -> Outcome:
        """Play game k to its end."""
        self.begin()
        p, (*secrets, salt) = self.parameters, self.secrets(k, 1)
        game = self.id_of(salt)
        self.act(self.creator, "create", salt, tuple(p))
        sealed = [commitment(game, seat, secret) for seat, secret in enumerate(secrets)]
        for seat, agent in enumerate(self.seats):
            self.act(agent, "commit", game, seat, p.digest, sealed[seat], value=p.deposit)
        drawn, digest = -1, keccak(p.digest + b"".join(sealed))
        for seat in self.honest:
            for event in self.act(self.seats[seat], "reveal", game, seat, digest, secrets[seat]):
                drawn = event.seat if event.name == "Drawn" else drawn
        if drawn < 0:
            self.expire(game, p.window)
        paid = []
        for seat, agent in enumerate(self.seats):
            (withdrawn,) = self.act(agent, "withdraw", game, seat, agent)
            paid.append(p.deposit - withdrawn.amount)
        return Outcome(k, "cancelled" if drawn < 0 else "drawn", drawn, tuple(paid))


def _draw(_: Replay[Game], game: Game) -> Drawn | None:
    """Everybody has the same chance, once all have committed; a draw that was withheld counts as unseen."""
    if not game.phase > Phase.COMMITTING or game.lapsed is Phase.COMMITTING:
        return None
    seats = len(game.parameters.agents)
    return Drawn([Fraction(1, seats)] * seats, None if game.drawn is None else (game.drawn,))


class StrawsReplay(Replay[Game]):
    """How a deployed contract is verified: its reference model, its rules and its draws."""

    contract = StrawsModel
    rules = Rules(
        refusals={"AlreadyCommitted": "steps of a seat", "StaleDigest": "digest"},
        fields={
            "Created": ("game id", "creator", "salt", "digest", "parameters"),
            "Committed": ("game id", "seat", "commitment"),
            "Revealed": ("game id", "seat", "reveal"),
            "Drawn": ("game id", "draw"),
            "Cancelled": ("game id", "phase", "silent seats"),
            "Withdrawn": ("game id", "seat", "payee", "withdrawal amount"),
        },
    )
    draws = (Draws("recognition_p_value", "draws", _draw),)

    def follow(self, game: Game, want: Mapping[str, Event], have: Mapping[str, Event]) -> None:
        """Go on with the agent that the contract has drawn, right or wrong."""
        super().follow(game, want, have)
        if "Drawn" in have:
            game.drawn = number_in(have["Drawn"], 1)


class Straws(Mechanism[Problem, Solution, Audit, Outcome, Bots[Honest]]):
    """One task, drawn for."""

    kind = "straws"
    about = "what one task costs each agent, and what the others pay to the one who does it"
    contracts = ("Straws",)
    descriptions = {
        "solve": Description("What the draw costs each agent, if it is drawn, if not, and in expectation."),
        "simulate": Description("How often each agent was drawn, and what it paid, against theory."),
        "audit": Description(
            "Whether an agent gains by silence when it knows the draw, and who envies whom."
        ),
        "verify": Description("Every deposit, draw and withdrawal."),
    }
    bots = {"honest": "reveals its secret", "silent": "does not reveal"}
    endings = {"drawn": Ending.SUCCESS, "cancelled": Ending.EXPIRY}

    @classmethod
    @cache
    def artifacts(cls) -> Mapping[str, Artifact]:
        """Compile the contract beside this file."""
        return compile_folder(Path(__file__).parent / "contracts")

    def keys(self) -> type[StrawKeys]:
        """Return the keys of its files."""
        return StrawKeys

    def problem(self, mapping: Mapping[str, object], file: str) -> Problem:
        """Read a problem."""
        return Problem.from_mapping(mapping, file)

    def solve(self, problem: Problem, *_: object) -> Solution:
        """Find expected costs."""
        return Solution(problem)

    def audit(self, problem: Problem, *_: object) -> Audit:
        """Look for envy, and for a gain by silence."""
        return Audit(problem)

    def verifier(self) -> type[StrawsReplay]:
        """Name what replays games."""
        return StrawsReplay

    def cast(self, problem: Problem, names: Sequence[str]) -> Bots[Honest]:
        """Make the bots."""
        return bots_named(names, problem.agents, {"honest": Honest, "silent": Silent})

    def player(
        self, evm: Evm, addresses: Mapping[str, str], problem: Problem, cast: Bots[Honest], seed: int
    ) -> Player:
        """Make what plays."""
        return Player(evm, addresses["Straws"], problem, cast, seed)

    def statistics(self, problem: Problem) -> Sequence[Statistic[Outcome, Solution]]:
        """Count who is drawn, and add up what each agent pays."""
        n, wei = problem.agents, problem.wei(problem.compensation)

        def law(solution: Solution, _: object) -> list[Law]:
            return [Law.of([(wei, 1 - solution.chance), (-(n - 1) * wei, solution.chance)])] * n

        return (
            Count(
                name="drawn",
                of=lambda outcome: [outcome.drawn],
                when=lambda outcome: outcome.drawn >= 0,
                rows=["the task"],
                cells=problem.agent_names,
                chances=lambda solution, _: Chances([[solution.chance] * n]),
            ),
            Mean(
                name="paid",
                of=lambda outcome: outcome.paid,
                labels=problem.agent_names,
                law=law,
                unit=problem.wei_per_cost,
            ),
        )

    def columns(self, problem: Problem) -> Sequence[Columns[Outcome]]:
        """Write down who was drawn, and what each agent paid."""
        paid = [f"paid_{seat}" for seat in range(problem.agents)]
        return [
            Columns(["drawn"], "int8", lambda outcome: [outcome.drawn]),
            Columns(paid, "wei", lambda outcome: outcome.paid),
        ]


MECHANISM = Straws()
