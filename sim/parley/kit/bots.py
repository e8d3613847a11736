"""The base class of bots, and functions that make bots from names."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from parley.core.errors import ParleyError
from parley.core.keys import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Self

__all__ = ["BaseBot", "Bots", "bots_named", "phase_named", "seated"]


class BaseBot:
    """A bot at a seat; a mechanism's own bots decide what to do."""

    kind: str
    """The bot's name."""
    waits = False
    """Whether the bot lets deadlines pass."""

    def __init__(self, seat: int) -> None:
        self.seat = seat

    @classmethod
    def from_argument(cls, seat: int, argument: str | None) -> Self:
        """Make a bot from its argument; bots that take one override this.

        Parameters
        ----------
        argument : str or None
            The part after the colon in ``kind:argument``; None without a colon.

        Raises
        ------
        ValueError
            With a reason for the user.
        """
        if argument is not None:
            raise ValueError(f"{cls.kind} takes no argument")
        return cls(seat)


B = TypeVar("B", bound=BaseBot)


class Bots(tuple[B, ...]):
    """One bot per seat."""

    __slots__ = ()

    @property
    def waits(self) -> bool:
        """Whether any bot lets deadlines pass."""
        return any(bot.waits for bot in self)


def seated(names: Sequence[str], agents: int) -> list[str]:
    """Return one name per seat, from one name for all seats or one per seat.

    Raises
    ------
    ParleyError
        If the number of names is neither one nor the number of seats.

    Examples
    --------
    >>> seated(["truthful"], 3)
    ['truthful', 'truthful', 'truthful']
    >>> seated(["truthful", "absent"], 3)
    Traceback (most recent call last):
        ...
    parley.core.errors.ParleyError: --bots: 2 names for 3 agents (give one for all, or one each)
    """
    if len(names) not in (1, agents):
        raise ParleyError(f"--bots: {len(names)} names for {agents} agents (give one for all, or one each)")
    return list(names) * (agents if len(names) == 1 else 1)


def bots_named(names: Sequence[str], agents: int, kinds: Mapping[str, type[B]]) -> Bots[B]:
    """Make one bot per seat.

    Parameters
    ----------
    names : sequence of str
        One for all seats, or one per seat: ``kind`` or ``kind:argument``.
    kinds : mapping of str to subclass of BaseBot
        The mechanism's bots by name.

    Raises
    ------
    ParleyError
        If a name or its argument is invalid.

    Examples
    --------
    >>> class Idle(BaseBot):
    ...     kind = "idle"
    >>> [bot.seat for bot in bots_named(["idle"], 2, {"idle": Idle})]
    [0, 1]
    >>> bots_named(["idel"], 2, {"idle": Idle})
    Traceback (most recent call last):
        ...
    parley.core.errors.ParleyError: --bots: unknown bot 'idel' (did you mean idle?)
    """
    return Bots(_bot_named(name, seat, kinds) for seat, name in enumerate(seated(names, agents)))


def _bot_named(name: str, seat: int, kinds: Mapping[str, type[B]]) -> B:
    kind, colon, argument = name.strip().partition(":")
    if kind not in kinds:
        raise ParleyError(f"--bots: unknown bot {name!r}{_hint(kind, kinds)}")
    try:
        return kinds[kind].from_argument(seat, argument if colon else None)
    except ValueError as error:
        raise ParleyError(f"--bots: {name!r}: {error}") from None


def phase_named(phases: Sequence[str], argument: str) -> str:
    """Read an argument that names a phase.

    Raises
    ------
    ValueError
        With a reason for the user.

    Examples
    --------
    >>> phase_named(["joining", "revealing"], "reveling")
    Traceback (most recent call last):
        ...
    ValueError: no seat acts in a phase 'reveling' (did you mean revealing?)
    """
    if argument not in phases:
        raise ValueError(f"no seat acts in a phase {argument!r}{_hint(argument, phases)}")
    return argument


def _hint(name: str, known: Iterable[str]) -> str:
    return did_you_mean(name, known) or f" (known: {', '.join(known)})"
