"""Games on a node: many at a time, and cross-checked on an embedded EVM.

Secrets depend on the seed alone. Draws also depend on the chain id and the contract's address; the
cross-check uses the same ones.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Generic, NamedTuple

from parley.chain.abi import AbiError
from parley.chain.deploy import deploy_to_node
from parley.chain.deployments import read
from parley.chain.forks import check_chain
from parley.chain.node import NodeEvm, side_by_side
from parley.chain.revm import RevmEvm
from parley.core.errors import ParleyError
from parley.kit.play.player import UnexpectedRevertError
from parley.kit.protocols import C, OutcomeT, P, S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from parley.kit.play.player import Sent
    from parley.kit.play.setting import Setting

__all__ = ["NodeGame", "NodeRun"]

AT_ONCE = 50
"""Concurrent games: enough to hide the block time, few enough for any node's blocks."""


class NodeGame(NamedTuple, Generic[OutcomeT]):
    """One game on a node.

    Attributes
    ----------
    sent : list of Sent
        Its transactions, without return data: receipts have none.
    gas_used : list of int
        Gas used by each transaction.
    """

    outcome: OutcomeT
    sent: list[Sent]
    gas_used: list[int]


class NodeRun(Generic[P, S, OutcomeT, C]):
    """A run of games on a node.

    Parameters
    ----------
    deployment : Path or None
        The deployment file to use; if None, the contracts are deployed first.
    confirmations : int, optional
        Blocks that bots wait for after each step; see `parley.chain.transaction_manager.TransactionManager`.

    Attributes
    ----------
    url : str
        Scheme, host and port: the part without secrets.
    gas : dict of str to list of int
        Gas of each transaction of the run by function.

    Raises
    ------
    ParleyError
        If no node answers, it is not usable, or it does not match the file.
    """

    def __init__(
        self,
        url: str,
        setting: Setting[P, S, OutcomeT, C],
        deployment: Path | None = None,
        confirmations: int | None = None,
    ) -> None:
        mechanism = setting.mechanism
        self._setting = setting
        self._evm = NodeEvm(url, confirmations=confirmations)
        self.url = self._evm.name
        self._addresses: Mapping[str, str]
        if deployment is not None:
            file = read(deployment, mechanism.contracts)
            file.check_chain(self._evm)
            check_chain(self._evm, mechanism.artifacts(), mechanism.contracts)
            file.check_code(self._evm, mechanism.artifacts())
            self._addresses = file.addresses
        else:
            deployed = deploy_to_node(self._evm, mechanism.artifacts(), mechanism.contracts)
            self._addresses = {name: entry.address for name, entry in deployed.items()}
        self._code = {address: self._evm.code(address) for address in self._addresses.values()}
        self._names = {selector: name for name, selector in mechanism.codec().selectors.items()}
        self._parties = setting.player(self._evm, self._addresses).parties
        self._balances = self._read_balances()
        self._moved = [0] * len(self._parties)
        self.gas: dict[str, list[int]] = defaultdict(list)

    def play(self, numbers: Iterable[int]) -> Iterator[NodeGame[OutcomeT]]:
        """Play games and yield them in order; many at a time, if no bot lets deadlines pass.

        Raises
        ------
        ParleyError
            If the contract or the node rejects a transaction.
        """
        at_once = 1 if self._setting.cast.waits else AT_ONCE
        for played in side_by_side(self._evm, self._begin, numbers, at_once):
            self._moved = [a + b for a, b in zip(self._moved, self._moved_in(played.sent), strict=True)]
            for sent, used in zip(played.sent, played.gas_used, strict=True):
                self.gas[self._names[sent.data[:4]]].append(used)
            yield played

    def _begin(self, evm: NodeEvm) -> Callable[[int], NodeGame[OutcomeT]]:
        player = self._setting.player(evm, self._addresses)

        def play(k: int) -> NodeGame[OutcomeT]:
            try:
                outcome = player.play(k)
            except UnexpectedRevertError as refusal:
                reason = self._setting.explain(refusal) or str(refusal)
                raise ParleyError(f"{self.url}: game {k} of seed {self._setting.seed}: {reason}") from None
            except (AbiError, LookupError, ValueError, TypeError, StopIteration) as error:
                # The contract's events are known, so the receipts lack some of them.
                raise ParleyError(
                    f"{self.url}: game {k} of seed {self._setting.seed}: the node's receipts do not have the "
                    f"events that the contract emits ({type(error).__name__})"
                ) from error
            return NodeGame(outcome, player.sent, player.gas_used)

        return play

    # ── what was played, held against an embedded machine ──────────────────────────────────────────

    def differences(self, kept: Mapping[int, tuple[str, Sequence[Sent]]]) -> list[str]:
        """Replay games on revm with the node's chain id and addresses, and return the differences.

        It compares every transaction's sender, data, value and events, and the money that each game moved. It
        then compares the balances of all parties on the node, net of gas, with the money that all games
        moved.

        Parameters
        ----------
        kept : mapping of int to (str, sequence of Sent)
            Path and transactions by game.
        """
        # A reorganization may have removed blocks since the last transaction.
        self._evm.manager.catch_up()
        machine = RevmEvm(self._evm.chain_id, self._code)
        player = self._setting.player(machine, self._addresses)
        differences = []
        for k, (_, sent) in sorted(kept.items()):
            before = player.balances()
            player.play(k)
            *parties, contract = map(int.__sub__, player.balances(), before)
            if len(sent) != len(player.sent):
                differences.append(f"game {k}: {len(sent)} transactions here, {len(player.sent)} there")
            differences.extend(
                f"game {k}: transaction {i} ({self._names[a.data[:4]]}) differs"
                for i, (a, b) in enumerate(zip(sent, player.sent, strict=False))
                if _without_output(a) != _without_output(b)
            )
            moved = self._moved_in(sent)
            if (parties, contract) != (moved, -sum(moved)):
                differences.append(f"game {k}: balances differ")
        changes = [now - then for now, then in zip(self._read_balances(), self._balances, strict=True)]
        differences.extend(
            f"{self._name_of(k)}: its balance on the node changed by {change} wei, its games moved {moved}"
            for k, (change, moved) in enumerate(zip(changes, self._moved, strict=True))
            if change != moved
        )
        return differences

    def _read_balances(self) -> list[int]:
        return [self._evm.balance(party) for party in self._parties]

    def _name_of(self, party: int) -> str:
        return f"agent {party + 1}" if party < self._setting.problem.agents else self._parties[party]

    def _moved_in(self, sent: Sequence[Sent]) -> list[int]:
        """Return the wei that each party withdrew in one game, minus what it paid in."""
        moved = dict.fromkeys(self._parties, 0)
        for transaction in sent:
            money = self._setting.mechanism.money(transaction)
            if money:
                moved[transaction.sender] += money
        return list(moved.values())


def _without_output(sent: Sent) -> Sent:
    """Return a transaction without return data, with its events normalized."""
    logs = [(list(topics), bytes(data)) for topics, data in sent.logs]
    return sent._replace(output=b"", logs=logs)
