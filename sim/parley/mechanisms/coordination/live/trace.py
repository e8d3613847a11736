"""One game as a page shows it: every transaction that was sent, what the contract emitted, and what it means.

Nothing here is computed ahead or made up: a game is played to its end on the embedded EVM, and told from the
calldata and the logs that the player kept.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.randomness import unpack_order
from parley.kit.play import run
from parley.mechanisms.coordination.announcements import bounds
from parley.mechanisms.coordination.live.words import Words
from parley.mechanisms.coordination.recognition import stick_breaking
from parley.mechanisms.coordination.simulation import Setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.chain.codec import Event
    from parley.kit.play.player import Player, Sent
    from parley.mechanisms.coordination.play import Outcome
    from parley.mechanisms.coordination.problem import Problem

__all__ = ["open_player", "trace"]


def open_player(problem: Problem, bots: Sequence[str], seed: int) -> Player[Outcome]:
    """A player on a fresh embedded EVM with the contracts deployed."""
    return run.open_player(Setting(problem, bots, seed))


def trace(problem: Problem, bots: Sequence[str], *, seed: int, game: int) -> dict[str, Any]:
    """Play one game and tell it.

    Parameters
    ----------
    problem : Problem
        One that a game on chain can take.
    bots : sequence of str
        Names, one for all seats or one per seat.
    seed, game : int
        The game is number `game` of the run of this seed.

    Returns
    -------
    dict
        ``steps``, one for each transaction: ``action`` (the contract's function), ``actor`` (its seat, None
        for the account that opens and expires games), ``paid`` (what it sent along), ``said`` (sentences),
        and ``events``, each with its name as ``event``. ``outcome``: ``ending``, ``rounds``, ``proposer`` and
        ``costs``. Seats from 0; quantities in tasks; money as ``{"cost": float, "wei": str}``.
    """
    player = open_player(problem, bots, seed)
    outcome = player.play(game)
    teller = _Teller(problem, player, outcome)
    return {
        "seed": seed,
        "game": game,
        "steps": [teller.step(sent) for sent in player.sent],
        "outcome": {
            "ending": outcome.ending,
            "rounds": outcome.rounds,
            "proposer": outcome.proposer,
            "costs": [teller.money(cost) for cost in outcome.costs],
        },
    }


class _Teller:
    """Tells a game's transactions one after the other."""

    def __init__(self, problem: Problem, player: Player[Outcome], outcome: Outcome) -> None:
        self.problem = problem
        self.words = Words(problem)
        self.outcome = outcome
        self.codec = player.codec
        self.actions = {selector: name for name, selector in player.codec.selectors.items()}
        self.seats = {address: i for i, address in enumerate(player.seats)}
        self.rows: list[tuple[int, ...]] = []
        self.fractions: list[tuple[int, int]] = []
        self.left = self.problem.contracted.sum(axis=0).tolist()
        self.deposits: dict[int, int] = {}
        self.shares: tuple[int, ...] = ()

    def money(self, wei: int) -> dict[str, Any]:
        """An amount in units of cost to be drawn, and exactly."""
        return {"cost": float(Fraction(wei, self.problem.wei_per_cost)), "wei": str(wei)}

    def tasks(self, row: Sequence[int]) -> list[float]:
        """Units as tasks."""
        return [x / self.problem.unit for x in row]

    def step(self, sent: Sent) -> dict[str, Any]:
        """One transaction."""
        told = [self._tell(event) for event in self.codec.decode(sent.logs)]
        return {
            "action": self.actions[sent.data[:4]],
            "actor": self.seats.get(sent.sender),
            "paid": self.money(sent.value),
            "said": "".join(said for _, said in told).strip(),
            "events": [event for event, _ in told],
        }

    def _tell(self, event: Event) -> tuple[dict[str, Any], str]:  # noqa: C901, PLR0911 - all events
        """What a page needs of an event, and what it means."""
        words, told = self.words, {"event": event.name}
        match event.name:
            case "Created":
                return told | {"digest": event.digest.hex()}, words.opened()
            case "Stored":
                return told | {"seat": event.seat, "digest": event.digest.hex()}, words.stored(event.seat)
            case "Joined":
                seat, deposit = event.seat, event.deposit
                self.deposits[seat] = deposit
                fields = {"seat": seat, "sealed": event.commitment.hex(), "deposit": self.money(deposit)}
                return told | fields, words.joined(seat, deposit)
            case "Announced":
                return self._announced(event)
            case "Revealed":
                fields = {"round": event.round, "seat": event.seat, "secret": event.secret.hex()}
                return told | fields | {"sealed": event.next_commitment.hex()}, words.opened_secret(
                    event.seat
                )
            case "ProposerDrawn":
                answering = unpack_order(event.order, self.problem.agents - 1)
                fields = {"round": event.round, "proposer": event.proposer, "order": answering}
                return told | fields, words.drawn(event.round, event.proposer, answering)
            case "Proposed":
                return self._proposed(event)
            case "Responded":
                return self._responded(event)
            case "Settled":
                return told | {"round": event.round}, words.settled()
            case "BrokenDown":
                silent = [i for i in range(self.problem.agents) if event.silent >> i & 1]
                fields = {"round": event.round, "cause": event.cause, "silent": silent}
                return told | fields, words.broken_down(event.cause, silent)
            case _:
                seat, amount = event.seat, event.amount
                cost = self.outcome.costs[seat]
                fields = {"seat": seat, "amount": self.money(amount), "cost": self.money(cost)}
                return told | fields, words.withdrew(seat, amount, self.deposits[seat], cost)

    def _announced(self, event: Event) -> tuple[dict[str, Any], str]:
        lower, upper = bounds(self.problem, self.rows)
        self.rows.append(event.announcement)
        self.fractions.append((event.numerator, event.denominator))
        self.left = [left - x for left, x in zip(self.left, event.announcement, strict=True)]
        # As if the others got no piece: a piece depends on those broken off before it alone.
        p = stick_breaking([*self.fractions, (0, 0)])[event.seat]
        if event.seat == self.problem.agents - 1:
            p = stick_breaking(self.fractions)[-1]
        fields = {
            "seat": event.seat,
            "row": self.tasks(event.announcement),
            "least": self.tasks(lower.tolist()),
            "most": self.tasks(upper.tolist()),
            "left": self.tasks(self.left),
            "numerator": event.numerator,
            "denominator": event.denominator,
            "probability": float(p),
        }
        said = self.words.announced(
            event.seat, event.announcement, (event.numerator, event.denominator), p, sum(self.left)
        )
        return {"event": "Announced", **fields}, said

    def _last(self, round_number: int) -> bool:
        return round_number == self.problem.max_rounds

    def _proposed(self, event: Event) -> tuple[dict[str, Any], str]:
        self.shares = event.shares
        bargaining, last = self.outcome.position.bargaining, self._last(event.round)
        thresholds = [bargaining.threshold(i, last_round=last) for i in range(self.problem.agents)]
        fields = {
            "round": event.round,
            "proposer": event.proposer,
            "shares": [self.money(share) for share in event.shares],
            "thresholds": [self.money(threshold) for threshold in thresholds],
            "total": self.money(bargaining.total_cost),
        }
        said = self.words.proposed(event.proposer, event.shares, bargaining, last=last)
        return {"event": "Proposed", **fields}, said

    def _responded(self, event: Event) -> tuple[dict[str, Any], str]:
        last = self._last(event.round)
        threshold = self.outcome.position.bargaining.threshold(event.seat, last_round=last)
        said = self.words.answered(event.seat, self.shares[event.seat], threshold, accepted=event.accepted)
        if not event.accepted and not last:
            said += self.words.rejected()
        fields = {"round": event.round, "seat": event.seat, "accepted": event.accepted}
        return {"event": "Responded", **fields}, said
