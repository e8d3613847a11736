"""What plays games on a real EVM, whatever the games are.

A mechanism's player derives from :class:`Player` and says in :meth:`Player.play` who sends what, and when.
How a transaction is sent, written down and refused, and where secrets come from, is the same for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from hashlib import shake_256
from typing import TYPE_CHECKING, Generic, NamedTuple

from parley.chain.abi import Interface
from parley.chain.evm import Logs, Reverted
from parley.core.errors import ParleyError
from parley.kit.protocols import OutcomeT

if TYPE_CHECKING:
    from parley.chain.codec import Codec, Event
    from parley.chain.evm import Evm

__all__ = ["Player", "Sent", "UnexpectedRevertError", "explained"]


class Sent(NamedTuple):
    """One transaction and all that came of it."""

    sender: str
    data: bytes
    value: int
    output: bytes
    logs: Logs


class UnexpectedRevertError(ParleyError):
    """The contract refused what a bot was entitled to do: it is not the contract that these bots know.

    Attributes
    ----------
    error : str
        Name of the contract's error; empty if it has none.
    """

    error: str = ""


class Player(ABC, Generic[OutcomeT]):
    """Plays games of one problem with one set of bots on one EVM.

    Parameters
    ----------
    evm : Evm
    contract : str
        Address of the contract that all transactions go to.
    seats : int
        How many of the machine's accounts play.
    seed : int
        With a game's number, determines its salt, secrets and random choices, on whatever EVM.
    codec : Codec
        How the contract is called, and how its events and errors are read.

    Attributes
    ----------
    seats : tuple of str
        Addresses of those who play.
    creator : str
        The account that creates games, and does what anybody may.
    transactions : int
        Sent in all games so far.
    sent : list of Sent
        Everything that the last game sent, in order.
    gas_used : list of int
        Gas used by each of them, where the EVM accounts for it.
    """

    def __init__(self, evm: Evm, contract: str, seats: int, seed: int, codec: Codec) -> None:
        self.evm = evm
        self.contract = contract
        self.seats = tuple(evm.accounts[:seats])
        self.creator = evm.deployer
        self.seed = seed
        self.codec = codec
        self.transactions = 0
        self.sent: list[Sent] = []
        self.gas_used: list[int] = []

    @abstractmethod
    def play(self, k: int) -> OutcomeT:
        """Play game k to its end.

        It begins with `begin`, sends with `send`, and adds what it has sent to `transactions`. All that it
        does follows from the seed, from k and from what the contract answers.
        """

    def begin(self) -> None:
        """Let a new game begin: nothing has been sent in it."""
        # New lists: those of the last game may have been kept.
        self.sent = []
        self.gas_used = []

    def send(self, sender: str, data: bytes, value: int = 0) -> Logs:
        """Send a transaction to the contract, write it down, and return its events.

        Raises
        ------
        UnexpectedRevertError
            If the contract refuses it; nothing is written down then.
        """
        evm = self.evm
        if evm.accounts_gas:
            receipt = evm.transact(sender, self.contract, data, value)
            if not receipt.ok:
                raise self._refusal(data, receipt.output)
            output = receipt.output
            logs: Logs = [(list(log.topics), log.data) for log in receipt.logs]
            self.gas_used.append(receipt.gas_used)
        else:
            try:
                output = evm.send(sender, self.contract, data, value)
            except Reverted as reverted:
                raise self._refusal(data, reverted.data) from None
            logs = evm.take_logs()
        self.sent.append(Sent(sender, data, value, output, logs))
        return logs

    def act(self, sender: str, function: str, *arguments: object, value: int = 0) -> list[Event]:
        """Call a function of the contract, and return what it emitted.

        A player of many games is faster with calldata of which most is encoded beforehand, and `send`.
        """
        return self.codec.decode(self.send(sender, self.codec.functions[function].encode(*arguments), value))

    def wait(self, seconds: int) -> None:
        """Let a deadline pass that is so many seconds away."""
        self.evm.warp(self.evm.timestamp + seconds + 1)

    def secrets(self, k: int, round_number: int) -> list[bytes]:
        """The seats' secrets for a round of game k, then a word more: for round 1, the game's salt."""
        words = len(self.seats) + 1
        material = shake_256(b"parley:%d:%d:%d" % (self.seed, k, round_number)).digest(32 * words)
        return [material[at : at + 32] for at in range(0, 32 * words, 32)]

    def balances(self) -> tuple[int, ...]:
        """Balances of the seats and of the contract, in wei, net of gas."""
        return tuple(self.evm.balance(account) for account in (*self.seats, self.contract))

    def _refusal(self, data: bytes, revert: bytes) -> UnexpectedRevertError:
        function = next(name for name, selector in self.codec.selectors.items() if data.startswith(selector))
        error = Interface(self.codec.abi).decode_error(revert)
        args = ["0x" + arg.hex() if isinstance(arg, bytes) else str(arg) for arg in error.args]
        reason = f"{error.name}({', '.join(args)})" if error.name else f"0x{revert.hex()}"
        refusal = UnexpectedRevertError(f"the contract refuses {function}: {reason}")
        # Not an argument: exceptions that cross processes are made anew from their text.
        refusal.error = error.name
        return refusal


def explained(refusal: UnexpectedRevertError, window: int) -> str | None:
    """Say plainly why a contract on a node would not go on with a game, if it is one of the usual reasons.

    Parameters
    ----------
    refusal : UnexpectedRevertError
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
            "it has been played on this contract: give another --seed, or leave out --deployment and play on "
            "a new contract"
        )
    if refusal.error == "DeadlinePassed":
        return f"{refusal} (the node's blocks are too slow for windows of {window} s)"
    return None
