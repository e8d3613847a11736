"""Projects on a real EVM: the one file that drives the contracts.

A :class:`Player` plays project after project on one EVM, as a plan says, and keeps accounts from what the
contracts announce.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from parley.chain.codec import Codec
from parley.chain.compiler import compile_contracts
from parley.core.errors import ParleyError
from parley.core.randomness import commitment, game_id, keccak, word
from parley.kit.play import player as kit
from parley.kit.reference import NOTHING, bits
from parley.mechanisms.team.contracts import CONTRACTS, MECHANISM, REFEREE
from parley.mechanisms.team.decisions import parameters_of
from parley.mechanisms.team.draw import Phase as DrawPhase
from parley.mechanisms.team.draw import sealed
from parley.mechanisms.team.model import Phase as ProjectPhase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from parley.chain.codec import Event
    from parley.chain.evm import Evm
    from parley.mechanisms.team.decisions import Plan
    from parley.mechanisms.team.problem import Problem

__all__ = ["PAID", "REPORTED", "Outcome", "Player", "codec", "player"]

REPORTED = ("succeeded", "failed")
"""Endings of projects whose referee has reported."""
PAID = ("succeeded", "lapsed")
"""Endings in which members get their wages."""


class Outcome(NamedTuple):
    """How one project went.

    Attributes
    ----------
    game : int
        Its number.
    ending : str
        ``succeeded``, ``failed``, ``lapsed``, ``dissolved`` or ``refused``.
    bots : tuple of str
        By agent.
    principal, referee : str
        What these did.
    team : tuple of int
        The agent at each seat.
    workers : int
        Those who worked, by bits: bit k is seat k.
    gains : tuple of int
        By seat: wage less cost of effort, in wei.
    revenue : int
        What success has brought the principal beyond wages, in wei.
    refused : str
        The error of ``create``; empty if the project was created.
    expired : tuple of str
        Phases whose deadline passed.
    """

    game: int
    ending: str
    bots: tuple[str, ...]
    principal: str
    referee: str
    team: tuple[int, ...]
    workers: int
    gains: tuple[int, ...]
    revenue: int
    refused: str
    expired: tuple[str, ...]

    def spread(self, numbers: Sequence[int], agents: int) -> list[int]:
        """Return numbers by seat as numbers by agent: 0 off the team."""
        found = [0] * agents
        for agent, number in zip(self.team, numbers, strict=True):
            found[agent] = number
        return found

    @property
    def path(self) -> str:
        """How the project went: its ending, and what happened before it."""
        return ", ".join((self.ending, *(f"{phase} expired" for phase in self.expired)))


def codec() -> Codec:
    """Return the codec of both contracts; what they share is in it once."""
    found = compile_contracts()
    entries = {
        (entry["type"], entry.get("name")): entry for name in reversed(CONTRACTS) for entry in found[name].abi
    }
    return Codec(entries.values())


class Player(kit.Player[Outcome]):
    """Plays projects of one problem with one set of bots on one EVM.

    Parameters
    ----------
    evm : Evm
    addresses : mapping of str to str
        Of the contracts.
    plan : Plan
        What the bots do.
    seed : int
        With a game's number, determines secrets, and what coins say.

    Attributes
    ----------
    principal : str
        The account after the seats'; the creator is the guarantor.
    members : tuple of str
        The accounts of the team, by seat.
    """

    def __init__(self, evm: Evm, addresses: Mapping[str, str], plan: Plan, seed: int) -> None:
        size = len(plan.team)
        super().__init__(evm, addresses[MECHANISM], size, seed, codec())
        self.members = self.seats
        account = dict(zip(plan.team, self.members, strict=True))
        # Who is off the team needs no account.
        self.seats = tuple(account.get(agent, "") for agent in range(plan.problem.agents))
        self.principal = evm.accounts[size % len(evm.accounts)]
        self.referee = self.referee_among(addresses)
        self.plan = plan
        self.parameters = parameters_of(plan, self.members, self.referee)
        self._agreed = self.parameters.digest()
        given = astuple(self.parameters)
        functions = self.codec.functions
        self._create = functions["create"].given("parameters")(given)
        self._open = functions["open"].given("parameters", "team")(given, self.contract)
        self._draw = functions["draw"].given("parameters")(given)
        self._of_referee = {functions[name].selector for name in ("open", "commit", "reveal", "draw")}
        self._window = plan.problem.window
        self._drawn = b""

    def referee_among(self, addresses: Mapping[str, str]) -> str:
        """Return the address of the referee: the contract that draws."""
        return addresses[REFEREE]

    @property
    def roles(self) -> tuple[str, ...]:
        """Principal and guarantor."""
        return self.principal, self.creator

    @property
    def parties(self) -> tuple[str, ...]:
        """Members and roles."""
        return tuple(dict.fromkeys((*self.members, *self.roles)))

    def contract_of(self, data: bytes) -> str:
        """Return the contract that a call is to; both have an action `expire`."""
        drawn = data[:4] in self._of_referee or data[4:36] == self._drawn
        return self.referee if drawn else self.contract

    # ── one project ─────────────────────────────────────────────────────────────────────────────────────

    def play(self, k: int) -> Outcome:
        """Play project k from creation to the last withdrawal."""
        self.begin()
        *secrets, salt = self._words(k)
        project = _Project(game_id(self.evm.chain_id, self.contract, self.principal, salt))
        self._drawn = game_id(self.evm.chain_id, self.referee, self.contract, project.id)
        if not self._created(project, salt):
            return self._outcome(k, project)
        self._form(project, secrets[-1])
        if project.ending != "dissolved":
            self._work(project, k, secrets)
        self._withdraw(project)
        return self._outcome(k, project)

    def _outcome(self, k: int, project: _Project) -> Outcome:
        plan = self.plan
        return Outcome(
            k,
            project.ending,
            plan.names,
            plan.principal,
            plan.referee,
            plan.team,
            project.workers,
            tuple(self._gains(project)),
            self.parameters.reward - self.parameters.payroll if project.ending == "succeeded" else 0,
            project.refused,
            tuple(project.expired),
        )

    def _gains(self, project: _Project) -> Iterator[int]:
        """Yield what each seat got, less what its effort cost it."""
        paid, terms = project.ending in PAID, self.plan.terms
        for seat, (bot, wage, cost) in enumerate(
            zip(self.plan.members, terms.wages, terms.costs, strict=True)
        ):
            yield wage * paid - bot.true_cost(cost) * (project.workers >> seat & 1)

    def _words(self, k: int) -> Sequence[bytes]:
        """Return the secrets by seat, the guarantor's, and the salt."""
        size = len(self.members)
        *secrets, salt = self.secrets(k, 1)
        return [*(secrets[agent] for agent in self.plan.team), self.secrets(k, 2)[size], salt]

    def _act(self, project: _Project, sender: str, data: bytes, value: int = 0) -> None:
        self._take(project, self.events(sender, data, value))

    @staticmethod
    def _take(project: _Project, events: Iterable[Event]) -> None:
        for event in events:
            project.take_in(event)

    def _call(self, function: str, *arguments: object) -> bytes:
        return self.codec.functions[function].encode(*arguments)

    def _expire(self, project: _Project, game: bytes, windows: int) -> None:
        """End a phase as late as it can be: so many windows before the project's deadline."""
        left = project.deadline - windows * self._window - self.evm.timestamp
        self.wait(max(0, left))
        self._act(project, self.creator, self._call("expire", game))

    def _created(self, project: _Project, salt: bytes) -> bool:
        """Create the project, unless the contract must refuse it."""
        refusal, payroll = self.plan.refusal, self.parameters.payroll
        data = self._create(salt)
        if refusal is None:
            self._act(project, self.principal, data, payroll)
            return True
        self.must_refuse(
            self.principal, data, refusal.error, "the contract creates what it must refuse", payroll
        )
        answer = self.evm.call(self.principal, self.contract, data, payroll)
        words = b"".join(word(int(str(one))) for one in refusal.arguments)
        if not answer.ok and answer.output[4:] != words:
            raise ParleyError(f"the contract gives other reasons than {refusal.error}{refusal.arguments}")
        project.ending, project.refused = "refused", refusal.error
        return False

    def _form(self, project: _Project, secret: bytes) -> None:
        """Let everybody consent, or the project dissolve."""
        plan = self.plan
        for seat in plan.speaking("forming"):
            self._act(project, self.members[seat], self._call("accept", project.id, seat, self._agreed))
        if plan.principal == "retracting":
            self._act(project, self.principal, self._call("retract", project.id))
        elif not plan.formed:
            project.deadline = self.evm.timestamp + self._window
            self._expire(project, project.id, 0)
        else:
            self._vouch(project, secret)

    def _vouch(self, project: _Project, secret: bytes) -> None:
        """Open the draw: work begins."""
        promised = commitment(self._drawn, len(self.members), secret)
        self._act(project, self.creator, self._open(project.id, promised), self.parameters.payroll)
        project.deadline = self.evm.timestamp + self.parameters.work_window
        project.digest = keccak(self._agreed + promised)

    def _work(self, project: _Project, k: int, secrets: Sequence[bytes]) -> None:
        """Let members commit and reveal, and the guarantor draw."""
        plan, size = self.plan, len(self.members)
        dice = Random(f"{self.seed}:{k}:effort")
        works = [bot.works(plan.terms, seat, dice) for seat, bot in enumerate(plan.members)]
        sealing = [commitment(self._drawn, seat, sealed(works[seat], secrets[seat])) for seat in range(size)]
        committing = plan.speaking("committing")
        for seat in committing:
            data = self._call("commit", self._drawn, seat, project.digest, sealing[seat])
            self._act(project, self.members[seat], data)
        if len(committing) < size:
            self._expire(project, self._drawn, 2)
        project.bind(*(sealing[seat] if seat in committing else NOTHING for seat in range(size)))
        revealing = [seat for seat in plan.speaking("revealing") if seat in committing]
        for seat in revealing:
            data = self._call("reveal", self._drawn, seat, project.digest, works[seat], secrets[seat])
            self._act(project, self.members[seat], data)
        if len(revealing) < len(committing):
            self._expire(project, self._drawn, 1)
        project.workers = bits(seat for seat in revealing if works[seat])
        project.bind(word(bits(revealing)), word(project.workers))
        if plan.referee == "silent":
            for game in (project.id, self._drawn):
                self._expire(project, game, 0)
        else:
            self._act(project, self.creator, self._draw(self._drawn, project.digest, secrets[-1]))

    def _withdraw(self, project: _Project) -> None:
        """Let everybody take what it is owed."""
        n, paid = len(self.members), project.ending in PAID
        payees = [(seat, member) for seat, member in enumerate(self.members) if paid]
        if project.ending != "succeeded":
            payees.append((n, self.principal))
        if project.vouched and project.ending != "lapsed":
            payees.append((n + 1, self.creator))
        for payee, account in payees:
            self._act(project, account, self._call("withdraw", project.id, payee, account))


def player(evm: Evm, addresses: Mapping[str, str], problem: Problem, cast: Plan, seed: int) -> Player:
    """Return what plays on a machine where the contracts are deployed."""
    del problem  # the plan has it
    return Player(evm, addresses, cast, seed)


@dataclass(slots=True, eq=False)
class _Project:
    """What the player keeps of the project under way, most of it from the contracts' events."""

    id: bytes
    digest: bytes = b""
    """What the next action of the draw has to name."""
    deadline: int = 0
    """Of the project."""
    ending: str = ""
    vouched: bool = False
    workers: int = 0
    refused: str = ""
    expired: list[str] = field(default_factory=list)

    def bind(self, *words: bytes) -> None:
        """Let later actions depend on what has happened."""
        self.digest = keccak(self.digest + b"".join(words))

    def take_in(self, event: Event) -> None:
        """Note what an event says."""
        match event.name:
            case "Vouched":
                self.vouched = True
            case "Reported":
                self.ending = "succeeded" if event.success else "failed"
            case "Expired":
                self.expired.append(ProjectPhase(event.phase).name.lower())
            case "PhaseExpired":
                self.expired.append(DrawPhase(event.phase).name.lower())
            case "Lapsed" | "Dissolved":
                self.ending = event.name.lower()
            case _:
                pass
