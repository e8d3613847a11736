"""Contracts and models driven with the same calls: see `tests.kit.rig.contract_machine`."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from parley.core.randomness import Word, commitment, word
from parley.kit.reference import Event, Revert
from parley.kit.verify.contract import questions
from parley.kit.verify.decoder import Decoder
from parley.mechanisms.team.contracts import MECHANISM
from parley.mechanisms.team.draw import Draw, DrawModel
from parley.mechanisms.team.draw import Phase as DrawPhase
from parley.mechanisms.team.model import Phase, Project, TeamModel
from tests.kit.rig import contract_machine
from tests.kit.rig.coding import Log
from tests.kit.rig.moves import Call, call_model
from tests.kit.rig.on_chain import OnChain, Outcome, contracts
from tests.kit.rig.table import coder_of
from tests.team.moves import GUARANTOR, REFEREE, DrawMoves, Moves, parameters

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from parley.chain.compiler import Artifact
    from parley.chain.evm import Evm
    from parley.kit.verify.contract import Declared
    from parley.mechanisms.team.parameters import Parameters
    from tests.kit.rig.contract_machine import Reached


class ContractMachine(contract_machine.ContractMachine[Project]):
    """A model and a freshly deployed contract: projects with a person as referee."""

    moves_type = Moves

    def terms(self, dice: Random) -> tuple[Word, Parameters]:
        accounts = self.subject.accounts
        # Few salts, so that an id is taken now and then.
        return word(dice.randint(0, 3)), parameters(dice, accounts[:GUARANTOR], accounts[REFEREE])

    def creation(self, dice: Random) -> Call:
        call = super().creation(dice)
        while call.sender in self.subject.accounts[GUARANTOR:]:
            call = super().creation(dice)
        return call

    def urgent(self) -> list[Project]:
        return [game for game in self.playing() if game.phase is Phase.WORKING]

    def remarkable(self, game: Project, event: Event) -> str:
        if event.name == "Reported":
            return "succeeded" if game.success else "failed"
        if event.name in ("Retracted", "Lapsed"):
            return event.name.lower()
        if event.name == "Dissolved" and game.deadline < self.model.now:
            return "dissolved with a guarantor" if game.vouched else "dissolved"
        return ""


class DrawOnChain(OnChain):
    """The referee's contract on a machine, and the contract of the projects beside it."""

    def __init__(self, mechanism: Declared, evm: Evm, contract: Artifact | None = None) -> None:
        projects = contracts()[MECHANISM]
        super().__init__(mechanism, evm, contract, [projects], accounts=7)
        self.team = evm.deploy(projects.bytecode)
        self.of_projects = Decoder(projects.abi)

    def execute(self, call: Call, timestamp: int) -> Outcome:
        """Make the call, and leave out what the other contract says."""
        self.evm.warp(timestamp)
        data = self.coder.call_data(call.method, *call.args)
        receipt = self.evm.transact(call.sender, self.address, data, call.value)
        own = bytes.fromhex(self.address[2:])
        logs = tuple(Log(log.topics, log.data) for log in receipt.logs if log.address == own)
        return Outcome(receipt.ok, receipt.output, logs)


class DrawMachine(contract_machine.ContractMachine[Draw]):
    """A model and a freshly deployed contract: draws of projects in which all have accepted."""

    moves_type = DrawMoves
    subject: DrawOnChain
    model: DrawModel

    def __init__(self, subject: OnChain, reached: Reached) -> None:
        super().__init__(subject, reached)
        self.projects = TeamModel(subject.chain_id, self.subject.team)
        self.model.vouch = self._vouch
        self.model.report = lambda team, *arguments: self._known(team).report(*arguments)

    def terms(self, dice: Random) -> tuple[Any, ...]:
        raise NotImplementedError("see `creation`")

    def creation(self, dice: Random) -> Call:
        """Let somebody create a project, and its members accept; now and then one does not."""
        principal, *accounts = self.subject.accounts
        guarantor, projects = accounts[GUARANTOR], self.projects
        if self.model.games and dice.random() < 0.05:
            known = self.choose(dice)
            again = known.team, known.project, known.parameters, known.promised
            return Call(guarantor, "open", again, known.parameters.payroll)
        p = parameters(dice, accounts[:GUARANTOR], self.subject.address)
        salt = dice.randbytes(32)
        project = self._prepare(Call(principal, "create", (salt, p), p.payroll))
        self.spent[principal] += p.payroll
        for seat, member in enumerate(p.agents):
            if seat or dice.random() < 0.95:
                self._prepare(Call(member, "accept", (project, seat, p.digest())))
        draw = self.model.game_id(projects.address, project)
        secret = self.moves.new_secret()
        promised = commitment(draw, len(p.agents), secret)
        self.moves.offered[promised] = secret
        return Call(guarantor, "open", (projects.address, project, p, promised), p.payroll)

    def _prepare(self, call: Call) -> Word:
        """Make a call to the projects' contract, and on its model."""
        self.projects.now = self.model.now
        found = call_model(self.projects, call)
        self.subject.evm.warp(self.model.now)
        coder = coder_of(MECHANISM)
        data = coder.call_data(call.method, *call.args)
        assert self.subject.evm.transact(call.sender, self.subject.team, data, call.value).ok
        return found if isinstance(found, bytes) else b""

    def _vouch(self, team: str, *arguments: Any) -> int:  # noqa: ANN401 - as the model takes them
        projects = self._known(team)
        before = deepcopy((projects.games, projects.balance))
        deadline = projects.vouch(*arguments)
        if not deadline:  # the whole call is undone
            projects.games, projects.balance = before
        return deadline

    def _known(self, team: str) -> TeamModel:
        if team != self.projects.address:
            raise Revert("")
        self.projects.now = self.model.now
        return self.projects

    def _compare_views(self, after: Call | str, games: Iterable[Word]) -> None:
        super()._compare_views(after, games)
        for project in {self.model.games[name].project for name in games}:
            for view in questions(self.subject.of_projects, self.projects, self.projects.games[project]):
                answer = self.subject.evm.call(self.subject.accounts[0], self.subject.team, view.question)
                assert answer.output == view.answer, f"after {after}: {view.text} of the project"

    def urgent(self) -> list[Draw]:
        return self.playing()

    def remarkable(self, game: Draw, event: Event) -> str:
        if event.name == "Drawn":
            return "succeeded" if game.success else "failed"
        if event.name != "PhaseExpired":
            return ""
        if game.phase is DrawPhase.LAPSED:
            return "lapsed"
        return "some are silent" if game.committed else "nobody committed"
