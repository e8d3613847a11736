"""Is a deployed contract what it claims to be? Judged from the outside, by what it has done.

:func:`verify` replays every game of a contract (:mod:`parley.mechanisms.coordination.replay`) from calldata
and events. The chain's state is asked only to confirm what the replay has arrived at, and at the end the
draws of all games together are held against the probabilities that the games state.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from functools import cache

from parley.chain.deployments import Claims
from parley.chain.history import History
from parley.core.randomness import Word, word
from parley.core.statistics import count_p_value, recognition_p_value
from parley.kit.verify.contract import Progress, View, verify_contract
from parley.kit.verify.verification import Judged, Verification
from parley.mechanisms.coordination.contracts import CONTRACTS, RECOGNITION_CONTRACTS
from parley.mechanisms.coordination.game import Game
from parley.mechanisms.coordination.model import TwoStageModel
from parley.mechanisms.coordination.recognition import stick_breaking
from parley.mechanisms.coordination.records import RECORDS
from parley.mechanisms.coordination.replay import GameReplay

__all__ = ["CONTRACT", "RECORDS", "verify"]

CONTRACT = CONTRACTS[0]
"""Name of the contract whose history is replayed."""


def verify(
    history: History,
    claims: Claims | None = None,
    progress: Progress = lambda *_: None,
    creators: Collection[str] = (),
) -> Verification:
    """Replay every game of a deployed mechanism and check all that the chain shows of it.

    Parameters
    ----------
    history : History
    claims : Claims, optional
        What the deployment file claims. A recognition function that it does not name is known by its code, or
        else asked for every fraction.
    progress : callable
        Called with the blocks read and the blocks to read.
    creators : collection of str
        Addresses of those whose games' draws are judged together; by default the account that deployed the
        contract.

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

    >>> from parley.chain.backends import open_evm
    >>> from parley.chain.history import Recorder
    >>> from parley.mechanisms.coordination.bots import make_bots
    >>> from parley.mechanisms.coordination.play import Player, deploy_mechanism
    >>> from parley.mechanisms.coordination.problem import example_1
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
        claims.addresses[contract]: function
        for function, contract in RECOGNITION_CONTRACTS.items()
        if claims is not None and contract in claims.addresses
    }
    replay = GameReplay(history, claimed)
    return verify_contract(
        history,
        replay,
        kind="coordination",
        contracts=CONTRACTS,
        claims=claims,
        progress=progress,
        creators=creators,
        views=lambda game: _views(replay.model, game),
        judged=lambda games: _judged(replay, games),
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


def _judged(replay: GameReplay, games: Sequence[Game]) -> tuple[Judged, ...]:
    recognition, continuation = _p_values(replay, games)
    return (
        Judged("recognition_p_value", "first proposers", recognition),
        Judged("continuation_p_value", "first continuations", continuation),
    )


def _p_values(replay: GameReplay, games: Sequence[Game]) -> tuple[float | None, float | None]:
    """Hold first proposers, and first continuations, against their stated probabilities.

    Of each game only the first draw of a kind counts: whether there is a second depends on the first. A draw
    that was begun and never completed, because a secret was withheld, counts as unseen.
    """
    stated = cache(stick_breaking)
    seats = max((game.agents for game in games), default=0)
    counts = [0] * seats
    draws: Counter[tuple[Fraction, ...]] = Counter()
    continuations: Counter[Fraction] = Counter()
    for game in games:
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
    known = [replay.continued[game.id] for game in games if game.id in replay.continued]
    went_on, seen = sum(known), len(known)
    if not continuations:
        return recognition, None
    return recognition, count_p_value(went_on, continuations, continuations.total() - seen)
