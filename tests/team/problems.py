"""Problems that the tests play, and random ones."""

from collections.abc import Mapping
from random import Random
from typing import Any

from parley.mechanisms.team.problem import Problem

USUAL, COVERED, LISTED, RETRACTED, UNHEARD = "", "coverage", "table", "retracting", "silent referee"
"""Settings: an additive function, and others; a principal that retracts, and a referee that is silent."""

ADDITIVE = {
    "kind": "team",
    "costs": ["1/500", "1/250", "19/20000"],
    "success": {"type": "additive", "contributions": ["1/2", "3/10", "1/10"]},
}
"""All are hired. Without its third agent's, the first one's wage would be the floor too: of the second's."""
COVERAGE = {
    "kind": "team",
    "costs": ["1/100", "2/100", "3/100"],
    "success": {
        "type": "coverage",
        "weights": ["3/10", "1/10", "1/10", "1/5", "3/10"],
        "sets": [[0, 1], [1, 2, 4], [2, 3]],
    },
    "posted": {"shares": ["3/20", "3/20", "3/20"]},
}
TABLE = {
    "kind": "team",
    "costs": [1, 2],
    "reward": 20,
    "success": {"type": "table", "values": [0, "2/5", "1/2", "4/5"]},
}
PROBLEMS = {
    USUAL: Problem.from_mapping(ADDITIVE),
    COVERED: Problem.from_mapping(COVERAGE),
    LISTED: Problem.from_mapping(TABLE),
    RETRACTED: Problem.from_mapping(ADDITIVE),
    UNHEARD: Problem.from_mapping(ADDITIVE),
}


def random_keys(dice: Random) -> Mapping[str, Any]:
    """A problem of few agents, on chain or not."""
    n = dice.randint(1, 4)

    def shares(count: int = n) -> list[str]:
        return [f"{dice.randint(0, 9)}/{10 * count}" for _ in range(count)]

    agents = list(range(n))
    dice.shuffle(agents)
    cut = dice.randint(0, n)
    groups = [sorted(agents[:cut]), sorted(agents[cut:]), []]
    success = dice.choice(
        [
            {"type": "additive", "contributions": shares()},
            {"type": "budget-additive", "contributions": shares(), "budget": "1/2"},
            {
                "type": "coverage",
                "weights": shares(5),
                "sets": [sorted(dice.sample(range(5), dice.randint(0, 3))) for _ in range(n)],
            },
            {"type": "at-least-one", "probabilities": shares()},
            {
                "type": "partition-matroid",
                "contributions": shares(),
                "groups": groups,
                "limits": [dice.randint(0, 2) for _ in groups],
            },
            {"type": "xos", "parts": [shares(), shares()]},
            {"type": "table", "values": [f"{mask.bit_count()}/{n + 2}" for mask in range(1 << n)]},
        ]
    )
    optional = {
        "reward": dice.choice([2, "1/3"]),
        "posted": {"shares": shares()},
        "wei": dice.randint(1, 10**18),
        "window": dice.randint(60, 9999),
        "names": {"agents": [f"worker {agent}" for agent in range(n)]},
    }
    keys = {key: value for key, value in optional.items() if dice.random() < 0.4}
    return {
        "kind": "team",
        "costs": [f"{dice.randint(1, 9)}/100" for _ in range(n)],
        "success": success,
        **keys,
    }
