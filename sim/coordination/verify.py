"""Is a deployed contract what it claims to be? Judged from the outside, by what it has done.

:func:`verify` replays every game of a contract (:mod:`sim.coordination.replay`) from calldata and events. The
chain's state is asked only to confirm what the replay has arrived at, and at the end the draws of all games
together are held against the probabilities that the games state.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from sim.chain.compiler import Artifact, CompilerError, compile_contracts
from sim.chain.history import Call, History
from sim.coordination.addressbook import Book
from sim.coordination.game import Game
from sim.coordination.parameters import Revert
from sim.coordination.play import RECOGNITION_CONTRACTS
from sim.coordination.recognition import RECOGNITION, RecognitionFunction, Turn, stick_breaking
from sim.coordination.records import PRIMARY_TOPICS, fraction_question, view_question
from sim.coordination.replay import Replay
from sim.coordination.rules import Violation
from sim.errors import ParleyError
from sim.randomness import Word, keccak, word
from sim.statistics import count_p_value, recognition_p_value

__all__ = ["MIN_P", "Verification", "verify"]

MIN_P = 1e-6
"""p-value below which the draws do not follow their stated probabilities."""

_GAMES_AT_ONCE = 100


@dataclass(frozen=True)
class Verification:
    """What a contract's history came to.

    Attributes
    ----------
    chain_id : int
    contract : str
    endings : dict of str to int
        Games by where they stand: ``settled``, ``broken down``, or the phase they are in.
    checked : dict of str to int
        How much of what was checked: calls by function, draws by kind.
    violations : list of Violation
        In the chain's order; what no transaction shows comes last.
    not_followed : int
        Games of which a part could not be checked because of an earlier violation.
    recognition_p_value, continuation_p_value : float or None
        Whether the first draw of a proposer, and the first of a continuation, in every game follow the
        stated probabilities; None where nothing was drawn.
    surplus : int
        Wei that the contract holds beyond what calls brought in and took out: forced in, or not paid out.
    own_code : bool or None
        Whether the contract has the code that this tree compiles to; None where nothing can be compiled. No
        violation: a contract is judged by what it has done.
    seconds : float
    """

    chain_id: int
    contract: str
    endings: Mapping[str, int]
    checked: Mapping[str, int]
    violations: Sequence[Violation]
    not_followed: int
    recognition_p_value: float | None
    continuation_p_value: float | None
    surplus: int
    own_code: bool | None
    seconds: float

    @property
    def games(self) -> int:
        """Number of games."""
        return sum(self.endings.values())

    @property
    def draws(self) -> int:
        """Number of draws that were made again from the revealed secrets."""
        return sum(number for kind, number in self.checked.items() if kind.endswith(" draws"))

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        p_values = (self.recognition_p_value, self.continuation_p_value)
        return not self.violations and all(p is None or p >= MIN_P for p in p_values)

    def to_json(self) -> dict[str, Any]:
        """The object that `parley verify --json` prints."""
        return {
            "kind": "coordination",
            "chain_id": self.chain_id,
            "contract": self.contract,
            "games": self.games,
            "endings": dict(self.endings),
            "checked": dict(self.checked),
            "draws": self.draws,
            "violations": [violation._asdict() for violation in self.violations],
            "not_followed": self.not_followed,
            "recognition_p_value": self.recognition_p_value,
            "continuation_p_value": self.continuation_p_value,
            "surplus_wei": str(self.surplus),
            "own_code": self.own_code,
            "holds": self.holds,
            "seconds": self.seconds,
        }


def verify(
    history: History, book: Book | None = None, progress: Callable[[int, int], None] = lambda *_: None
) -> Verification:
    """Replay every game of a deployed mechanism and check all that the chain shows of it.

    Parameters
    ----------
    history : History
    book : Book, optional
        What the deployment file claims. A recognition function that it does not name is known by its code, or
        else asked for every fraction.
    progress : callable
        Called with the blocks read and the blocks to read.

    Returns
    -------
    Verification

    Raises
    ------
    ParleyError
        If the chain cannot be read, or a call came through another contract and there are no traces of it.

    Examples
    --------
    Twenty games on a machine that writes down what passes through it:

    >>> from sim.chain.evm import open_evm
    >>> from sim.chain.history import Recorder
    >>> from sim.coordination.bots import make_bots
    >>> from sim.coordination.play import Player, deploy_mechanism
    >>> from sim.coordination.problem import example_1
    >>> machine = Recorder(open_evm("revm"))
    >>> deployed = deploy_mechanism(machine)
    >>> machine.contract = deployed.mechanism
    >>> player = Player(machine, deployed, example_1(), make_bots(["equilibrium"], 5), seed=1)
    >>> for k in range(20):
    ...     _ = player.play(k)
    >>> found = verify(machine)
    >>> found.games, found.draws, found.violations, found.holds
    (20, 40, [], True)
    """
    began = time.perf_counter()
    recognitions = _Stated(history, book.claimed if book else {})
    replay = Replay(history.chain_id, history.contract, recognitions)
    for call in history.calls(progress):
        for inner in _inner_calls(history, call):
            replay.take(inner)
    _check_code(history, book, replay)
    _confirm(history, replay)
    recognition, continuation = _p_values(replay)
    endings = Counter(_standing(game) for game in replay.model.games.values())
    surplus = _check_money(history, replay)
    return Verification(
        history.chain_id,
        history.contract,
        dict(endings),
        dict(replay.checked),
        replay.violations,
        len(replay.lost),
        recognition,
        continuation,
        surplus,
        _has_own_code(history),
        time.perf_counter() - began,
    )


def _inner_calls(history: History, call: Call) -> tuple[Call, ...]:
    """The calls within one transaction: one, unless another contract makes them or is paid and comes back."""
    emitted = sum(bool(log.topics) and log.topics[0] in PRIMARY_TOPICS for log in call.logs)
    if call.direct and emitted <= 1:
        return (call,)
    traced = history.traced(call.transaction)
    if traced is None and not call.direct:
        raise ParleyError(
            f"transaction {call.transaction} calls the contract through another one, and there are no traces "
            "to say how: ask a node that has debug_traceTransaction"
        )
    return traced or (call,)


def _standing(game: Game) -> str:
    return game.phase.name.lower().replace("_", " ")


# ── recognition functions ───────────────────────────────────────────────────────────────────────────────────


class _Stated(Mapping[str, RecognitionFunction]):
    """What the contract at an address has to answer: by its name, by its code, else what it does answer."""

    def __init__(self, history: History, claimed: Mapping[str, str]) -> None:
        self._history = history
        self._claimed = claimed
        self._functions: dict[str, RecognitionFunction | None] = {}

    def __getitem__(self, address: str) -> RecognitionFunction:
        function = self._find(address)
        if function is None:
            raise KeyError(address)
        return function

    def __contains__(self, address: object) -> bool:
        return isinstance(address, str) and self._find(address) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def _find(self, address: str) -> RecognitionFunction | None:
        if address not in self._functions:
            self._functions[address] = self._identify(address)
        return self._functions[address]

    def _identify(self, address: str) -> RecognitionFunction | None:
        code = self._history.code(address)
        if not code:
            return None
        name = self._claimed.get(address) or _known_codes().get(keccak(code))
        return RECOGNITION[name] if name is not None else self._asking(address)

    def _asking(self, address: str) -> RecognitionFunction:
        """A function of its own: it is pure, so that what it answers now is what it had to answer then."""

        @cache
        def ask(turn: Turn) -> tuple[int, int]:
            (answer,) = self._history.ask([(address, fraction_question(turn))])
            if answer is None or len(answer) < 64:
                raise Revert("")
            return int.from_bytes(answer[:32], "big"), int.from_bytes(answer[32:64], "big")

        return ask


@cache
def _artifacts() -> Mapping[str, Artifact]:
    """The tree's own contracts; none where nothing can be compiled."""
    try:
        return compile_contracts()
    except CompilerError:
        return {}


@cache
def _known_codes() -> Mapping[Word, str]:
    """The tree's own recognition functions by the hash of their code."""
    found = ((name, _artifacts().get(contract)) for name, contract in RECOGNITION_CONTRACTS.items())
    return {keccak(artifact.deployed_bytecode): name for name, artifact in found if artifact is not None}


def _has_own_code(history: History) -> bool | None:
    artifact = _artifacts().get("TwoStageMechanism")
    return None if artifact is None else history.code(history.contract) == artifact.deployed_bytecode


# ── what the chain says now ─────────────────────────────────────────────────────────────────────────────────


def _check_code(history: History, book: Book | None, replay: Replay) -> None:
    """Hold the code at each address against what was deployed."""
    for address, (name, expected) in (book.code_hashes if book else {}).items():
        found = "0x" + keccak(history.code(address)).hex()
        if found != expected:
            replay.note(None, "deployed code", f"{name} has the code {found} where {expected} was deployed")


def _views(replay: Replay, game: Game) -> Iterator[tuple[str, bytes, bytes]]:
    """Every view of a game: in words, the question, and the answer due."""
    model, seats = replay.model, range(game.agents)
    answers: list[tuple[str, tuple[int, ...], tuple[int | Word, ...]]] = [
        ("state", (), tuple(model.state(game.id))),
        ("order", (), model.order(game.id)),
    ]
    for seat in seats:
        answers.append(("commitment", (seat,), (model.commitment(game.id, seat),)))
        answers.append(("secret", (seat,), (model.secret(game.id, seat),)))
        answers.append(("announcementOf", (seat,), model.announcement_of(game.id, seat)))
    answers += [("carried", (t,), (model.carried(game.id, t),)) for t in range(game.parameters.task_types)]
    for name, arguments, answer in answers:
        due = b"".join(value if isinstance(value, bytes) else word(value) for value in answer)
        yield f"{name}{arguments}" if arguments else name, view_question(name, game.id, *arguments), due


def _confirm(history: History, replay: Replay) -> None:
    """Hold the contract's state against what its calls and events lead to.

    Games in which something was found already are left out.
    """
    games = [game for game in replay.model.games.values() if replay.is_clean(game.id)]
    for start in range(0, len(games), _GAMES_AT_ONCE):
        asked = [
            (game, *view) for game in games[start : start + _GAMES_AT_ONCE] for view in _views(replay, game)
        ]
        answers = history.ask([(history.contract, question) for _, _, question, _ in asked])
        for (game, text, _, due), answer in zip(asked, answers, strict=True):
            if answer != due and replay.is_clean(game.id):
                found = "nothing" if answer is None else "0x" + answer.hex()
                replay.note(game.id, "state", f"{text} answers {found} where 0x{due.hex()} is due")


def _check_money(history: History, replay: Replay) -> int:
    """Bonds burnt, and the balance: what is owed and what is burnt is there. Returns what is too much."""
    model = replay.model
    (answer,) = history.ask([(history.contract, view_question("burnt"))])
    burnt = int.from_bytes(answer, "big") if answer else 0
    if burnt != model.burnt:
        replay.note(
            None, "burnt bonds", f"the contract counts {burnt} wei where {model.burnt} have been burnt"
        )
    balance = history.balance()
    surplus = balance - (replay.received - replay.paid)
    if surplus < 0:
        replay.note(None, "balance", f"{-surplus} wei have left the contract beyond what it announced")
    if surplus > 0:
        _check_payments(history, replay)
    for game in replay.lost:
        model.games.pop(game, None)  # what it owes is not known
    due = model.owed() + model.burnt
    if balance < due:
        replay.note(None, "balance", f"{balance} wei where {due} are owed or burnt")
    return surplus


def _check_payments(history: History, replay: Replay) -> None:
    """Money is left over: was some withdrawal paid less than it announced? Only traces tell."""
    announced: Counter[str] = Counter()
    games = {}
    for game, transaction, amount in replay.withdrawals:
        announced[transaction] += amount
        games[transaction] = game
    for transaction, amount in announced.items():
        traced = history.traced(transaction)
        if traced is None:
            return
        sent = sum(call.sent or 0 for call in traced)
        if sent != amount:
            detail = f"{sent} wei went out where {amount} were announced"
            replay.note(games[transaction], "payment", detail, transaction)


# ── all games together ──────────────────────────────────────────────────────────────────────────────────────


def _p_values(replay: Replay) -> tuple[float | None, float | None]:
    """Hold first proposers, and first continuations, against their stated probabilities.

    Of each game only the first draw of a kind counts: whether there is a second depends on the first. A draw
    that was begun and never completed, because a secret was withheld, counts as unseen.
    """
    stated = cache(stick_breaking)
    seats = max((game.agents for game in replay.model.games.values()), default=0)
    counts = [0] * seats
    draws: Counter[tuple[Fraction, ...]] = Counter()
    continuations: Counter[Fraction] = Counter()
    for game in replay.model.games.values():
        proposer = replay.proposers.get(game.id)
        if proposer is not None and proposer < game.agents:
            counts[proposer] += 1
        if game.round > 0:
            probabilities = stated(tuple(game.fractions))
            draws[(*probabilities, *[Fraction(0)] * (seats - game.agents))] += 1
        if game.round > 1:
            p = game.parameters
            continuations[Fraction(p.continuation_numerator, p.continuation_denominator)] += 1
    recognition = recognition_p_value(counts, draws, draws.total() - sum(counts))
    went_on, seen = sum(replay.continued.values()), len(replay.continued)
    if not continuations:
        return recognition, None
    return recognition, count_p_value(went_on, continuations, continuations.total() - seen)
