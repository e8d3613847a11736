"""What nodes say when they refuse, in their own words, and who refused: the contract or the node."""

from __future__ import annotations

import pytest

from parley.chain.refusals import RpcError

DATA = "0x08c379a0" + "00" * 32
REASON = bytes.fromhex(DATA[2:])

REVERTS: list[tuple[dict[str, object], bytes]] = [
    # geth, erigon, reth, anvil
    ({"code": 3, "message": "execution reverted: no", "data": DATA}, REASON),
    ({"code": 3, "message": "execution reverted", "data": "0x"}, b""),
    ({"code": 3, "message": "execution reverted"}, b""),
    ({"code": 3, "message": "execution reverted: custom error 0x08c379a0: …", "data": DATA}, REASON),
    ({"code": -32000, "message": "execution reverted"}, b""),
    # The reason is the contract's word, whatever it looks like.
    ({"code": 3, "message": "execution reverted: rate limit exceeded", "data": DATA}, REASON),
    ({"code": -32000, "message": "execution reverted: header not found"}, b""),
    ({"code": -32000, "message": "execution reverted: out of gas"}, b""),
    # besu
    ({"code": -32000, "message": "Execution reverted", "data": DATA}, REASON),
    ({"code": -32000, "message": "Execution reverted: ERC20: no"}, b""),
    # Nethermind and OpenEthereum
    ({"code": -32000, "message": "execution reverted", "data": DATA}, REASON),
    ({"code": -32015, "message": "VM execution error.", "data": "Reverted " + DATA}, REASON),
    ({"code": -32015, "message": "VM execution error.", "data": "Reverted 0x"}, b""),
    ({"code": -32015, "message": "VM execution error.", "data": "revert"}, b""),
    ({"code": -32015, "message": "VM execution error.", "data": "revert: no"}, b""),
    ({"code": -32015, "message": "VM execution error.", "data": "Bad instruction fe"}, b""),
    # Hardhat
    (
        {
            "code": -32603,
            "message": "Error: VM Exception while processing transaction: reverted with an unrecognized "
            f"custom error (return data: {DATA})",
            "data": {"message": "Error: VM Exception while processing transaction: …", "data": DATA},
        },
        REASON,
    ),
    (
        {
            "code": -32603,
            "message": "Error: Transaction reverted without a reason string",
            "data": {"message": "…", "data": "0x"},
        },
        b"",
    ),
    ({"code": -32603, "message": "Error: VM Exception while processing transaction: invalid opcode"}, b""),
    # Ganache
    (
        {
            "code": -32000,
            "message": "VM Exception while processing transaction: revert",
            "data": {"0x" + "1f" * 32: {"error": "revert", "program_counter": 9, "return": DATA}},
        },
        REASON,
    ),
    ({"code": -32000, "message": "VM Exception while processing transaction: revert no"}, b""),
    # Services that wrap what a client said
    ({"code": -32008, "message": "[Request ID: 1f-2] execution reverted: NO", "data": DATA}, REASON),
    ({"code": -32001, "message": "Custom error: execution reverted"}, b""),
    (
        {
            "code": -32603,
            "message": "Internal JSON-RPC error.",
            "data": {"originalError": {"code": 3, "message": "execution reverted", "data": DATA}},
        },
        REASON,
    ),
    ({"code": "3", "message": "", "data": DATA}, REASON),
    # Halts: the contract's own doing.
    ({"code": -32000, "message": "invalid opcode: INVALID"}, b""),
    ({"code": -32603, "message": "EVM error InvalidFEOpcode"}, b""),
    ({"code": -32003, "message": "EVM error: StackUnderflow"}, b""),
    ({"code": -32000, "message": "invalid jump destination"}, b""),
]

LIMITS: list[object] = [
    {"code": 429, "message": "Too Many Requests"},
    {"code": -32005, "message": "limit exceeded"},
    {"code": -32005, "message": "limit exceeded", "data": "0x"},
    {"code": -32005, "message": "daily request count exceeded, request rate limited", "data": {"rate": {}}},
    {"code": -32016, "message": "over rate limit"},
    {"code": -32000, "message": '429 Too Many Requests: {"code":-32016,"message":"over rate limit"}'},
    {"code": -32007, "message": "50/second request limit reached - reduce calls per second"},
    {"code": -32090, "message": "Too many requests, reason: call rate limit exhausted, retry in 10s"},
    {"code": 429, "message": "Your app has exceeded its compute units per second capacity."},
    {"code": "RATE_LIMITED", "message": "rate limited"},
    {"code": None, "message": "Too many requests"},
    {"code": 3, "message": "rate limit exceeded"},
    "too many requests",
]

FAULTS: list[object] = [
    {"code": -32000, "message": "header not found"},
    {"code": -32000, "message": "header not found", "data": "0x00"},
    {"code": -32000, "message": "missing trie node 1f2e (path ) state 0x1f2e is not available"},
    {"code": 3, "message": "missing trie node 1f2e (path )"},
    {"code": -32000, "message": "required historical state unavailable (reexec=128)"},
    {"code": -32000, "message": "state has been pruned"},
    {"code": -32002, "message": "No state available for block 12"},
    {"code": -32001, "message": "Resource not found."},
    {"code": -32603, "message": "Internal error"},
    {"code": -32603, "message": "Internal error", "data": {"message": "Internal error"}},
    {"code": "SERVER_ERROR", "message": "processing response error"},
    {"code": None, "message": None},
    {"message": "execution timed out"},
    {"code": -32000, "message": "execution aborted (timeout = 5s)"},
    {"code": -32000, "message": "insufficient funds for transfer"},
    {"code": -32601, "message": "the method eth_call does not exist"},
    {"code": -32000, "message": "we do not serve what reverts: execution reverted"},
    {"code": True, "message": ["execution reverted"]},
    {},
    "no",
    17,
    [],
    None,
]

OUT_OF_GAS: list[dict[str, object]] = [
    {"code": -32000, "message": "out of gas"},
    {"code": -32000, "message": "out of gas", "data": "0x"},
    {"code": -32603, "message": "EVM error OutOfGas"},
    {"code": -32603, "message": "Error: Transaction ran out of gas"},
    {"code": -32603, "message": "Error: Transaction reverted: contract call run out of gas and made the …"},
    {"code": -32015, "message": "VM execution error.", "data": "OutOfGas"},
]


@pytest.mark.parametrize(("error", "data"), REVERTS)
def test_what_a_contract_refuses_is_a_revert(error: dict[str, object], data: bytes) -> None:
    refusal = RpcError("eth_call", error)
    assert (refusal.is_revert, refusal.revert_data) == (True, data)
    assert (refusal.is_limit, refusal.is_out_of_gas) == (False, False)


@pytest.mark.parametrize("error", LIMITS)
def test_a_limit_is_no_revert(error: object) -> None:
    refusal = RpcError("eth_call", error)
    assert (refusal.is_limit, refusal.is_revert, refusal.revert_data) == (True, False, None)


@pytest.mark.parametrize("error", FAULTS)
def test_a_fault_of_the_node_is_no_revert_and_no_limit(error: object) -> None:
    refusal = RpcError("eth_call", error)
    assert (refusal.is_revert, refusal.is_limit, refusal.revert_data) == (False, False, None)
    assert str(refusal).startswith("eth_call: ")
    assert len(str(refusal).splitlines()) == 1


@pytest.mark.parametrize("error", OUT_OF_GAS)
def test_a_call_without_gas_left_is_neither(error: dict[str, object]) -> None:
    refusal = RpcError("eth_call", error)
    assert (refusal.is_out_of_gas, refusal.is_revert, refusal.is_limit) == (True, False, False)
