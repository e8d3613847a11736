"""Is a deployed lottery contract what it claims to be? Judged from the outside, by what it has done.

:func:`verify` replays every lottery of a contract (:mod:`parley.mechanisms.assignment.replay`) from calldata
and events: every certificate is checked again, every draw is made again from the secrets. The chain's state
is asked only to confirm what the replay has arrived at, and at the end the draws of all lotteries together
are held against the probabilities that the lotteries state.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction

from parley.chain.deployments import Claims
from parley.chain.history import History
from parley.core.randomness import word
from parley.core.statistics import bonferroni, recognition_p_value
from parley.kit.reference import encode_bytes
from parley.kit.verify.contract import Progress, View, verify_contract
from parley.kit.verify.verification import Judged, Verification
from parley.mechanisms.assignment.contracts import CONTRACTS
from parley.mechanisms.assignment.lottery_state import Lottery, Phase
from parley.mechanisms.assignment.model import LotteryModel
from parley.mechanisms.assignment.parameters import Rule
from parley.mechanisms.assignment.records import RECORDS
from parley.mechanisms.assignment.replay import LotteryReplay

__all__ = ["CONTRACT", "RECORDS", "verify"]

CONTRACT = CONTRACTS[0]
"""Name of the contract whose history is replayed."""


def verify(
    history: History,
    claims: Claims | None = None,
    progress: Progress = lambda *_: None,
    creators: Collection[str] = (),
) -> Verification:
    """Replay every lottery of a deployed contract and check all that the chain shows of it.

    Parameters
    ----------
    history : History
    claims : Claims, optional
        What the deployment file claims.
    progress : callable
        Called with the blocks read and the blocks to read.
    creators : collection of str
        Addresses of those whose games' draws are judged together; by default the account that deployed the
        contract.

    Returns
    -------
    Verification
        Beyond the keys that every mechanism has: the p-values of first picks and of terms, and the wei that
        are owed and burnt.

    Raises
    ------
    ParleyError
        If the chain cannot be read, or a call came through another contract and there are no traces of it.

    Examples
    --------
    Twenty lotteries on a machine that writes down what passes through it:

    >>> from parley.mechanisms.assignment.bots import make_bots
    >>> from parley.mechanisms.assignment.plan import plan
    >>> from parley.mechanisms.assignment.play import Player, deploy_mechanism
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> from parley.chain.backends import open_evm
    >>> from parley.chain.history import Recorder
    >>> machine = Recorder(open_evm("revm"))
    >>> machine.contract = deploy_mechanism(machine)
    >>> player = Player(machine, machine.contract, plan(example_1(), make_bots(["truthful"], 4)), seed=1)
    >>> for k in range(20):
    ...     _ = player.play(k)
    >>> found = verify(machine)
    >>> found.games, found.draws, found.violations, found.holds
    (20, 20, [], True)
    """
    replay = LotteryReplay(history)
    model = replay.model
    return verify_contract(
        history,
        replay,
        kind="assignment",
        contracts=CONTRACTS,
        claims=claims,
        progress=progress,
        creators=creators,
        views=lambda lottery: _views(model, lottery),
        judged=lambda games: _judged(replay, games),
        own=lambda: {"owed_wei": str(model.owed()), "burnt_wei": str(model.burnt)},
    )


def _views(model: LotteryModel, lottery: Lottery) -> Iterator[View]:
    """Every view of a lottery."""
    answers: list[tuple[str, tuple[int, ...], bytes]] = [
        ("state", (), _words(*model.state(lottery.id))),
        ("digestOf", (), model.digest_of(lottery.id)),
        ("assignmentOf", (), _words(*model.assignment_of(lottery.id))),
    ]
    for seat in range(lottery.agents):
        answers.append(("commitment", (seat,), model.commitment(lottery.id, seat)))
        answers.append(("rankingOf", (seat,), word(32) + encode_bytes(model.ranking_of(lottery.id, seat))))
    for name, arguments, due in answers:
        text = f"{name}{arguments}" if arguments else name
        yield View(text, RECORDS.question(name, lottery.id, *arguments), due)


def _words(*numbers: int) -> bytes:
    return b"".join(map(word, numbers))


# ── all lotteries together ──────────────────────────────────────────────────────────────────────────────────


def _judged(replay: LotteryReplay, lotteries: Sequence[Lottery]) -> tuple[Judged, ...]:
    followed = [lottery for lottery in lotteries if lottery.id not in replay.lost]
    order, term = _order_p_value(replay, followed), _term_p_value(followed)
    p_values = [p for p in (order, term) if p is not None]
    together = bonferroni(p_values) if p_values else None
    return (
        Judged("recognition_p_value", "first picks and terms together", together),
        Judged("order_p_value", "first picks", order),
        Judged("term_p_value", "terms", term),
    )


def _order_p_value(replay: LotteryReplay, followed: Sequence[Lottery]) -> float | None:
    """Who picks first is uniform among those that take part.

    A draw has begun when secrets are to be opened. Who has committed takes part in it, and if somebody keeps
    its secret to itself, nobody sees how it would have come out: the draw that replaces it was chosen over
    the other one by somebody who could know both.
    """
    trials = [
        lottery
        for lottery in followed
        if lottery.parameters.rule is Rule.SERIAL_DICTATORSHIP
        and lottery.committed
        and lottery.phase > Phase.COMMITTING
    ]
    draws: Counter[tuple[Fraction, ...]] = Counter()
    counts = _no_counts(trials)
    seen = 0
    for lottery in trials:
        equal = Fraction(1, len(lottery.committed))
        draws[_padded([equal * (seat in lottery.committed) for seat in range(lottery.agents)], counts)] += 1
        if lottery.phase is Phase.DRAWN and lottery.revealed == lottery.committed:
            seen += 1
            counts[replay.firsts[lottery.id]] += 1
    return recognition_p_value(counts, draws, len(trials) - seen)


def _term_p_value(followed: Sequence[Lottery]) -> float | None:
    """A seat gets what it has ranked first with the probability that the posted matrix says.

    A draw has begun when the matrix was posted; if somebody does not open its secret, nobody sees it.
    """
    trials = [lottery for lottery in followed if lottery.certificate is not None]
    draws: Counter[tuple[Fraction, ...]] = Counter()
    counts = _no_counts(trials)
    seen = 0
    for lottery in trials:
        draws[_padded(_first_choices(lottery), counts)] += 1
        if lottery.phase is Phase.DRAWN and lottery.opened == lottery.revealed:
            seen += 1
            for seat, ranking in enumerate(lottery.rankings):
                counts[seat] += bool(ranking) and lottery.assignment[seat] == ranking[0] + 1
    return recognition_p_value(counts, draws, len(trials) - seen)


def _first_choices(lottery: Lottery) -> list[Fraction]:
    """The probability, by seat, of the item that it has ranked first; 0 if it has ranked none."""
    certificate = lottery.certificate
    if certificate is None:
        raise ValueError("nothing was posted")
    rows = certificate.matrix_of(lottery.items)
    firsts = zip(lottery.rankings, rows, strict=True)
    return [row[ranking[0]] if ranking else Fraction(0) for ranking, row in firsts]


def _no_counts(lotteries: Sequence[Lottery]) -> list[int]:
    return [0] * max((lottery.agents for lottery in lotteries), default=0)


def _padded(probabilities: Sequence[Fraction], counts: Sequence[int]) -> tuple[Fraction, ...]:
    """One probability for each seat that there is in any lottery."""
    return (*probabilities, *[Fraction(0)] * (len(counts) - len(probabilities)))
