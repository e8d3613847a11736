"""Deploy the contracts of all mechanisms, and write the deployment file.

Under Brownie, on the network it is told, from its first account (which Brownie must be able to sign for):

    brownie run deploy --network development

or alone, as `parley deploy` does, on any node (or on an embedded machine, for a look at the file):

    python scripts/deploy.py --evm http://127.0.0.1:8545 --out deployments/local.json

Where the file is there already, the code at its addresses is checked, and nothing is deployed again; another
chain's file is not touched.
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
    "AssignmentLottery",
    "RayMarket",
    "GuaranteedDispatch",
    "TeamContract",
    "OutcomeDraw",
)


def main() -> None:
    """Deploy with Brownie; it calls this function.

    Raises
    ------
    RuntimeError
        If the file is another chain's, or names a contract that is not there.
    """
    import brownie  # noqa: PLC0415 -- there under Brownie only
    from brownie import project  # noqa: PLC0415 -- as above

    path = Path("deployments") / f"{brownie.chain.id}.json"
    if path.exists():
        content = json.loads(path.read_text(encoding="utf-8"))
        check(path, content, brownie)
        report(path, content, deployed=False)
        return
    containers = project.get_loaded_projects()[0]
    contracts = {}
    for name in CONTRACTS:
        contract = containers[name].deploy({"from": brownie.accounts[0]})
        contracts[name] = {
            "address": contract.address,
            "transactionHash": contract.tx.txid,
            "blockNumber": contract.tx.block_number,
            "abi": contract.abi,
            "bytecodeHash": code_hash(brownie, contract.address),
            "args": [],
        }
    compiler = containers[CONTRACTS[0]]._build["compiler"]["version"]  # noqa: SLF001 -- no other way to it
    content = {"chainId": brownie.chain.id, "compiler": compiler, "contracts": contracts}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    report(path, content, deployed=True)


def check(path: Path, content: Mapping[str, Any], brownie: Any) -> None:  # noqa: ANN401 -- a module without types
    """Hold the chain against a deployment file."""
    if content["chainId"] != brownie.chain.id:
        raise RuntimeError(f"{path}: chainId: it is chain {content['chainId']}'s, not {brownie.chain.id}'s")
    for name in CONTRACTS:
        entry = content["contracts"][name]
        if code_hash(brownie, entry["address"]) != entry["bytecodeHash"]:
            raise RuntimeError(
                f"{path}: contracts.{name}: not at {entry['address']} "
                "(if the chain was started anew, remove the file)"
            )


def code_hash(brownie: Any, address: str) -> str:  # noqa: ANN401 -- as above
    """Return the hash of the code at an address."""
    web3 = brownie.web3
    return str(web3.to_hex(web3.keccak(web3.eth.get_code(address))))


def run(arguments: Sequence[str]) -> int:
    """Deploy without Brownie, as the arguments say, and return the exit status."""
    from parley.chain.backends import open_evm  # noqa: PLC0415 -- as above
    from parley.chain.compiler import compile_contracts  # noqa: PLC0415 -- not there under Brownie
    from parley.chain.deployments import CodeError, deploy_once  # noqa: PLC0415 -- as above
    from parley.core.errors import ParleyError  # noqa: PLC0415 -- as above

    parser = argparse.ArgumentParser(description="Deploy the contracts of all mechanisms.")
    parser.add_argument(
        "--evm", default="http://127.0.0.1:8545", help="a node's URL, revm or py-evm (%(default)s)"
    )
    parser.add_argument("--out", type=Path, help="the deployment file (deployments/CHAIN.json)")
    options = parser.parse_args(arguments)
    try:
        file, deployed = deploy_once(open_evm(options.evm), options.out, compile_contracts(), CONTRACTS)
    except ParleyError as error:
        print(error, file=sys.stderr)
        return 1 if isinstance(error, CodeError) else 2
    report(file.path, file.content, deployed=deployed)
    return 0


def report(path: Path, content: Mapping[str, Any], *, deployed: bool) -> None:
    """Say where everything stands."""
    for name in CONTRACTS:
        print(f"{content['contracts'][name]['address']}  {name}")
    print(f"written to {path}" if deployed else f"already deployed and matches {path}; nothing to do")


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
