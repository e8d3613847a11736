"""Contracts on a chain: `parley deploy` and `parley verify`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parley.chain.backends import open_evm
from parley.chain.urls import is_url, shown
from parley.cli.declared import describe
from parley.cli.output import echo, say
from parley.cli.shared import Json, app, complain, console, print_json, progress_bar
from parley.core.errors import ParleyError
from parley.kit import api
from parley.kit.registry import artifacts, contracts

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
    """Deploy all contracts to a node and write the deployment file; if the file exists, check it.

    Parley's own deployer creates the contracts. Its key is public, and it has no rights in them. The node's
    first account pays. If the deployment file exists, nothing is deployed: the code at its addresses is
    compared with the file and with what these sources compile to.

    Exit status: 0 done, 1 a contract differs from the file, 2 no node at the URL, the file is for another
    chain, or it cannot be read or written.

    For example:

    - `parley deploy`
    - `parley deploy --evm http://127.0.0.1:8545 --out build/deployment.json`
    """
    # Imported when needed: web3 takes a second to load.
    from parley.chain.deployments import CodeError, deploy_once  # noqa: PLC0415 - as above

    if not is_url(evm):
        raise ParleyError(f"--evm: {shown(evm)!r} is not the URL of a node (expected http://HOST:PORT)")
    try:
        file, deployed = deploy_once(open_evm(evm), out, artifacts(), contracts())
    except CodeError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    if as_json:
        print_json({"file": str(file.path), "deployed": deployed, **file.content})
        return
    for name, address in file.addresses.items():
        echo(f"{address}  {name}")
    where = f"chain {file.chain_id}"
    say(
        f"deployed to {where}, written to {file.path}"
        if deployed
        else f"already deployed on {where} and matches {file.path}; nothing to do"
    )


Node = Annotated[str, typer.Option("--evm", metavar="URL", help="The node to read from.")]
DeploymentFile = Annotated[
    Path,
    typer.Option("--deployment", metavar="FILE", help="The deployment file that deploy wrote."),
]
EventsOnly = Annotated[
    bool,
    typer.Option(
        "--events-only",
        help="Read only events and their transactions: faster, but misses calls that failed or emitted none.",
    ),
]
TrustPayees = Annotated[
    bool,
    typer.Option(
        "--trust-payees",
        help="If the node does not show who was paid, believe the events instead of giving no verdict.",
    ),
]
Creators = Annotated[
    list[str] | None,
    typer.Option(
        "--creator",
        metavar="ADDRESS",
        help="Test the draws of all games that this account created; may be repeated.  "
        "[default: the account that deployed the contract]",
    ),
]


@app.command(
    no_args_is_help=True,
    help=describe(
        "verify",
        "Replay every game of the deployed contracts from chain data, and check every step.\n\n"
        "Calldata and events are replayed on each mechanism's reference model: who called, when, with how "
        "much money; reveals; draws, computed again from the revealed secrets; payments and their "
        "recipients; refused calls. The contracts' state is read only to confirm the result.",
        "Payments are read from traces, or from balances if the node has no traces. If the node has neither, "
        "there is no verdict, unless --trust-payees is given.\n\n"
        "The draws of all games of the given creators are tested together against their stated "
        "probabilities; the test fails at p < 1e-6. Contracts that are not in the deployment file are "
        "skipped.\n\n"
        "Exit status: 0 all checks hold, 1 a check fails, 2 no verdict: no node at the URL, another chain, "
        "no contract there, or payments not seen.",
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
    """Replay every game of the deployed contracts from chain data, and check every step."""
    # Imported when needed: statistics take a second to load.
    from parley.kit.present.terminal import sheet_tables  # noqa: PLC0415 - as above
    from parley.kit.present.verification import verification_sheet  # noqa: PLC0415 - as above
    from parley.kit.verify.verification import combined_json  # noqa: PLC0415 - as above

    for address in creator or ():
        if not re.fullmatch("0x[0-9a-fA-F]{40}", address):
            raise ParleyError(f"--creator: {address!r} is not an address (0x and 40 hexadecimal digits)")
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
            console().print(sheet_tables(verification_sheet(verification)))
    verdicts = {verification.holds for verification in found}
    if False in verdicts:
        raise typer.Exit(1)
    if None in verdicts:
        raise ParleyError(
            f"{evm}: no verdict, because the node does not show who was paid: use a node with traces "
            "(debug_traceTransaction) or old balances, or add --trust-payees"
        )
