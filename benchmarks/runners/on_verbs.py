"""verbs: agents hand in transactions, a block executes them, and its events are read; revm, coded by eth_abi.

Three things are as the package has them:

- its chain id is 1 and cannot be chosen;
- events come without topics, so that what an event is follows from the function that emitted it;
- its ABI type takes structs, but no arrays of structs: the inputs of `create` and `Created` are spelt out.

One agent stands for all seats, as its manual advises for speed. Blocks hold one game at a time: events
without topics would not say which game they belong to.
"""

import json
from typing import Any

from verbs.abi import abi_from_str
from verbs.envs import EmptyEnvRandom
from verbs.sim import BaseAgent, Sim

from benchmarks.runners.runner import check
from benchmarks.runners.script import (
    BLOCKS,
    CREATOR,
    SEED,
    Call,
    Events,
    Played,
    Script,
    Table,
    artifacts,
    game,
)
from parley.chain import accounts
from parley.chain.abi import argument_types
from parley.chain.evm import FUNDS

_EMITTED = {
    "create": ("Created",),
    "join": ("Joined",),
    "announce": ("Announced", "BrokenDown"),
    "reveal": ("Revealed", "ProposerDrawn"),
    "propose": ("Proposed",),
    "respond": ("Responded", "Settled"),
    "withdraw": ("Withdrawn",),
}


class _Seats(BaseAgent):  # type: ignore[misc]  # verbs carries no types that mypy can read
    """All seats and the creator: the transactions of each block, from what the last one emitted."""

    def __init__(self, table: Table, contract: Any) -> None:  # noqa: ANN401 - a type made from the ABI
        self.table, self.contract = table, contract
        self.played: list[Played] = []
        self.mechanism = _canonical(table.mechanism)
        self.senders = {CREATOR: _canonical(accounts.deployer())} | {
            seat: _canonical(address) for seat, address in enumerate(table.seats)
        }
        names = {getattr(contract, function).selector: function for function in _EMITTED}
        self.events = {
            selector: [(name, getattr(contract, name).decode) for name in _EMITTED[function]]
            for selector, function in names.items()
        }
        self.script: Script | None = None

    def update(self, _rng: object, env: Any) -> list[Any]:  # noqa: ANN401 - verbs' own
        """Read the last block; return the transactions of the next."""
        calls = self.next_calls(env)
        senders, mechanism, contract = self.senders, self.mechanism, self.contract
        return [
            getattr(contract, call.function).transaction(
                senders[call.seat], mechanism, call.arguments, value=call.value
            )
            for call in calls
        ]

    def next_calls(self, env: Any) -> list[Call]:  # noqa: ANN401 - likewise
        """The game's next move, or the next game's first."""
        if self.script is not None:
            try:
                return self.script.send([self.decoded(*event) for event in env.get_last_events()])
            except StopIteration as end:
                self.played.append(end.value)
        self.script = game(self.table, len(self.played))
        return next(self.script)

    def decoded(self, _ok: bool, selector: bytes, logs: list[Any], _step: int, _place: int) -> Events:  # noqa: FBT001
        """What one transaction emitted."""
        return {
            name: decode(data) for (name, decode), (_, data) in zip(self.events[selector], logs, strict=False)
        }

    def record(self, _env: object) -> None:
        """Nothing beside the games themselves."""


class Verbs:
    """Its own simulation runner, `verbs.sim.Sim`."""

    def prepare(self) -> None:
        """See `Runner.prepare`."""
        env = EmptyEnvRandom(SEED)
        deployer = _canonical(accounts.deployer())
        for address in (deployer, *map(_canonical, accounts.agents())):
            env.create_account(address, FUNDS)
        compiled = artifacts()
        contract = abi_from_str("TwoStageMechanism", json.dumps(compiled["TwoStageMechanism"].abi))
        abi = compiled["TwoStageMechanism"].abi
        create = next(entry for entry in abi if entry.get("name") == "create")
        contract.create.inputs = contract.Created.inputs = argument_types(create["inputs"])
        addresses = {
            name: "0x" + contract.constructor.deploy(env, deployer, artifact.bytecode.hex()).hex()
            for name, artifact in compiled.items()
        }
        if not hasattr(self, "table"):
            self.table = Table(1, addresses["TwoStageMechanism"], addresses["PStarRecognition"])
        self._seats = _Seats(self.table, contract)
        self._sim = Sim(SEED, env, [self._seats])

    def play(self, games: int) -> list[Played]:
        """See `Runner.play`."""
        self._sim.run(games * BLOCKS, show_progress=False)
        # The last block's events are read when the next one would be made up.
        self._seats.next_calls(self._sim.env)
        return self._seats.played

    def check(self, played: list[Played]) -> None:
        """See `Runner.check`."""
        check(self.table, played)

    def close(self) -> None:
        """See `Runner.close`."""


def _canonical(address: str) -> bytes:
    return bytes.fromhex(address[2:])
