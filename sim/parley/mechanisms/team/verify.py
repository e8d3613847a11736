"""How projects and draws are replayed and judged: their rules, and one exact test of all draws.

Two contracts are replayed, each on its reference model: the projects' (terms, consents, payments) and the
referee's (efforts, secrets, draws). See `parley.kit.verify`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from parley.core.randomness import commitment, keccak
from parley.kit.reference import Event, Revert, bits
from parley.kit.verify.replay import Attempt, Drawn, Draws, Replay
from parley.kit.verify.rules import Rules
from parley.mechanisms.team.contracts import MECHANISM
from parley.mechanisms.team.draw import Draw, DrawModel, sealed
from parley.mechanisms.team.draw import Phase as DrawPhase
from parley.mechanisms.team.model import Phase as ProjectPhase
from parley.mechanisms.team.model import Project, State, TeamModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.chain.deployments import Claims
    from parley.chain.history import History
    from parley.core.randomness import Word
    from parley.kit.verify.decoder import Action, Decoder

__all__ = ["DrawReplay", "TeamReplay"]

ASKED_AT_ONCE = 100
"""Projects."""
_STATE = keccak(b"state(bytes32)")[:4]
_FIELDS = len(State._fields)


# ── projects ────────────────────────────────────────────────────────────────────────────────────────────────

TEAM_RULES = Rules(
    fields={
        "Created": ("game id", "creator", "salt", "parameters digest", "parameters"),
        "Accepted": ("game id", "seat"),
        "Vouched": ("game id", "guarantor"),
        "Started": ("game id",),
        "Retracted": ("game id",),
        "Reported": ("game id", "report"),
        "Expired": ("game id", "phase"),
        "Lapsed": ("game id",),
        "Dissolved": ("game id",),
        "Withdrawn": ("game id", "seat", "payee", "withdrawal amount"),
    },
    refusals={
        **dict.fromkeys(("NotMonotone", "NotSubmodular", "ProbabilityAboveOne"), "success function"),
        "WagesOutOfOrder": "order of wages",
        "BelowCutOff": "cut-off",
        "Envy": "envy",
        "UnjustifiedPremium": "premium",
        "PayrollAboveReward": "payroll",
        "AlreadyAccepted": "steps of a seat",
        **dict.fromkeys(("NotTheReferee", "AlreadyVouched"), "referee"),
        **dict.fromkeys(("ZeroGuarantor", "GuarantorHasPart"), "guarantor"),
        "NotThePrincipal": "principal",
    },
    of_action={"StaleDigest": dict.fromkeys(("accept", "vouch"), "parameters digest")},
    presence=lambda name, _: "start" if name == "Started" else "events",
    others=("pay", "start"),
)
"""What a call that the model refuses breaks, and what a field that is not as it should be says."""


class TeamReplay(Replay[Project]):
    """The projects of one contract, as they ought to have gone."""

    contract, rules = TeamModel, TEAM_RULES

    def rule_of_refusal(self, action: str, game: Word, refusal: Revert) -> str:
        """See `parley.kit.verify.replay.Replay.rule_of_refusal`."""
        known = self.model.games.get(game)
        if refusal.name == "NothingToWithdraw" and known and refusal.arguments[0] not in known.withdrawn:
            return "pay"
        return super().rule_of_refusal(action, game, refusal)

    def mend(self, action: str, game: Project, refusal: Revert, attempt: Attempt) -> Attempt | None:
        """See `parley.kit.verify.replay.Replay.mend`."""
        sender, value, arguments = attempt
        match refusal.name:
            case "NotTheReferee":
                sender = game.parameters.referee
            case "NotThePrincipal":
                sender = game.creator
            case "NotTheSeat":
                sender = game.payee(int(str(refusal.arguments[0])))
            case _:
                return super().mend(action, game, refusal, attempt)
        return Attempt(sender, value, arguments)


# ── draws ───────────────────────────────────────────────────────────────────────────────────────────────────

DRAW_RULES = Rules(
    fields={
        "Opened": ("game id", "team", "team", "guarantor", "commitment", "parameters digest"),
        "Committed": ("game id", "seat", "commitment"),
        "Revealed": ("game id", "seat", "reveal", "reveal"),
        "Drawn": ("game id", "workers", "probability", "probability", "outcome draw"),
        "PhaseExpired": ("game id", "phase"),
    },
    refusals={
        "NotWorking": "start",
        **dict.fromkeys(("AlreadyCommitted", "NotCommitted"), "steps of a seat"),
        "NotTheGuarantor": "guarantor",
        "WrongParameters": "parameters digest",
    },
    of_action={"StaleDigest": dict.fromkeys(("commit", "reveal", "draw"), "history digest")},
    others=("report", "start"),
)
"""The same of draws."""


def _outcome(replay: DrawReplay, draw: Draw) -> Drawn | None:
    """The project succeeds with the probability f(E) that those who work give it.

    A draw has begun when nothing but the guarantor's secret is left to be known.
    """
    if draw.phase < DrawPhase.DRAWING or draw.id in replay.lost:
        return None
    p = draw.parameters
    chance = Fraction(p.value(bits(draw.workers)), p.denominator)
    seen = draw.phase is DrawPhase.DRAWN
    return Drawn([1 - chance, chance], (int(draw.success),) if seen else None)


class DrawReplay(Replay[Draw]):
    """The draws of one contract, as they ought to have gone."""

    contract, rules, opened = DrawModel, DRAW_RULES, "Opened"
    draws = (Draws("recognition_p_value", "outcomes", _outcome),)

    def __init__(self, history: History, decoder: Decoder, claims: Claims | None = None) -> None:
        super().__init__(history, decoder, claims)
        self._team = None if claims is None else claims.addresses.get(MECHANISM)
        self._drawn_in: dict[Word, str] = {}

    def _id_of_new(self, action: Action) -> Word:
        team, project, *_ = action.arguments
        return self.model.game_id(team, project)

    def depends_on_others(self, action: Action, game: Word) -> bool:
        """Whether a project's contract may have made a call fail: only the deployment's own is known."""
        known = self.model.games.get(game)
        return action.name == "open" or (
            action.name == "draw" and known is not None and known.team != self._team
        )

    def _without_hidden_calls(
        self, game: Word, expected: Sequence[Event], events: list[Event]
    ) -> tuple[list[Event], list[Event]]:
        if self._team in self.model.paid:  # it calls nobody
            return events, []
        return super()._without_hidden_calls(game, expected, events)

    def mend(self, action: str, game: Draw, refusal: Revert, attempt: Attempt) -> Attempt | None:
        """See `parley.kit.verify.replay.Replay.mend`."""
        sender, value, arguments = attempt
        match refusal.name:
            case "NotTheGuarantor":
                sender = game.creator
            case "WrongParameters":
                arguments[self.decoder.place(action, "parameters")] = game.parameters
            case "WrongSecret" if action == "draw":
                game.promised = commitment(game.id, game.agents, arguments[-1])
            case "WrongSecret":
                seat, _, works, secret = arguments
                game.commitments[seat] = commitment(game.id, seat, sealed(works, secret))
            case _:
                return super().mend(action, game, refusal, attempt)
        return Attempt(sender, value, arguments)

    def inspect(self, action: Action, game: Draw) -> None:
        """See `parley.kit.verify.replay.Replay.inspect`."""
        if action.name == "draw":
            self._drawn_in[game.id] = self._call.transaction

    def follow(self, game: Draw, want: Mapping[str, Event], have: Mapping[str, Event]) -> None:
        """See `parley.kit.verify.replay.Replay.follow`."""
        super().follow(game, want, have)
        if "Drawn" in want and "Drawn" in have:
            game.success = have["Drawn"].fields[-1] is True

    def finish(self) -> None:
        """Compare what was reported to the deployment's own projects with what was drawn."""
        games = map(self.model.games.__getitem__, self._drawn_in)
        drawn = [draw for draw in games if draw.team == self._team and self.is_clean(draw.id)]
        for start in range(0, len(drawn), ASKED_AT_ONCE):
            some = drawn[start : start + ASKED_AT_ONCE]
            answers = self.history.ask([(draw.team, _STATE + draw.project) for draw in some])
            for draw, answer in zip(some, answers, strict=True):
                reported = _reported(answer)
                if reported is not draw.success:
                    detail = f"{reported} was reported instead of {draw.success}"
                    self.note(draw.id, "report", detail, self._drawn_in[draw.id])


def _reported(answer: bytes | None) -> bool | None:
    """Read from a project's state whether success was reported; None if nothing was."""
    told = answer or b""
    fields = [int.from_bytes(told[at : at + 32]) for at in range(0, len(told), 32)]
    settled = len(fields) == _FIELDS and fields[0] == ProjectPhase.SETTLED
    return bool(fields[-1]) if settled else None
