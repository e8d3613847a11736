"""What the contract must be told and must answer, byte for byte, put together from the model's words.

Coded by eth_abi from the interface's own description, so that neither the model's hashing nor the package's
coding of calls vouches for itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import astuple, is_dataclass
from typing import Any, NamedTuple

from eth_abi.abi import encode

from parley.chain.abi import Interface, argument_types, selector, signature
from parley.core.randomness import Word, keccak
from parley.kit.reference import Event, Revert


class Log(NamedTuple):
    """An event as the chain records it."""

    topics: tuple[Word, ...]
    data: bytes


class Coder:
    """Coding by a contract's interface, and by the errors of others."""

    def __init__(self, abi: Iterable[Mapping[str, Any]], *others: Iterable[Mapping[str, Any]]) -> None:
        entries = [*(entry for other in others for entry in other if entry["type"] == "error"), *abi]
        self.abi = entries
        self.interface = Interface(entries)
        self._entries = {(entry["type"], entry.get("name")): entry for entry in entries}

    def call_data(self, name: str, *args: Any) -> bytes:  # noqa: ANN401 - of any type
        return self.interface.encode(name, *map(_plain, args))

    def revert_data(self, revert: Revert) -> bytes:
        if not revert.name:
            return b""
        entry = self._entries["error", revert.name]
        return selector(signature(entry)) + encode(argument_types(entry["inputs"]), revert.arguments)

    def show_revert(self, data: bytes) -> str:
        """Read revert data for a person."""
        error = self.interface.decode_error(data)
        return str(Revert(error.name, *error.args)) if error.name else data.hex() or "(no reason)"

    def log(self, event: Event) -> Log:
        entry = self._entries["event", event.name]
        fields, kinds = list(map(_plain, event.fields)), argument_types(entry["inputs"])
        count = sum(field["indexed"] for field in entry["inputs"])
        topics = [keccak(signature(entry).encode()), *(encode([kinds[k]], [fields[k]]) for k in range(count))]
        return Log(tuple(topics), encode(kinds[count:], fields[count:]))


def _plain(value: Any) -> Any:  # noqa: ANN401 - of any type
    """A value as eth_abi takes it: of parameters their fields."""
    return astuple(value) if is_dataclass(value) and not isinstance(value, type) else value
