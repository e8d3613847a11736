"""simular: contracts as Python objects over revm; calls are coded and events decoded in Rust.

Arguments reach Rust as text, so that words are given in hexadecimal. Its chain id is 1 and cannot be chosen.
A reverted call raises "no reason", whatever the contract says.
"""

import json

from simular import PyEvm, contract_from_abi_bytecode, create_account

from benchmarks.runners.runner import Peer
from benchmarks.runners.script import CREATOR, Call, Events, Table, artifacts
from parley.chain import accounts
from parley.chain.evm import FUNDS


class Simular(Peer):
    """Contract functions' `transact`, one after the other."""

    def prepare(self) -> None:
        """See `Runner.prepare`."""
        evm = PyEvm()
        deployer = accounts.deployer()
        for address in (deployer, *accounts.agents()):
            create_account(evm, address, FUNDS)
        contracts = {
            name: contract_from_abi_bytecode(evm, json.dumps(artifact.abi), artifact.bytecode)
            for name, artifact in artifacts().items()
        }
        addresses = {name: contract.deploy(caller=deployer) for name, contract in contracts.items()}
        self._contract = contracts["TwoStageMechanism"]
        self._senders = {CREATOR: deployer} | dict(enumerate(accounts.agents()))
        if not hasattr(self, "table"):
            self.table = Table(
                1, addresses["TwoStageMechanism"], addresses["PStarRecognition"], hexadecimal=True
            )

    def send(self, call: Call) -> Events:
        """See `Peer.send`."""
        function = getattr(self._contract, call.function)
        done = function.transact(*call.arguments, caller=self._senders[call.seat], value=call.value)
        # Indexed arguments come first: all of Created's but the last, and the game's id of every other event.
        return {name: values[1:] for name, values in done.event.items()}
