"""titanoboa: contracts as Python objects over py-evm; what was emitted comes as named tuples.

Of the two switches that its guide names for speed, fast mode is on, as `enable_fast_mode`: given to `Env`
itself it runs Vyper contracts as Python and fails on any other. The other, `disable_gas_metering`, fails on
contracts that create contracts. There is no other machine beneath: it runs on py-evm, or sends to a node.
"""

import json

import boa

from benchmarks.runners.runner import Peer
from benchmarks.runners.script import CREATOR, Call, Events, Table, artifacts
from parley.chain import accounts
from parley.chain.evm import CHAIN_ID, FUNDS


class Titanoboa(Peer):
    """Contract methods with a sender, then `get_logs`."""

    def prepare(self) -> None:
        """See `Runner.prepare`."""
        env = boa.Env()
        env.enable_fast_mode()
        boa.set_env(env)
        env.evm.patch.chain_id = CHAIN_ID
        deployer = accounts.deployer()
        for address in (deployer, *accounts.agents()):
            env.set_balance(address, FUNDS)
        compiled = artifacts()
        addresses = {
            name: env.deploy_code(sender=deployer, bytecode=artifact.bytecode)[0]
            for name, artifact in compiled.items()
        }
        mechanism = compiled["TwoStageMechanism"]
        self._contract = boa.loads_abi(json.dumps(mechanism.abi)).at(addresses["TwoStageMechanism"])
        self._senders = {CREATOR: deployer} | dict(enumerate(accounts.agents()))
        if not hasattr(self, "table"):
            self.table = Table(CHAIN_ID, addresses["TwoStageMechanism"], addresses["PStarRecognition"])

    def send(self, call: Call) -> Events:
        """See `Peer.send`."""
        function = getattr(self._contract, call.function)
        function(*call.arguments, sender=self._senders[call.seat], value=call.value)
        # An event's tuple has the contract's address and the indexed game before the rest.
        return {type(event).__name__: event[2:] for event in self._contract.get_logs()}
