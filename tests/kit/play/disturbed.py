"""Play on a node to which something happens."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from parley.kit.play.on_node import NodeGame, NodeRun
from parley.kit.protocols import OutcomeT
from tests.nodes import LocalNode


def disturbed(
    node: LocalNode,
    run: NodeRun[Any, Any, OutcomeT, Any],
    games: int,
    disturb: Callable[[LocalNode], None],
    rounds: Mapping[int, bool],
) -> Iterator[NodeGame[OutcomeT]]:
    """Play while something happens to the node: before it takes a batch of transactions, or after it did."""
    rpc = run._evm.manager.rpc
    ask_all = rpc.ask_all
    batches = 0

    def ask_all_of_a_mortal(calls: Sequence[tuple[str, Sequence[object]]], **options: bool) -> list[Any]:
        nonlocal batches
        if not calls or calls[0][0] != "eth_sendRawTransaction":
            return ask_all(calls, **options)
        batches += 1
        before = rounds.get(batches)
        if before is True:
            disturb(node)
        answers = ask_all(calls, **options)
        if before is False:
            disturb(node)
        return answers

    rpc.ask_all = ask_all_of_a_mortal  # type: ignore[method-assign]  # the node dies here
    yield from run.play(range(games))
    assert batches >= max(rounds)
