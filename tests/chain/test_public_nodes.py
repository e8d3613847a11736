"""Questions to public nodes: the right answers whatever such a node does, or an error in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parley.chain.logs import read_logs
from parley.chain.rpc import NodeError, Rpc, RpcError
from tests.nodes import anvil, mined
from tests.proxy import ALWAYS, SOMETIMES, public_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.nodes import LocalNode

BLOCKS = 14

# Emits an event without topics, with the call's data.
LOGGER = "0x" + "600a600c600039600a6000f3" + "3660006000373660" + "00a0"


@pytest.fixture(scope="module")
def node() -> Iterator[LocalNode]:
    """A node with a short history: a contract, and events of it in many blocks."""
    with anvil() as process:
        rpc = Rpc(process.url)
        (account, *_) = rpc.ask("eth_accounts")
        address = mined(rpc, {"from": account, "data": LOGGER, "gas": "0x30000"})["contractAddress"]
        for number in range(BLOCKS):
            fields = {"from": account, "to": address, "data": f"0x{number:064x}", "gas": "0x30000"}
            mined(rpc, fields)
        yield process


def address_of(rpc: Rpc) -> str:
    return str(rpc.ask("eth_getBlockByNumber", "0x2", True)["transactions"][0]["to"])


def questions(rpc: Rpc) -> list[Any]:
    """Ask all kinds of questions whose answers do not change."""
    blocks = rpc.ask_all([("eth_getBlockByNumber", (hex(k), False)) for k in range(BLOCKS)], strict=True)
    codes = rpc.ask_all([("eth_getCode", (address_of(rpc), hex(k))) for k in range(BLOCKS)], strict=True)
    call = rpc.ask("eth_call", {"to": address_of(rpc), "data": "0x11"}, "0x9")
    with pytest.raises(RpcError, match="no_such_method"):
        rpc.ask("no_such_method")
    return [rpc.ask("eth_chainId"), blocks, codes, call]


def events(rpc: Rpc) -> list[dict[str, Any]]:
    parts = read_logs(rpc, {"address": address_of(rpc)}, 0, BLOCKS + 1)
    return [entry for part in parts for entry in part.entries]


def read_all(rpc: Rpc) -> None:
    rpc.ask("eth_call", {"to": address_of(rpc), "data": "0x11"}, "latest")
    events(rpc)
    rpc.ask("no_such_method", "/v3/APIKEY12")


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("fault", SOMETIMES)
def test_a_patient_client_gets_the_right_answers(fault: str, node: LocalNode) -> None:
    direct = Rpc(node.url)
    with public_node(node.url, fault) as public:
        rpc = Rpc(public.url, note=lambda _: None)
        if fault != "lagging":
            assert questions(rpc) == questions(direct)
        found = events(rpc)
    assert found == events(direct)
    assert [int(entry["data"], 16) for entry in found] == list(range(BLOCKS))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "fault", [name for name in ALWAYS if "receipts" not in name and "dropped" not in name]
)
def test_what_nobody_gets_through_is_an_error_and_no_revert(fault: str, node: LocalNode) -> None:
    with public_node(node.url, fault) as public:
        rpc = Rpc(public.url, patience=0.2, note=lambda _: None)
        with pytest.raises(NodeError) as refused:
            read_all(rpc)
    assert not (isinstance(refused.value, RpcError) and refused.value.is_revert)
    assert len(str(refused.value).splitlines()) == 1


def test_large_batches_are_asked_for_in_parts_and_small_ones_at_once(node: LocalNode) -> None:
    calls = [("eth_getBlockByNumber", (hex(k), False)) for k in range(BLOCKS)]
    with public_node(node.url, "batch-400") as public:
        rpc = Rpc(public.url)
        for _ in range(3):
            rpc.ask_all(calls)
        # Refused once: never again.
        assert len(public.calls) == BLOCKS + 3 * BLOCKS


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("fault", ["range-400", "range-413", "range-closed", "range-error", "range-32005"])
def test_ranges_grow_again_after_they_were_halved(fault: str, node: LocalNode) -> None:
    with public_node(node.url, fault) as public:
        rpc = Rpc(public.url, note=lambda _: None)
        parts = list(read_logs(rpc, {"address": address_of(rpc)}, 0, BLOCKS, width=8))
        assert max(part.last - part.first for part in parts) == 1
        public.faults.clear()
        parts = list(read_logs(rpc, {"address": address_of(rpc)}, 0, BLOCKS, width=8))
        assert max(part.last - part.first for part in parts) == 7


SECRETS = ("user", "s3cret", "APIKEY12", "TOKEN", "FRAGMENT")


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("fault", ["lagging", *ALWAYS])
def test_no_error_shows_more_of_a_url_than_host_and_port(fault: str, node: LocalNode) -> None:
    with public_node(node.url, fault) as public:
        address = public.url.removeprefix("http://")
        notes: list[str] = []
        secret = f"http://user:s3cret@{address}/v3/APIKEY12?token=TOKEN#FRAGMENT"
        rpc = Rpc(secret, patience=0.2, note=notes.append)
        with pytest.raises(NodeError) as refused:
            read_all(rpc)
        assert public.paths == {"/v3/APIKEY12?token=TOKEN"}
    chain = [refused.value, refused.value.__cause__]
    for text in [rpc.url, *notes, *map(str, chain), *map(repr, chain)]:
        assert not [secret for secret in SECRETS if secret in text], text
    assert rpc.url == f"http://{address}"


@pytest.mark.parametrize(
    "url",
    [
        "http://user:s3cret@127.0.0.1:1/APIKEY12?token=TOKEN",
        "http://user:s3cret@no-such-host.invalid/APIKEY12",
        "http://user:s3/cret@127.0.0.1/APIKEY12",
        "http://user:s3cret@/APIKEY12",
        "http://user:s3cret@127.0.0.1:notaport/APIKEY12",
        "http://user:s3cret@" + "x" * 70 + "/APIKEY12",
        "ws://user:s3cret@127.0.0.1:1/APIKEY12",
        "//user:s3cret@127.0.0.1:1/APIKEY12",
        "user:s3cret@127.0.0.1:1",
    ],
)
def test_a_url_that_leads_nowhere_is_not_shown_either(url: str) -> None:
    with pytest.raises(NodeError) as refused:
        Rpc(url).ask("eth_chainId")
    assert not [secret for secret in (*SECRETS, "s3", "cret") if secret in str(refused.value)]
