"""Contracts on a chain: `parley deploy` and `parley verify`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parley.chain.backends import open_evm
from parley.chain.urls import is_url, shown
from parley.cli.declared import describe
from parley.cli.output import echo
from parley.cli.shared import Json, app, complain, console, print_json, progress_bar
from parley.core.errors import ParleyError
from parley.kit import api
from parley.kit.registry import contracts

if TYPE_CHECKING:
    from rich.progress import TaskID

DeployTo = Annotated[str, typer.Option("--evm", metavar="URL", help="The node to deploy to.")]
DeploymentOut = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The deployment file.  [default: deployments/CHAIN.json]"),
]


@app.command()
def deploy(
    evm: DeployTo = "http://127.0.0.1:8545",
    out: DeploymentOut = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Put all contracts on a node's chain and write the deployment file; or, if it is there, check it.

    They are created from Parley's own deployer, whose key is known to everybody and who has no rights in
    them; the node's first account pays. When the file is there already, nothing is deployed: the code at its
    addresses is held against what it says, and against what these sources compile to.

    Exit status: 0 done, 1 a contract is not what the file says, 2 nobody at the URL, another chain's file, or
    one that cannot be read or written.

    For example:

    - `parley deploy`
    - `parley deploy --evm http://127.0.0.1:8545 --out build/deployment.json`
    """
    # Imported when needed: web3 takes a second to load.
    from parley.chain.compiler import compile_contracts  # noqa: PLC0415 - as above
    from parley.chain.deployments import CodeError, deploy_once  # noqa: PLC0415 - as above

    if not is_url(evm):
        raise ParleyError(f"--evm: {shown(evm)!r} is not the URL of a node: http://HOST:PORT is")
    try:
        file, deployed = deploy_once(open_evm(evm), out, compile_contracts(), contracts())
    except CodeError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    if as_json:
        print_json({"file": str(file.path), "deployed": deployed, **file.content})
        return
    for name, address in file.addresses.items():
        echo(f"{address}  {name}")
    where = f"chain {file.chain_id}"
    echo(
        f"deployed to {where}, written to {file.path}"
        if deployed
        else f"stands on {where} as {file.path} says: nothing was deployed"
    )


Node = Annotated[str, typer.Option("--evm", metavar="URL", help="The node to read from.")]
DeploymentFile = Annotated[
    Path,
    typer.Option("--deployment", metavar="FILE", help="Where the contracts stand, as written by deploy."),
]
EventsOnly = Annotated[
    bool,
    typer.Option(
        "--events-only",
        help="Read events and their transactions only: faster, but silent and failed calls go unseen.",
    ),
]
TrustPayees = Annotated[
    bool,
    typer.Option(
        "--trust-payees",
        help="Judge although the node does not show who was paid: take events on trust there.",
    ),
]
Creators = Annotated[
    list[str] | None,
    typer.Option(
        "--creator",
        metavar="ADDRESS",
        help="Test the draws of this account's games together; may be repeated.  "
        "[default: the account that deployed the contract]",
    ),
]


@app.command(
    no_args_is_help=True,
    help=describe(
        "verify",
        "Replay every game of the deployed contracts from the outside, and check all that happened.\n\n"
        "Calldata and events are replayed on each mechanism's reference model: who may call when and with "
        "how much money, every reveal, every draw made again from the revealed secrets, every payment to its "
        "recipient, every refusal. The contracts' state only confirms the result.",
        "Payments are seen through traces, or else through balances. Where the node shows neither, there is "
        "no verdict, unless --trust-payees is given.\n\n"
        "Across the games of the named creators, draws are tested against their stated probabilities, which "
        "differ from game to game; the test fails at p < 1e-6. Contracts that the deployment file does not "
        "name are passed over.\n\n"
        "Exit status: 0 it holds, 1 it does not, 2 no verdict: nobody at the URL, another chain, no contract "
        "there, or payments that were not seen.",
        ["parley verify --evm http://127.0.0.1:8545 --deployment build/deployment.json"],
    ),
)
def verify(
    evm: Node,
    deployment: DeploymentFile,
    events_only: EventsOnly = False,  # noqa: FBT002 - a flag
    trust_payees: TrustPayees = False,  # noqa: FBT002 - a flag
    creator: Creators = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Replay every game of the deployed contracts from the outside, and check everything that happened."""
    # Imported when needed: statistics take a second to load.
    from parley.kit.present.verification import verification_tables  # noqa: PLC0415 - as above
    from parley.kit.verify.verification import combined_json  # noqa: PLC0415 - as above

    for address in creator or ():
        if not re.fullmatch("0x[0-9a-fA-F]{40}", address):
            raise ParleyError(f"--creator: {address!r} is not an address: 0x and 40 hexadecimal digits are")
    with progress_bar() as progress:
        tasks: dict[str, TaskID] = {}

        def tell(kind: str, done: int, total: int) -> None:
            if kind not in tasks:
                tasks[kind] = progress.add_task(f"reading blocks: {kind}", total=None)
            progress.update(tasks[kind], completed=done, total=total)

        found = api.verify(
            evm,
            deployment,
            events_only=events_only,
            trust_payees=trust_payees,
            creators=creator or (),
            tell=tell,
        )
    if as_json:
        print_json(combined_json(found))
    else:
        for verification in found:
            console().print(verification_tables(verification))
    verdicts = {verification.holds for verification in found}
    if False in verdicts:
        raise typer.Exit(1)
    if None in verdicts:
        raise ParleyError(
            f"{evm}: the node does not show who was paid, so there is no verdict: ask a node with traces "
            "(debug_traceTransaction) or old balances, or give --trust-payees"
        )
