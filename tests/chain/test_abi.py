"""Hand-made coding agrees with the general one, and what cannot be decoded says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from eth_abi.abi import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from parley.chain import abi
from parley.chain.abi import AbiError, DecodedError, Interface
from parley.core.randomness import keccak

if TYPE_CHECKING:
    from parley.chain.compiler import Artifact

unsigned = st.one_of(st.integers(0, 2000), st.integers(0, 2**256 - 1))
signed = st.one_of(st.integers(-2000, 2000), st.integers(-(2**255), 2**255 - 1))


@given(
    st.lists(unsigned, max_size=70),
    st.lists(signed, max_size=70),
    signed,
    st.binary(min_size=20, max_size=20),
)
def test_words_and_arrays_are_coded_as_the_abi_says(
    plain: list[int], negative: list[int], number: int, account: bytes
) -> None:
    tail = abi.array(plain)
    heads = [128, 128 + len(tail), number]
    data = abi.words(heads) + abi.address_word("0x" + account.hex()) + tail + abi.array(negative)
    kinds = ["uint256[]", "int256[]", "int256", "address"]
    assert data == encode(kinds, [plain, negative, number, account])
    assert abi.read_array(data, 0) == plain
    assert abi.read_signed_array(data, 1) == negative
    assert abi.read_signed(data, 2) == number
    assert abi.read_word(data, 2) == number % 2**256
    assert abi.read_address(data, 3) == decode(kinds, data)[3]
    assert abi.read_words(data, 0, 3) == [128, 128 + len(tail), number % 2**256]
    assert abi.read_words(tail) == [len(plain), *plain]


@pytest.mark.parametrize("value", [2**256, -(2**255) - 1])
def test_numbers_that_do_not_fit_are_refused(value: int) -> None:
    with pytest.raises(OverflowError):
        abi.words([value])


def test_selectors_and_topics_are_the_compilers(artifacts: dict[str, Artifact], probe: Interface) -> None:
    assert artifacts["Probe"].selectors["note"] == abi.selector("note(bytes32,uint256)")
    pair = "(uint8,int128)"
    assert probe.topic("Named") == keccak(f"Named(string,string,{pair})".encode())
    with pytest.raises(AbiError, match="no event is called 'None'"):
        probe.topic("None")


NUMBER = {"name": "a", "type": "uint256"}


def function(*inputs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "name": "f", "inputs": list(inputs), "outputs": [NUMBER]}


def test_overloaded_functions_go_by_signature() -> None:
    interface = Interface([function(), function(NUMBER)], [function()])
    assert interface.encode("f()") == abi.selector("f()")
    assert interface.encode("f(uint256)", 3) == abi.selector("f(uint256)") + abi.words([3])
    with pytest.raises(AbiError, match="no function is called 'f'"):
        interface.encode("f")
    assert set(abi.selectors([function(), function(NUMBER)])) == {"f()", "f(uint256)"}
    assert set(abi.selectors([function(), function()])) == {"f"}


@pytest.mark.parametrize("args", [(), (1, 2), (-1,), ("1",), (2**256,)])
def test_arguments_that_are_not_the_functions_are_refused(args: tuple[Any, ...]) -> None:
    with pytest.raises(AbiError, match=r"f\(uint256\) cannot be called"):
        Interface([function(NUMBER)]).encode("f", *args)


def test_output_that_is_not_the_functions_is_refused() -> None:
    interface = Interface([function()])
    assert interface.decode_output("f", abi.words([3])) == (3,)
    with pytest.raises(AbiError, match=r"f\(\) cannot have returned 0x12"):
        interface.decode_output("f", b"\x12")


def test_revert_data_of_every_kind_is_told(probe: Interface) -> None:
    message = abi.selector("Error(string)") + encode(["string"], ["no"])
    assert probe.decode_error(message) == DecodedError("Error", ("no",))
    assert probe.decode_error(b"") == DecodedError("", ())
    for data in (b"abc", b"abcd", b"abcdefgh", abi.selector("Bad(uint256,bytes)"), message[:-1]):
        assert probe.decode_error(data) == DecodedError("", (data,))


def test_logs_of_others_are_no_events(probe: Interface) -> None:
    noted = probe.topic("Noted")
    data = encode(["uint256", "uint256[]"], [1, [2]])
    assert probe.decode_event((noted, bytes(32)), data) is not None
    for topics, body in (((), data), ((bytes(32),), data), ((noted,), data), ((noted, bytes(32)), data[:-1])):
        assert probe.decode_event(topics, body) is None
