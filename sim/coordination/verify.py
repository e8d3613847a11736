"""Is a deployed contract what it claims to be? Judged from the outside, by what it has done.

:func:`verify` replays every game of a contract (:mod:`sim.coordination.replay`) from calldata and events. The
chain's state is asked only to confirm what the replay has arrived at, and at the end the draws of all games
together are held against the probabilities that the games state.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache

from sim.chain.history import History
from sim.coordination.game import Game
from sim.coordination.model import TwoStageModel
from sim.coordination.play import CONTRACTS, RECOGNITION_CONTRACTS
from sim.coordination.recognition import RECOGNITION, RecognitionFunction, Turn, stick_breaking
from sim.coordination.records import RECORDS, fraction_question
from sim.coordination.replay import GameReplay
from sim.randomness import Word, keccak, word
from sim.reference import Revert
from sim.statistics import count_p_value, recognition_p_value
from sim.verification.audit import Progress, View, artifacts, audit
from sim.verification.book import Book
from sim.verification.verification import Judged, Verification

__all__ = ["CONTRACT", "verify"]

CONTRACT = CONTRACTS[0]
"""Name of the contract whose history is replayed."""


def verify(history: History, book: Book | None = None, progress: Progress = lambda *_: None) -> Verification:
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
    claimed = {
        book.addresses[contract]: function
        for function, contract in RECOGNITION_CONTRACTS.items()
        if book is not None and contract in book.addresses
    }
    replay = GameReplay(history.chain_id, history.contract, _Stated(history, claimed))
    return audit(
        history,
        replay,
        kind="coordination",
        contracts=CONTRACTS,
        book=book,
        progress=progress,
        views=lambda game: _views(replay.model, game),
        judged=lambda: _judged(replay),
    )


def _views(model: TwoStageModel, game: Game) -> Iterator[View]:
    """Every view of a game."""
    seats = range(game.agents)
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
        text = f"{name}{arguments}" if arguments else name
        yield View(text, RECORDS.question(name, game.id, *arguments), due)


def _judged(replay: GameReplay) -> tuple[Judged, ...]:
    recognition, continuation = _p_values(replay)
    return (
        Judged("recognition_p_value", "first proposers", recognition),
        Judged("continuation_p_value", "first continuations", continuation),
    )


def _p_values(replay: GameReplay) -> tuple[float | None, float | None]:
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
def _known_codes() -> Mapping[Word, str]:
    """The tree's own recognition functions by the hash of their code."""
    found = ((name, artifacts().get(contract)) for name, contract in RECOGNITION_CONTRACTS.items())
    return {keccak(artifact.deployed_bytecode): name for name, artifact in found if artifact is not None}
