"""Verification: replay all calls, then compare with the chain's state."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import NamedTuple, Protocol

from parley.chain.abi import AbiError, python_name
from parley.chain.compiler import Artifact, CompilerError
from parley.chain.deployments import Claims
from parley.chain.history import History
from parley.core.errors import ParleyError
from parley.core.randomness import keccak
from parley.core.statistics import bonferroni, recognition_p_value
from parley.kit.reference import ReferenceModel
from parley.kit.verify.decoder import Decoder
from parley.kit.verify.replay import AnyReplay, Draws, G, Replay
from parley.kit.verify.verification import Judged, Others, Verification

__all__ = [
    "Beside",
    "Declared",
    "Progress",
    "Question",
    "compiled",
    "decoder_of",
    "questions",
    "verify_contract",
]

Progress = Callable[[int, int], None]
"""Called with the blocks read and the blocks to read."""

_GAMES_AT_ONCE = 100
_TOGETHER = "recognition_p_value"


class Declared(Protocol):
    """The parts of a mechanism that verification needs; see `parley.kit.mechanism.Mechanism`."""

    @property
    def kind(self) -> str:
        """Name in problem files."""

    @property
    def contracts(self) -> Sequence[str]:
        """Names of its contracts; the first one holds the games."""

    def verifier(self) -> type[AnyReplay]:
        """Return the class that replays its games."""

    def artifacts(self) -> Mapping[str, Artifact]:
        """Return compiled contracts by name."""


@dataclass(frozen=True)
class Beside:
    """Another contract of a mechanism that holds games, beside the one that it declares first.

    Attributes
    ----------
    mechanism : Declared
    contracts : tuple of str
        The contract, then those that it calls.
    replay : callable
        Returns the class that replays its games.
    """

    mechanism: Declared
    contracts: tuple[str, ...]
    replay: Callable[[], type[AnyReplay]]

    @property
    def kind(self) -> str:
        """The mechanism's."""
        return self.mechanism.kind

    def verifier(self) -> type[AnyReplay]:
        """Return the class that replays its games."""
        return self.replay()

    def artifacts(self) -> Mapping[str, Artifact]:
        """Return compiled contracts by name."""
        return self.mechanism.artifacts()


def decoder_of(mechanism: Declared, claims: Claims | None = None) -> Decoder:
    """Return the decoder of the calls and events of a mechanism's contract.

    It uses the interface of this tree, or of the deployment file if this tree cannot be compiled.

    Raises
    ------
    ParleyError
        If neither exists.
    """
    name = mechanism.contracts[0]
    stated = None if claims is None else claims.interfaces.get(name)
    artifact = compiled(mechanism).get(name)
    abi = stated if artifact is None else artifact.abi
    if abi is None:
        raise ParleyError(
            f"cannot decode calls to {name}: no compiled contracts, and no interface in the deployment file"
        )
    try:
        model = mechanism.verifier().contract
        return Decoder(abi, model.words, model.opening)
    except (AbiError, LookupError, TypeError, AttributeError) as error:
        raise ParleyError(f"the interface of {name} cannot be read: {error!r}") from error


def verify_contract(
    mechanism: Declared,
    history: History,
    claims: Claims | None = None,
    progress: Progress = lambda *_: None,
    creators: Collection[str] = (),
) -> Verification:
    """Replay and check every game of a deployed contract.

    The final state of the replay must equal the chain's state. The draws of all games are tested against the
    probabilities that the games state.

    Parameters
    ----------
    claims : Claims, optional
        Claims of the deployment file.
    progress : callable
        Called with the blocks read and the blocks to read.
    creators : collection of str
        Accounts whose games' draws are tested together; by default the deployer of the contract.

    Raises
    ------
    ParleyError
        If the chain cannot be read, or a call came through another contract and the node has no traces.
    """
    began = time.perf_counter()
    contracts = mechanism.contracts
    replay = mechanism.verifier()(history, decoder_of(mechanism, claims), claims)
    for call in history.calls(progress):
        if not call.direct:
            raise ParleyError(
                f"transaction {call.transaction} calls the contract through another one, which needs "
                "traces; use a node that has debug_traceTransaction"
            )
        replay.take(call)
    replay.ledger.close()
    replay.finish()
    if claims is not None:
        _check_code(history, claims, contracts, replay)
    _confirm(history, replay)
    by_creator = _by_creator(replay)
    pooled = {one.lower() for one in creators} or {history.founder()} - {None}
    together = [game for creator in pooled for game in by_creator.pop(creator or "", ())]
    p_values = _judged(replay, together)
    others = [
        Others(creator, len(games), _judged(replay, games)[0].p_value)
        for creator, games in by_creator.items()
    ]
    endings = Counter(_standing(game) for game in replay.model.games.values())
    surplus = _check_money(history, replay)
    return Verification(
        kind=mechanism.kind,
        chain_id=history.chain_id,
        contract=history.contract,
        endings=dict(endings),
        checked=dict(replay.checked),
        violations=replay.violations,
        findings=replay.findings,
        not_followed=len(replay.lost),
        not_seen=len(replay.unseen),
        judged=p_values,
        creators=sorted(one for one in pooled if one),
        others=sorted(others, key=lambda one: (1.0 if one.p_value is None else one.p_value, one.creator)),
        payees=replay.ledger.seen,
        surplus=surplus,
        own_code=_has_own_code(history, mechanism),
        seconds=time.perf_counter() - began,
        owed=replay.model.owed(),
        burnt=replay.model.burnt,
    )


def _by_creator(replay: Replay[G]) -> dict[str, list[G]]:
    games: dict[str, list[G]] = {}
    for game in replay.model.games.values():
        games.setdefault(replay.creators[game.id], []).append(game)
    return games


def compiled(mechanism: Declared) -> Mapping[str, Artifact]:
    """Return a mechanism's compiled contracts; none if they cannot be compiled."""
    try:
        return mechanism.artifacts()
    except CompilerError:
        return {}


def _has_own_code(history: History, mechanism: Declared) -> bool | None:
    artifact = compiled(mechanism).get(mechanism.contracts[0])
    return None if artifact is None else history.code(history.contract) == artifact.deployed_bytecode


def _standing(game: G) -> str:
    return game.phase.name.lower().replace("_", " ")


def _check_code(history: History, claims: Claims, contracts: Sequence[str], replay: Replay[G]) -> None:
    """Compare the code at each address with the deployment file."""
    for name in contracts:
        expected = claims.code_hashes.get(name)
        if expected is None:
            continue
        found = "0x" + keccak(history.code(claims.addresses[name]) or b"").hex()
        if found != expected:
            replay.note(None, "deployed code", f"{name} has the code {found} instead of {expected}")


class Question(NamedTuple):
    """A view call, in words and as calldata, with the expected answer."""

    text: str
    question: bytes
    answer: bytes


def questions(decoder: Decoder, model: ReferenceModel[G], game: G) -> Iterator[Question]:
    """Yield all view calls about a game, with the model's answers.

    Arguments after the game's id are seats, or indices that the model counts.
    """
    for name, view in decoder.of_games.items():
        ask = getattr(model, python_name(name))
        ranges = [range(model.number_of(game, python_name(one.name))) for one in view.inputs[1:]]
        for arguments in product(*ranges):
            due = decoder.answer(name, ask(game.id, *arguments))
            text = f"{name}{arguments}" if arguments else name
            yield Question(text, decoder.question(name, game.id, *arguments), due)


def _confirm(history: History, replay: Replay[G]) -> None:
    """Compare the contract's state with the replay.

    Games with violations are skipped.
    """
    games = [game for game in replay.model.games.values() if replay.is_clean(game.id)]
    for start in range(0, len(games), _GAMES_AT_ONCE):
        asked = [
            (game, question)
            for game in games[start : start + _GAMES_AT_ONCE]
            for question in questions(replay.decoder, replay.model, game)
        ]
        answers = history.ask([(history.contract, one.question) for _, one in asked])
        for (game, one), answer in zip(asked, answers, strict=True):
            if answer != one.answer and replay.is_clean(game.id):
                found = "nothing" if answer is None else "0x" + answer.hex()
                detail = f"{one.text} answers {found} instead of 0x{one.answer.hex()}"
                replay.note(game.id, "state", detail)


def _judged(replay: Replay[G], games: Sequence[G]) -> tuple[Judged, ...]:
    """Test the draws of some games together against their probabilities."""
    found = [Judged(one.key, one.what, _p_value(replay, one, games)) for one in replay.draws]
    if any(one.key == _TOGETHER for one in found):
        return tuple(found)
    p_values = [one.p_value for one in found if one.p_value is not None]
    what = f"{' and '.join(one.what for one in found)} together" if found else "draws"
    return (Judged(_TOGETHER, what, bonferroni(p_values) if p_values else None), *found)


def _p_value(replay: Replay[G], draws: Draws[G], games: Sequence[G]) -> float | None:
    """Test one kind of draw in some games against its probabilities.

    A draw that was started and not completed counts as unseen.
    """
    drawn = [found for game in games if (found := draws.of(replay, game)) is not None]
    outcomes = max((len(one.probabilities) for one in drawn), default=0)
    counts, unseen = Counter[int](), 0
    stated: Counter[tuple[Fraction, ...]] = Counter()
    for one in drawn:
        stated[(*one.probabilities, *[Fraction(0)] * (outcomes - len(one.probabilities)))] += 1
        counts.update(one.outcomes or ())
        unseen += one.outcomes is None
    return recognition_p_value([counts[k] for k in range(outcomes)], stated, unseen)


def _check_money(history: History, replay: Replay[G]) -> int:
    """Check burnt bonds and the balance, and return the surplus: wei beyond what is owed and burnt."""
    model = replay.model
    burnt = 0
    if "burnt" in replay.decoder.views:
        (answer,) = history.ask([(history.contract, replay.decoder.question("burnt"))])
        burnt = int.from_bytes(answer, "big") if answer else 0
    if burnt != model.burnt:
        replay.note(None, "burnt bonds", f"the contract counts {burnt} wei, but {model.burnt} were burnt")
    balance = history.balance()
    surplus = balance - (replay.ledger.received - replay.ledger.paid)
    if surplus < 0:
        # Otherwise the balance covers what is owed and burnt: every call's money was checked.
        replay.note(None, "balance", f"{-surplus} wei left the contract without a known payment")
    return surplus
