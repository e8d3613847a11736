"""The reference model of the dispatch's contract: a state machine in plain integers.

:class:`DispatchModel` has the contract's methods under the contract's names. Each takes the caller first (and
the money second where it takes any), checks in the order in which the contract must check, raises
:class:`~parley.kit.reference.Revert` at the first check that fails, and only then changes anything: a call
that reverts leaves no trace.

A dispatch is enrolling → registering → posting, then under max-min fairness challenging → disclosing →
repairing, then with a permutation opening, then attesting → settled. The clock is :attr:`DispatchModel.now`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.core.randomness import Word, address_word, keccak, word
from parley.kit.reference import NOTHING, ReferenceModel, bits, require
from parley.mechanisms.guarantees.dispatch import Challenge, Dispatch, Phase, State, Winner
from parley.mechanisms.guarantees.packed import (
    check_allocation,
    check_jobs,
    check_statuses,
    outcomes,
    pays,
    ranked,
)
from parley.mechanisms.guarantees.parameters import NO_PARAMETERS, NOBODY, Parameters, check

if TYPE_CHECKING:
    from collections.abc import Collection


class DispatchModel(ReferenceModel[Dispatch]):
    """The contract: many dispatches, one balance.

    Its clock, its balance and its events are those of :class:`~parley.kit.reference.ReferenceModel`.

    Parameters
    ----------
    address : str
        The contract's own address. All addresses must have the same spelling.

    Examples
    --------
    Two jobs that overlap and two providers with a floor of 4 wei; the second provider's job is cancelled:

    >>> from parley.mechanisms.guarantees.packed import Job, Outcome, pack_jobs
    >>> boss, one, two, registrar, home = ("0x" + digits * 20 for digits in ("d0", "a1", "a2", "ee", "cc"))
    >>> model = DispatchModel(1, home)
    >>> p = Parameters((one, two), registrar, (2, 2), (4, 4), False, 0, False, 10, 0, 0, 60, 60, 60)
    >>> dispatch = model.create(boss, 18, word(1), p)
    >>> for seat, agent in enumerate((one, two)):
    ...     model.enrol(agent, 0, dispatch, seat, model.digest_of(dispatch), NOTHING)
    >>> jobs, allocation = pack_jobs([Job(0, 2, 5), Job(1, 3, 3)]), bytes([1, 2])
    >>> model.register(registrar, dispatch, model.digest_of(dispatch), jobs)
    >>> model.post(boss, 16, dispatch, model.digest_of(dispatch), jobs, allocation)
    >>> statuses = bytes([Outcome.DONE, Outcome.CANCELLED])
    >>> model.attest(registrar, dispatch, model.digest_of(dispatch), jobs, allocation, statuses)
    >>> model.games[dispatch].dues  # the dispatcher gets its bond back, 4 wei of pay, and the first floor
    {2: 20, 0: 10, 1: 4}
    """

    words = (Parameters, Phase)
    playing = (
        Phase.ENROLLING,
        Phase.REGISTERING,
        Phase.POSTING,
        Phase.CHALLENGING,
        Phase.DISCLOSING,
        Phase.REPAIRING,
        Phase.OPENING,
        Phase.ATTESTING,
    )
    ended = (Phase.SETTLED, Phase.CONCEDED, Phase.LAPSED)

    # ───────────────────────────────────────────── actions ─────────────────────────────────────────────

    def create(self, sender: str, value: int, salt: Word, parameters: Parameters) -> Word:
        """Create a dispatch and return its id; refusals as in `parameters.check`."""
        dispatch_id = self.game_id(sender, salt)
        require(dispatch_id not in self.games, "GameExists", dispatch_id)
        check(parameters, sender)
        self._require_deposit(value, parameters.deposit)

        self.balance += value
        digest, n = parameters.digest(), len(parameters.agents)
        dispatch = Dispatch(dispatch_id, sender, parameters, self.now + parameters.enrol_window, digest)
        dispatch.commitments, dispatch.secrets = [NOTHING] * n, [NOTHING] * n
        dispatch.dues[n] = value
        self.games[dispatch_id] = dispatch
        self._emit("Created", dispatch_id, sender, salt, digest, parameters)
        return dispatch_id

    def enrol(
        self, sender: str, value: int, dispatch_id: Word, seat: int, digest: Word, commitment: Word
    ) -> None:
        """Take part; with a permutation, commit to a secret and pay a bond. The last one ends the phase."""
        dispatch = self._in_phase(dispatch_id, Phase.ENROLLING)
        p = dispatch.parameters
        self._require_seat(dispatch, seat, sender)
        require(seat not in dispatch.enrolled, "AlreadyEnrolled", seat)
        self._require_digest(dispatch, digest)
        require(not p.permutation or commitment != NOTHING, "ZeroCommitment")
        require(p.permutation or commitment == NOTHING, "UnwantedCommitment", commitment)
        self._require_deposit(value, p.seat_bond)

        self.balance += value
        dispatch.enrolled.add(seat)
        dispatch.commitments[seat] = commitment
        dispatch.dues[seat] = value
        self._emit("Enrolled", dispatch_id, seat, commitment)
        if len(dispatch.enrolled) == dispatch.agents:
            self._end_enrolling(dispatch)

    def register(self, sender: str, dispatch_id: Word, digest: Word, jobs: bytes) -> None:
        """Register the jobs, as the registrar."""
        dispatch = self._in_phase(dispatch_id, Phase.REGISTERING)
        self._require_registrar(dispatch, sender)
        self._require_digest(dispatch, digest)
        total = check_jobs(jobs, dispatch.parameters.greatest_rate)

        dispatch.jobs, dispatch.registered = jobs, keccak(jobs)
        dispatch.digest = keccak(digest + dispatch.registered)
        self._enter(dispatch, Phase.POSTING)
        self._emit("Registered", dispatch_id, dispatch.registered, len(dispatch.job_list()), total)

    def post(
        self, sender: str, value: int, dispatch_id: Word, digest: Word, jobs: bytes, allocation: bytes
    ) -> None:
        """Post an allocation, as the dispatcher, and pay the most that all jobs can earn."""
        dispatch = self._in_phase(dispatch_id, Phase.POSTING)
        self._require_dispatcher(dispatch, sender)
        self._require_digest(dispatch, digest)
        least, ranking = self._checked(dispatch, jobs, allocation)
        total = sum(job.value for job in dispatch.job_list())
        self._require_deposit(value, dispatch.parameters.greatest_rate * total)

        self.balance += value
        dispatch.dues[dispatch.agents] += value
        dispatch.allocation, dispatch.ranking = keccak(allocation), ranking
        dispatch.digest = keccak(digest + dispatch.allocation)
        self._emit("Posted", dispatch_id, dispatch.allocation, least)
        if dispatch.parameters.max_min:
            dispatch.least = least
            self._enter(dispatch, Phase.CHALLENGING)
        else:
            self._stand(dispatch)

    def concede(self, sender: str, dispatch_id: Word, digest: Word) -> None:
        """Give up instead of posting, as the dispatcher: all floors are paid."""
        dispatch = self._in_phase(dispatch_id, Phase.POSTING)
        self._require_dispatcher(dispatch, sender)
        self._require_digest(dispatch, digest)

        dispatch.phase = Phase.CONCEDED
        dispatch.take_floors()
        self._emit("Conceded", dispatch_id)

    def challenge(self, sender: str, value: int, dispatch_id: Word, digest: Word, commitment: Word) -> None:
        """Claim to know a fairer allocation, and pay a bond."""
        dispatch = self._in_phase(dispatch_id, Phase.CHALLENGING)
        self._require_digest(dispatch, digest)
        require(commitment != NOTHING, "ZeroCommitment")
        self._require_deposit(value, dispatch.parameters.challenge_bond)

        self.balance += value
        number = len(dispatch.challenges)
        dispatch.challenges.append(Challenge(sender, commitment))
        dispatch.chain = keccak(dispatch.chain + address_word(sender) + commitment)
        dispatch.dues[dispatch.agents + 1 + number] = value
        self._emit("Challenged", dispatch_id, number, sender, commitment)

    def disclose(
        self,
        sender: str,
        dispatch_id: Word,
        challenge: int,
        digest: Word,
        jobs: bytes,
        allocation: bytes,
        salt: Word,
    ) -> None:
        """Show the allocation of a challenge, which must be fairer than the posted one."""
        dispatch = self._in_phase(dispatch_id, Phase.DISCLOSING)
        many = len(dispatch.challenges)
        require(challenge < many, "UnknownChallenge", challenge, many)
        claim = dispatch.challenges[challenge]
        require(sender == claim.challenger, "NotTheChallenger", challenge, sender)
        require(challenge not in dispatch.disclosed, "AlreadyDisclosed", challenge)
        self._require_digest(dispatch, digest)
        shown = keccak(allocation)
        sealed = claim_of(dispatch_id, sender, shown, salt)
        require(sealed == claim.commitment, "WrongDisclosure", challenge, claim.commitment)
        least, ranking = self._checked(dispatch, jobs, allocation)
        bound = dispatch.least + dispatch.parameters.tolerance
        require(least > bound, "NotFairer", least, bound)

        dispatch.challenges[challenge] = claim._replace(commitment=NOTHING)
        dispatch.disclosed.add(challenge)
        best = dispatch.winner
        if best is None or (least, -challenge) > (best.least, -best.challenge):
            dispatch.winner = Winner(challenge, least, shown, ranking)
        self._emit("Disclosed", dispatch_id, challenge, shown, least)
        if len(dispatch.disclosed) == many:
            self._end_disclosing(dispatch)

    def repair(self, sender: str, dispatch_id: Word, digest: Word, jobs: bytes, allocation: bytes) -> None:
        """Post again, as the dispatcher, at least as fairly as the winner."""
        dispatch = self._in_phase(dispatch_id, Phase.REPAIRING)
        self._require_dispatcher(dispatch, sender)
        self._require_digest(dispatch, digest)
        least, ranking = self._checked(dispatch, jobs, allocation)
        fairest = dispatch.winner.least if dispatch.winner else 0
        require(least >= fairest, "LessFair", least, fairest)

        dispatch.allocation, dispatch.ranking = keccak(allocation), ranking
        dispatch.digest = keccak(digest + dispatch.allocation)
        self._emit("Repaired", dispatch_id, dispatch.allocation, least)
        self._stand(dispatch)

    def open(self, sender: str, dispatch_id: Word, seat: int, digest: Word, secret: Word) -> None:
        """Open a seat's secret. The last opening draws."""
        dispatch = self._in_phase(dispatch_id, Phase.OPENING)
        self._require_seat(dispatch, seat, sender)
        require(seat in dispatch.enrolled, "NotEnrolled", seat)
        require(seat not in dispatch.opened, "AlreadyRevealed", seat)
        self._require_digest(dispatch, digest)
        self._require_opens(dispatch, seat, secret, secret)

        dispatch.opened.add(seat)
        dispatch.commitments[seat], dispatch.secrets[seat] = NOTHING, secret
        self._emit("Opened", dispatch_id, seat, secret)
        if dispatch.opened == dispatch.enrolled:
            self._draw(dispatch)

    def attest(
        self, sender: str, dispatch_id: Word, digest: Word, jobs: bytes, allocation: bytes, statuses: bytes
    ) -> None:
        """Attest what became of each job, as the registrar, and settle."""
        dispatch = self._in_phase(dispatch_id, Phase.ATTESTING)
        self._require_registrar(dispatch, sender)
        self._require_digest(dispatch, digest)
        self._require_standing(dispatch, jobs, allocation)
        check_statuses(statuses, len(allocation))

        self._emit("Attested", dispatch_id, keccak(statuses))
        self._settle(dispatch, allocation, statuses)

    def settle(self, sender: str, dispatch_id: Word, digest: Word, jobs: bytes, allocation: bytes) -> None:  # noqa: ARG002 - anyone may
        """Settle in place of a late registrar: all jobs count as done."""
        dispatch = self._game(dispatch_id)
        require(dispatch.phase is Phase.ATTESTING, "WrongPhase", dispatch_id, dispatch.phase, Phase.ATTESTING)
        require(self.now > dispatch.deadline, "DeadlineNotPassed", dispatch_id, dispatch.deadline)
        self._require_digest(dispatch, digest)
        self._require_standing(dispatch, jobs, allocation)

        self._emit("Expired", dispatch_id, Phase.ATTESTING, 0)
        self._settle(dispatch, allocation, bytes(len(allocation)))

    def withdraw(self, sender: str, dispatch_id: Word, payee: int, to: str) -> None:
        """Withdraw from an ended dispatch what a payee is owed, once, to any address."""
        dispatch = self._owing(sender, dispatch_id, payee)
        self._pay_out(dispatch, payee, to)
        del dispatch.dues[payee]

    def expire(self, sender: str, dispatch_id: Word) -> None:
        """End a phase whose deadline has passed, but for attesting: `settle` ends that."""
        dispatch = self._game(dispatch_id)
        require(dispatch.phase is not Phase.ATTESTING, "WrongPhase", dispatch_id, dispatch.phase, 0)
        super().expire(sender, dispatch_id)

    def _expired(self, dispatch: Dispatch, silent: Collection[int]) -> None:
        """Continue without the silent payees, or end the dispatch."""
        phase = dispatch.phase
        self._emit("Expired", dispatch.id, phase, bits(payee for payee in silent if payee <= dispatch.agents))
        lost = self._forfeited(dispatch, silent)
        for payee in silent:
            dispatch.dues[payee] -= dispatch.bond(payee)
        if phase is not Phase.DISCLOSING:
            self._burn(dispatch, lost)
        if phase is Phase.ENROLLING and dispatch.enrolled:
            self._end_enrolling(dispatch)
        elif phase <= Phase.POSTING:
            dispatch.phase, dispatch.lapsed = Phase.LAPSED, phase
            dispatch.take_floors()
            self._emit("Lapsed", dispatch.id, phase)
        elif phase is Phase.CHALLENGING:
            self._end_challenging(dispatch)
        elif phase is Phase.DISCLOSING:
            self._end_disclosing(dispatch, lost)
        elif phase is Phase.REPAIRING and dispatch.winner:
            dispatch.allocation, dispatch.ranking = dispatch.winner.allocation, dispatch.winner.ranking
            self._stand(dispatch)
        else:
            self._draw(dispatch)

    def _forfeited(self, dispatch: Dispatch, silent: Collection[int]) -> int:
        return sum(map(dispatch.bond, silent))

    # ────────────────────────────────────────────── views ──────────────────────────────────────────────

    def state(self, dispatch_id: Word) -> State:
        """Return the state of a dispatch; all zero if it does not exist."""
        return self._game(dispatch_id).state()

    def challenge_of(self, dispatch_id: Word, challenge: int) -> tuple[str, Word]:
        """Return who has made a challenge, and its commitment if it is not disclosed."""
        challenges = self._game(dispatch_id).challenges
        return challenges[challenge] if challenge < len(challenges) else Challenge(NOBODY, NOTHING)

    def owed_to(self, dispatch_id: Word, payee: int) -> int:
        """Return what a payee can withdraw from an ended dispatch, in wei; zero before."""
        dispatch = self._game(dispatch_id)
        return dispatch.dues.get(payee, 0) if dispatch.phase in self.ended else 0

    def number_of(self, game: Dispatch, counted: str) -> int:
        """Return the number of seats, challenges or payees."""
        counts = {"challenge": len(game.challenges), "payee": game.payees}
        return counts.get(counted.strip("_"), game.agents)

    # ───────────────────────────────────────────── guards ──────────────────────────────────────────────

    def _game(self, dispatch_id: Word) -> Dispatch:
        """Return the dispatch; for an unknown id, one without a phase."""
        return self.games.get(dispatch_id) or Dispatch(dispatch_id, "", NO_PARAMETERS, 0, NOTHING, Phase.NONE)

    def _owing(self, sender: str, dispatch_id: Word, payee: int) -> Dispatch:
        """Return the dispatch, if it has ended and the payee can withdraw."""
        dispatch = self._game(dispatch_id)
        require(dispatch.phase in self.ended, "WrongPhase", dispatch_id, dispatch.phase, self.ended[0])
        require(payee < dispatch.payees, "SeatOutOfRange", payee, dispatch.payees)
        require(sender == dispatch.payee(payee), "NotTheSeat", payee, sender)
        require(payee in dispatch.entitled, "NothingToWithdraw", payee)
        return dispatch

    @staticmethod
    def _require_deposit(given: int, required: int) -> None:
        require(given == required, "WrongDeposit", given, required)

    @staticmethod
    def _require_registrar(dispatch: Dispatch, sender: str) -> None:
        registrar = dispatch.parameters.registrar
        require(sender == registrar, "NotTheRegistrar", sender, registrar)

    @staticmethod
    def _require_dispatcher(dispatch: Dispatch, sender: str) -> None:
        require(sender == dispatch.creator, "NotTheDispatcher", sender, dispatch.creator)

    @staticmethod
    def _require_standing(dispatch: Dispatch, jobs: bytes, allocation: bytes) -> None:
        """Check that jobs and allocation are those that stand."""
        require(keccak(jobs) == dispatch.registered, "WrongJobs", keccak(jobs), dispatch.registered)
        given = keccak(allocation)
        require(given == dispatch.allocation, "WrongAllocation", given, dispatch.allocation)

    @staticmethod
    def _checked(dispatch: Dispatch, jobs: bytes, allocation: bytes) -> tuple[int, tuple[int, ...]]:
        """Return the least pay of an allocation that keeps what can be checked, and seats by value."""
        require(keccak(jobs) == dispatch.registered, "WrongJobs", keccak(jobs), dispatch.registered)
        enrolled = dispatch.enrolled
        least, values = check_allocation(dispatch.parameters, enrolled, dispatch.job_list(), allocation)
        return least, tuple(ranked(values, enrolled))

    # ───────────────────────────────────────────── effects ─────────────────────────────────────────────

    def _enter(self, dispatch: Dispatch, phase: Phase) -> None:
        p = dispatch.parameters
        dispatch.phase = phase
        dispatch.deadline = self.now + (p.attest_window if phase is Phase.ATTESTING else p.action_window)

    def _burn(self, dispatch: Dispatch, amount: int) -> None:
        """Announce that bonds burn; whoever calls has taken them from their owners."""
        if amount:
            self._emit("Burnt", dispatch.id, amount)

    def _end_enrolling(self, dispatch: Dispatch) -> None:
        dispatch.digest = dispatch.enrolled_digest()
        self._enter(dispatch, Phase.REGISTERING)

    def _end_challenging(self, dispatch: Dispatch) -> None:
        """End the challenging: all challenges go into the digest that disclosures name."""
        if not dispatch.challenges:
            self._stand(dispatch)
            return
        dispatch.digest = keccak(dispatch.digest + dispatch.chain)
        self._enter(dispatch, Phase.DISCLOSING)

    def _end_disclosing(self, dispatch: Dispatch, lost: int = 0) -> None:
        """End the disclosing: the winner gets half of the dispatcher's bond, and the other half burns.

        Parameters
        ----------
        lost : int
            Bonds of challenges that were not disclosed, in wei.
        """
        winner, n = dispatch.winner, dispatch.agents
        if winner is None:
            self._burn(dispatch, lost)
            self._stand(dispatch)
            return
        bond = dispatch.parameters.bond
        reward = bond // 2
        dispatch.dues[n] -= bond
        dispatch.dues[n + 1 + winner.challenge] += reward
        self.burnt += bond - reward
        dispatch.digest = keccak(dispatch.digest + word(winner.challenge) + winner.allocation)
        self._enter(dispatch, Phase.REPAIRING)
        self._emit("Upheld", dispatch.id, winner.challenge, reward)
        self._burn(dispatch, lost + bond - reward)

    def _stand(self, dispatch: Dispatch) -> None:
        """Let the allocation stand for good."""
        self._enter(dispatch, Phase.OPENING if dispatch.parameters.permutation else Phase.ATTESTING)

    def _draw(self, dispatch: Dispatch) -> None:
        dispatch.schedules = dispatch.draw()
        packed = dispatch.packed_schedules()
        dispatch.digest = keccak(dispatch.digest + b"".join(map(word, packed)))
        self._enter(dispatch, Phase.ATTESTING)
        self._emit("Drawn", dispatch.id, packed)

    def _settle(self, dispatch: Dispatch, allocation: bytes, statuses: bytes) -> None:
        """Pay what was done, and refund the rest."""
        came = outcomes(dispatch.job_list(), allocation, statuses, dispatch.agents)
        earned = pays(dispatch.parameters, dispatch.enrolled, dispatch.doing(), came)
        refund = dispatch.take_pays(earned)
        dispatch.digest = keccak(dispatch.digest + b"".join(map(word, earned)))
        dispatch.phase = Phase.SETTLED
        dispatch.commitments = [NOTHING] * dispatch.agents
        self._emit("Settled", dispatch.id, tuple(earned), refund)


def claim_of(dispatch_id: Word, challenger: str, allocation: Word, salt: Word) -> Word:
    """Return the commitment of a challenge: keccak256(abi.encode(id, challenger, hash, salt)).

    Parameters
    ----------
    allocation : bytes
        Its hash.

    Examples
    --------
    >>> one, other = ("0x" + digits * 20 for digits in ("a1", "a2"))
    >>> claim_of(word(1), one, word(2), word(3)) == claim_of(word(1), other, word(2), word(3))
    False
    """
    return keccak(dispatch_id + address_word(challenger) + allocation + salt)
