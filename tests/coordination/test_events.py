"""Events decoded at fixed offsets are what the compiled interface says."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from parley.chain.abi import Interface
from parley.chain.backends import open_evm
from parley.chain.compiler import compile_contracts
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.events import SIGNATURES, decode
from parley.mechanisms.coordination.play import Player, deploy_mechanism
from parley.mechanisms.coordination.problem import Problem, example_1


def fields_of(name: str, args: dict[str, Any]) -> tuple[Any, ...]:
    """An event's fields as generic coding gives them, in the types that we give them."""
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in args.items()
    }
    if name == "ProposerDrawn":
        fields["order"] = b"".join(word.to_bytes(32)[::-1] for word in fields["order"])
    if name == "Withdrawn":
        fields["to"] = bytes.fromhex(fields["to"][2:])
    if name == "Created":
        fields = {"digest": fields["digest"]}
    if name == "Stored":
        fields = {"seat": fields["seat"], "digest": fields["digest"]}
    return tuple(value for key, value in fields.items() if key != "id")


def test_every_kind_of_event_is_decoded_as_generic_coding_decodes_it() -> None:
    interface = Interface(compile_contracts()["TwoStageMechanism"].abi)
    problem = replace(example_1(), continuation=Fraction(1, 2))
    evm = open_evm("revm")
    players = [
        Player(evm, deploy_mechanism(evm), problem, make_bots(bots, 5), seed=1)
        for bots in (["random"], ["silent:responding", *["equilibrium"] * 4])
    ]
    # A game of two pages, which nobody joins.
    ones = np.ones((31, 64), np.int64)
    large = Problem(ones, ones, problem.costs[:1], problem.continuation)
    players.append(Player(evm, deploy_mechanism(evm), large, make_bots(["silent:joining"], 31), seed=1))
    seen = set()
    for player in players:
        logs = []
        for k in range(30):
            player.play(k)
            logs += [log for sent in player.sent for log in sent.logs]
        for log, event in zip(logs, decode(logs), strict=True):
            generic = interface.decode_event(*log)
            assert generic is not None
            assert type(event).__name__ == generic.name
            expected = fields_of(generic.name, dict(generic.args))
            assert tuple(event)[: len(expected)] == expected
            assert len(event) == len(expected) or generic.name == "Created"
            seen.add(type(event))
    assert seen == set(SIGNATURES)
