"""Transactions per second of whole games: Parley, the bare machine, and web3 with eth-tester.

All play the same games of the paper's example: the same contract at the same address, the same senders,
calldata and values.

- *bare revm*: a loop over prebuilt transactions that calls pyrevm and looks at nothing. The limit for any
  program that drives this machine from Python.
- *Parley on revm*: bots decide, calldata is built, every event is read, costs are counted.
- *Parley on py-evm*: the same through the reference machine.
- *web3 + eth-tester*: prebuilt transactions through stock web3 and eth-tester, receipts fetched, nothing
  decoded; signatures in pure Python, as where coincurve is not installed.

The machine under the program may speed up and slow down, so the contestants take turns and what is compared
is the ratio within each turn; the table shows medians.

Run: ``.venv/bin/python benchmarks/play.py``
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from parley.chain import accounts
from parley.chain.backends import open_evm
from parley.chain.compiler import compile_contracts
from parley.chain.evm import FUNDS, Name
from parley.kit.play.player import Sent
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.contracts import CONTRACTS
from parley.mechanisms.coordination.play import Player, deploy_mechanism
from parley.mechanisms.coordination.problem import example_1

SEED = 1


def player(evm: Name) -> Player:
    """Return a player of the paper's example."""
    machine, problem = open_evm(evm), example_1()
    bots = make_bots(["equilibrium"], problem.agents)
    return Player(machine, deploy_mechanism(machine), problem, bots, SEED)


def recorded(games: int) -> tuple[str, list[Sent]]:
    """Return the mechanism's address and the transactions of some games."""
    on = player("revm")
    sent = []
    for k in range(games):
        on.play(k)
        sent.extend(on.sent)
    return on.contract, sent


def time_parley(on: Player, games: int) -> float:
    """Return transactions per second of playing on a fresh machine."""
    on.evm.recycle()
    before = on.transactions
    began = time.perf_counter()
    for k in range(games):
        on.play(k)
    return (on.transactions - before) / (time.perf_counter() - began)


def time_bare(on: Player, sent: list[Sent]) -> float:
    """Return transactions per second of the bare loop on the same machine, fresh."""
    on.evm.recycle()
    call = on.evm._evm.message_call  # type: ignore[attr-defined]  # noqa: SLF001 - the machine without Parley
    mechanism = on.contract
    prebuilt = [(entry.sender, entry.data, entry.value) for entry in sent]
    began = time.perf_counter()
    for sender, data, value in prebuilt:
        call(sender, mechanism, data, value)
    return len(prebuilt) / (time.perf_counter() - began)


def time_web3(games: int) -> float:
    """Return transactions per second of stock web3 and eth-tester; to be run in a process of its own."""
    from eth_tester import EthereumTester, PyEVMBackend  # noqa: PLC0415 - slow to load
    from web3 import EthereumTesterProvider, Web3  # noqa: PLC0415 - likewise

    mechanism, sent = recorded(games)
    state = PyEVMBackend.generate_genesis_state(overrides={"balance": FUNDS}, num_accounts=1)
    tester = EthereumTester(PyEVMBackend(genesis_state=state))
    web3 = Web3(EthereumTesterProvider(tester))
    rich = web3.eth.accounts[0]
    fields: Any
    for key in (accounts.deployer_key(), *accounts.agent_keys()[:5]):
        account = tester.add_account(key.to_hex())
        fields = {"from": rich, "to": account, "value": 2**90, "gas": 21_000}
        web3.eth.wait_for_transaction_receipt(web3.eth.send_transaction(fields))
    artifacts = compile_contracts()
    for name in CONTRACTS:
        fields = {"from": accounts.deployer(), "data": artifacts[name].bytecode, "gas": 10_000_000}
        web3.eth.wait_for_transaction_receipt(web3.eth.send_transaction(fields))
    began = time.perf_counter()
    for entry in sent:
        fields = {
            "from": entry.sender,
            "to": mechanism,
            "data": entry.data,
            "value": entry.value,
            "gas": 1_000_000,
        }
        receipt = web3.eth.wait_for_transaction_receipt(web3.eth.send_transaction(fields))
        if receipt["status"] != 1:
            raise RuntimeError("a transaction that revm accepted was reverted")
    return len(sent) / (time.perf_counter() - began)


def web3_in_its_own_process(games: int) -> float:
    """Run `time_web3` where eth-keys has not chosen coincurve yet, and tell it not to."""
    environment = os.environ | {"ECC_BACKEND_CLASS": "eth_keys.backends.NativeECCBackend"}
    command = [sys.executable, __file__, "--only-web3", "--slow-games", str(games)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    return float(json.loads(done.stdout))


def main() -> None:
    """Take turns, print medians and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=7, help="how often everybody plays (default 7)")
    parser.add_argument("--games", type=int, default=400, help="games a turn on revm (default 400)")
    parser.add_argument("--slow-games", type=int, default=2, help="games a turn on py-evm (default 2)")
    parser.add_argument("--only-web3", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_web3:
        print(json.dumps(time_web3(options.slow_games)))
        return

    fast, slow = player("revm"), player("py-evm")
    _, sent = recorded(options.games)
    time_parley(fast, options.games)  # positions, imports and caches are warm from here on
    names = ("bare revm", "Parley on revm", "Parley on py-evm", "web3 + eth-tester")
    turns = []
    for _ in range(options.turns):
        bare, ours = time_bare(fast, sent), time_parley(fast, options.games)
        turns.append(
            (bare, ours, time_parley(slow, options.slow_games), web3_in_its_own_process(options.slow_games))
        )
    table = Table(title=f"Five-agent games, medians of {options.turns} turns")
    table.add_column("")
    for column in ("transactions/s", "games/s", "of bare revm", "times web3 + eth-tester"):
        table.add_column(column, justify="right")
    for i, name in enumerate(names):
        speed = statistics.median(turn[i] for turn in turns)
        table.add_row(
            name,
            f"{speed:,.0f}",
            f"{speed * options.games / len(sent):,.1f}",
            f"{statistics.median(turn[i] / turn[0] for turn in turns):.3f}",
            f"{statistics.median(turn[i] / turn[3] for turn in turns):,.1f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
