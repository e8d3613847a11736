"""A third mechanism, as small as one can be: two agents toss a coin for each other's stake."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from eth_abi.abi import encode

from parley.chain.compiler import Artifact, compile_sources
from parley.core.errors import ProblemError
from parley.core.keys import Keys, Whole
from parley.core.randomness import commitment, keccak
from parley.kit.bots import BaseBot, Bots, bots_named
from parley.kit.declared import Description
from parley.kit.mechanism import Mechanism
from parley.kit.play import player
from parley.kit.play.declaration import Columns
from parley.kit.play.setting import Setting
from parley.kit.protocols import Ending
from parley.kit.statistics import Chances, Count, Law, Mean, Statistic
from tests.kit.play.coin_model import CoinReplay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.chain.evm import Evm

SOURCE = "tests/kit/play/CoinToss.sol"
CONTRACT = "CoinToss"


# ── the problem, and theory ─────────────────────────────────────────────────────────────────────────────────


class TossKeys(Keys):
    """Keys of its files."""

    kind: Literal["toss"]
    stake: Whole = 10**9
    window: Whole = 3600


@dataclass(frozen=True)
class Toss:
    """What is tossed for, in wei."""

    stake: int = 10**9
    window: int = 3600
    kind: ClassVar[str] = "toss"
    agents: ClassVar[int] = 2
    agent_names: ClassVar[tuple[str, ...]] = ("Heads", "Tails")

    def check_playable(self, file: str = "") -> None:
        """Refuse to toss for nothing."""
        if self.stake < 1:
            raise ProblemError(file, "stake", f"{self.stake} is not positive")

    def to_mapping(self) -> dict[str, Any]:
        """The keys of its file."""
        window = {} if self.window == Toss.window else {"window": self.window}
        return {"kind": self.kind, "stake": self.stake, **window}


class Odds(NamedTuple):
    """The chance of each side, and whether that is fair."""

    chances: tuple[Fraction, Fraction] = (Fraction(1, 2), Fraction(1, 2))

    @property
    def holds(self) -> bool:
        """Whether both sides have the same chance."""
        return self.chances[0] == self.chances[1]

    def to_json(self) -> dict[str, Any]:
        """What `solve --json` and `audit --json` print."""
        return {"kind": Toss.kind, "chances": [str(p) for p in self.chances], "fair": self.holds}


# ── play, statistics and the table ──────────────────────────────────────────────────────────────────────────


class Bot(BaseBot):
    """Plays to the end."""

    kind = "honest"


class Silent(Bot):
    """Does not reveal."""

    kind = "silent"
    waits = True


class Outcome(NamedTuple):
    """How a game went; the winner is -1 if nobody won, and payoffs are in wei."""

    game: int
    ending: str
    winner: int
    payoffs: tuple[int, ...]

    @property
    def path(self) -> str:
        """Its ending, and who won."""
        return f"{self.ending}, {('nobody', 'heads', 'tails')[self.winner + 1]}"


class Player(player.Player[Outcome]):
    """Plays coin tosses."""

    def __init__(self, evm: Evm, address: str, toss: Toss, bots: Bots[Bot], seed: int) -> None:
        super().__init__(evm, address, 2, seed, Coin.codec())
        self.toss = toss
        self.bots = bots

    def play(self, k: int) -> Outcome:
        """Play game k to its end."""
        self.begin()
        *secrets, salt = self.secrets(k, 1)
        game, stake = self.id_of(salt), self.toss.stake
        terms = self.seats, stake, self.toss.window
        self.act(self.creator, "create", salt, *terms)
        digest = keccak(encode(["address[]", "uint96", "uint32"], terms))
        sealed = [commitment(game, seat, secret) for seat, secret in enumerate(secrets)]
        for seat in (0, 1):
            self.act(self.seats[seat], "commit", game, seat, digest, sealed[seat], value=stake)
        digest = keccak(digest + b"".join(sealed))
        winner, honest = -1, [bot.seat for bot in self.bots if not bot.waits]
        for seat in honest:
            for event in self.act(self.seats[seat], "reveal", game, seat, digest, secrets[seat]):
                if event.name == "Tossed":
                    winner = event.winner
        if len(honest) < 2:
            self.expire(game, self.toss.window)
        payoffs = [-stake, -stake]
        for seat in (honest or [0, 1]) if winner < 0 else [winner]:
            (withdrawn,) = self.act(self.seats[seat], "withdraw", game, seat, self.seats[seat])
            payoffs[seat] += withdrawn.amount
        return Outcome(k, "expired" if winner < 0 else "tossed", winner, tuple(payoffs))


class Coin(Mechanism[Toss, Odds, Odds, Outcome, Bots[Bot]]):
    """The declaration."""

    kind = Toss.kind
    about = "what two agents toss a coin for"
    contracts = (CONTRACT,)
    descriptions: ClassVar = dict.fromkeys(("solve", "simulate", "audit", "verify"), Description("A toy."))
    bots: ClassVar = {"honest": "plays to the end", "silent": "does not reveal"}
    endings: ClassVar = {"tossed": Ending.SUCCESS, "expired": Ending.EXPIRY}

    @classmethod
    @cache
    def artifacts(cls) -> Mapping[str, Artifact]:
        """The contract beside this file."""
        return compile_sources({SOURCE: None})

    def keys(self) -> type[TossKeys]:
        """Return the keys of its files."""
        return TossKeys

    def problem(self, mapping: Mapping[str, Any], file: str) -> Toss:  # noqa: ARG002 - nothing can be wrong
        """Read a problem."""
        return Toss(**{key: int(value) for key, value in mapping.items() if key != "kind"})

    def solve(self, problem: Toss, *_: object) -> Odds:  # noqa: ARG002 - the same for all
        """Both sides have the same chance."""
        return Odds()

    def audit(self, problem: Toss, *_: object) -> Odds:
        """That is fair."""
        return self.solve(problem)

    def verifier(self) -> type[CoinReplay]:
        """Return how its games are replayed."""
        return CoinReplay

    def cast(self, problem: Toss, names: Sequence[str]) -> Bots[Bot]:
        """Make the bots."""
        return bots_named(names, problem.agents, {"honest": Bot, "silent": Silent})

    def player(
        self, evm: Evm, addresses: Mapping[str, str], problem: Toss, cast: Bots[Bot], seed: int
    ) -> Player:
        """Make what plays."""
        return Player(evm, addresses[CONTRACT], problem, cast, seed)

    def statistics(self, problem: Toss) -> Sequence[Statistic[Outcome, Odds]]:
        """Count who won, and what that paid."""

        def laws(odds: Odds, _: object) -> list[Law]:
            return [Law.of([(-problem.stake, 1 - p), (problem.stake, p)]) for p in odds.chances]

        return (
            Count(
                name="winner",
                of=lambda outcome: [outcome.winner],
                rows=["toss"],
                cells=problem.agent_names,
                when=lambda outcome: outcome.winner >= 0,
                chances=lambda odds, _: Chances([odds.chances]),
            ),
            Mean(name="payoff", of=lambda outcome: outcome.payoffs, labels=problem.agent_names, law=laws),
        )

    def columns(self, problem: Toss) -> Sequence[Columns[Outcome]]:  # noqa: ARG002 - the same for all
        """Write down the winner."""
        return [Columns(["winner"], "int8", lambda outcome: [outcome.winner])]


COIN = Coin()


def setting(
    *bots: str, seed: int = 1, coin: Coin = COIN, **toss: int
) -> Setting[Toss, Odds, Outcome, Bots[Bot]]:
    """Make a setting; without bots, both are honest."""
    return Setting.of(coin, Toss(**toss), bots, seed)
