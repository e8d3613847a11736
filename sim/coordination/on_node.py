"""Games on a node: played side by side, and played again on an embedded machine.

The same seed has the same secrets everywhere; draws depend on the chain id and the contract's address too, so
that a node's games are its own. They are held against an embedded machine that is given both.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sim.chain.compiler import compile_contracts
from sim.chain.deploy import deploy_to_node
from sim.chain.deployments import read
from sim.chain.node import NodeEvm, side_by_side
from sim.chain.revm import RevmEvm
from sim.coordination.bots import make_bots
from sim.coordination.play import (
    CONTRACTS,
    FUNCTIONS,
    RECOGNITION_CONTRACTS,
    Deployment,
    Outcome,
    Player,
    Sent,
    UnexpectedRevertError,
)
from sim.coordination.problem import Problem
from sim.errors import ParleyError

__all__ = ["NodeRun", "Played"]

AT_ONCE = 50
"""Games under way at a time: enough that a block's time hardly counts, few enough for any node's blocks."""

CLOCK_MOVERS = ("silent", "withholder")
"""Kinds of bots that let deadlines pass. With them games are played one by one: the clock is everybody's."""


class Played(NamedTuple):
    """One game on a node.

    Attributes
    ----------
    outcome : Outcome
    sent : list of Sent
        Its transactions; receipts carry no return data, which is empty.
    gas_used : list of int
        By each of them.
    """

    outcome: Outcome
    sent: list[Sent]
    gas_used: list[int]


class NodeRun:
    """A run of games on a node.

    Parameters
    ----------
    url : str
        Where the node listens.
    problem : Problem
    bots : sequence of str
        Names, one per seat.
    seed : int
    deployment : Path or None
        The file of a deployment to play on; without one, the contracts are deployed first.

    Attributes
    ----------
    url : str
    gas : dict of str to list of int
        Gas used by every transaction of the run, by function.

    Raises
    ------
    ParleyError
        If no node answers, it cannot be played on, or it is not what the file says.
    """

    def __init__(
        self, url: str, problem: Problem, bots: Sequence[str], seed: int, deployment: Path | None = None
    ) -> None:
        self.url = url
        self._problem = problem
        self._names = bots
        self._seed = seed
        artifacts = compile_contracts()
        self._evm = NodeEvm(url)
        addresses: Mapping[str, str]
        if deployment is not None:
            file = read(deployment, CONTRACTS)
            file.check_chain(self._evm)
            file.check_code(self._evm, artifacts)
            addresses = file.addresses
        else:
            book = deploy_to_node(self._evm, artifacts, CONTRACTS)
            addresses = {name: entry.address for name, entry in book.items()}
        self._deployment = Deployment(
            addresses["TwoStageMechanism"],
            {name: addresses[contract] for name, contract in RECOGNITION_CONTRACTS.items()},
        )
        self._code = {address: self._evm.code(address) for address in addresses.values()}
        self._seats = self._evm.accounts[: problem.agents]
        self._balances = self._read_balances()
        self._moved = [0] * problem.agents
        self.gas: dict[str, list[int]] = defaultdict(list)

    def play(self, numbers: Iterable[int]) -> Iterator[Played]:
        """Play games, many at a time if their bots keep to the deadlines, and yield them in order.

        Raises
        ------
        ParleyError
            If the contract refuses a transaction, or the node does.
        """
        movers = any(bot.kind in CLOCK_MOVERS for bot in make_bots(self._names, self._problem.agents))
        for played in side_by_side(self._evm, self._begin, numbers, 1 if movers else AT_ONCE):
            self._moved = [a + b for a, b in zip(self._moved, self._moved_in(played.sent), strict=True)]
            for sent, used in zip(played.sent, played.gas_used, strict=True):
                self.gas[_NAMES[sent.data[:4]]].append(used)
            yield played

    def _begin(self, evm: NodeEvm) -> Callable[[int], Played]:
        player = self._player(evm)

        def play(k: int) -> Played:
            try:
                outcome = player.play(k)
            except UnexpectedRevertError as refusal:
                raise ParleyError(self._explain(k, refusal)) from None
            return Played(outcome, player.sent, player.gas_used)

        return play

    def _player(self, evm: Any) -> Player:  # noqa: ANN401 - any machine
        bots = make_bots(self._names, self._problem.agents)
        return Player(evm, self._deployment, self._problem, bots, self._seed)

    def _explain(self, k: int, refusal: UnexpectedRevertError) -> str:
        """Why the contract would not go on with a game."""
        if refusal.error == "GameExists":
            return (
                f"{self.url}: game {k} of seed {self._seed} has been played on this contract: give another "
                "--seed, or leave out --deployment and play on a new contract"
            )
        late = refusal.error == "DeadlinePassed"
        hint = f" (the node's blocks are too slow for windows of {self._problem.window} s)" if late else ""
        return f"{self.url}: game {k}: {refusal}{hint}"

    # ── what was played, held against an embedded machine ──────────────────────────────────────────

    def differences(self, kept: Mapping[int, tuple[str, Sequence[Sent]]]) -> list[str]:
        """Replay games with the node's chain id and addresses on revm; what differs there.

        Compared are every transaction's sender, data, value and events, and what each game moved from
        account to account; then the balances of the seats on the node, net of gas, with what all games of the
        run moved.

        Parameters
        ----------
        kept : mapping of int to (str, sequence of Sent)
            Path and transactions by game.
        """
        machine = RevmEvm(self._evm.chain_id, self._code)
        player = self._player(machine)
        differences = []
        for k, (_, sent) in sorted(kept.items()):
            before = player.balances()
            player.play(k)
            *seats, contract = map(int.__sub__, player.balances(), before)
            if len(sent) != len(player.sent):
                differences.append(f"game {k}: {len(sent)} transactions here, {len(player.sent)} there")
            differences.extend(
                f"game {k}: transaction {i} ({_NAMES[a.data[:4]]}) differs"
                for i, (a, b) in enumerate(zip(sent, player.sent, strict=False))
                if _without_output(a) != _without_output(b)
            )
            moved = self._moved_in(sent)
            if (seats, contract) != (moved, -sum(moved)):
                differences.append(f"game {k}: balances differ")
        changes = [now - then for now, then in zip(self._read_balances(), self._balances, strict=True)]
        differences.extend(
            f"agent {seat + 1}: its balance on the node changed by {change} wei, its games moved {moved}"
            for seat, (change, moved) in enumerate(zip(changes, self._moved, strict=True))
            if change != moved
        )
        return differences

    def _read_balances(self) -> list[int]:
        return [self._evm.balance(seat) for seat in self._seats]

    def _moved_in(self, sent: Sequence[Sent]) -> list[int]:
        """Wei that each seat took out of the contract in one game, less what it put in."""
        moved = dict.fromkeys(self._seats, 0)
        for transaction in sent:
            if transaction.value:
                moved[transaction.sender] -= transaction.value
            elif transaction.data[:4] == FUNCTIONS["withdraw"]:
                moved[transaction.sender] += int.from_bytes(transaction.logs[0][1][64:96])
        return list(moved.values())


_NAMES = {selector: name for name, selector in FUNCTIONS.items()}


def _without_output(sent: Sent) -> Sent:
    """A transaction without its return data, and its events in one form."""
    logs = [(list(topics), bytes(data)) for topics, data in sent.logs]
    return sent._replace(output=b"", logs=logs)
