"""The replay of games: rules, draws, and how the model follows a wrong contract.

Every draw is repeated from the secrets, and the draws of all games are tested against the stated
probabilities: see `parley.kit.verify`.

Examples
--------
Twenty games on an EVM that records all calls:

>>> from parley.chain.backends import open_evm
>>> from parley.chain.history import Recorder
>>> from parley.kit.verify.contract import verify_contract
>>> from parley.mechanisms.coordination.bots import make_bots
>>> from parley.mechanisms.coordination.mechanism import MECHANISM
>>> from parley.mechanisms.coordination.play import Player, deploy_mechanism
>>> from parley.mechanisms.coordination.problem import example_1
>>> machine = Recorder(open_evm("revm"))
>>> deployed = deploy_mechanism(machine)
>>> machine.contract = deployed.mechanism
>>> player = Player(machine, deployed, example_1(), make_bots(["equilibrium"], 5), seed=1)
>>> for k in range(20):
...     _ = player.play(k)
>>> found = verify_contract(MECHANISM, machine)
>>> found.games, found.draws, found.violations, found.holds
(20, 40, [], True)
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

from parley.chain.deployments import Claims
from parley.chain.history import History
from parley.core.randomness import Word, pack_order, unpack_order
from parley.kit.reference import NOTHING, Event, Revert
from parley.kit.verify.decoder import Action, Decoder
from parley.kit.verify.replay import Attempt, Drawn, Draws, Replay, number_in, words_in
from parley.kit.verify.rules import Rules, shown
from parley.mechanisms.coordination.contracts import RECOGNITION_CONTRACTS
from parley.mechanisms.coordination.game import Cause, Game, Phase
from parley.mechanisms.coordination.model import TwoStageModel
from parley.mechanisms.coordination.parameters import QUANTITY_LIMIT, next_digest
from parley.mechanisms.coordination.recognition import stick_breaking
from parley.mechanisms.coordination.stated import Stated

__all__ = ["RULES", "GameReplay"]


def _of_presence(name: str, fields: Sequence[object]) -> str:
    if name == "Settled":
        return "settlement"
    if name == "BrokenDown":
        return {Cause.NO_SAVINGS: "no savings", Cause.LAST_ROUND: "last round"}.get(
            Cause(fields[2]) if isinstance(fields[2], int) else Cause.NONE, "breakdown cause"
        )
    return "events"


RULES = Rules(
    refusals={
        "NotTheCreator": "creator",
        **dict.fromkeys(("MatrixSizeMismatch", "CapacityBelowContract", "NothingContracted"), "parameters"),
        **dict.fromkeys(("TooManyTasks", "CostTooLarge"), "parameters"),
        "AlreadyJoined": "seat",
        "AnnouncementLengthMismatch": "announcement bounds",
        **dict.fromkeys(("AnnouncementTooHigh", "AnnouncementTooLow"), "announcement bounds"),
        "AlreadyRevealed": "reveal",
        **dict.fromkeys(("ProposalLengthMismatch", "ProposalSumMismatch"), "proposal sum"),
        "ProposalBeyondDeposit": "proposal beyond a deposit",
    },
    of_action={
        "NotTheSeat": {
            "announce": "order of announcements",
            "propose": "proposer",
            "respond": "order of answers",
        },
        "StaleDigest": {
            **dict.fromkeys(("store", "join"), "parameters digest"),
            **dict.fromkeys(("announce", "reveal", "propose"), "history digest"),
            **dict.fromkeys(("respond", "withdraw"), "proposal digest"),
        },
    },
    fields={
        "Created": ("game id", "creator", "salt", "parameters digest", "parameters"),
        "Stored": ("game id", "parameters", "parameters digest", "parameters", "parameters"),
        "Joined": ("game id", "seat", "commitment", "deposit"),
        "Announced": ("game id", "order of announcements", "announcement", *["recognition fraction"] * 2),
        "Revealed": ("game id", "round", "seat", "reveal", "commitment"),
        "ProposerDrawn": ("game id", "round", "proposer draw", "permutation draw"),
        "Proposed": ("game id", "round", "proposer", "proposal"),
        "Responded": ("game id", "round", "order of answers", "answer"),
        "Settled": ("game id", "round"),
        "BrokenDown": ("game id", "round", "breakdown cause", "silent seats"),
        "Withdrawn": ("game id", "seat", "payee", "withdrawal amount"),
    },
    presence=_of_presence,
    others=("continuation draw", "last round", "no savings", "settlement"),
)
"""Rules by error, event and field."""

_DRAWN = ("ProposerDrawn", "BrokenDown")


def _first_proposer(replay: "GameReplay", game: Game) -> Drawn | None:
    """Return the first round's proposer; later rounds depend on the first."""
    if game.round == 0:
        return None
    proposer = replay.proposers.get(game.id, game.agents)
    return Drawn(_stick_breaking(tuple(game.fractions)), (proposer,) if proposer < game.agents else None)


def _first_continuation(replay: "GameReplay", game: Game) -> Drawn | None:
    if game.round <= 1:
        return None
    p, goes_on = game.parameters, replay.continued.get(game.id)
    return Drawn(
        [Fraction(p.continuation_numerator, p.continuation_denominator)],
        None if goes_on is None else [0] * goes_on,
    )


_stick_breaking = lru_cache(stick_breaking)


class GameReplay(Replay[Game]):
    """A replay of the games of one contract.

    Attributes
    ----------
    proposers : dict of bytes to int
        Proposer of the first round, by game.
    continued : dict of bytes to bool
        Result of the first continuation draw, by game.
    """

    contract, rules = TwoStageModel, RULES
    draws = (
        Draws("recognition_p_value", "first proposers", _first_proposer),
        Draws("continuation_p_value", "first continuations", _first_continuation),
    )

    def __init__(self, history: History, decoder: Decoder, claims: Claims | None = None) -> None:
        super().__init__(history, decoder, claims)
        self.proposers: dict[Word, int] = {}
        self.continued: dict[Word, bool] = {}
        self._secrets: list[Word] = []
        self._before = NOTHING

    def new_model(self, claims: Claims | None) -> TwoStageModel:
        """Return the reference model with the recognition functions.

        A function that the claims do not name is identified by its code, or asked for each fraction.
        """
        claimed = {
            claims.addresses[contract]: function
            for function, contract in RECOGNITION_CONTRACTS.items()
            if claims is not None and contract in claims.addresses
        }
        stated = Stated(self.history, self.decoder, claimed, lambda: self._call, self._count)
        return TwoStageModel(self.history.chain_id, self.history.contract, stated)

    def _count(self, what: str) -> None:
        self.checked[what] += 1

    def told(self, rule: str, event: Event, value: object) -> str:
        """See `parley.kit.verify.replay.Replay.told`."""
        if rule == "recognition fraction":
            return f"{event.fields[3]}/{event.fields[4]}"
        return super().told(rule, event, value)

    def mend(self, action: str, game: Game, refusal: Revert, attempt: Attempt) -> Attempt | None:
        """See `parley.kit.verify.replay.Replay.mend`."""
        sender, _, arguments = attempt
        match refusal.name:
            case "StaleDigest" if action == "withdraw" and game.phase is Phase.SETTLED:
                arguments[2:] = game.answered, game.shares
            case "NotTheSeat" if action == "respond":
                waiting = [game.parameters.agents[seat] for seat in game.order[game.turn :]]
                if sender not in waiting:
                    return None
                game.turn += waiting.index(sender)
            case _:
                return super().mend(action, game, refusal, attempt)
        return attempt

    def follow(self, game: Game, want: Mapping[str, Event], have: Mapping[str, Event]) -> None:
        """See `parley.kit.verify.replay.Replay.follow`."""
        if not want.keys() ^ have.keys() <= {"Settled", "BrokenDown"}:
            self.lost.add(game.id)
            return
        now = self.model.now
        announced = have.get("Announced")
        if announced is not None:
            seat, numerator, denominator = (number_in(announced, k) for k in (1, 3, 4))
            if seat != want["Announced"].fields[1] or not numerator <= denominator < QUANTITY_LIMIT:
                self.lost.add(game.id)
            else:
                game.fractions[seat] = (numerator, denominator)
        broken = have.get("BrokenDown")
        if broken is not None:
            # The silent seats follow from the public state, not from the event.
            game.round = number_in(broken, 1)
            game.phase, game.cause = Phase.BROKEN_DOWN, Cause(number_in(broken, 2))
            if "BrokenDown" not in want:
                # The digest of a finished game has no commitments to a next round.
                numbers = () if announced is None else announced.fields[2]
                game.digest = (
                    next_digest(self._before, numbers)
                    if isinstance(numbers, tuple) and numbers
                    else self._before
                )
        elif "BrokenDown" in want and "Settled" not in have:
            if game.cause is Cause.EXPIRED:
                self.lost.add(game.id)
            # The chain continues although the game is over: to bargaining, or to another round.
            game.phase, game.cause = Phase.REVEALING, Cause.NONE
            game.round += 1
            game.bind_commitments()
            game.move_to(Phase.REVEALING, now)
        elif "Settled" in have:
            game.phase = Phase.SETTLED
        elif "Settled" in want:
            self.lost.add(game.id)

    # ── draws ────────────────────────────────────────────────────────────────────────────────────────────

    def prepare(self, action: Action, game: Word) -> None:
        """Keep the digest, and the secrets if this call completes them."""
        self._secrets = []
        found = self.model.games.get(game)
        self._before = NOTHING if found is None else found.digest
        if action.name != "reveal" or found is None or found.phase is not Phase.REVEALING:
            return
        seat, _, secret, _ = action.arguments
        secrets = list(found.secrets)
        if not seat < len(secrets) or secrets[seat] != NOTHING:
            return
        secrets[seat] = secret
        if NOTHING not in secrets:
            self._secrets = secrets

    def check_draws(
        self, game: Game, expected: list[Event], events: list[Event]
    ) -> tuple[list[Event], list[Event]]:
        """See `parley.kit.verify.replay.Replay.check_draws`."""
        if not self._secrets:
            return expected, events
        self._check_draw(game, self._secrets, events)
        return [e for e in expected if e.name not in _DRAWN], [e for e in events if e.name not in _DRAWN]

    def _check_draw(self, game: Game, secrets: Sequence[Word], events: Sequence[Event]) -> None:
        """Check the draw after the last reveal against the secrets.

        The model has just drawn from the same secrets; it draws again if the chain went another way.
        """
        endings = [event for event in events if event.name in _DRAWN]
        drawn = next((event for event in endings if event.name == "ProposerDrawn"), None)
        if len(endings) != 1:
            self._note(game.id, "events", "a draw must end in one of ProposerDrawn and BrokenDown")
            self.lost.add(game.id)
            return
        goes_on = True
        if game.round > 1:
            self.checked["continuation draws"] += 1
            goes_on = game.draw_continuation(secrets)
            self.continued.setdefault(game.id, drawn is not None)
        if goes_on != (drawn is not None):
            detail = "goes on where the fresh secrets say stop" if drawn else "stops where they say go on"
            if game.round == 1:
                detail = "stops in the first round, where nothing is drawn"
            self._note(game.id, "continuation draw", detail)
        (event,) = endings
        if event.fields[1] != game.round:
            self._note(game.id, "round", f"{event.fields[1]} instead of {game.round}")
        if drawn is not None:
            self._check_proposer(game, secrets, drawn)
            return
        if event.fields[2:] != (Cause.NOT_CONTINUED, 0):
            self._note(game.id, "breakdown cause", f"{shown(event.fields[2:])} after a draw")
        game.phase, game.cause, game.turn = Phase.BROKEN_DOWN, Cause.NOT_CONTINUED, game.agents

    def _check_proposer(self, game: Game, secrets: Sequence[Word], drawn: Event) -> None:
        self.checked["proposer draws"] += 1
        self.checked["permutation draws"] += 1
        proposer = number_in(drawn, 2)
        right = game.draw_proposer(secrets)
        if proposer != right:
            self._note(game.id, "proposer draw", f"seat {proposer} where the secrets say seat {right}")
        if game.round == 1:
            self.proposers[game.id] = proposer
        game.proposer, game.cause = proposer, Cause.NONE
        game.move_to(Phase.PROPOSING, self.model.now)
        # The order is drawn for any proposer: a wrong proposer does not make it wrong.
        game.order = game.draw_order(secrets)
        if drawn.fields[3] != pack_order(game.order):
            order = unpack_order(words_in(drawn, 3), game.agents - 1)
            self._note(game.id, "permutation draw", f"{order} where the secrets say {game.order}")
            if any(seat >= game.agents for seat in order):
                self.lost.add(game.id)
            game.order = order
        if proposer >= game.agents:
            self.lost.add(game.id)
