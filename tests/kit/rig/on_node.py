"""`parley verify` from the outside, against contracts on a node."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parley.chain.compiler import Artifact, project_root
from parley.chain.deploy import address_book, deploy
from parley.chain.node import NodeEvm


def put_on(
    url: str, file: Path, artifacts: Mapping[str, Artifact], contracts: Sequence[str]
) -> tuple[NodeEvm, dict[str, str]]:
    """Put contracts on a node and write their deployment file; their addresses by name."""
    machine = NodeEvm(url)
    book = deploy(machine, artifacts, contracts)
    file.write_text(json.dumps(address_book(machine.chain_id, book)), encoding="utf-8")
    return machine, {name: deployed.address for name, deployed in book.items()}


def parley(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own."""
    command = [sys.executable, "-m", "parley.cli", *arguments]
    return subprocess.run(
        command, cwd=project_root(), capture_output=True, text=True, check=False, timeout=300
    )


def parley_verify(url: str, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Verify what is on a node."""
    return parley("verify", "--evm", url, "--deployment", str(file), *options)


def report_of(url: str, file: Path, *options: str, status: int) -> dict[str, Any]:
    """What is reported as JSON, with that exit status."""
    done = parley_verify(url, file, "--json", *options)
    assert done.returncode == status, done.stderr + done.stdout
    report: dict[str, Any] = json.loads(done.stdout)
    return report
