"""Other values of a type: a little more or less, a bound of a type or a source, a list that is too long."""

import re
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from random import Random
from typing import Any

from parley.chain.abi import Type
from parley.chain.compiler import project_root

ZERO_ADDRESS = "0x" + "00" * 20
LONGEST = 65
"""Entries of a list that was made longer."""

_CONSTANT = re.compile(r"\bconstant \w+ = (\d+)( days)?\b")


@cache
def bounds() -> tuple[int, ...]:
    """Numbers that the contracts' sources give a name, and those beside them."""
    found = {0, 1}
    for path in sorted((project_root() / "contracts").rglob("*.sol")):
        for number, days in _CONSTANT.findall(path.read_text(encoding="utf-8")):
            named = int(number) * (86_400 if days else 1)
            found |= {named - 1, named, named + 1}
    return tuple(sorted(found))


class Spoiling:
    """Draws other values.

    Parameters
    ----------
    addresses : sequence of str
    word : callable
        Draws another word than the one given.
    """

    def __init__(self, addresses: Sequence[str], word: Callable[[Random, bytes], bytes]) -> None:
        self._addresses, self._word = [*addresses, ZERO_ADDRESS], word

    def several(self, dice: Random, kinds: Sequence[Type], values: Sequence[Any]) -> tuple[Any, ...]:
        """The same values but for one: each number, each entry and the length of each list is as likely."""
        (k,) = dice.choices(range(len(values)), [*map(_places, values)])
        return (*values[:k], self.other(dice, kinds[k], values[k]), *values[k + 1 :])

    def other(self, dice: Random, kind: Type, value: Any) -> Any:  # noqa: ANN401 - of any type
        """Another value than this one; what can only be itself stays."""
        if isinstance(value, Enum):
            return dice.choice(list(type(value)))
        ways: dict[str, Callable[[], Any]] = {
            "tuple": lambda: _rebuilt(value, self.several(dice, kind.inner, _parts(value))),
            "array": lambda: self._list(dice, kind, value),
            "uint": lambda: _number(dice, kind, value),
            "int": lambda: _number(dice, kind, value),
            "bool": lambda: not value,
            "address": lambda: dice.choice(self._addresses),
            "word": lambda: self._word(dice, value),
            "bytes": lambda: _bytes(dice, value),
        }
        return ways[kind.base]()

    def _list(self, dice: Random, kind: Type, value: Sequence[Any]) -> tuple[Any, ...]:
        if value and (kind.length is not None or dice.randrange(_places(value)) > 1):
            return self.several(dice, kind.inner * len(value), value)
        length, repeated = len(value), tuple(value) * LONGEST
        other = 0 if kind.inner[0].base in ("uint", "int") and dice.random() < 0.5 else None
        alike = [
            self.other(dice, kind.inner[0], one) if other is None else other for one in value[:1]
        ] * length
        longest = dice.choice([bound for bound in bounds() if length <= bound <= LONGEST] or [length])
        lengths = repeated[: length - 1], repeated[1:length], repeated[: length + 1], repeated[:longest], ()
        return dice.choice([*lengths, tuple(alike)])


def _bytes(dice: Random, value: bytes) -> bytes:
    k = dice.randrange(len(value) + 1)
    recoded = value[:k] + bytes([dice.choice([0, 1, 2, 5, 255, *value])]) + value[k + 1 :]
    return dice.choice([value[:-1], value + b"\0", value[::-1], b"", recoded, recoded, recoded])


def _places(value: Any) -> int:  # noqa: ANN401 - of any type
    """How many things can be wrong with a value: a list may also be too short or too long."""
    if isinstance(value, bytes):
        return 1 if len(value) == 32 else 1 + len(value)
    if isinstance(value, str) or not (isinstance(value, Sequence) or is_dataclass(value)):
        return 1
    return sum(map(_places, _parts(value))) + 2 * (type(value) in (tuple, list))


def _parts(value: Any) -> Sequence[Any]:  # noqa: ANN401 - a struct or a list
    return [getattr(value, one.name) for one in fields(value)] if is_dataclass(value) else value


def _rebuilt(value: Any, parts: Sequence[Any]) -> Any:  # noqa: ANN401 - a struct
    struct: Callable[..., Any] = type(value)
    return tuple(parts) if struct in (tuple, list) else struct(*parts)


def _number(dice: Random, kind: Type, value: int) -> int:
    most = (1 << kind.bits - (kind.base == "int")) - 1
    least = -most - 1 if kind.base == "int" else 0
    near = [*[value - 1, value + 1, least, most] * 2, 0, *dice.sample(bounds(), 2)]
    return dice.choice([number for number in near if least <= number <= most])
