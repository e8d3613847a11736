"""What the suite of conformance has to know of screening."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, replace
from random import Random
from typing import Any

from parley.chain.abi import Interface
from parley.chain.compiler import Artifact
from parley.chain.evm import Evm, Logs
from parley.core.randomness import word
from parley.kit.bots import seated
from parley.mechanisms.screening.bots import cast
from parley.mechanisms.screening.mechanism import MECHANISM
from parley.mechanisms.screening.parameters import MAX_COST, Parameters
from parley.mechanisms.screening.play import Player
from parley.mechanisms.screening.problem import Problem, worked_example
from tests.kit.rig.on_chain import OnChain
from tests.kit.rig.staging import Staged, Way, trying, with_other
from tests.kit.rig.suite import Suite, Tampered, populations
from tests.kit.rig.tampered import left_out, with_word
from tests.screening.contract_machine import ContractMachine
from tests.screening.crooked import CAMPAIGN, LATE, REMEDIAL, SILENT, TIE, USUAL


def _problem(menus: Sequence[Any], costs: Sequence[Sequence[int]], held: Sequence[int]) -> Problem:
    """Three agents, each with as much of one task as of the other."""
    keys = {"menus": menus, "social_costs": costs, "status_quo": [[amount] * 2 for amount in held]}
    return Problem.from_mapping(worked_example().to_mapping() | keys)


PROBLEMS = {
    USUAL: worked_example(),
    LATE: worked_example(),
    REMEDIAL: _problem([[[1, -1], [-1, 1]], [[1, -1]], "remedial"], [[1, 2], [2, 1], [9, 9]], [2, 2, 2]),
    # The first two agents are alike, so that nothing but their order decides between them.
    TIE: _problem([[[1, -1]], [[1, -1]], [[-1, 1]]], [[1, 3], [1, 3], [3, 1]], [2, 2, 3]),
}
POSTERS = {USUAL: "honest", LATE: "late", REMEDIAL: "seat", TIE: "crooked"}


def player(
    evm: Evm, addresses: Mapping[str, str], bots: Sequence[str] = (), setting: str = "", seed: int = 3
) -> Player:
    """Who plays the problem of a setting."""
    made = cast(PROBLEMS[setting], seated(bots or ("truthful",), 3))
    return trying(Player(evm, addresses[SUITE.contract], replace(made, poster=POSTERS[setting]), seed))


def subject(evm: Evm, contract: Artifact | None = None) -> OnChain:
    """The contract on a machine, and those who call it."""
    return OnChain(MECHANISM, evm, contract)


def creating(change: Callable[[Parameters], Parameters]) -> Way:
    """Try to create a market that must not be before one that may."""

    def way(player: Staged, sender: str, data: bytes, value: int) -> Logs:
        salt, right = SUITE.decoder.read_action(data).arguments
        wrong = astuple(change(right))
        player.attempt(sender, Interface(player.codec.abi).encode("create", salt, wrong), value)
        return player.really_send(sender, data, value)

    return way


def _first_ray(*end: int) -> Callable[[Parameters], Parameters]:
    """End the first ray of the first seat elsewhere."""
    return lambda p: replace(p, endpoints=(*end, *p.endpoints[p.tasks :]))


WAYS: Mapping[str, Way] = {
    "with crossing menus": creating(lambda p: replace(p, endpoints=p.endpoints[:2] * 2 + p.endpoints[4:])),
    "with dear costs": creating(lambda p: replace(p, costs=(MAX_COST + 1, *p.costs[1:]))),
    "with a monotone ray": creating(lambda p: _first_ray(p.status_quo[0], 0)(p)),
    "with a short ray": creating(_first_ray(22, 1)),
    "too much": with_other("choice", lambda _: 9),
    "more": with_other("choice", lambda choice: choice + 1),
}


def random_keys(dice: Random) -> Mapping[str, Any]:
    """A problem with polarized menus, remedial ones among them, and one distribution of types or several."""
    agents, tasks = dice.randint(1, 4), dice.randint(2, 4)

    def numbers(least: int, most: int) -> list[str]:
        return [f"{dice.randint(least, most)}/{dice.randint(1, 3)}" for _ in range(tasks)]

    def entry() -> dict[str, Any]:
        low = [dice.randint(1, 4) for _ in range(tasks)]
        types = [numbers(1, 9) for _ in range(dice.randint(1, 3))]
        identity = [[int(i == k) for k in range(tasks)] for i in range(tasks)]
        return dice.choice(
            [
                {"type": "uniform", "low": low, "high": [x + dice.randint(0, 2) for x in low]},
                {"type": "discrete", "types": types, "weights": [dice.randint(1, 5) for _ in types]},
                {"type": "lognormal", "mean": numbers(-3, 3), "covariance": identity},
            ]
        )

    def menu() -> Any:  # noqa: ANN401 - a list of rays, or a word
        if dice.random() < 0.2:
            return "remedial"
        given = dice.randrange(tasks)
        ray = [f"{-1 if i == given else dice.randint(1, 5)}/{dice.randint(1, 3)}" for i in range(tasks)]
        return [ray][: dice.randint(0, 1)]

    return {
        "kind": "screening",
        "social_costs": [numbers(-9, 9) for _ in range(agents)],
        "status_quo": [numbers(1, 9) for _ in range(agents)],
        "preferences": entry() if dice.random() < 0.5 else [entry() for _ in range(agents)],
        "menus": [menu() for _ in range(agents)],
        **({"unit": 6 * dice.randint(1, 5)} if dice.random() < 0.3 else {}),
    }


SUITE = Suite(
    mechanism=MECHANISM,
    player=player,
    settings=tuple(PROBLEMS),
    populations=populations(MECHANISM, 3),
    silent=SILENT,
    mixed=("random", "contrarian", "responder"),
    problem=worked_example().to_mapping(),
    problems=random_keys,
    campaign=CAMPAIGN,
    tampered={
        "a choice left out": Tampered("choose", left_out, "phase"),
        "another choice": Tampered("choose", with_word(3, word(0)), "choice"),
        "a posting over another denominator": Tampered("post", with_word(3, word(0)), "certificate"),
    },
    chosen=(),
    machine=ContractMachine,
    subject=subject,
    runs=60,
    steps=30,
    endings={"settled with trade", "settled without trade", "all stay", "lapsed"},
    machines=(),
    burns=False,
    ways=WAYS,
    on_node=(
        "no prices are checked",
        "a choice is kept as another one",
        "a market that lapses is settled",
    ),
    window=worked_example().window,
)
