"""`parley verify` from the outside, against contracts on a node."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from parley.chain.compiler import Artifact
from parley.chain.deploy import deploy, deployment_json
from parley.chain.node import NodeEvm
from tests.command import parley


def put_on(
    url: str, file: Path, artifacts: Mapping[str, Artifact], contracts: Sequence[str]
) -> tuple[NodeEvm, dict[str, str]]:
    """Put contracts on a node and write their deployment file; their addresses by name."""
    machine = NodeEvm(url)
    deployed = deploy(machine, artifacts, contracts)
    file.write_text(json.dumps(deployment_json(machine.chain_id, deployed)), encoding="utf-8")
    return machine, {name: one.address for name, one in deployed.items()}


def parley_verify(url: str, file: Path, *options: str) -> CompletedProcess[str]:
    """Verify what is on a node."""
    return parley("verify", "--evm", url, "--deployment", str(file), *options)


def report_of(url: str, file: Path, *options: str, status: int) -> dict[str, Any]:
    """What is reported as JSON, with that exit status."""
    done = parley_verify(url, file, "--json", *options)
    assert done.returncode == status, done.stderr + done.stdout
    report: dict[str, Any] = json.loads(done.stdout)
    return report
