"""Events decoded as far as they are asked for are what generic coding says, field by field."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from parley.chain.abi import Interface
from parley.chain.backends import open_evm
from parley.chain.compiler import compile_contracts
from parley.mechanisms.coordination.bots import make_bots
from parley.mechanisms.coordination.play import Player, deploy_mechanism
from parley.mechanisms.coordination.problem import Problem, example_1


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
        for log, event in zip(logs, player.codec.decode(logs), strict=True):
            generic = interface.decode_event(*log)
            assert generic is not None
            assert event.name == generic.name
            assert tuple(event.as_dict().values()) == tuple(generic.args.values())
            seen.add(event.name)
    assert seen == players[0].codec.topics.keys()
    assert len(seen) == 11
