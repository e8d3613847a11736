"""Records that somebody has tampered with: one game of several is told otherwise than it was."""

from collections import Counter
from collections.abc import Callable

from parley.chain.evm import Log
from parley.chain.history import Call, Recorder
from parley.core.randomness import word
from parley.kit.verify.decoder import Decoder
from parley.kit.verify.verification import Verification
from tests.kit.rig.crooked import Altered

STRANGER = "0x" + "77" * 20

Retelling = Callable[[Call], Call | None]
"""How a call is told; None leaves it out."""


def by_stranger(call: Call) -> Call:
    """As made by somebody who has no part in it."""
    return call._replace(sender=STRANGER)


def without_events(call: Call) -> Call:
    """As if it had left no trace."""
    return call._replace(logs=())


def with_unknown_event(call: Call) -> Call:
    """With an event that nobody knows."""
    return call._replace(logs=(Log(bytes(20), (word(3),), b""), *call.logs))


def of_no_function(call: Call) -> Call:
    """As a call of nothing that the contract has."""
    return call._replace(data=b"\1\2\3\4")


def paying_less(call: Call) -> Call:
    """With a wei less of what it sent."""
    seat_payee_amount = call.logs[0].data
    payee, amount = "0x" + seat_payee_amount[44:64].hex(), int.from_bytes(seat_payee_amount[64:])
    return call._replace(payments=((payee, amount - 1),))


def paid_for(call: Call) -> Call:
    """With money, where none is taken."""
    return call._replace(value=5)


def a_wei_short(call: Call) -> Call:
    """With a wei less than it brought."""
    return call._replace(value=call.value - 1)


def late(call: Call) -> Call:
    """As if it had come years later."""
    return call._replace(timestamp=10**11)


def left_out(_call: Call) -> None:
    """Not told at all."""


def with_word(index: int, value: bytes) -> Retelling:
    """With another word in that place of its arguments."""

    def changed(call: Call) -> Call:
        at = 4 + 32 * index
        return call._replace(data=call.data[:at] + value + call.data[at + 32 :])

    return changed


def only(name: str, change: Retelling) -> Callable[[str, Call], Call | None]:
    """Retelling the first call of a function."""
    left = [1]

    def applied(found: str, call: Call) -> Call | None:
        if found == name and left:
            left.pop()
            return change(call)
        return call

    return applied


def told_otherwise(
    machine: Recorder, decoder: Decoder, change: Callable[[str, Call], Call | None], game: int
) -> Altered:
    """The machine's history with the calls of one game changed, by its number in the order of creation."""
    calls: list[Call] = []
    created = -1
    for call in machine.calls():
        name = decoder.read_action(call.data).name
        created += name == decoder.opening
        told = change(name, call) if created == game else call
        calls += [told] if told is not None else []
    return Altered(machine, calls)


def broken(found: Verification) -> Counter[str]:
    """The rules found broken, in one game at most."""
    games = {violation.game for violation in found.violations} - {None}
    assert len(games) <= 1, "other games are blamed"
    assert not found.holds
    return Counter(violation.rule for violation in found.violations)
