"""anvil over HTTP on loopback, driven by web3: what a user of a development node writes.

Two requests a transaction: it is sent, makes a block, and its receipt is asked for and decoded. Whatever
would cost a third is spared: gas and gas price are given, the chain id is remembered, the middleware that
asks for the latest block before every transaction is taken out, and the node impersonates the senders, so
that nothing is signed.
"""

import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from web3 import HTTPProvider, Web3

from benchmarks.runners.runner import Peer
from benchmarks.runners.script import CREATOR, Call, Events, Table, artifacts
from parley.chain import accounts
from parley.chain.evm import CHAIN_ID, FUNDS, GAS_LIMIT, START_TIME

ANVIL = Path(__file__).parents[2] / "node_modules" / ".bin" / "anvil"


class Anvil(Peer):
    """web3's contract functions, then their receipts."""

    def __init__(self) -> None:
        if not ANVIL.exists():
            raise FileNotFoundError("anvil is not installed: npm ci")
        self._node: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """See `Runner.prepare`."""
        self.close()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = {
            "host": "127.0.0.1",
            "port": port,
            "chain-id": CHAIN_ID,
            "timestamp": START_TIME,
            "hardfork": "prague",
            "block-base-fee-per-gas": 0,
            "gas-limit": GAS_LIMIT,
            "accounts": 1,
        }
        command = [str(ANVIL), "--silent", "--auto-impersonate"]
        command += [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        self._node = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
        self._web3 = web3 = Web3(HTTPProvider(f"http://127.0.0.1:{port}", cache_allowed_requests=True))
        web3.middleware_onion.remove("gas_price_strategy")
        for _ in range(200):
            if web3.is_connected():
                break
            time.sleep(0.05)
        addresses = self._deploy(web3)
        self._contract: Any = web3.eth.contract(
            addresses["TwoStageMechanism"], abi=artifacts()["TwoStageMechanism"].abi
        )
        self._events = {event.topic: event for event in self._contract.events}
        self._senders = {CREATOR: accounts.deployer()} | dict(enumerate(accounts.agents()))
        if not hasattr(self, "table"):
            self.table = Table(CHAIN_ID, addresses["TwoStageMechanism"], addresses["PStarRecognition"])

    def _deploy(self, web3: Web3) -> dict[str, Any]:
        deployer = accounts.deployer()
        for address in (deployer, *accounts.agents()[:5]):
            web3.provider.make_request("anvil_setBalance", [address, hex(FUNDS)])  # type: ignore[arg-type]
        addresses = {}
        for name, artifact in artifacts().items():
            fields: Any = {"from": deployer, "data": artifact.bytecode, "gas": 10_000_000, "gasPrice": 0}
            sent = web3.eth.send_transaction(fields)
            addresses[name] = web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.001)[
                "contractAddress"
            ]
        return addresses

    def send(self, call: Call) -> Events:
        """See `Peer.send`."""
        function = self._contract.functions[call.function](*call.arguments)
        fields: Any = {"from": self._senders[call.seat], "value": call.value, "gas": 1_000_000, "gasPrice": 0}
        sent = function.transact(fields)
        receipt = self._web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.001)
        if receipt["status"] != 1:
            raise RuntimeError(f"{call.function} is reverted")
        emitted = {}
        for log in receipt["logs"]:
            event = self._events[log["topics"][0].to_0x_hex()].process_log(log)
            emitted[event["event"]] = tuple(event["args"].values())[1:]
        return emitted

    def close(self) -> None:
        """Stop the node, by its process."""
        if self._node is not None:
            self._node.terminate()
            self._node.wait()
            self._node = None
