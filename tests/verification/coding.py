"""What the contract must be told and must answer, byte for byte, put together from the model's words.

Coded by eth_abi from the interface's own description, so that neither the model's hashing nor the package's
coding of calls vouches for itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, is_dataclass
from typing import Any, NamedTuple

from eth_abi.abi import decode, encode

from parley.core.randomness import Word, keccak, word
from parley.kit.reference import Event, Revert


class Log(NamedTuple):
    """An event as the chain records it."""

    topics: tuple[Word, ...]
    data: bytes


class View(NamedTuple):
    """A question to the contract, and the answer that it must give."""

    question: bytes
    answer: bytes
    text: str


def _type_of(component: Mapping[str, Any]) -> str:
    """The type's canonical name: a tuple is spelled out."""
    kind: str = component["type"]
    if kind.startswith("tuple"):
        return f"({','.join(map(_type_of, component['components']))}){kind[5:]}"
    return kind


class Coder:
    """Coding by a contract's ABI."""

    def __init__(self, abi: Sequence[Mapping[str, Any]]) -> None:
        self.inputs: dict[str, list[str]] = {}
        self.selectors: dict[str, bytes] = {}
        self.indexed: dict[str, int] = {}
        self.topics: dict[str, Word] = {}
        # OpenZeppelin's and the language's own.
        errors: dict[str, list[str]] = {"FailedCall": [], "Panic": ["uint256"], "Error": ["string"]}
        for entry in abi:
            if entry["type"] not in ("function", "error", "event"):
                continue
            name, types = entry["name"], [_type_of(component) for component in entry["inputs"]]
            if entry["type"] == "error":
                errors[name] = types
                continue
            self.inputs[name] = types
            signature = keccak(f"{name}({','.join(types)})".encode())
            self.selectors[name] = signature[:4]
            self.topics[name] = signature
            self.indexed[name] = sum(component.get("indexed", False) for component in entry["inputs"])
        self.errors = {
            keccak(f"{name}({','.join(types)})".encode())[:4]: (name, types) for name, types in errors.items()
        }
        self.error_selectors = {name: selector for selector, (name, _) in self.errors.items()}

    def call_data(self, name: str, *args: Any) -> bytes:  # noqa: ANN401 - of any type
        return self.selectors[name] + encode(self.inputs[name], list(map(_plain, args)))

    def revert_data(self, revert: Revert) -> bytes:
        if not revert.name:
            return b""
        selector = self.error_selectors[revert.name]
        return selector + encode(self.errors[selector][1], revert.arguments)

    def show_revert(self, data: bytes) -> str:
        """Read revert data for a person."""
        if data[:4] not in self.errors:
            return data.hex() or "(no reason)"
        name, types = self.errors[data[:4]]
        return str(Revert(name, *decode(types, data[4:])))

    def log(self, event: Event) -> Log:
        types, fields = self.inputs[event.name], list(map(_plain, event.fields))
        count = self.indexed[event.name]
        topics = [self.topics[event.name], *(encode([types[k]], [fields[k]]) for k in range(count))]
        return Log(tuple(topics), encode(types[count:], fields[count:]))

    def view(self, name: str, args: tuple[Word | int, ...], *answer: Word | int) -> View:
        """A question in words, and its answer: in words too, or encoded already."""
        question = self.selectors[name] + b"".join(map(_word, args))
        return View(question, b"".join(map(_word, answer)), f"{name}{args[1:]}")


def _plain(value: Any) -> Any:  # noqa: ANN401 - of any type
    """A value as eth_abi takes it: of parameters their fields."""
    return astuple(value) if is_dataclass(value) and not isinstance(value, type) else value


def _word(value: Word | int) -> Word:
    return value if isinstance(value, bytes) else word(value)
