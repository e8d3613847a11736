"""Parley itself on both machines; and what bounds it: the bare loop above, stock web3 with eth-tester below.

The bounds decide and decode nothing. They execute transactions that Parley recorded: the same games.
"""

from typing import Any

from benchmarks.runners.runner import check
from benchmarks.runners.script import SEED, Played, Table, artifacts
from parley.chain import accounts
from parley.chain.backends import open_evm
from parley.chain.evm import FUNDS, Name
from parley.chain.revm import RevmEvm
from parley.kit.play.player import Sent
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.play import Player, deploy_mechanism
from parley.mechanisms.coordination.problem import example_1


class Parley:
    """Games by `Player` on one of the embedded machines."""

    evm: Name = "revm"

    def __init__(self) -> None:
        machine, problem = open_evm(self.evm), example_1()
        deployment = deploy_mechanism(machine)
        self.player = Player(machine, deployment, problem, make_bots(["equilibrium"], problem.agents), SEED)
        self.table = Table(machine.chain_id, deployment.mechanism, deployment.recognition["p-star"])

    def prepare(self) -> None:
        """See `Runner.prepare`."""
        self.player.evm.recycle()

    def play(self, games: int) -> list[Played]:
        """See `Runner.play`."""
        return [Played(game.proposer, game.costs) for game in map(self.player.play, range(games))]

    def check(self, played: list[Played]) -> None:
        """See `Runner.check`."""
        check(self.table, played)

    def close(self) -> None:
        """See `Runner.close`."""


class ParleyOnPyEvm(Parley):
    """The same on the reference machine."""

    evm: Name = "py-evm"


class _Recorded:
    """Transactions of the first games, as Parley sent them."""

    def __init__(self) -> None:
        self._recorder = Parley()
        self._sent: list[list[Sent]] = []
        self.mechanism = self._recorder.player.contract

    def transactions(self, games: int) -> list[Sent]:
        """Return those of some games, recording what is not there yet."""
        for number in range(len(self._sent), games):
            self._recorder.player.play(number)
            self._sent.append(self._recorder.player.sent)
        return [sent for game in self._sent[:games] for sent in game]

    def close(self) -> None:
        """See `Runner.close`."""


class Bare(_Recorded):
    """pyrevm called in a loop; what it emits is not looked at."""

    def prepare(self) -> None:
        """See `Runner.prepare`."""
        self._machine = RevmEvm()
        deploy_mechanism(self._machine)

    def play(self, games: int) -> list[Played]:
        """See `Runner.play`."""
        mechanism = self.mechanism
        call = self._machine._evm.message_call  # noqa: SLF001 - the machine without Parley
        for sender, data, value, _, _ in self.transactions(games):
            call(sender, mechanism, data, value)
        return []

    def check(self, played: list[Played]) -> None:
        """Everything paid in was paid out again, as happens at the end of a game."""
        if played or self._machine.balance(self.mechanism):
            raise AssertionError("the bare loop's games do not end")


class Web3Tester(_Recorded):
    """web3 and eth-tester as they come; receipts are fetched."""

    def prepare(self) -> None:
        """See `Runner.prepare`."""
        from eth_tester import EthereumTester, PyEVMBackend  # noqa: PLC0415 - slow to load
        from web3 import EthereumTesterProvider, Web3  # noqa: PLC0415 - likewise

        state = PyEVMBackend.generate_genesis_state(overrides={"balance": FUNDS}, num_accounts=1)
        tester = EthereumTester(PyEVMBackend(genesis_state=state))
        self._web3 = Web3(EthereumTesterProvider(tester))
        rich = self._web3.eth.accounts[0]
        for key in (accounts.deployer_key(), *accounts.agent_keys()[:5]):
            account = tester.add_account(key.to_hex())
            self._send({"from": rich, "to": account, "value": 2**90, "gas": 21_000})
        for artifact in artifacts().values():
            self._send({"from": accounts.deployer(), "data": artifact.bytecode, "gas": 10_000_000})

    def play(self, games: int) -> list[Played]:
        """See `Runner.play`."""
        for sender, data, value, _, _ in self.transactions(games):
            self._send({"from": sender, "to": self.mechanism, "data": data, "value": value, "gas": 1_000_000})
        return []

    def _send(self, fields: Any) -> None:  # noqa: ANN401 - a typed dictionary of web3's
        receipt = self._web3.eth.wait_for_transaction_receipt(self._web3.eth.send_transaction(fields))
        if receipt["status"] != 1:
            raise RuntimeError("a transaction that revm accepted is reverted")

    def check(self, played: list[Played]) -> None:
        """As for the bare loop."""
        if played or self._web3.eth.get_balance(self._web3.to_checksum_address(self.mechanism)):
            raise AssertionError("web3's games do not end")
