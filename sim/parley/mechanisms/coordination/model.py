"""The reference model of the two-stage mechanism's contract: a state machine in plain integers.

:class:`TwoStageModel` has the contract's methods with the same names. Each takes the caller first, makes the
contract's checks in the contract's order, raises :class:`~parley.kit.reference.Revert` at the first failure,
and changes the state only after all checks. Data that the contract packs, hashes again or computes at
withdrawal are stored directly.

The phases are joining → announcing → revealing → proposing → responding; then the game settles, breaks down,
or returns to revealing for another round (Gudmundsson, Hougaard and Platz, Section 2; the draws follow
``parley.core.randomness``). The caller sets the clock, :attr:`TwoStageModel.now`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from parley.core.randomness import Word, pack_order
from parley.kit.reference import NOTHING, ReferenceModel, Revert, bits, require
from parley.mechanisms.coordination.game import (
    Cause,
    Fraction,
    Game,
    Phase,
    State,
)
from parley.mechanisms.coordination.parameters import (
    QUANTITY_LIMIT,
    Cost,
    CostKind,
    Page,
    Parameters,
    check,
    check_rows,
    next_digest,
)
from parley.mechanisms.coordination.recognition import RecognitionFunction, Turn, equal


class Recognition(NamedTuple):
    """A recognition contract: the hash of its code, and its function.

    The function may raise :class:`~parley.kit.reference.Revert` or return an invalid fraction.
    """

    code: Word
    fraction: RecognitionFunction


class TwoStageModel(ReferenceModel[Game]):
    """The contract: many games, one balance.

    Its clock, its balance and its events are those of :class:`~parley.kit.reference.ReferenceModel`.

    Parameters
    ----------
    address : str
        The contract's own address. All addresses must have the same spelling.
    recognitions : mapping of str to Recognition
        The recognition contracts there are, by address.

    Examples
    --------
    Two agents with f(q) = q² in wei; agent 1 has contracted on four tasks, two of which agent 2 could do:

    >>> from parley.mechanisms.coordination.parameters import Cost, CostKind
    >>> from parley.mechanisms.coordination.recognition import p_star
    >>> from parley.core.randomness import commitment, word
    >>> one, two, rule, home = ("0x" + digits * 20 for digits in ("a1", "a2", "aa", "cc"))
    >>> code = word(99)
    >>> parameters = Parameters((one, two), 1, (4, 0), (4, 2), (Cost(CostKind.QUADRATIC, 0, 1, 1, 0),), rule,
    ...                         code, 9, 10, bond=5, join_window=60, action_window=60, max_rounds=3)
    >>> model = TwoStageModel(1, home, {rule: Recognition(code, p_star)})
    >>> game = model.create(one, word(1), parameters)
    >>> for seat, agent in enumerate((one, two)):
    ...     digest = model.state(game).digest
    ...     model.join(agent, parameters.deposit(seat), game, seat, digest, commitment(game, seat, word(7)))
    >>> model.announce(one, game, model.state(game).digest, [2])
    >>> model.announce(two, game, model.state(game).digest, [2])
    >>> for seat, agent in enumerate((one, two)):
    ...     digest = model.state(game).digest
    ...     model.reveal(agent, game, seat, digest, word(7), commitment(game, seat, word(8)))

    Agent 1 is recognized with probability 4/4, and proposes cost shares that sum to F(X) = 8:

    >>> model.state(game).proposer, model.state(game).announced_cost
    (0, 8)
    >>> model.propose(one, game, digest, [8, 0])
    >>> model.respond(two, game, model.state(game).digest, True)
    >>> model.state(game).phase.name
    'SETTLED'
    >>> model.withdraw(two, game, 1, two, digest, [8, 0])  # its deposit of 5, and 4 for tasks that cost it 4
    >>> model.paid[two]
    9
    """

    words = (Parameters, Cost, CostKind, Cause)
    playing = (Phase.JOINING, Phase.ANNOUNCING, Phase.REVEALING, Phase.PROPOSING, Phase.RESPONDING)
    ended = (Phase.SETTLED, Phase.BROKEN_DOWN)

    def __init__(self, chain_id: int, address: str, recognitions: Mapping[str, Recognition]) -> None:
        super().__init__(chain_id, address)
        self.recognitions = recognitions

    # ───────────────────────────────────────────── actions ─────────────────────────────────────────────

    def create(self, sender: str, salt: Word, parameters: Parameters) -> Word:
        """Create a game and return its id; refusals as in `parameters.check`, then for its rows."""
        game = self.game_id(sender, salt)
        require(game not in self.games, "GameExists", game)
        check(parameters, self._code_of)
        seats = len(parameters.agents)
        complete = parameters.seats_per_page == seats
        page = Page(0, parameters.contracted, parameters.capacity)
        _check_size(page, seats * parameters.task_types if complete else 0)
        if complete:
            check_rows(parameters, page)

        self.games[game] = Game(
            id=game,
            parameters=parameters,
            deadline=self.now + parameters.join_window if complete else 0,
            digest=parameters.digest_of_call(),
            creator=sender,
            phase=Phase.JOINING if complete else Phase.CREATING,
            turn=0 if complete else seats,
            carried=[0] * parameters.task_types,
            commitments=[NOTHING] * seats,
            secrets=[NOTHING] * seats,
            loads=[0] * seats,
            fractions=[(0, 0)] * seats,
        )
        self._emit("Created", game, sender, salt, self.games[game].digest, parameters)
        return game

    def store(
        self,
        sender: str,
        game_id: Word,
        digest: Word,
        contracted: Sequence[int],
        capacity: Sequence[int],
    ) -> None:
        """Store the rows of the last missing page; after all pages, agents may join."""
        game = self._game(game_id)
        require(game.phase is Phase.CREATING, "WrongPhase", game_id, game.phase, Phase.CREATING)
        require(sender == game.creator, "NotTheCreator", sender, game.creator)
        self._require_digest(game, digest)
        p, step = game.parameters, game.parameters.seats_per_page
        first = (game.turn - 1) // step * step
        page = Page(first, tuple(contracted), tuple(capacity))
        _check_size(page, (game.turn - first) * p.task_types)
        contracted, capacity = page.contracted + p.contracted, page.capacity + p.capacity
        p = replace(p, contracted=contracted, capacity=capacity)
        check_rows(p, page)

        game.parameters = p
        game.digest = page.digest(digest)
        game.turn = first
        if first == 0:
            game.phase, game.deadline = Phase.JOINING, self.now + p.join_window
        self._emit("Stored", game_id, first, game.digest, page.contracted, page.capacity)

    def join(self, sender: str, value: int, game_id: Word, seat: int, digest: Word, commitment: Word) -> None:
        """Take a seat and pay exactly bond + f_i(d_i); after all seats, the first agent may announce."""
        game = self._in_phase(game_id, Phase.JOINING)
        self._require_seat(game, seat, sender)
        require(game.commitments[seat] == NOTHING, "AlreadyJoined", seat)
        self._require_digest(game, digest)
        require(commitment != NOTHING, "ZeroCommitment")
        deposit = game.parameters.deposit(seat)
        require(value == deposit, "WrongDeposit", value, deposit)

        self.balance += value
        game.commitments[seat] = commitment
        game.turn += 1
        self._emit("Joined", game_id, seat, commitment, deposit)
        if game.turn == game.agents:
            game.move_to(Phase.ANNOUNCING, self.now)

    def announce(self, sender: str, game_id: Word, digest: Word, announcement: Sequence[int]) -> None:
        """Announce the tasks by type.

        After the last announcement, bargaining begins if the allocation X saves something; otherwise the game
        breaks down (Proposition 1A: all agents have the same cost as with the contracts).
        """
        game = self._in_phase(game_id, Phase.ANNOUNCING)
        p, j, last = game.parameters, game.turn, game.agents - 1
        require(sender == p.agents[j], "NotTheSeat", j, sender)
        self._require_digest(game, digest)
        length = len(announcement)
        require(length == p.task_types, "AnnouncementLengthMismatch", length, p.task_types)
        for t, x in enumerate(announcement):
            least, most = game.bounds(t)
            require(x <= most, "AnnouncementTooHigh", t, x, most)
            require(x >= least, "AnnouncementTooLow", t, x, least)
        fraction = self._fraction(game, announcement) if j < last else (0, 0)

        for t, x in enumerate(announcement):
            game.carried[t] += p.row(p.contracted, j)[t] - x
        game.loads[j] = sum(announcement)
        game.fractions[j] = fraction
        game.announced_cost += p.cost(j).of(game.loads[j])
        game.digest = next_digest(game.digest, announcement)
        self._emit("Announced", game_id, j, tuple(announcement), *fraction)
        if j < last:
            game.turn += 1
            game.deadline = self.now + p.action_window
        elif game.announced_cost >= game.contracted_total:
            self._break_down(game, Cause.NO_SAVINGS)
        else:
            game.round = 1
            game.bind_commitments()
            game.move_to(Phase.REVEALING, self.now)

    def reveal(
        self, sender: str, game_id: Word, seat: int, digest: Word, secret: Word, next_commitment: Word
    ) -> None:
        """Reveal this round's secret and commit to the next round's.

        The last reveal makes the draws: from round two on whether bargaining continues, then the proposer and
        the order of answers.
        """
        game = self._in_phase(game_id, Phase.REVEALING)
        self._require_seat(game, seat, sender)
        require(game.secrets[seat] == NOTHING, "AlreadyRevealed", seat)
        self._require_digest(game, digest)
        self._require_opens(game, seat, secret, secret)
        require(next_commitment != NOTHING, "ZeroCommitment")

        game.commitments[seat] = next_commitment
        game.secrets[seat] = secret
        game.turn += 1
        self._emit("Revealed", game_id, game.round, seat, secret, next_commitment)
        if game.turn < game.agents:
            return
        secrets, game.secrets = game.secrets, [NOTHING] * game.agents
        if game.round > 1 and not game.draw_continuation(secrets):
            self._break_down(game, Cause.NOT_CONTINUED)
            return
        game.proposer = game.draw_proposer(secrets)
        game.order = game.draw_order(secrets)
        game.move_to(Phase.PROPOSING, self.now)
        self._emit("ProposerDrawn", game_id, game.round, game.proposer, pack_order(game.order))

    def propose(self, sender: str, game_id: Word, digest: Word, shares: Sequence[int]) -> None:
        """Propose a cost share for every agent, summing to F(X).

        Agent i does load_i at its own cost, so with a share of u_i it pays u_i - f_i(load_i) to the others,
        at most its deposit.
        """
        game = self._in_phase(game_id, Phase.PROPOSING)
        p = game.parameters
        require(sender == p.agents[game.proposer], "NotTheSeat", game.proposer, sender)
        self._require_digest(game, digest)
        require(len(shares) == game.agents, "ProposalLengthMismatch", len(shares), game.agents)
        require(sum(shares) == game.announced_cost, "ProposalSumMismatch", sum(shares), game.announced_cost)
        for i, share in enumerate(shares):
            payment = share - p.cost(i).of(game.loads[i])
            require(payment <= p.deposit(i), "ProposalBeyondDeposit", i, payment, p.deposit(i))

        game.shares, game.answered = tuple(shares), digest
        game.digest = next_digest(digest, shares)
        game.move_to(Phase.RESPONDING, self.now)
        self._emit("Proposed", game_id, game.round, game.proposer, tuple(shares))

    def respond(
        self,
        sender: str,
        game_id: Word,
        digest: Word,
        accept: bool,  # noqa: FBT001 - the contract's argument
    ) -> None:
        """Answer the proposal, in the drawn order.

        If all accept, the game is settled. The first rejection ends the round, and in the last round the
        game.
        """
        game = self._in_phase(game_id, Phase.RESPONDING)
        seat = game.order[game.turn]
        require(sender == game.parameters.agents[seat], "NotTheSeat", seat, sender)
        self._require_digest(game, digest)

        self._emit("Responded", game_id, game.round, seat, accept)
        if accept and game.turn == len(game.order) - 1:
            game.phase = Phase.SETTLED
            self._emit("Settled", game_id, game.round)
        elif accept:
            game.turn += 1
            game.deadline = self.now + game.parameters.action_window
        elif game.round == game.parameters.max_rounds:
            self._break_down(game, Cause.LAST_ROUND)
        else:
            game.round += 1
            game.bind_commitments()
            game.move_to(Phase.REVEALING, self.now)

    def _expired(self, game: Game, silent: Collection[int]) -> None:
        game.silent = bits(silent)
        game.lapsed = game.phase
        self._break_down(game, Cause.EXPIRED)

    def withdraw(
        self, sender: str, game_id: Word, seat: int, to: str, digest: Word, shares: Sequence[int]
    ) -> None:
        """Withdraw a seat's money from an ended game, once, to any address.

        Settled: the deposit and the side payment f_i(load_i) - u_i; the call names the accepted shares and
        the digest before them. Broken down: the deposit, minus a lost bond.
        """
        game = self._owing(sender, game_id, seat)
        if game.phase is Phase.SETTLED:
            self._require_digest(game, next_digest(digest, shares))
        else:
            require(len(shares) == 0, "ProposalLengthMismatch", len(shares), 0)
            self._require_digest(game, digest)
        self._pay_out(game, seat, to)
        game.commitments[seat] = NOTHING

    # ────────────────────────────────────────────── views ──────────────────────────────────────────────

    def state(self, game_id: Word) -> State:
        """Return the state of a game; all zero if it does not exist."""
        g = self._game(game_id)
        return State(
            g.phase, g.cause, g.turn, g.proposer, g.lapsed, g.round, g.deadline, g.digest, g.announced_cost
        )

    def secret(self, game_id: Word, seat: int) -> Word:
        """Return the seat's revealed secret for the current draw; zero if it has not revealed."""
        return self._game(game_id).secrets[seat]

    def announcement_of(self, game_id: Word, seat: int) -> tuple[int, int, int]:
        """Return the seat's announced workload and its stored fraction."""
        game = self._game(game_id)
        return (game.loads[seat], *game.fractions[seat])

    def carried(self, game_id: Word, task_type: int) -> int:
        """Return the units of a type that the seats so far leave to later ones."""
        return self._game(game_id).carried[task_type]

    def order(self, game_id: Word) -> tuple[int, int]:
        """Return the responders, packed."""
        return pack_order(self._game(game_id).order)

    # ───────────────────────────────────────────── guards ──────────────────────────────────────────────

    def _game(self, game_id: Word) -> Game:
        """Return the game; for an unknown id, one without a phase."""
        return self.games.get(game_id) or Game(game_id, NO_PARAMETERS, 0, NOTHING, phase=Phase.NONE)

    def _fraction(self, game: Game, announcement: Sequence[int]) -> Fraction:
        """Ask the recognition contract.

        If it does not have the agreed code, fails, or returns an invalid fraction of 32-bit numbers, the seat
        gets an equal share of the remaining probability.
        """
        p, j = game.parameters, game.turn
        turn = Turn(
            agent=j,
            agents=game.agents,
            remaining=sum(p.contracted) - sum(game.loads[:j]),
            contracted_from=sum(p.contracted[j * p.task_types :]),
            contracted=p.row(p.contracted, j),
            maximal=tuple(game.bounds(t)[1] for t in range(p.task_types)),
            announced=tuple(announcement),
        )
        if self._code_of(p.recognition) == p.recognition_code:
            try:
                numerator, denominator = self.recognitions[p.recognition].fraction(turn)
            except Revert:
                return equal(turn)
            if numerator <= denominator < QUANTITY_LIMIT:
                return numerator, denominator
        return equal(turn)

    def _code_of(self, address: str) -> Word | None:
        found = self.recognitions.get(address)
        return None if found is None else found.code

    # ───────────────────────────────────────────── effects ─────────────────────────────────────────────

    def _break_down(self, game: Game, cause: Cause) -> None:
        """End without agreement: D stands, without side payments."""
        game.phase, game.cause = Phase.BROKEN_DOWN, cause
        self._emit("BrokenDown", game.id, game.round, cause, game.silent)


NO_PARAMETERS = Parameters((), 0, (), (), (), "", NOTHING, 0, 0, 0, 0, 0, 0)


def _check_size(page: Page, expected: int) -> None:
    sizes = len(page.contracted), len(page.capacity)
    require(sizes == (expected, expected), "MatrixSizeMismatch", *sizes, expected)
