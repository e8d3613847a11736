"""The base class of players, which play games on an EVM.

A mechanism's player derives from :class:`Player` and implements :meth:`Player.play`. The base class sends and
records transactions, and derives secrets.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from hashlib import shake_256
from typing import TYPE_CHECKING, Generic, NamedTuple

from parley.chain.abi import Interface
from parley.chain.evm import Logs, Reverted
from parley.core.errors import ParleyError
from parley.core.randomness import game_id
from parley.kit.protocols import OutcomeT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley.chain.codec import Codec, Event
    from parley.chain.evm import Evm

__all__ = ["Player", "Sent", "UnexpectedRevertError", "explained"]


class Sent(NamedTuple):
    """A transaction and its result."""

    sender: str
    data: bytes
    value: int
    output: bytes
    logs: Logs


class UnexpectedRevertError(ParleyError):
    """The contract reverted a valid action of a bot.

    Attributes
    ----------
    error : str
        Name of the contract's error; empty if unknown.
    """

    error: str = ""


class Player(ABC, Generic[OutcomeT]):
    """A player of games of one problem, with one set of bots on one EVM.

    Parameters
    ----------
    contract : str
        Address of the contract that holds the games.
    seed : int
        Determines a game's salt, secrets and random choices, together with its number.
    codec : Codec
        Encodes calls, and decodes events and errors.

    Attributes
    ----------
    seats : tuple of str
        Addresses by seat.
    creator : str
        The account that creates games and calls what any account may call.
    transactions : int
        Number of transactions in all games so far.
    gas_used : list of int
        Gas of each of them, if the EVM measures it.
    """

    def __init__(self, evm: Evm, contract: str, seats: int, seed: int, codec: Codec) -> None:
        self.evm = evm
        self.contract = contract
        self.seats = tuple(evm.accounts[:seats])
        self.creator = evm.deployer
        self.seed = seed
        self.codec = codec
        self.transactions = 0
        self._transact = self._measured if evm.accounts_gas else evm.send
        self._sent: list[tuple[str, bytes, int, bytes, Logs]] = []
        self.gas_used: list[int] = []

    @abstractmethod
    def play(self, k: int) -> OutcomeT:
        """Play game k to its end.

        It starts with `begin` and sends with `send`. It depends only on the seed, k and the contract's
        answers.
        """

    @property
    def roles(self) -> tuple[str, ...]:
        """Addresses of the mechanism's `Playable.roles`."""
        return ()

    @property
    def others(self) -> Mapping[str, str]:
        """What readers call accounts that have neither a seat nor a role, by address."""
        return {self.creator: "organizer"}

    @property
    def parties(self) -> tuple[str, ...]:
        """All accounts that may pay the contract or be paid: the seats first."""
        return tuple(dict.fromkeys((*self.seats, *self.roles)))

    def begin(self) -> None:
        """Start a new game."""
        self._sent = []
        self.gas_used = []

    @property
    def sent(self) -> list[Sent]:
        """Transactions of the last game, in order."""
        return list(map(Sent._make, self._sent))

    def contract_of(self, data: bytes) -> str:  # noqa: ARG002 - a mechanism's own may have several
        """Return the address of the contract that a call is to."""
        return self.contract

    def send(self, sender: str, data: bytes, value: int = 0) -> Logs:
        """Send a transaction to the contract, record it, and return its events.

        Raises
        ------
        UnexpectedRevertError
            If the contract reverts it; it is not recorded then.
        """
        try:
            output, logs = self._transact(sender, self.contract_of(data), data, value)
        except Reverted as reverted:
            raise self._refusal(data, reverted.data) from None
        # Plain tuples, which are made faster; few games' transactions are looked at.
        self._sent.append((sender, data, value, output, logs))
        self.transactions += 1
        return logs

    def _measured(self, sender: str, to: str, data: bytes, value: int) -> tuple[bytes, Logs]:
        """Send a transaction, and record its gas."""
        receipt = self.evm.transact(sender, to, data, value)
        if not receipt.ok:
            raise Reverted(receipt.output)
        self.gas_used.append(receipt.gas_used)
        return receipt.output, [(list(log.topics), log.data) for log in receipt.logs]

    def events(self, sender: str, data: bytes, value: int = 0) -> list[Event]:
        """Send a transaction, and return its events decoded."""
        return self.codec.decode(self.send(sender, data, value))

    def act(self, sender: str, function: str, *arguments: object, value: int = 0) -> list[Event]:
        """Call a function of the contract, and return its events.

        `send` with calldata encoded in advance is faster.
        """
        return self.events(sender, self.codec.functions[function].encode(*arguments), value)

    def must_refuse(self, sender: str, data: bytes, error: str, taken: str, value: int = 0) -> None:
        """Try a call that the contract has to refuse.

        The contract is asked, as a wallet asks before it sends: nothing is sent that would be reverted.

        Parameters
        ----------
        error : str
            Name of the error that it must give.
        taken : str
            What to say if it takes the call.

        Raises
        ------
        ParleyError
            If the contract takes it, or refuses it for another reason.
        """
        answer = self.evm.call(sender, self.contract_of(data), data, value)
        if answer.ok:
            raise ParleyError(taken)
        if not answer.output.startswith(self.codec.errors[error]):
            raise self._refusal(data, answer.output)

    def wait(self, seconds: int) -> None:
        """Wait until a deadline in this many seconds has passed."""
        self.evm.warp(self.evm.timestamp + seconds + 1)

    def expire(self, game: bytes, seconds: int) -> list[Event]:
        """Wait until a deadline in this many seconds has passed, end the phase, and return the events."""
        self.wait(seconds)
        return self.act(self.creator, "expire", game)

    def id_of(self, salt: bytes) -> bytes:
        """Return the id of a game that the creator opens."""
        return game_id(self.evm.chain_id, self.contract, self.creator, salt)

    def secrets(self, k: int, round_number: int) -> list[bytes]:
        """Return the seats' secrets for a round of game k, then one more word: the game's salt in round 1."""
        words = len(self.seats) + 1
        material = shake_256(b"parley:%d:%d:%d" % (self.seed, k, round_number)).digest(32 * words)
        return [material[at : at + 32] for at in range(0, 32 * words, 32)]

    def balances(self) -> tuple[int, ...]:
        """Return the balances of all parties and of the contract, in wei, net of gas."""
        return tuple(self.evm.balance(account) for account in (*self.parties, self.contract))

    def _refusal(self, data: bytes, revert: bytes) -> UnexpectedRevertError:
        function = next(name for name, selector in self.codec.selectors.items() if data.startswith(selector))
        error = Interface(self.codec.abi).decode_error(revert)
        args = ["0x" + arg.hex() if isinstance(arg, bytes) else str(arg) for arg in error.args]
        reason = f"{error.name}({', '.join(args)})" if error.name else f"0x{revert.hex()}"
        refusal = UnexpectedRevertError(f"the contract refuses {function}: {reason}")
        # The game is given up, and nothing of it counts.
        self.transactions -= len(self._sent)
        # Not an argument: exceptions from other processes are rebuilt from their text.
        refusal.error = error.name
        return refusal


def explained(refusal: UnexpectedRevertError, window: int) -> str | None:
    """Return a clear message for the usual reverts on a node, else None.

    Parameters
    ----------
    window : int
        Seconds that bots have to act.

    Examples
    --------
    >>> late = UnexpectedRevertError("the contract refuses join: DeadlinePassed(7)")
    >>> late.error = "DeadlinePassed"
    >>> explained(late, window=60)
    "the contract refuses join: DeadlinePassed(7) (the node's blocks are too slow for windows of 60 s)"
    """
    if refusal.error.endswith("Exists"):
        return (
            "already played on this contract; use another --seed, or play without --deployment on "
            "a new contract"
        )
    if refusal.error == "DeadlinePassed":
        return f"{refusal} (the node's blocks are too slow for windows of {window} s)"
    return None
