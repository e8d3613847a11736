"""The reference model of the lottery's contract: a state machine in plain integers.

:class:`LotteryModel` has the contract's methods under the contract's names. Each takes the caller first,
checks in the order in which the contract must check, raises :class:`~parley.kit.reference.Revert` at the
first check that fails, and only then changes anything: a call that reverts leaves no trace.

The phases are committing → revealing, then the draw under serial dictatorship; under other rules posting →
opening, then the draw. After a missed deadline the lottery continues without the silent seats. It is
cancelled only if no seat remains, or nothing was posted. The draws follow ``parley.core.randomness``,
certificates ``parley.mechanisms.assignment.certificate``. The clock is :attr:`LotteryModel.now`.
"""

from collections.abc import Collection, Sequence

from parley.core.randomness import Word, keccak, pack_order, word
from parley.kit.reference import NOTHING, ReferenceModel, Revert, bits, require
from parley.mechanisms.assignment.certificate import Certificate, find_fault
from parley.mechanisms.assignment.lottery_state import Lottery, Phase, State, opened_lottery
from parley.mechanisms.assignment.parameters import Parameters, Rule, check


class LotteryModel(ReferenceModel[Lottery]):
    """The contract: many lotteries, one balance.

    Its clock, its balance and its events are those of :class:`~parley.kit.reference.ReferenceModel`.

    Parameters
    ----------
    address : str
        The contract's own address. All addresses must have the same spelling.

    Examples
    --------
    Two agents who both want item 0 first, by serial dictatorship:

    >>> from parley.core.randomness import commitment, keccak, word
    >>> one, two, home = ("0x" + digits * 20 for digits in ("a1", "a2", "cc"))
    >>> model = LotteryModel(1, home)
    >>> parameters = Parameters((one, two), (1, 1), Rule.SERIAL_DICTATORSHIP, 5, 60, 60)
    >>> lottery = model.create(one, word(1), parameters)
    >>> ranking = bytes([0, 1])
    >>> for seat, agent in enumerate((one, two)):
    ...     promise = commitment(lottery, seat, keccak(word(7) + ranking))
    ...     model.commit(agent, 5, lottery, seat, model.digest_of(lottery), promise)
    >>> for seat, agent in enumerate((one, two)):
    ...     model.reveal(agent, lottery, seat, model.digest_of(lottery), word(7), ranking, NOTHING)
    >>> [event.name for event in model.events[-3:]]
    ['Revealed', 'OrderDrawn', 'Assigned']
    >>> sorted(model.games[lottery].assignment)  # one more than the item
    [1, 2]
    >>> model.withdraw(two, lottery, 1, two)
    >>> model.paid[two]
    5
    """

    words = (Parameters, Rule, Certificate, Phase)
    playing = (Phase.COMMITTING, Phase.REVEALING, Phase.POSTING, Phase.OPENING)
    ended = (Phase.DRAWN, Phase.CANCELLED)

    # ───────────────────────────────────────────── actions ─────────────────────────────────────────────

    def create(self, sender: str, salt: Word, parameters: Parameters) -> Word:
        """Create a lottery and return its id; refusals as in `parameters.check`."""
        lottery = self.game_id(sender, salt)
        require(lottery not in self.games, "GameExists", lottery)
        check(parameters)

        opened = self.games[lottery] = opened_lottery(lottery, sender, parameters, self.now)
        self._emit("Created", lottery, sender, salt, opened.digest, parameters)
        return lottery

    def commit(
        self, sender: str, value: int, lottery_id: Word, seat: int, digest: Word, commitment: Word
    ) -> None:
        """Commit to a secret and a ranking, and pay exactly the bond; the last one starts revealing."""
        lottery = self._in_phase(lottery_id, Phase.COMMITTING)
        self._require_seat(lottery, seat, sender)
        require(seat not in lottery.committed, "AlreadyCommitted", seat)
        self._require_digest(lottery, digest)
        require(commitment != NOTHING, "ZeroCommitment")
        bond = lottery.parameters.bond
        require(value == bond, "WrongDeposit", value, bond)

        self.balance += value
        lottery.committed.add(seat)
        lottery.commitments[seat] = commitment
        self._emit("Committed", lottery_id, seat, commitment)
        if len(lottery.committed) == lottery.agents:
            self._end_committing(lottery)

    def reveal(
        self,
        sender: str,
        lottery_id: Word,
        seat: int,
        digest: Word,
        secret: Word,
        ranking: bytes,
        next_commitment: Word,
    ) -> None:
        """Open a report. Under serial dictatorship the secret is for the draw; otherwise a second one is.

        Parameters
        ----------
        ranking : bytes
            Items from 0, one byte each, best first.
        next_commitment : bytes
            Commitment to the second secret; zero under serial dictatorship.
        """
        lottery = self._in_phase(lottery_id, Phase.REVEALING)
        self._require_seat(lottery, seat, sender)
        require(seat in lottery.committed, "NotCommitted", seat)
        require(seat not in lottery.revealed, "AlreadyRevealed", seat)
        self._require_digest(lottery, digest)
        self._require_opens(lottery, seat, secret, keccak(secret + ranking))
        _check_ranking(ranking, lottery.items)
        serial = lottery.parameters.rule is Rule.SERIAL_DICTATORSHIP
        require(not serial or next_commitment == NOTHING, "UnwantedCommitment", next_commitment)
        require(serial or next_commitment != NOTHING, "ZeroCommitment")

        lottery.revealed.add(seat)
        lottery.rankings[seat] = ranking
        lottery.commitments[seat] = next_commitment
        lottery.secrets[seat] = secret if serial else NOTHING
        self._emit("Revealed", lottery_id, seat, secret, ranking, next_commitment)
        if lottery.revealed == lottery.committed:
            self._end_revealing(lottery)

    def post(self, sender: str, lottery_id: Word, digest: Word, certificate: Certificate) -> None:
        """Post a random assignment with its lottery, and verify it.

        Under probabilistic serial there is only one right matrix, so any account may post it.
        """
        lottery = self._in_phase(lottery_id, Phase.POSTING)
        p = lottery.parameters
        anyone = p.rule is Rule.PROBABILISTIC_SERIAL
        require(anyone or sender == lottery.creator, "NotTheOrganizer", sender, lottery.creator)
        self._require_digest(lottery, digest)
        fault = find_fault(certificate, [tuple(r) for r in lottery.rankings], p.capacities, p.rule.text)
        if fault is not None:
            name, arguments = fault
            raise Revert(name, *arguments)

        lottery.certificate = certificate
        posted = keccak(certificate.encoded())
        lottery.digest = keccak(digest + posted)
        self._enter(lottery, Phase.OPENING)
        self._emit("Posted", lottery_id, sender, posted, certificate.terms)

    def open(self, sender: str, lottery_id: Word, seat: int, digest: Word, secret: Word) -> None:
        """Open the second secret. The last opening draws a term."""
        lottery = self._in_phase(lottery_id, Phase.OPENING)
        self._require_seat(lottery, seat, sender)
        require(seat in lottery.revealed, "NotRevealed", seat)
        require(seat not in lottery.opened, "AlreadyOpened", seat)
        self._require_digest(lottery, digest)
        self._require_opens(lottery, seat, secret, secret)

        lottery.opened.add(seat)
        lottery.commitments[seat] = NOTHING
        lottery.secrets[seat] = secret
        self._emit("Opened", lottery_id, seat, secret)
        if lottery.opened == lottery.revealed:
            self._draw_term(lottery)

    def _expired(self, lottery: Lottery, silent: Collection[int]) -> None:
        """Continue without the silent seats.

        They get nothing, and lose their bonds if they had committed.
        """
        phase = lottery.phase
        lottery.lost |= set(silent)
        self._emit("Expired", lottery.id, phase, bits(silent))
        if not lottery.acted(phase):
            lottery.phase, lottery.lapsed = Phase.CANCELLED, phase
            self._emit("Cancelled", lottery.id, phase)
        elif phase is Phase.COMMITTING:
            self._end_committing(lottery)
        elif phase is Phase.REVEALING:
            self._end_revealing(lottery)
        else:
            self._draw_term(lottery)

    def withdraw(self, sender: str, lottery_id: Word, seat: int, to: str) -> None:
        """Withdraw a seat's bond from an ended lottery, once, to any address."""
        lottery = self._owing(sender, lottery_id, seat)
        self._pay_out(lottery, seat, to)
        lottery.withdrawn.add(seat)

    # ────────────────────────────────────────────── views ──────────────────────────────────────────────

    def state(self, lottery_id: Word) -> State:
        """Return the state of a lottery; all zero if it does not exist."""
        it = self._game(lottery_id)
        seats = (bits(some) for some in (it.committed, it.revealed, it.opened, it.withdrawn))
        return State(it.phase, it.lapsed, it.deadline, *seats)

    def ranking_of(self, lottery_id: Word, seat: int) -> bytes:
        """Return the revealed ranking of a seat; empty if it has not revealed."""
        return self._game(lottery_id).rankings[seat]

    def assignment_of(self, lottery_id: Word) -> tuple[int, int]:
        """Return the assignment, packed; zero before the draw."""
        return self._game(lottery_id).packed_assignment()

    # ───────────────────────────────────────────── guards ──────────────────────────────────────────────

    def _game(self, lottery_id: Word) -> Lottery:
        """Return the lottery; for an unknown id, one without a phase."""
        return self.games.get(lottery_id) or Lottery(lottery_id, "", NO_PARAMETERS, 0, NOTHING, Phase.NONE)

    # ───────────────────────────────────────────── effects ─────────────────────────────────────────────

    def _enter(self, lottery: Lottery, phase: Phase) -> None:
        lottery.phase = phase
        lottery.deadline = self.now + lottery.parameters.action_window

    def _end_committing(self, lottery: Lottery) -> None:
        """End the committing: the commitments go into the digest that reveals name."""
        lottery.digest = committed_digest(lottery.digest, lottery.commitments)
        self._enter(lottery, Phase.REVEALING)

    def _end_revealing(self, lottery: Lottery) -> None:
        """End the revealing: draw, or wait for the posting."""
        if lottery.parameters.rule is not Rule.SERIAL_DICTATORSHIP:
            second = [
                sealed if seat in lottery.revealed else NOTHING
                for seat, sealed in enumerate(lottery.commitments)
            ]
            lottery.digest = revealed_digest(lottery.digest, lottery.rankings, second)
            self._enter(lottery, Phase.POSTING)
            return
        order = lottery.draw_order()
        self._emit("OrderDrawn", lottery.id, pack_order(order))
        self._assign(lottery, lottery.picks(order))

    def _draw_term(self, lottery: Lottery) -> None:
        """Draw a term of the posted lottery by its weight."""
        certificate = lottery.certificate
        if certificate is None:
            raise ValueError("nothing was posted")
        number = lottery.draw_number(certificate.denominator)
        term = certificate.term(number)
        self._emit("TermDrawn", lottery.id, number, term)
        self._assign(lottery, lottery.granted(certificate.assignment(term)))

    def _assign(self, lottery: Lottery, assignment: tuple[int, ...]) -> None:
        lottery.phase, lottery.assignment = Phase.DRAWN, assignment
        self._emit("Assigned", lottery.id, lottery.packed_assignment())


NO_PARAMETERS = Parameters((), (), Rule.SERIAL_DICTATORSHIP, 0, 0, 0)


def committed_digest(digest: Word, commitments: Sequence[Word]) -> Word:
    """Return the digest when revealing begins: it fixes all secrets and reports.

    Parameters
    ----------
    commitments : sequence of bytes
        By seat; zero for a seat that has not committed.
    """
    return keccak(digest + b"".join(commitments))


def revealed_digest(digest: Word, rankings: Sequence[bytes], commitments: Sequence[Word]) -> Word:
    r"""Return the digest when posting begins: it fixes all reports and the second secrets.

    Parameters
    ----------
    digest : bytes
        Digest when revealing began.
    rankings : sequence of bytes
        By seat, best first, items from 0; empty for a silent seat.
    commitments : sequence of bytes
        To the second secrets, by seat; zero for a silent seat.

    Examples
    --------
    >>> a, b = (revealed_digest(word(1), [ranking, b""], [word(2), NOTHING]) for ranking in (b"\0", b"\1"))
    >>> a == b
    False
    """
    packed = b"".join(
        word(half) for ranking in rankings for half in pack_order([item + 1 for item in ranking])
    )
    return keccak(digest + keccak(packed) + b"".join(commitments))


def _check_ranking(ranking: bytes, items: int) -> None:
    """Refuse a ranking with duplicate or unknown items."""
    require(len(ranking) <= items, "RankingTooLong", len(ranking), items)
    for rank, item in enumerate(ranking):
        require(item < items, "UnknownItem", rank, item, items)
        require(item not in ranking[:rank], "ItemRankedTwice", rank, item)
