"""The reference model of the market's contract: a state machine in plain integers.

:class:`RayMarketModel` has the contract's methods under the contract's names. Each takes the caller first,
checks in the order in which the contract must check, raises :class:`~parley.kit.reference.Revert` at the
first check that fails, and only then changes anything: a call that reverts leaves no trace.

A market is choosing → posting → settled. Silent seats stay at their status quo. A market in which all stay
settles at once, and one for which nothing is posted in time lapses. Certificates are checked as in
``parley.mechanisms.screening.certificate``. The clock is :attr:`RayMarketModel.now`.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import IntEnum
from fractions import Fraction
from typing import NamedTuple

from parley.core.randomness import Word, keccak, word
from parley.kit.reference import NOTHING, ReferenceModel, Revert, bits, require
from parley.mechanisms.screening.certificate import Basic, Certificate, find_fault, settled_hash
from parley.mechanisms.screening.parameters import Column, Parameters, check, columns


class Phase(IntEnum):
    """The phase of a market."""

    NONE = 0
    CHOOSING = 1
    POSTING = 2
    SETTLED = 3
    LAPSED = 4


class State(NamedTuple):
    """The contract's view of a market, field for field.

    Attributes
    ----------
    chosen : int
        Bit j: seat j has chosen.
    choices : int
        Four bits for each seat, the first seat lowest.
    """

    phase: Phase
    deadline: int
    chosen: int
    choices: int


@dataclass
class Market:
    """One market. Lists are indexed by seat."""

    id: Word
    parameters: Parameters
    deadline: int
    digest: Word
    """What the next action must name; of a settled market, a hash of the result."""
    phase: Phase = Phase.CHOOSING
    chosen: set[int] = field(default_factory=set)
    choices: list[int] = field(default_factory=list)
    """0 for a seat that stays, or has not chosen."""
    denominator: int = 0
    """Of the shares; 0 if the market has not settled."""
    numerators: tuple[int, ...] = ()
    """Of the shares of all columns."""

    commitments: list[Word] = field(default_factory=list)
    """There are none."""
    entitled: Collection[int] = ()
    """Nobody is owed anything."""

    @property
    def agents(self) -> int:
        """Number of seats n."""
        return len(self.parameters.agents)

    @property
    def columns(self) -> list[Column]:
        """What the choices allow, in the order of shares."""
        return columns(self.parameters, self.choices)

    @property
    def shares(self) -> tuple[Fraction, ...]:
        """The shares of all columns, once the market has settled."""
        return tuple(Fraction(share, self.denominator) for share in self.numerators)

    @property
    def assignment(self) -> list[list[Fraction]]:
        """The expected amount of each task that each seat has in the end, in units."""
        p = self.parameters
        rows = [[Fraction(amount) for amount in p.row(p.status_quo, seat)] for seat in range(self.agents)]
        if self.phase is Phase.SETTLED:
            for share, column in zip(self.shares, self.columns, strict=True):
                rows[column.seat] = [
                    amount + share * change
                    for amount, change in zip(rows[column.seat], column.change, strict=True)
                ]
        return rows

    def due(self, seat: int) -> int:  # noqa: ARG002 - the same for all
        """Return 0: no seat has paid anything."""
        return 0

    def overdue(self) -> Collection[int]:
        """Return nobody: silence costs nothing."""
        return ()

    def packed_choices(self) -> int:
        """Return the contract's form of the choices.

        Examples
        --------
        >>> hex(Market(NOTHING, NO_PARAMETERS, 0, NOTHING, choices=[1, 0, 8]).packed_choices())
        '0x801'
        """
        return sum(choice << 4 * seat for seat, choice in enumerate(self.choices))


class RayMarketModel(ReferenceModel[Market]):
    """The contract: many markets, and no money.

    Its clock and its events are those of :class:`~parley.kit.reference.ReferenceModel`.

    Parameters
    ----------
    address : str
        The contract's own address. All addresses must have the same spelling.

    Examples
    --------
    Two agents have 2 of each task. The first takes A for B one for one, the second B for A:

    >>> from parley.core.randomness import word
    >>> one, two, home = ("0x" + digits * 20 for digits in ("a1", "a2", "cc"))
    >>> model = RayMarketModel(1, home)
    >>> agreed = Parameters((one, two), 2, (1, 3, 3, 1), (2, 2, 2, 2), (1, 1), (4, 0, 0, 4), 60, 60)
    >>> market = model.create(one, word(1), agreed)
    >>> for seat, agent in enumerate((one, two)):
    ...     model.choose(agent, market, seat, agreed.digest(), 1)
    >>> right = Certificate(2, (2, 6, *[0] * 6), (Basic(0, 2, (-1, *[0] * 7)),))
    >>> model.post(home, market, model.digest_of(market), right)
    >>> [event.name for event in model.events]
    ['Created', 'Chosen', 'Chosen', 'Posted', 'Settled']
    >>> [list(map(str, row)) for row in model.games[market].assignment]
    [['4', '0'], ['0', '4']]
    """

    words = (Parameters, Basic, Certificate, Phase)
    playing = (Phase.CHOOSING, Phase.POSTING)
    ended = (Phase.SETTLED, Phase.LAPSED)

    # ───────────────────────────────────────────── actions ─────────────────────────────────────────────

    def create(self, sender: str, salt: Word, parameters: Parameters) -> Word:
        """Create a market and return its id; refusals as in `parameters.check`."""
        market_id = self.game_id(sender, salt)
        require(market_id not in self.games, "GameExists", market_id)
        check(parameters)

        digest = parameters.digest()
        deadline = self.now + parameters.choosing_window
        market = self.games[market_id] = Market(market_id, parameters, deadline, digest)
        market.choices = [0] * market.agents
        self._emit("Created", market_id, sender, salt, digest, parameters)
        return market_id

    def choose(self, sender: str, market_id: Word, seat: int, digest: Word, choice: int) -> None:
        """Choose a trading set, once; the last choice starts posting, or settles if all stay.

        Parameters
        ----------
        choice : int
            0 to stay, otherwise the number of a trading set.
        """
        market = self._in_phase(market_id, Phase.CHOOSING)
        self._require_seat(market, seat, sender)
        require(seat not in market.chosen, "AlreadyChosen", seat)
        self._require_digest(market, digest)
        sets = market.parameters.sets(seat)
        require(choice <= sets, "UnknownChoice", choice, sets)

        market.chosen.add(seat)
        market.choices[seat] = choice
        self._emit("Chosen", market_id, seat, choice)
        if len(market.chosen) == market.agents:
            self._end_choosing(market)

    def post(self, sender: str, market_id: Word, digest: Word, certificate: Certificate) -> None:
        """Post the selection with its proof. There is only one right selection, so anyone may post it."""
        market = self._in_phase(market_id, Phase.POSTING)
        self._require_digest(market, digest)
        fault = find_fault(certificate, market.columns)
        if fault is not None:
            name, arguments = fault
            raise Revert(name, *arguments)

        self._emit("Posted", market_id, sender)
        self._settle(market, certificate.denominator, certificate.numerators(market.columns))

    def _expired(self, market: Market, _: Collection[int]) -> None:
        """Let silent seats stay; without a posting, the market lapses."""
        choosing = market.phase is Phase.CHOOSING
        silent = set(range(market.agents)) - market.chosen if choosing else set()
        self._emit("Expired", market.id, market.phase, bits(silent))
        if choosing:
            self._end_choosing(market)
        else:
            market.phase = Phase.LAPSED
            self._emit("Lapsed", market.id)

    # ────────────────────────────────────────────── views ──────────────────────────────────────────────

    def state(self, market_id: Word) -> State:
        """Return the state of a market; all zero if it does not exist."""
        it = self._game(market_id)
        return State(it.phase, it.deadline, bits(it.chosen), it.packed_choices())

    def _game(self, market_id: Word) -> Market:
        """Return the market; for an unknown id, one without a phase."""
        return self.games.get(market_id) or Market(market_id, NO_PARAMETERS, 0, NOTHING, Phase.NONE)

    # ───────────────────────────────────────────── effects ─────────────────────────────────────────────

    def _end_choosing(self, market: Market) -> None:
        """End the choosing: all choices go into the digest that postings name."""
        market.digest = keccak(market.digest + word(market.packed_choices()))
        if any(market.choices):
            market.phase = Phase.POSTING
            market.deadline = self.now + market.parameters.posting_window
        else:
            self._settle(market, 1, ())

    def _settle(self, market: Market, denominator: int, numerators: tuple[int, ...]) -> None:
        market.digest = keccak(market.digest + settled_hash(denominator, numerators))
        market.phase, market.denominator, market.numerators = Phase.SETTLED, denominator, numerators
        self._emit("Settled", market.id, denominator, numerators)


NO_PARAMETERS = Parameters((), 0, (), (), (), (), 0, 0)
