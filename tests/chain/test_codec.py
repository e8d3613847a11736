"""Calls and events are coded as eth_abi codes them, and what cannot be is refused as contracts refuse it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from eth_abi.abi import decode, encode
from hypothesis import example, given
from hypothesis import strategies as st

from parley.chain.abi import AbiError, argument_types, python_name, types
from parley.chain.backends import open_evm
from parley.chain.codec import Codec, Function
from parley.chain.coders import reader
from parley.chain.compiler import compile_sources
from parley.core.randomness import keccak, word
from parley.kit.reference import Event
from parley.kit.verify.decoder import Decoder, NotReadableError

if TYPE_CHECKING:
    from parley.chain.evm import Evm

SOURCE = "tests/chain/Decoding.sol"


class Argument(NamedTuple):
    """A type, and one of its values."""

    entry: dict[str, Any]
    value: Any


def elementary() -> st.SearchStrategy[Argument]:
    def of(kind: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Argument]:
        return values.map(lambda value: Argument({"type": kind}, value))

    def number(bits: int) -> st.SearchStrategy[Argument]:
        return of(f"uint{bits}", st.integers(0, 2**bits - 1)) | of(
            f"int{bits}", st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        )

    words = st.integers(1, 32).flatmap(lambda n: of(f"bytes{n}", st.binary(min_size=n, max_size=n)))
    addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
    return st.one_of(
        st.integers(1, 32).map(lambda n: 8 * n).flatmap(number),
        of("bool", st.booleans()),
        of("address", addresses),
        words,
        of("bytes", st.binary(max_size=70)),
        of("string", st.text(max_size=20)),
    )


@st.composite
def array(draw: st.DrawFn, inner: st.SearchStrategy[Argument]) -> Argument:
    """Entries of one type: variations of its value would be of other types, so that all are the same."""
    entry, value = draw(inner)
    length = draw(st.integers(0, 3))
    fixed = length > 0 and draw(st.booleans())
    kind = f"{entry['type']}[{length if fixed else ''}]"
    return Argument({**entry, "type": kind}, (value,) * length)


def struct(inner: st.SearchStrategy[Argument]) -> st.SearchStrategy[Argument]:
    return st.lists(inner, min_size=1, max_size=4).map(
        lambda fields: Argument(
            {"type": "tuple", "components": [field.entry for field in fields]},
            tuple(field.value for field in fields),
        )
    )


arguments = st.lists(
    st.recursive(elementary(), lambda inner: array(inner) | struct(inner), max_leaves=6), max_size=6
)


def named(drawn: list[Argument], **more: object) -> list[dict[str, Any]]:
    return [{"name": f"a{k}", **one.entry, **more} for k, one in enumerate(drawn)]


def coded(drawn: list[Argument]) -> bytes:
    return encode(argument_types(named(drawn)), [one.value for one in drawn])


# ── well formed ─────────────────────────────────────────────────────────────────────────────────────────────


@given(arguments, st.data())
def test_calls_are_coded_as_eth_abi_codes_them(drawn: list[Argument], data: st.DataObject) -> None:
    function = Function({"type": "function", "name": "f", "inputs": named(drawn)})
    due = function.selector + coded(drawn)
    assert function.encode(*(one.value for one in drawn)) == due
    kinds = types(named(drawn))
    indices = range(len(drawn))
    fixed = data.draw(st.permutations([k for k in indices if kinds[k].dynamic or data.draw(st.booleans())]))
    encoder = function.given(*(f"a{k}" for k in fixed))(*(drawn[k].value for k in fixed))
    assert encoder(*(drawn[k].value for k in indices if k not in fixed)) == due


@given(arguments, st.lists(elementary(), max_size=3), st.binary(max_size=40))
def test_events_are_decoded_as_eth_abi_decodes_them(
    drawn: list[Argument], indexed: list[Argument], behind: bytes
) -> None:
    inputs = [
        *({**entry, "name": f"i{k}"} for k, entry in enumerate(named(indexed, indexed=True))),
        *named(drawn, indexed=False),
    ]
    codec = Codec([{"type": "event", "name": "E", "inputs": inputs}])
    types_of = argument_types(inputs)
    assert codec.topics == {"E": keccak(f"E({','.join(types_of)})".encode())}
    dynamic = [kind.dynamic for kind in types(inputs)]
    topics = [
        keccak(b"") if dynamic[k] else encode([types_of[k]], [one.value]) for k, one in enumerate(indexed)
    ]
    log = ([codec.topics["E"], *topics], coded(drawn) + behind)
    (event,) = codec.decode([log])
    (again,) = codec.decode([(tuple(log[0]), log[1])])
    assert event == again
    assert hash(event) == hash(again)
    assert event.name == "E"
    heads = [keccak(b"") if dynamic[k] else one.value for k, one in enumerate(indexed)]
    values = decode(types_of[len(indexed) :], log[1])
    assert list(event.as_dict().values()) == [*heads, *values]
    assert [getattr(event, f"a{k}") for k in range(len(drawn))] == list(values)


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────


def function(*kinds: str) -> Function:
    inputs = [{"name": f"a{k}", "type": kind} for k, kind in enumerate(kinds)]
    return Function({"type": "function", "name": "f", "inputs": inputs})


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("uint256", [-1, 2**256, "1"]),
        ("uint8", [-1, 256, b"1"]),
        ("int8", [-129, 128]),
        ("int256", [-(2**255) - 1, 2**255]),
        ("bool", [2, -1, "yes"]),
        ("address", ["0x" + "1" * 39, "1" * 42, "0x" + "1 " * 20]),
        ("bytes4", [b"123", b"12345"]),
        ("bytes32", [bytes(31), bytes(33), "1" * 32]),
        ("bytes", ["text", 3]),
        ("string", [b"bytes"]),
        ("uint8[]", [[256], 3]),
        ("uint8[2]", [[1], [1, 2, 3]]),
    ],
)
def test_values_that_do_not_fit_are_refused(kind: str, values: list[object]) -> None:
    # Next to words alone there is a shorter way; next to others there is not.
    for others in ((), ("bytes32",), ("uint8",), ("bytes32",) * 2, ("bytes32",) * 3, ("bytes",)):
        rest = [{"bytes32": bytes(32), "uint8": 1, "bytes": b""}[other] for other in others]
        for value in values:
            with pytest.raises((OverflowError, TypeError, ValueError, LookupError, AttributeError)):
                function(kind, *others).encode(value, *rest)


@pytest.mark.parametrize(
    "kinds", [(), ("uint8",), ("bytes32",), ("bytes32",) * 4, ("bytes",), ("uint8",) * 4]
)
def test_as_many_arguments_as_there_are_have_to_be_given(kinds: tuple[str, ...]) -> None:
    values = [{"uint8": 1, "bytes32": bytes(32), "bytes": b""}[kind] for kind in kinds]
    assert len(function(*kinds).encode(*values)) >= 4
    with pytest.raises((TypeError, ValueError)):
        function(*kinds).encode(*values, 1)
    for count in range(len(kinds)):
        with pytest.raises((TypeError, ValueError)):
            function(*kinds).encode(*values[:count])


def test_what_cannot_be_given_is_refused() -> None:
    one = function("uint8", "bytes")
    with pytest.raises(AbiError, match="f has no arguments b"):
        one.given("b")
    with pytest.raises(AbiError, match="dynamic types must be given"):
        one.given("a0")
    with pytest.raises(TypeError, match="expected 1 arguments, got 2"):
        one.given("a1")(b"", 1)
    with pytest.raises(AbiError, match="unsupported ABI type: fixed128x18"):
        function("fixed128x18")


def test_events_of_others_and_fields_that_they_do_not_have_are_refused() -> None:
    number = {"name": "number", "type": "uint64", "indexed": False}
    codec = Codec([{"type": "event", "name": "E", "inputs": [number]}])
    with pytest.raises(LookupError):
        codec.decode([([bytes(32)], b"")])
    with pytest.raises(LookupError):
        codec.decode([([], b"")])
    (event,) = codec.decode([([codec.topics["E"]], word(7))])
    assert repr(event) == "E(number=7)"
    with pytest.raises(LookupError, match="E has no field 'other'"):
        _ = event.other
    assert not hasattr(event, "other")
    for wrong in (word(1 << 64), word(7)[:-1]):
        (event,) = codec.decode([([codec.topics["E"]], wrong)])
        with pytest.raises(AbiError):
            _ = event.number


def test_names_are_pythons() -> None:
    names = ["nextCommitment", "secret_", "from", "a1B", "_x"]
    assert list(map(python_name, names)) == ["next_commitment", "secret", "from_", "a1_b", "x"]


def test_fields_do_not_hide_what_an_event_has() -> None:
    names = ["name", "count", "asDict", "", "in"]
    inputs = [{"name": name, "type": "uint8", "indexed": False} for name in names]
    codec = Codec([{"type": "event", "name": "E", "inputs": inputs}])
    (event,) = codec.decode([([codec.topics["E"]], b"".join(map(word, range(5))))])
    assert event.name == "E"
    assert event.as_dict() == {"name_": 0, "count_": 1, "as_dict_": 2, "field_3": 3, "in_": 4}


# ── against the compiler's own decoders ─────────────────────────────────────────────────────────────────────


class Oracle(NamedTuple):
    """A contract that decodes."""

    evm: Evm
    address: str
    codec: Codec

    def ask(self, data: bytes) -> bytes | None:
        """What it returns; None if it reverts."""
        answer = self.evm.call(self.evm.accounts[0], self.address, data)
        return decode(["bytes"], answer.output)[0] if answer.ok else None


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    evm = open_evm("revm")
    artifact = compile_sources({SOURCE: None})["Decoding"]
    return Oracle(evm, evm.deploy(artifact.bytecode), Codec(artifact.abi))


PART = (7, -5, (1, 2, 3), b"a text that is longer than one word of thirty-two bytes")
WHOLE = (True, b"tag!", ("0x" + "11" * 20, "0x" + "22" * 20), (PART, (0, 1, (), b"")), (1, 2), PART)
VALUES = (WHOLE, (-1, 2**127 - 1), b"text", 2**64 - 1)

oddities = st.one_of(
    st.integers(0, 40).map(lambda n: 32 * n),
    st.integers(0, 200),
    st.sampled_from([2**64 - 1, 2**64, 2**255, 2**256 - 1, 2**256 - 32, 2**96, 2**128 - 1, 2**160]),
    st.integers(0, 255).map(lambda bit: 1 << bit),
)
changes = st.lists(st.tuples(st.integers(0, 45), oddities), max_size=3)


def changed(data: bytes, put: list[tuple[int, int]], cut: int, behind: bytes) -> bytes:
    """Data with other words in some places, cut off or with something behind it."""
    for place, value in put:
        data = data[: 32 * place] + word(value) + data[32 * place + 32 :]
    return data[: len(data) - cut] + behind


@given(
    changes, st.sampled_from([0, 0, 0, 1, 31, 32, 33, 64]), st.sampled_from([b"", b"", bytes(7), bytes(64)])
)
@example([], 0, b"")
def test_what_is_decoded_is_what_a_contract_decodes(
    oracle: Oracle, put: list[tuple[int, int]], cut: int, behind: bytes
) -> None:
    entry = next(one for one in oracle.codec.abi if one.get("name") == "fromCalldata")
    kinds = types(entry["inputs"])
    whole = encode([kind.text for kind in kinds], VALUES)
    data = changed(whole, put, cut, behind)
    due = oracle.ask(oracle.codec.functions["fromMemory"].encode(data))
    try:
        values = [reader(kind)(data, 32 * k, 0) for k, kind in enumerate(kinds)]
    except AbiError:
        assert due is None
    else:
        assert due == encode([kind.text for kind in kinds], values)
    if not put and not cut:
        assert due == whole


@given(
    changes, st.sampled_from([0, 0, 0, 1, 31, 32, 33, 64]), st.sampled_from([b"", b"", bytes(7), bytes(64)])
)
@example([], 0, b"")
@example([(15, 2**255)], 0, b"")
@example([(15, 2**256 - 64)], 0, b"")
def test_calls_are_read_as_a_contract_reads_them(
    oracle: Oracle, put: list[tuple[int, int]], cut: int, behind: bytes
) -> None:
    taking = oracle.codec.functions["fromCalldata"]
    whole = taking.encode(*VALUES)
    data = taking.selector + changed(whole[4:], put, cut, behind)
    kinds = argument_types(next(one for one in oracle.codec.abi if one.get("name") == taking.name)["inputs"])
    due, decoder = oracle.ask(data), Decoder(oracle.codec.abi)
    try:
        action = decoder.read_action(data)
    except NotReadableError:
        assert due is None
    else:
        values = (action.game, *action.arguments)
        assert due == encode(kinds, values)
        (log,) = oracle.evm.transact(oracle.evm.accounts[0], oracle.address, data).logs
        assert decoder.read_event(log) == Event("Emitted", (word(action.arguments[-1]), *values))
    if not put and not cut:
        assert due == whole[4:]
