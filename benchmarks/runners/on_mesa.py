"""mesa over pyrevm: seats are mesa's agents, one step of the model is one game; calls are coded by eth_abi.

mesa schedules, pyrevm executes, and what lies between, coding calls and decoding events, is for the user to
write: here with selectors and types worked out once, and types looked up by an event's first topic.
"""

from typing import Any

import mesa
import pyrevm
from eth_abi.abi import decode, encode

from benchmarks.runners.runner import check
from benchmarks.runners.script import SEED, Played, Table, artifacts
from parley.chain import accounts
from parley.chain.abi import argument_types, selector, signature
from parley.chain.evm import CHAIN_ID, FUNDS, GAS_LIMIT, START_TIME
from parley.core.randomness import commitment, keccak, word
from parley.mechanisms.coordination.parameters import next_digest


class _Chain:
    """pyrevm with calls by name and events by name."""

    def __init__(self) -> None:
        block = pyrevm.BlockEnv(number=1, timestamp=START_TIME)
        environment = pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=CHAIN_ID), block=block)
        self.evm = pyrevm.EVM(env=environment, gas_limit=GAS_LIMIT, spec_id="CANCUN")
        deployer = accounts.deployer()
        for address in (deployer, *accounts.agents()):
            self.evm.set_balance(address, FUNDS)
        compiled = artifacts()
        self.addresses = {
            name: self.evm.deploy(deployer, artifact.bytecode, 0) for name, artifact in compiled.items()
        }
        self.mechanism = self.addresses["TwoStageMechanism"]
        abi = compiled["TwoStageMechanism"].abi
        self.functions = {
            entry["name"]: (selector(signature(entry)), argument_types(entry["inputs"]))
            for entry in abi
            if entry["type"] == "function"
        }
        self.events = {
            keccak(signature(entry).encode()): (
                entry["name"],
                argument_types(argument for argument in entry["inputs"] if not argument["indexed"]),
            )
            for entry in abi
            if entry["type"] == "event"
        }

    def send(self, sender: str, function: str, arguments: tuple[Any, ...], value: int = 0) -> dict[str, Any]:
        """Execute a call and return what it emitted."""
        name, types = self.functions[function]
        self.evm.reset_transient_storage()
        self.evm.message_call(sender, self.mechanism, name + encode(types, arguments), value)
        result = self.evm.result
        emitted = {}
        for log in result.logs if result is not None else ():
            topics, data = log.data
            event, types = self.events[topics[0]]
            emitted[event] = decode(types, data)
        return emitted


class _Seat(mesa.Agent):  # type: ignore[misc]  # mesa is not installed where types are checked
    """One seat: what it does at each stage of the game under way."""

    def __init__(self, model: "_Mechanism", seat: int, address: str) -> None:
        super().__init__(model)
        self.seat, self.address = seat, address
        self.bot = model.table.bots[seat]
        self.deposit = model.table.deposits[seat]
        self.cost = 0

    def join(self) -> None:
        """Commit and pay in."""
        game, table, seat = self.model, self.model.table, self.seat
        sealed = commitment(game.id, seat, game.secrets[seat])
        game.sealed.append(sealed)
        game.chain.send(self.address, "join", (game.id, seat, table.digest, sealed), self.deposit)

    def announce(self) -> None:
        """Announce, and let everybody know the fraction that the contract froze."""
        game, table = self.model, self.model.table
        position = game.position
        row = self.bot.announce(position, table.random)
        emitted = game.chain.send(self.address, "announce", (game.id, game.history, row))
        _, _, numerator, denominator = emitted["Announced"]
        step = (position, row)
        if step not in table.histories:
            table.histories[step] = keccak(game.history + b"".join(map(word, row)))
        game.history = table.histories[step]
        game.position = position.after(row, (numerator, denominator))

    def reveal(self) -> None:
        """Open the commitment and make the next; the last one sees the draw."""
        game, seat = self.model, self.seat
        sealed = commitment(game.id, seat, game.fresh[seat])
        arguments = (game.id, seat, game.history, game.secrets[seat], sealed)
        emitted = game.chain.send(self.address, "reveal", arguments)
        if "ProposerDrawn" in emitted:
            _, game.proposer, (game.order, _) = emitted["ProposerDrawn"]

    def propose(self) -> None:
        """Propose the shares of equilibrium."""
        game = self.model
        shares = self.bot.propose(game.position.bargaining, last_round=False)
        emitted = game.chain.send(self.address, "propose", (game.id, game.history, shares))
        game.shares = emitted["Proposed"][2]
        game.offer = next_digest(game.history, shares)

    def respond(self) -> None:
        """Accept what is not above the threshold."""
        game = self.model
        share = game.shares[self.seat]
        accepted = self.bot.accepts(game.position.bargaining, share, game.table.random, last_round=False)
        emitted = game.chain.send(self.address, "respond", (game.id, game.offer, accepted))
        game.settled = "Settled" in emitted

    def withdraw(self) -> None:
        """Take the money and count what the game cost."""
        game, seat = self.model, self.seat
        arguments = (game.id, seat, self.address, game.history, game.shares)
        emitted = game.chain.send(self.address, "withdraw", arguments)
        _, _, amount = emitted["Withdrawn"]
        self.cost = game.position.bargaining.announced_costs[seat] + self.deposit - amount


class _Mechanism(mesa.Model):  # type: ignore[misc]  # likewise
    """The model: a table, a chain, and what is known of the game under way."""

    def __init__(self, table: Table, chain: _Chain) -> None:
        super().__init__(seed=SEED)
        self.table, self.chain = table, chain
        self.played: list[Played] = []
        self.seats = [_Seat(self, seat, address) for seat, address in enumerate(table.seats)]

    def step(self) -> None:
        """Play one game."""
        table = self.table
        number = len(self.played)
        self.secrets, self.fresh = table.secrets(number, 1), table.secrets(number, 2)
        salt = self.secrets[-1]
        self.id = table.game_id(salt)
        self.position, self.history = table.root, table.digest
        self.sealed: list[bytes] = []
        self.settled = False
        self.chain.send(accounts.deployer(), "create", (salt, table.parameters))
        for stage in ("join", "announce"):
            self.agents.do(stage)
        self.history = keccak(self.history + b"".join(self.sealed))
        self.agents.do("reveal")
        self.seats[self.proposer].propose()
        for turn in range(table.agents - 1):
            self.seats[self.order >> 8 * turn & 0xFF].respond()
        if not self.settled:
            raise RuntimeError(f"game {number} does not settle")
        self.agents.do("withdraw")
        self.played.append(Played(self.proposer, tuple(self.agents.get("cost"))))


class Mesa:
    """Its `Model` and `AgentSet`."""

    def prepare(self) -> None:
        """See `Runner.prepare`."""
        chain = _Chain()
        if not hasattr(self, "table"):
            self.table = Table(CHAIN_ID, chain.mechanism, chain.addresses["PStarRecognition"])
        self._model = _Mechanism(self.table, chain)

    def play(self, games: int) -> list[Played]:
        """See `Runner.play`."""
        for _ in range(games):
            self._model.step()
        return self._model.played

    def check(self, played: list[Played]) -> None:
        """See `Runner.check`."""
        check(self.table, played)

    def close(self) -> None:
        """See `Runner.close`."""
