from itertools import combinations
from random import Random

import numpy as np
import pytest

from parley.mechanisms.coordination.solver.flows import max_flow


def random_network(dice: Random, highest: int) -> tuple[int, list[tuple[int, int, int]]]:
    nodes = dice.randint(3, 7)
    arcs = []
    for tail, head in combinations(range(nodes), 2):
        if dice.random() < 0.7:
            pair = (tail, head) if tail == 0 or head == nodes - 1 or dice.random() < 0.5 else (head, tail)
            arcs.append((*pair, dice.randint(0, highest)))
    return nodes, arcs or [(0, nodes - 1, 1)]


@pytest.mark.parametrize(
    "highest", [3, 2**31 - 1, 2**33, 2**59], ids=["small", "31 bits", "33 bits", "59 bits"]
)
def test_flows_are_maximal_and_come_with_a_minimum_cut(highest: int) -> None:
    dice = Random(highest)
    positive = 0
    for _ in range(150):
        nodes, arcs = random_network(dice, highest)
        capacity = {(tail, head): most for tail, head, most in arcs}
        flow = max_flow(nodes, *(np.array(column, dtype=np.int64) for column in zip(*arcs, strict=True)))
        amounts = dict(
            zip(
                zip(flow.tails.tolist(), flow.heads.tolist(), strict=True), flow.amounts.tolist(), strict=True
            )
        )
        net = [0] * nodes
        for (tail, head), amount in amounts.items():
            assert 0 < amount <= capacity[tail, head]
            net[tail] -= amount
            net[head] += amount
        assert net == [-flow.value, *[0] * (nodes - 2), flow.value]
        # A cut as small as the flow proves both.
        side = flow.source_side.tolist()
        assert side[0]
        assert not side[-1]
        assert flow.value == sum(
            most for (tail, head), most in capacity.items() if side[tail] and not side[head]
        )
        positive += flow.value > 0
    assert positive > 75


def test_of_several_minimum_cuts_the_one_next_to_the_source_is_given() -> None:
    line = np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([5, 5, 5])
    assert max_flow(4, *line).source_side.tolist() == [True, False, False, False]
