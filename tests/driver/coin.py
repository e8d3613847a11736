"""A third mechanism, as small as one can be: two agents toss a coin for each other's stake.

What a mechanism brings to the driver is all here: how a game goes, what is counted of it, and how it is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, NamedTuple, Self

from eth_abi.abi import encode

from parley.chain.codec import Codec
from parley.chain.compiler import Artifact, compile_sources
from parley.chain.evm import Evm
from parley.core.randomness import commitment, game_id, keccak
from parley.kit.play import player, simulation, tally
from parley.kit.play.player import Sent, UnexpectedRevertError, explained

SOURCE = "tests/driver/CoinToss.sol"
CONTRACT = "CoinToss"
TOSSED = keccak(b"Tossed(bytes32,uint256)")


@cache
def codec() -> Codec:
    """How the contract is called; one of the tree's has `compiled_codec`."""
    return Codec(compile_sources({SOURCE: None})[CONTRACT].abi)


class Outcome(NamedTuple):
    """How a game went; the winner is -1 if nobody won."""

    game: int
    ending: str
    winner: int

    @property
    def path(self) -> str:
        """Its ending, and who won."""
        return f"{self.ending}, {('nobody', 'heads', 'tails')[self.winner + 1]}"


class Player(player.Player[Outcome]):
    """Plays coin tosses; a bot is honest, or silent when it should reveal."""

    def __init__(self, evm: Evm, address: str, setting: "Setting") -> None:
        super().__init__(evm, address, 2, setting.seed, codec())
        self.setting = setting

    def play(self, k: int) -> Outcome:
        """Play game k to its end."""
        self.begin()
        *secrets, salt = self.secrets(k, 1)
        game = game_id(self.evm.chain_id, self.contract, self.creator, salt)
        calls = {name: function.encode for name, function in self.codec.functions.items()}
        terms = self.setting.stake, self.setting.window
        self.send(self.creator, calls["create"](salt, self.seats, *terms))
        digest = keccak(encode(["address[]", "uint96", "uint32"], [self.seats, *terms]))
        sealed = [commitment(game, seat, secret) for seat, secret in enumerate(secrets)]
        for seat in (0, 1):
            data = calls["commit"](game, seat, digest, sealed[seat])
            self.send(self.seats[seat], data, self.setting.stake)
        digest = keccak(digest + b"".join(sealed))
        winner, honest = -1, [seat for seat in (0, 1) if self.setting.bots[seat] == "honest"]
        for seat in honest:
            data = calls["reveal"](game, seat, digest, secrets[seat])
            for topics, value in self.send(self.seats[seat], data):
                if topics[0] == TOSSED:
                    winner = int.from_bytes(value)
        if len(honest) < 2:
            self.wait(self.setting.window)
            self.send(self.creator, calls["expire"](game))
        for seat in (honest or [0, 1]) if winner < 0 else [winner]:
            self.send(self.seats[seat], calls["withdraw"](game, seat, self.seats[seat]))
        self.transactions += len(self.sent)
        return Outcome(k, "expired" if winner < 0 else "tossed", winner)


@dataclass
class Tally(tally.Tally[Outcome]):
    """Counts who won, too."""

    wins: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, outcome: Outcome) -> None:
        """Count one game."""
        super().add(outcome)
        if outcome.winner >= 0:
            self.wins[outcome.winner] += 1

    def merge(self, other: Self) -> None:
        """Count another tally's games too."""
        super().merge(other)
        self.wins = [a + b for a, b in zip(self.wins, other.wins, strict=True)]


@dataclass(frozen=True)
class Setting:
    """Who tosses for how much."""

    bots: tuple[str, str] = ("honest", "honest")
    seed: int = 1
    stake: int = 10**9
    window: int = 3600

    agents: ClassVar[int] = 2
    contracts: ClassVar[tuple[str, ...]] = (CONTRACT,)

    @property
    def functions(self) -> Mapping[str, bytes]:
        """Selectors of the contract's functions."""
        return codec().selectors

    @property
    def artifacts(self) -> Mapping[str, Artifact]:
        """The contract beside this file; one of the tree's would come from `compile_contracts`."""
        return compile_sources({SOURCE: None})

    @property
    def moves_clock(self) -> bool:
        """Whether somebody lets a deadline pass."""
        return "silent" in self.bots

    def player(self, evm: Evm, addresses: Mapping[str, str]) -> Player:
        """What plays on a machine."""
        return Player(evm, addresses[CONTRACT], self)

    def tally(self) -> Tally:
        """Nothing counted yet."""
        return Tally()

    def row(self, outcome: Outcome) -> tuple[int, int]:
        """Game and winner."""
        return outcome.game, outcome.winner

    def money(self, sent: Sent) -> int:
        """What a transaction moved to its sender."""
        if sent.data[:4] == codec().selectors["withdraw"]:
            return int.from_bytes(sent.logs[0][1][64:])
        return -sent.value

    def explain(self, refusal: UnexpectedRevertError) -> str | None:
        """A plainer sentence for a refusal."""
        return explained(refusal, exists="GameExists", window=self.window)


@dataclass(frozen=True)
class Simulation(simulation.Simulation[Tally]):
    """A finished run."""

    kind: ClassVar[str] = "coin"
    endings: ClassVar[Mapping[str, simulation.Ending]] = {
        "tossed": simulation.Ending.SUCCESS,
        "expired": simulation.Ending.EXPIRY,
    }

    def to_json(self) -> dict[str, Any]:
        """What `simulate --json` would print of it."""
        return self.shared_json({"wins": self.tally.wins})
