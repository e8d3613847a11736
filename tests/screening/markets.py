"""Random markets with polarized menus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley.mechanisms.screening.problem import Problem

if TYPE_CHECKING:
    from random import Random


def random_market(dice: Random, agents: int, tasks: int) -> Problem:
    """A market as of the specification's tables: social costs on [1, 4], status quo 4 to 19, types on [1, 2].

    An agent has no ray, one, two opposite ones, or a remedial menu. Most rays are along few axes, so that
    they clear, and ties are made likely by few numbers.
    """
    coarse = dice.random() < 0.5

    def ray() -> list[int]:
        while True:
            found = [dice.choice([-2, -1, 0, 0, 1, 2] if coarse else range(-9, 10)) for _ in range(tasks)]
            if min(found) < 0 < max(found):
                return found

    axes = [ray() for _ in range(3)]

    def menu() -> Any:  # noqa: ANN401 - a list of rays, or a word
        sign = dice.choice([-1, 1])
        one = ray() if dice.random() < 0.2 else [sign * x for x in dice.choice(axes)]
        # Together they take at least what they give, so that no type likes both.
        more = dice.random() < 0.2
        other = [-x + more * dice.randint(0, 2) for x in one]
        rays = [one, other] if min(other) < 0 < max(other) else [one]
        return "remedial" if dice.random() < 0.1 else rays[: dice.choice([0, 1, 2, 2, 2])]

    return Problem.from_mapping(
        {
            "kind": "screening",
            "social_costs": [
                [dice.randint(1, 4) if coarse else f"{dice.randint(10, 40)}/10" for _ in range(tasks)]
                for _ in range(agents)
            ],
            "status_quo": [[dice.randint(4, 19) for _ in range(tasks)] for _ in range(agents)],
            "preferences": {"type": "uniform", "low": [1] * tasks, "high": [2] * tasks},
            "menus": [menu() for _ in range(agents)],
        }
    )
