"""The reference model of the projects' contract: a state machine in plain integers.

:class:`TeamModel` has the contract's methods under the contract's names. Each takes the caller first (and the
money second where it takes any), checks in the order in which the contract must check, raises
:class:`~parley.kit.reference.Revert` at the first check that fails, and only then changes anything: a call
that reverts leaves no trace.

A project is forming → working → settled, or it lapses because the referee is silent, or it dissolves before
work begins. The clock is :attr:`TeamModel.now`. The referee that draws has a model of its own, in `draw`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from parley.kit.reference import NOTHING, ReferenceModel, bits, require
from parley.mechanisms.team.parameters import NO_PARAMETERS, NOBODY, Kind, Parameters, check

if TYPE_CHECKING:
    from collections.abc import Collection

    from parley.core.randomness import Word

__all__ = ["Phase", "Project", "State", "TeamModel"]


class Phase(IntEnum):
    """Phases of a project, in the contract's numbering."""

    NONE = 0
    FORMING = 1
    WORKING = 2
    SETTLED = 3
    LAPSED = 4
    DISSOLVED = 5


class State(NamedTuple):
    """What the view `state` answers; sets are bits."""

    phase: Phase
    deadline: int
    accepted: int
    guarantor: str
    success: bool


@dataclass
class Project:
    """One project.

    Attributes
    ----------
    creator : str
        The principal.
    accepted : set of int
        Seats.
    guarantor : str
        `NOBODY` until the referee has vouched.
    dues : dict of int to int
        What payees can withdraw once the project has ended, in wei: seats, then the principal and the
        guarantor.
    """

    id: Word
    creator: str
    parameters: Parameters
    deadline: int
    digest: Word
    phase: Phase = Phase.FORMING
    accepted: set[int] = field(default_factory=set)
    guarantor: str = NOBODY
    success: bool = False
    dues: dict[int, int] = field(default_factory=dict)
    withdrawn: set[int] = field(default_factory=set)
    """Payees."""
    commitments: list[Word] = field(default_factory=list)
    """None: nobody commits to anything here."""

    @property
    def agents(self) -> int:
        """The number of members."""
        return len(self.parameters.agents)

    @property
    def vouched(self) -> bool:
        """Whether the referee has."""
        return self.guarantor != NOBODY

    @property
    def payees(self) -> int:
        """The number of seats, principal and guarantor."""
        return self.agents + 1 + self.vouched

    def payee(self, number: int) -> str:
        """Return the address of a payee."""
        return (*self.parameters.agents, self.creator, self.guarantor)[number]

    @property
    def entitled(self) -> Collection[int]:
        """Payees that can withdraw something, now or later."""
        return self.dues.keys()

    def due(self, payee: int) -> int:
        """Return what an entitled payee can withdraw, in wei; before the end, what it has paid."""
        return self.dues[payee]

    def overdue(self) -> Collection[int]:
        """Return nobody: no bond burns."""
        return ()

    def end(self, phase: Phase) -> None:
        """End the project, and say who gets what."""
        p, n = self.parameters, self.agents
        self.phase = phase
        paid = phase is Phase.LAPSED or (phase is Phase.SETTLED and self.success)
        if paid:
            payer = n + 1 if phase is Phase.LAPSED else n
            del self.dues[payer]
            self.dues = dict(enumerate(p.wages)) | self.dues

    def state(self) -> State:
        """Return what the view `state` answers."""
        return State(self.phase, self.deadline, bits(self.accepted), self.guarantor, self.success)


class TeamModel(ReferenceModel[Project]):
    """The contract: many projects, one balance.

    Its clock, its balance and its events are those of :class:`~parley.kit.reference.ReferenceModel`.

    Parameters
    ----------
    address : str
        The contract's own address. All addresses must have the same spelling.

    Examples
    --------
    Two members; the project succeeds:

    >>> from parley.core.randomness import word
    >>> boss, one, two, judge, bank, home = ("0x" + x * 20 for x in ("d0", "a1", "a2", "ee", "bb", "cc"))
    >>> model = TeamModel(1, home)
    >>> p = Parameters((one, two), (120, 200), (60, 80), 999, Kind.ADDITIVE, 5, (3, 2), (), judge, 60, 60)
    >>> project = model.create(boss, 320, word(1), p)
    >>> for seat, agent in enumerate((one, two)):
    ...     model.accept(agent, project, seat, p.digest())
    >>> model.vouch(judge, 320, project, p.digest(), bank)
    60
    >>> model.report(judge, project, True)
    >>> model.games[project].dues  # the wages, and the guarantor's bond
    {0: 120, 1: 200, 3: 320}
    """

    words = (Parameters, Phase, Kind)
    playing = (Phase.FORMING, Phase.WORKING)
    ended = (Phase.SETTLED, Phase.LAPSED, Phase.DISSOLVED)

    # ───────────────────────────────────────────── actions ─────────────────────────────────────────────

    def create(self, sender: str, value: int, salt: Word, parameters: Parameters) -> Word:
        """Create a project and return its id; refusals as in `parameters.check`."""
        project_id = self.game_id(sender, salt)
        require(project_id not in self.games, "GameExists", project_id)
        check(parameters, sender)
        self._require_deposit(value, parameters.payroll)

        self.balance += value
        digest = parameters.digest()
        project = Project(project_id, sender, parameters, self.now + parameters.form_window, digest)
        project.dues[project.agents] = value
        self.games[project_id] = project
        self._emit("Created", project_id, sender, salt, digest, parameters)
        return project_id

    def accept(self, sender: str, project_id: Word, seat: int, digest: Word) -> None:
        """Consent, as a member."""
        project = self._in_phase(project_id, Phase.FORMING)
        self._require_seat(project, seat, sender)
        require(seat not in project.accepted, "AlreadyAccepted", seat)
        self._require_digest(project, digest)

        project.accepted.add(seat)
        self._emit("Accepted", project_id, seat)
        self._begin(project)

    def vouch(self, sender: str, value: int, project_id: Word, digest: Word, guarantor: str) -> int:
        """Consent, as the referee, and pay the guarantor's bond.

        Returns
        -------
        int
            The deadline of the report; 0 if work does not begin.
        """
        project = self._in_phase(project_id, Phase.FORMING)
        self._require_referee(project, sender)
        require(not project.vouched, "AlreadyVouched", project.guarantor)
        self._require_digest(project, digest)
        require(int(guarantor, 16) != 0, "ZeroGuarantor")
        has_part = guarantor in (project.creator, *project.parameters.agents)
        require(not has_part, "GuarantorHasPart", guarantor)
        self._require_deposit(value, project.parameters.payroll)

        self.balance += value
        project.guarantor = guarantor
        project.dues[project.agents + 1] = value
        self._emit("Vouched", project_id, guarantor)
        return self._begin(project)

    def retract(self, sender: str, project_id: Word) -> None:
        """Give the project up, as the principal, before work begins."""
        project = self._in_phase(project_id, Phase.FORMING)
        require(sender == project.creator, "NotThePrincipal", sender, project.creator)

        self._emit("Retracted", project_id)
        self._dissolve(project)

    def report(self, sender: str, project_id: Word, success: bool) -> None:  # noqa: FBT001 - as the contract has it
        """Report whether the project succeeded, as the referee."""
        project = self._in_phase(project_id, Phase.WORKING)
        self._require_referee(project, sender)

        project.success = success
        project.end(Phase.SETTLED)
        self._emit("Reported", project_id, success)

    def withdraw(self, sender: str, project_id: Word, payee: int, to: str) -> None:
        """Withdraw from an ended project what a payee is owed, once, to any address."""
        project = self._game(project_id)
        require(project.phase in self.ended, "WrongPhase", project_id, project.phase, self.ended[0])
        require(payee < project.payees, "SeatOutOfRange", payee, project.payees)
        require(sender == project.payee(payee), "NotTheSeat", payee, sender)
        require(payee in project.entitled, "NothingToWithdraw", payee)

        self._pay_out(project, payee, to)
        del project.dues[payee]
        project.withdrawn.add(payee)

    def _expired(self, project: Project, silent: Collection[int]) -> None:
        """End a project whose deadline has passed."""
        del silent  # nobody
        phase = project.phase
        self._emit("Expired", project.id, phase)
        if phase is Phase.FORMING:
            self._dissolve(project)
        else:
            project.end(Phase.LAPSED)
            self._emit("Lapsed", project.id)

    # ────────────────────────────────────────────── views ──────────────────────────────────────────────

    def state(self, project_id: Word) -> State:
        """Return the state of a project; all zero if it does not exist."""
        return self._game(project_id).state()

    def owed_to(self, project_id: Word, payee: int) -> int:
        """Return what a payee can withdraw from an ended project, in wei; zero before."""
        project = self._game(project_id)
        return project.dues.get(payee, 0) if project.phase in self.ended else 0

    def number_of(self, game: Project, counted: str) -> int:
        """Return the number of seats, or of all that can ever be payees."""
        return game.agents + 2 * (counted == "payee")

    # ───────────────────────────────────────────── guards ──────────────────────────────────────────────

    def _game(self, project_id: Word) -> Project:
        """Return the project; for an unknown id, one without a phase."""
        return self.games.get(project_id) or Project(project_id, "", NO_PARAMETERS, 0, NOTHING, Phase.NONE)

    @staticmethod
    def _require_deposit(given: int, required: int) -> None:
        require(given == required, "WrongDeposit", given, required)

    @staticmethod
    def _require_referee(project: Project, sender: str) -> None:
        referee = project.parameters.referee
        require(sender == referee, "NotTheReferee", sender, referee)

    # ───────────────────────────────────────────── effects ─────────────────────────────────────────────

    def _begin(self, project: Project) -> int:
        """Let work begin if everybody has consented, and return the deadline of the report; else 0."""
        if len(project.accepted) < project.agents or not project.vouched:
            return 0
        project.phase = Phase.WORKING
        project.deadline = self.now + project.parameters.work_window
        self._emit("Started", project.id)
        return project.deadline

    def _dissolve(self, project: Project) -> None:
        project.end(Phase.DISSOLVED)
        self._emit("Dissolved", project.id)
