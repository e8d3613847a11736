"""Interfaces code by name, and what cannot be decoded says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from eth_abi.abi import encode

from parley.chain import abi
from parley.chain.abi import AbiError, DecodedError, Interface
from parley.core.randomness import keccak, word

if TYPE_CHECKING:
    from parley.chain.compiler import Artifact


def test_selectors_and_topics_are_the_compilers(artifacts: dict[str, Artifact], probe: Interface) -> None:
    assert artifacts["Probe"].selectors["note"] == abi.selector("note(bytes32,uint256)")
    pair = "(uint8,int128)"
    assert probe.topic("Named") == keccak(f"Named(string,string,{pair})".encode())
    with pytest.raises(AbiError, match="unknown event 'None'"):
        probe.topic("None")


NUMBER = {"name": "a", "type": "uint256"}


def test_types_are_those_of_the_source(artifacts: dict[str, Artifact]) -> None:
    named = next(entry for entry in artifacts["Probe"].abi if entry.get("name") == "Named")
    name, text, pair = abi.types(named["inputs"])
    assert (name.text, name.dynamic, name.words, name.solidity) == ("string", True, 1, "")
    assert (text.name, text.base, text.inner) == ("text", "string", ())
    assert (pair.text, pair.dynamic, pair.words, pair.solidity) == ("(uint8,int128)", False, 2, "Pair")
    assert [(field.name, field.bits) for field in pair.inner] == [("left", 8), ("right", 128)]
    phase = {"name": "", "type": "uint8[][2]", "internalType": "enum Game.Phase[][2]"}
    (kind,) = abi.types([phase])
    assert (kind.text, kind.base, kind.length, kind.dynamic, kind.solidity) == (
        "uint8[][2]", "array", 2, True, "",
    )  # fmt: skip
    assert (kind.inner[0].length, kind.inner[0].inner[0].solidity) == (None, "Phase")


def function(*inputs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "name": "f", "inputs": list(inputs), "outputs": [NUMBER]}


def test_overloaded_functions_go_by_signature() -> None:
    interface = Interface([function(), function(NUMBER)], [function()])
    assert interface.encode("f()") == abi.selector("f()")
    assert interface.encode("f(uint256)", 3) == abi.selector("f(uint256)") + word(3)
    with pytest.raises(AbiError, match="unknown function 'f'"):
        interface.encode("f")
    assert set(abi.selectors([function(), function(NUMBER)])) == {"f()", "f(uint256)"}
    assert set(abi.selectors([function(), function()])) == {"f"}


@pytest.mark.parametrize("args", [(), (1, 2), (-1,), ("1",), (2**256,)])
def test_arguments_that_are_not_the_functions_are_refused(args: tuple[Any, ...]) -> None:
    with pytest.raises(AbiError, match=r"f\(uint256\) cannot be called"):
        Interface([function(NUMBER)]).encode("f", *args)


def test_output_that_is_not_the_functions_is_refused() -> None:
    interface = Interface([function()])
    assert interface.decode_output("f", word(3)) == (3,)
    with pytest.raises(AbiError, match=r"f\(\): invalid return data 0x12"):
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
