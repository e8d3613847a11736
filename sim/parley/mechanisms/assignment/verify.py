"""How lotteries are replayed and judged: their rules, their draws, and what is checked beyond them.

Every certificate is checked again, every draw is made again from the secrets, and the draws of all lotteries
together are held against the probabilities that the lotteries state: see `parley.kit.verify`.

Examples
--------
Twenty lotteries on a machine that writes down what passes through it:

>>> from parley.chain.backends import open_evm
>>> from parley.chain.deploy import deployed_addresses
>>> from parley.chain.history import Recorder
>>> from parley.kit.verify.contract import verify_contract
>>> from parley.mechanisms.assignment.bots import make_bots
>>> from parley.mechanisms.assignment.mechanism import MECHANISM
>>> from parley.mechanisms.assignment.plan import plan
>>> from parley.mechanisms.assignment.play import Player
>>> from parley.mechanisms.assignment.problem import example_1
>>> machine = Recorder(open_evm("revm"))
>>> machine.contract = deployed_addresses(machine, MECHANISM.contracts)["AssignmentLottery"]
>>> player = Player(machine, machine.contract, plan(example_1(), make_bots(["truthful"], 4)), seed=1)
>>> for k in range(20):
...     _ = player.play(k)
>>> found = verify_contract(MECHANISM, machine)
>>> found.games, found.draws, found.violations, found.holds
(20, 20, [], True)
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache, partial

from parley.chain.deployments import Claims
from parley.chain.history import History
from parley.core.exact import show
from parley.core.randomness import Word, commitment, keccak, pack_order, unpack_order
from parley.kit.reference import Event, Revert
from parley.kit.verify.decoder import Action, Decoder
from parley.kit.verify.replay import Attempt, Drawn, Draws, Replay, number_in, words_in
from parley.kit.verify.rules import Rules
from parley.mechanisms.assignment import boston, probabilistic_serial
from parley.mechanisms.assignment.lottery import Matrix
from parley.mechanisms.assignment.lottery_state import Lottery, Phase
from parley.mechanisms.assignment.model import LotteryModel
from parley.mechanisms.assignment.parameters import Rule
from parley.mechanisms.assignment.problem import Problem, from_orders
from parley.mechanisms.assignment.serial_dictatorship import TooLargeError

__all__ = ["CONTENDERS", "RULES", "LotteryReplay"]


def _of_presence(name: str, _fields: Sequence[object]) -> str:
    return "cancellation" if name == "Cancelled" else "events"


RULES = Rules(
    refusals={
        **dict.fromkeys(("AlreadyCommitted", "NotCommitted"), "steps of a seat"),
        **dict.fromkeys(("NotRevealed", "AlreadyOpened"), "steps of a seat"),
        "UnwantedCommitment": "commitment",
        **dict.fromkeys(("RankingTooLong", "UnknownItem", "ItemRankedTwice"), "ranking"),
        "NotTheOrganizer": "organizer",
        **dict.fromkeys(("DenominatorOutOfRange", "MatrixLengthMismatch"), "certificate"),
        **dict.fromkeys(("TimesLengthMismatch", "AssignmentsLengthMismatch"), "certificate"),
        "TooManyTerms": "certificate",
        **dict.fromkeys(("TimeOutOfRange", "EatenMismatch", "ShareMismatch"), "eating schedule"),
        **dict.fromkeys(("ZeroWeight", "WeightsMismatch"), "weights"),
        "UnwantedItem": "unranked item",
        "CapacityExceeded": "capacity",
        "AverageMismatch": "average",
    },
    of_action={
        "StaleDigest": {
            "commit": "parameters digest",
            **dict.fromkeys(("reveal", "post"), "history digest"),
            "open": "certificate digest",
        },
    },
    fields={
        "Created": ("game id", "creator", "salt", "parameters digest", "parameters"),
        "Committed": ("game id", "seat", "commitment"),
        "Revealed": ("game id", "seat", "reveal", "ranking", "commitment"),
        "Posted": ("game id", "organizer", "certificate", "certificate"),
        "Opened": ("game id", "seat", "reveal"),
        "Expired": ("game id", "phase", "silent seats"),
        "OrderDrawn": ("game id", "order draw"),
        "TermDrawn": ("game id", "term draw", "term"),
        "Assigned": ("game id", "assignment"),
        "Cancelled": ("game id", "phase"),
        "Withdrawn": ("game id", "seat", "payee", "withdrawal amount"),
    },
    presence=_of_presence,
    others=("cancellation", "draw", "forfeit", "lost bond", "matrix", "picks"),
)
"""What a call that the model refuses breaks, and what a field that is not as it should be says."""

_DRAWS = ("OrderDrawn", "TermDrawn", "Assigned")

CONTENDERS = 7
"""Contenders under Boston up to which an audit lists their orders: posting is cheap, and eight of them
take a second, nine take twelve."""

_MATRICES: Mapping[Rule, Callable[[Problem], Matrix]] = {
    Rule.PROBABILISTIC_SERIAL: probabilistic_serial.probabilities,
    Rule.BOSTON: partial(boston.probabilities, most=CONTENDERS),
}
"""Rules whose matrix follows from what is on chain."""


def _first_pick(replay: "LotteryReplay", lottery: Lottery) -> Drawn | None:
    """Who picks first is uniform among those that take part.

    A draw has begun when secrets are to be opened. Who has committed takes part in it, and if somebody keeps
    its secret to itself, nobody sees how it would have come out: the draw that replaces it was chosen over
    the other one by somebody who could know both.
    """
    serial = lottery.parameters.rule is Rule.SERIAL_DICTATORSHIP
    if not (serial and lottery.committed and lottery.phase > Phase.COMMITTING) or lottery.id in replay.lost:
        return None
    equal = Fraction(1, len(lottery.committed))
    seen = lottery.phase is Phase.DRAWN and lottery.revealed == lottery.committed
    return Drawn(
        [equal * (seat in lottery.committed) for seat in range(lottery.agents)],
        (replay.firsts[lottery.id],) if seen else None,
    )


def _first_choices(replay: "LotteryReplay", lottery: Lottery) -> Drawn | None:
    """A seat gets what it has ranked first with the probability that the posted matrix says.

    A draw has begun when the matrix was posted; if somebody does not open its secret, nobody sees it.
    """
    if lottery.certificate is None or lottery.id in replay.lost:
        return None
    firsts = [ranking[0] if ranking else None for ranking in lottery.rankings]
    rows = lottery.certificate.matrix_of(lottery.items)
    seen = lottery.phase is Phase.DRAWN and lottery.opened == lottery.revealed
    return Drawn(
        [Fraction(0) if first is None else row[first] for first, row in zip(firsts, rows, strict=True)],
        [seat for seat, o in enumerate(firsts) if o is not None and lottery.assignment[seat] == o + 1]
        if seen
        else None,
    )


class LotteryReplay(Replay[Lottery]):
    """The lotteries of one contract, as they ought to have gone.

    Attributes
    ----------
    firsts : dict of bytes to int
        Who is first in the order that was drawn, by lottery.
    """

    contract, rules = LotteryModel, RULES
    draws = (
        Draws("order_p_value", "first picks", _first_pick),
        Draws("term_p_value", "terms", _first_choices),
    )

    def __init__(self, history: History, decoder: Decoder, claims: Claims | None = None) -> None:
        super().__init__(history, decoder, claims)
        self.firsts: dict[Word, int] = {}

    def rule_of_refusal(self, action: str, game: Word, refusal: Revert) -> str:
        """See `parley.kit.verify.replay.Replay.rule_of_refusal`."""
        known = self.model.games.get(game)
        if refusal.name == "NothingToWithdraw" and known is not None and refusal.arguments[0] in known.lost:
            return "lost bond"
        return super().rule_of_refusal(action, game, refusal)

    def mend(self, action: str, game: Lottery, refusal: Revert, attempt: Attempt) -> Attempt | None:
        """See `parley.kit.verify.replay.Replay.mend`."""
        sender, value, arguments = attempt
        match refusal.name:
            case "NotTheOrganizer":
                sender = game.creator
            case "WrongSecret":
                seat, _, secret = arguments[:3]
                sealed = keccak(secret + arguments[3]) if action == "reveal" else secret
                game.commitments[seat] = commitment(game.id, seat, sealed)
            case "NothingToWithdraw" if arguments[0] in game.committed:
                game.lost.discard(arguments[0])
                game.withdrawn.discard(arguments[0])
            case _:
                return super().mend(action, game, refusal, attempt)
        return Attempt(sender, value, arguments)

    def follow(self, game: Lottery, want: Mapping[str, Event], have: Mapping[str, Event]) -> None:
        """See `parley.kit.verify.replay.Replay.follow`."""
        if "Cancelled" in have and want.keys() < have.keys():
            game.phase, game.lapsed = Phase.CANCELLED, Phase(number_in(have["Cancelled"], 1))
        else:
            super().follow(game, want, have)

    # ── what was posted ──────────────────────────────────────────────────────────────────────────────────

    def inspect(self, action: Action, game: Lottery) -> None:
        """Hold a posted matrix against the rule, where that can be computed from what was revealed.

        That the certificate proves its matrix, the model has checked already.
        """
        if action.name != "post" or game.certificate is None:
            return
        self.checked["certificates"] += 1
        rankings, p = tuple(tuple(ranking) for ranking in game.rankings), game.parameters
        due = _matrix(p.rule, rankings, p.capacities)
        if due is None:
            self.checked["matrices taken as posted"] += 1
            return
        self.checked["matrices"] += 1
        found = game.certificate.matrix_of(game.items)
        wrong = [(i, o) for i, row in enumerate(due) for o in range(game.items) if found[i][o] != row[o]]
        if wrong:
            i, o = wrong[0]
            detail = (
                f"seat {i} gets item {o} with {show(found[i][o])} where {p.rule.text} says {show(due[i][o])}"
            )
            self._note(game.id, "matrix", detail)

    # ── draws ────────────────────────────────────────────────────────────────────────────────────────────

    def check_draws(
        self, game: Lottery, expected: list[Event], events: list[Event]
    ) -> tuple[list[Event], list[Event]]:
        """See `parley.kit.verify.replay.Replay.check_draws`."""
        want = [event for event in expected if event.name in _DRAWS]
        have = [event for event in events if event.name in _DRAWS]
        if [event.name for event in want] != [event.name for event in have]:
            names = (", ".join(event.name for event in some) or "nothing" for some in (have, want))
            self._note(game.id, "draw", "{} instead of {}".format(*names))
            self.lost.add(game.id)
        elif have:
            drawn, assigned = have
            found = words_in(assigned, 1)
            due = (
                self._check_order(game, drawn)
                if drawn.name == "OrderDrawn"
                else self._check_term(game, drawn)
            )
            if due is not None and found != pack_order(due):
                self._check_assignment(game, due, found)
        return [e for e in expected if e.name not in _DRAWS], [e for e in events if e.name not in _DRAWS]

    def _check_order(self, game: Lottery, drawn: Event) -> Sequence[int] | None:
        """Hold an order against the secrets; returns what the picks come to, if it is one."""
        self.checked["order draws"] += 1
        order = game.draw_order()
        packed = words_in(drawn, 1)
        if packed != pack_order(order):
            found = unpack_order(packed, game.agents)
            self._note(game.id, "order draw", f"{found} where the secrets say {order}")
            if sorted(found) != sorted(order):
                self.lost.add(game.id)
                return None
            order = found
        self.firsts[game.id] = next(seat for seat in order if seat in game.revealed)
        return game.picks(order)

    def _check_term(self, game: Lottery, drawn: Event) -> Sequence[int] | None:
        """Hold number and term against secrets and weights; returns what the term gives, if it is one."""
        certificate = game.certificate
        if certificate is None:
            raise ValueError("nothing was posted")
        self.checked["term draws"] += 1
        number, term = number_in(drawn, 1), number_in(drawn, 2)
        right = game.draw_number(certificate.denominator)
        if number != right:
            self._note(game.id, "term draw", f"{number} where the secrets say {right}")
        # A wrong number does not make its term wrong as well.
        if number < certificate.denominator and term != certificate.term(number):
            detail = f"term {term} where {number} falls to term {certificate.term(number)}"
            self._note(game.id, "term", detail)
        if not (number < certificate.denominator and term < certificate.terms):
            self.lost.add(game.id)
            return None
        return game.granted(certificate.assignment(term))

    def _check_assignment(self, game: Lottery, due: Sequence[int], packed: Sequence[int]) -> None:
        """Name what is wrong with an assignment, and follow it."""
        codes = unpack_order(packed, game.agents)
        p = game.parameters
        serial = p.rule is Rule.SERIAL_DICTATORSHIP
        present = game.revealed if serial else game.opened
        given = [(seat, code - 1) for seat, code in enumerate(codes) if code]
        counts = [sum(item == o for _, item in given) for o in range(game.items)]
        if any(seat not in present for seat, _ in given):
            rule = "forfeit"
        elif any(item not in game.rankings[seat] for seat, item in given):
            rule = "unranked item"
        elif any(count > capacity for count, capacity in zip(counts, p.capacities, strict=True)):
            rule = "capacity"
        else:
            rule = "picks" if serial else "assignment"
        self._note(game.id, rule, f"{_shown(codes)} instead of {_shown(due)}")
        game.assignment = tuple(codes)


@lru_cache(maxsize=1024)
def _matrix(rule: Rule, rankings: tuple[tuple[int, ...], ...], capacities: tuple[int, ...]) -> Matrix | None:
    """The rule's matrix; None if the chain does not show what it depends on, or it is too long to compute."""
    compute = _MATRICES.get(rule)
    if compute is None:
        return None
    try:
        return compute(from_orders(rankings, len(capacities), rule.text, capacities))
    except TooLargeError:
        return None


def _shown(codes: Sequence[int]) -> str:
    """An assignment in items; a dash for nothing."""
    return ", ".join(str(code - 1) if code else "–" for code in codes)
