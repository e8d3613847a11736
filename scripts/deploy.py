"""Deploy the two-stage mechanism and its recognition functions, and write the address book.

Under Brownie, on the network it is told, from its first account (which Brownie must be able to sign for):

    brownie run deploy --network development

or alone, on an embedded machine or on any node that holds an account to deploy from:

    python scripts/deploy.py --evm http://127.0.0.1:8545 --out build/deployment.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONTRACTS = (
    "TwoStageMechanism",
    "PStarRecognition",
    "EqualRecognition",
    "ContractProportionalRecognition",
    "AnnouncementProportionalRecognition",
    "ReorderedRecognition",
)

OUT = Path("build/deployment.json")


def main() -> None:
    """Deploy with Brownie; it calls this function."""
    import brownie  # noqa: PLC0415 -- there under Brownie only
    from brownie import project  # noqa: PLC0415 -- as above

    containers = project.get_loaded_projects()[0]
    book = {}
    for name in CONTRACTS:
        contract = containers[name].deploy({"from": brownie.accounts[0]})
        code = brownie.web3.eth.get_code(contract.address)
        book[name] = {
            "address": contract.address,
            "transactionHash": contract.tx.txid,
            "blockNumber": contract.tx.block_number,
            "abi": contract.abi,
            "bytecodeHash": brownie.web3.to_hex(brownie.web3.keccak(code)),
            "args": [],
        }
    compiler = containers[CONTRACTS[0]]._build["compiler"]["version"]  # noqa: SLF001 -- no other way to it
    write(OUT, {"chainId": brownie.chain.id, "compiler": compiler, "contracts": book})


def run(arguments: Sequence[str]) -> None:
    """Deploy without Brownie, as the arguments say."""
    from sim.chain.compiler import compile_contracts  # noqa: PLC0415 -- not there under Brownie
    from sim.chain.deploy import address_book, deploy, deploy_to_node  # noqa: PLC0415 -- as above
    from sim.chain.evm import open_evm  # noqa: PLC0415 -- as above

    parser = argparse.ArgumentParser(
        description="Deploy the two-stage mechanism and its recognition functions."
    )
    parser.add_argument(
        "--evm", default="revm", help="revm, py-evm or the URL of a node (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="where to write the address book (%(default)s)")
    options = parser.parse_args(arguments)
    artifacts = compile_contracts()
    if "://" in options.evm:
        from web3 import HTTPProvider, Web3  # noqa: PLC0415 -- slow to load, and not always needed

        web3 = Web3(HTTPProvider(options.evm))
        chain_id, book = web3.eth.chain_id, deploy_to_node(web3, artifacts, CONTRACTS)
    else:
        evm = open_evm(options.evm)
        chain_id, book = evm.chain_id, deploy(evm, artifacts, CONTRACTS)
    write(options.out, address_book(chain_id, book))


def write(path: Path, book: Mapping[str, Any]) -> None:
    """Write the address book and say where everything stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(book, indent=2) + "\n", encoding="utf-8")
    for name, entry in book["contracts"].items():
        print(f"{entry['address']}  {name}")
    print(f"written to {path}")


if __name__ == "__main__":
    try:
        run(sys.argv[1:])
    except Exception as error:
        # What a user can mend says so in a line; anything else is a fault of ours and keeps its traceback.
        if type(error).__module__.partition(".")[0] not in ("sim", "requests", "web3"):
            raise
        sys.exit(f"{type(error).__name__}: {error}")
