"""Verification from beginning to end: replay all calls, then compare with the chain's state."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from parley.chain.compiler import Artifact, CompilerError, compile_contracts
from parley.chain.deployments import Claims
from parley.chain.history import History
from parley.core.errors import ParleyError
from parley.core.randomness import keccak
from parley.kit.verify.replay import G, Replay
from parley.kit.verify.verification import Judged, Others, Verification

__all__ = ["Progress", "View", "artifacts", "verify_contract"]

Progress = Callable[[int, int], None]
"""Called with the blocks read and the blocks to read."""

_GAMES_AT_ONCE = 100


class View(NamedTuple):
    """A question to the contract and the answer that is due, with the question in words."""

    text: str
    question: bytes
    answer: bytes


def verify_contract(  # noqa: PLR0913 - what a mechanism says of itself
    history: History,
    replay: Replay[G],
    *,
    kind: str,
    contracts: Sequence[str],
    claims: Claims | None,
    progress: Progress,
    creators: Collection[str],
    views: Callable[[G], Iterator[View]],
    judged: Callable[[Sequence[G]], tuple[Judged, ...]],
    own: Callable[[], Mapping[str, Any]] = dict,
) -> Verification:
    """Replay every game of a contract and check all that the chain shows of it.

    Parameters
    ----------
    history : History
    replay : Replay
        Which has not seen a call.
    kind : str
        The mechanism.
    contracts : sequence of str
        Names of its contracts; the first is the one whose history it is.
    claims : Claims or None
        What the deployment file claims.
    progress : callable
    creators : collection of str
        Whose games are judged together; if empty, the account's that deployed the contract.
    views : callable
        Every view of a game of the replay's model.
    judged : callable
        Holds the draws of some games together against their probabilities, after the replay.
    own : callable
        What else to say, after the money was counted.

    Raises
    ------
    ParleyError
        If the chain cannot be read, or a call came through another contract and there are no traces of it.
    """
    began = time.perf_counter()
    for call in history.calls(progress):
        if not call.direct:
            raise ParleyError(
                f"transaction {call.transaction} calls the contract through another one, and there are no "
                "traces to say how: ask a node that has debug_traceTransaction"
            )
        replay.take(call)
    replay.ledger.close()
    if claims is not None:
        _check_code(history, claims, contracts, replay)
    _confirm(history, replay, views)
    by_creator = _by_creator(replay)
    pooled = {one.lower() for one in creators} or {history.founder()} - {None}
    together = [game for creator in pooled for game in by_creator.pop(creator or "", ())]
    p_values = judged(together)
    others = [Others(creator, len(games), judged(games)[0].p_value) for creator, games in by_creator.items()]
    endings = Counter(_standing(game) for game in replay.model.games.values())
    surplus = _check_money(history, replay)
    return Verification(
        kind=kind,
        chain_id=history.chain_id,
        contract=history.contract,
        endings=dict(endings),
        checked=dict(replay.checked),
        violations=replay.violations,
        not_followed=len(replay.lost),
        not_seen=len(replay.unseen),
        judged=p_values,
        creators=sorted(one for one in pooled if one),
        others=sorted(others, key=lambda one: (1.0 if one.p_value is None else one.p_value, one.creator)),
        payees=replay.ledger.seen,
        surplus=surplus,
        own_code=_has_own_code(history, contracts[0]),
        seconds=time.perf_counter() - began,
        own=own(),
    )


def _by_creator(replay: Replay[G]) -> dict[str, list[G]]:
    games: dict[str, list[G]] = {}
    for game in replay.model.games.values():
        games.setdefault(replay.creators[game.id], []).append(game)
    return games


@cache
def artifacts() -> Mapping[str, Artifact]:
    """The tree's own contracts; none where nothing can be compiled."""
    try:
        return compile_contracts()
    except CompilerError:
        return {}


def _has_own_code(history: History, name: str) -> bool | None:
    artifact = artifacts().get(name)
    return None if artifact is None else history.code(history.contract) == artifact.deployed_bytecode


def _standing(game: G) -> str:
    return game.phase.name.lower().replace("_", " ")


def _check_code(history: History, claims: Claims, contracts: Sequence[str], replay: Replay[G]) -> None:
    """Hold the code at each address against what was deployed."""
    for name in contracts:
        expected = claims.code_hashes.get(name)
        if expected is None:
            continue
        found = "0x" + keccak(history.code(claims.addresses[name]) or b"").hex()
        if found != expected:
            replay.note(None, "deployed code", f"{name} has the code {found} where {expected} was deployed")


def _confirm(history: History, replay: Replay[G], views: Callable[[G], Iterator[View]]) -> None:
    """Hold the contract's state against what its calls and events lead to.

    Games in which something was found already are left out.
    """
    games = [game for game in replay.model.games.values() if replay.is_clean(game.id)]
    for start in range(0, len(games), _GAMES_AT_ONCE):
        asked = [(game, view) for game in games[start : start + _GAMES_AT_ONCE] for view in views(game)]
        answers = history.ask([(history.contract, view.question) for _, view in asked])
        for (game, view), answer in zip(asked, answers, strict=True):
            if answer != view.answer and replay.is_clean(game.id):
                found = "nothing" if answer is None else "0x" + answer.hex()
                detail = f"{view.text} answers {found} where 0x{view.answer.hex()} is due"
                replay.note(game.id, "state", detail)


def _check_money(history: History, replay: Replay[G]) -> int:
    """Bonds burnt, and the balance: what is owed and what is burnt is there. Returns what is too much."""
    model = replay.model
    (answer,) = history.ask([(history.contract, replay.records.question("burnt"))])
    burnt = int.from_bytes(answer, "big") if answer else 0
    if burnt != model.burnt:
        replay.note(
            None, "burnt bonds", f"the contract counts {burnt} wei where {model.burnt} have been burnt"
        )
    balance = history.balance()
    surplus = balance - (replay.ledger.received - replay.ledger.paid)
    if surplus < 0:
        # Otherwise what is owed and burnt is there: every call's money was held against the model.
        replay.note(None, "balance", f"{-surplus} wei have left the contract beyond what was seen to be paid")
    return surplus
