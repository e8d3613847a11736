"""Every command that talks to a node, against nodes that behave as public ones do.

The right result, or exit status 2 and one line: never a failed check, a traceback or a wrong verdict.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from parley.chain import rpc as rpc_module
from parley.chain import transactions, view
from parley.chain.rpc import Rpc
from parley.cli import app
from tests.nodes import anvil
from tests.proxy import ALWAYS, SOMETIMES, public_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.nodes import LocalNode

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "problems" / "paper-example-1.toml"
LOTTERY = ROOT / "problems" / "assignment-seminars.toml"

GAMES = 2

TOGETHER = (
    ("429-json", "shuffled", "partial", "batch-400", "null-receipts"),
    ("closed-after", "text-code", "lagging", "foreign-receipts"),
)
"""Faults that come together."""

HOPELESS = ("always-foreign-receipts", "always-dropped-logs-and-bloom", "always-32005")
"""Some of what no run gets through."""


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def parley(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run a command in this process."""

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app(list(map(str, arguments)), prog_name="parley")
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 1, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def node() -> Iterator[LocalNode]:
    with anvil() as process:
        yield process


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses and patience that a test can wait for."""
    monkeypatch.setattr(rpc_module, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(rpc_module, "_LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(rpc_module, "PATIENCE", 2.0)
    monkeypatch.setattr(transactions, "PATIENCE", 30.0)
    monkeypatch.setattr(view, "_PAUSE", 0.002)


def campaign(
    parley: Callable[..., Ended], url: str, folder: Path, problems: Sequence[Path] = (EXAMPLE,)
) -> list[tuple[str, Ended]]:
    """Deploy, play and verify, until something fails."""
    file = folder / "deployment.json"
    played = ["--games", GAMES, "--evm", url, "--deployment", file, "--json"]
    commands = (
        ("deploy", "--evm", url, "--out", file, "--json"),
        ("deploy", "--evm", url, "--out", file, "--json"),
        *(("simulate", problem, *played) for problem in problems),
        ("verify", "--evm", url, "--deployment", file, "--json"),
    )
    ended: list[tuple[str, Ended]] = []
    for command in commands:
        ended.append((str(command[0]), parley(*command)))
        if ended[-1][1].status:
            break
    return ended


def check_no_verdict(done: Ended) -> None:
    """See that a report gives no verdict because the node gives no traces."""
    assert done.out, done
    said = json.loads(done.out)
    assert (said["holds"], said["violations"]) == (None, [])
    assert "no verdict: ask a node with traces" in done.err
    assert done.err.count("\n") == 1


def check_right(ended: list[tuple[str, Ended]], problems: int = 1) -> None:
    """See that everything went as it does on a node without faults."""
    for command, done in ended:
        if command == "verify" and done.status == 2:
            # Without traces, payees may not be seen: then there is no verdict, and the report says so.
            check_no_verdict(done)
            continue
        assert done.status == 0, (command, done)
        said: dict[str, Any] = json.loads(done.out)
        if command == "simulate":
            assert (said["games"], said["settled"], said["cross_check"]["identical"]) == (GAMES, GAMES, True)
        if command == "verify":
            assert said["holds"] is True
            assert said["games"] == problems * GAMES
    assert [command for command, _ in ended] == ["deploy", "deploy", *["simulate"] * problems, "verify"]


def check_refused(ended: list[tuple[str, Ended]]) -> None:
    """See that what failed did so in one line, as bad input does."""
    command, done = ended[-1]
    assert (done.status, done.out) == (2, ""), (command, done)
    assert done.err.count("\n") == 1, (command, done)
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "faults", [TOGETHER[0], pytest.param(TOGETHER[1], marks=pytest.mark.deep)], ids="+".join
)
def test_commands_get_through_what_public_nodes_do(
    faults: tuple[str, ...], node: LocalNode, parley: Callable[..., Ended], tmp_path: Path
) -> None:
    with public_node(node.url, *faults) as public:
        check_right(campaign(parley, public.url, tmp_path))
        assert public.happened > 0


@pytest.mark.parametrize("fault", HOPELESS)
def test_commands_end_in_one_line_where_there_is_no_way_through(
    fault: str, node: LocalNode, parley: Callable[..., Ended], tmp_path: Path
) -> None:
    with public_node(node.url, fault) as public:
        check_refused(campaign(parley, public.url, tmp_path))


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fault", SOMETIMES)
def test_every_fault_that_can_be_got_through(
    fault: str, seed: int, node: LocalNode, parley: Callable[..., Ended], tmp_path: Path
) -> None:
    with public_node(node.url, fault, seed=seed) as public:
        check_right(campaign(parley, public.url, tmp_path, (EXAMPLE, LOTTERY)), 2)


@pytest.mark.deep
@pytest.mark.parametrize("begins", ["deploy", "simulate", "verify"])
@pytest.mark.parametrize("fault", ALWAYS)
def test_every_fault_that_nothing_gets_through(
    fault: str, begins: str, node: LocalNode, parley: Callable[..., Ended], tmp_path: Path
) -> None:
    with public_node(node.url) as public:
        file = tmp_path / "deployment.json"
        here = ("--evm", public.url, "--deployment", file, "--json")
        if begins != "deploy":
            assert parley("deploy", "--evm", public.url, "--out", file).status == 0
        if begins == "verify":
            assert parley("simulate", EXAMPLE, "--games", GAMES, *here).status == 0
        public.faults = {fault}
        done = {
            "deploy": lambda: parley("deploy", "--evm", public.url, "--out", file),
            "simulate": lambda: parley("simulate", EXAMPLE, "--games", GAMES, *here),
            "verify": lambda: parley("verify", *here),
        }[begins]()
    if done.status == 0:
        # It did not need what is refused: then nothing was wrong. (Creations emit no events.)
        assert begins == "verify" or any(
            word in fault for word in ("pruned", "internal", "no-logs", *(["dropped"] * (begins == "deploy")))
        )
        assert begins != "verify" or json.loads(done.out)["holds"] is True
    else:
        check_refused([(begins, done)])


def test_the_command_waits_for_as_many_blocks_as_it_is_told(
    node: LocalNode, parley: Callable[..., Ended]
) -> None:
    rpc = Rpc(node.url)

    def blocks_of(*options: object) -> int:
        before = int(rpc.ask("eth_blockNumber"), 16)
        done = parley("simulate", EXAMPLE, "--games", 1, "--evm", node.url, *options)
        assert done.status == 0, done.err
        return int(rpc.ask("eth_blockNumber"), 16) - before

    blocks_of()  # pays the accounts
    assert blocks_of("--confirmations", 2) - blocks_of() >= 2 * 26
    done = parley("simulate", EXAMPLE, "--confirmations", 2)
    assert (done.status, done.out, done.err) == (2, "", "--confirmations requires a node: --evm URL\n")


# ── what a URL may hold ─────────────────────────────────────────────────────────────────────────────────────

SECRETS = ("user", "s3cret", "APIKEY12", "TOKEN")


@pytest.mark.parametrize("fault", [None, pytest.param("always-foreign-receipts", marks=pytest.mark.deep)])
def test_no_command_shows_or_writes_more_of_a_url_than_host_and_port(
    fault: str | None, node: LocalNode, parley: Callable[..., Ended], tmp_path: Path
) -> None:
    with public_node(node.url, *([fault] if fault else [])) as public:
        url = public.url.replace("http://", "http://user:s3cret@") + "/key/APIKEY12?token=TOKEN#FRAGMENT"
        deployment, out = tmp_path / "deployment.json", tmp_path / "run"
        commands: list[tuple[object, ...]] = [
            ("deploy", "--evm", url, "--out", deployment),
            ("simulate", EXAMPLE, "--games", GAMES, "--evm", url, "--out", out),
            ("simulate", LOTTERY, "--games", GAMES, "--evm", url, "--deployment", deployment),
            ("simulate", EXAMPLE, "--games", GAMES, "--evm", url, "--deployment", deployment, "--json"),
            ("simulate", EXAMPLE, "--games", GAMES, "--evm", url, "--deployment", deployment, "--json"),
            ("report", out),
            ("verify", "--evm", url, "--deployment", deployment),
            ("verify", "--evm", url, "--deployment", deployment, "--json"),
            ("simulate", EXAMPLE, "--games", GAMES, "--evm", url, "--workers", 2),
            ("simulate", EXAMPLE, "--games", GAMES, "--evm", url.replace("http", "ws")),
            ("deploy", "--evm", url.replace("http://", "")),
            ("simulate", EXAMPLE, "--evm", url.replace("http://", "")),
            ("deploy", "--evm", url.replace("127.0.0.1", "no-such-host.invalid"), "--out", tmp_path / "x"),
        ]
        done = [parley(*command) for command in commands]
        assert fault is not None or [one.status for one in done] == [0, 0, 0, 0, 2, 0, 0, 0, 2, 2, 2, 2, 2]
        assert public.paths == {"/key/APIKEY12?token=TOKEN"}
    files = [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    assert files or fault is not None
    for text in [*files, *(one.out for one in done), *(one.err for one in done)]:
        # The page holds scripts of others: what is looked for is what the URL says.
        found = [secret for secret in SECRETS[1:] if secret in text]
        assert not found, text[:2000]
        assert "user:" not in text or "<html" in text[:200].lower()


# ── chains that cannot run the contracts ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            ("--hardfork", "london"),
            "lacks PUSH0: the contracts, compiled for prague, need EVM version cancun",
        ),
        (("--hardfork", "shanghai"), "lacks MCOPY: the contracts, compiled for prague, need EVM version"),
        (("--gas-limit", "1000000"), "chain 31337 may use 1000000 (block gas limit 1000000)"),
    ],
)
def test_a_chain_that_is_too_old_or_too_small_is_named(
    options: tuple[str, ...], reason: str, parley: Callable[..., Ended], tmp_path: Path
) -> None:
    with anvil(*options) as old:
        for command in (
            ("deploy", "--evm", old.url, "--out", tmp_path / "deployment.json"),
            ("simulate", EXAMPLE, "--games", 1, "--evm", old.url),
        ):
            done = parley(*command)
            check_refused([(str(command[0]), done)])
            assert reason in done.err
    assert not list(tmp_path.iterdir())


# ── a run that is ended ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.deep)])
def test_a_run_that_is_ended_has_the_signals_status_and_leaves_the_node_mining(
    number: signal.Signals, node: LocalNode
) -> None:
    command = [
        sys.executable,
        "-m",
        "parley.cli",
        "simulate",
        str(EXAMPLE),
        "--games",
        "5000",
        "--evm",
        node.url,
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "sim")}
    rpc = Rpc(node.url)
    before = int(rpc.ask("eth_blockNumber"), 16)
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        # In the middle of it: the contracts are there, and games are under way.
        while int(rpc.ask("eth_blockNumber"), 16) < before + 4:
            assert run.poll() is None
            time.sleep(0.05)
        run.send_signal(number)
        out, err = run.communicate(timeout=30)
    assert (run.returncode, out, err) == (128 + number, b"", b"")
    assert rpc.ask("hardhat_getAutomine") is True
