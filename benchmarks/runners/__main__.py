"""One contestant in a process of its own: plays when told to on standard input, says how long it took.

``python -m benchmarks.runners NAME`` answers every line, a number of games, with a line of JSON.
"""

import json
import sys
from importlib import import_module
from time import perf_counter

from benchmarks.runners.runner import Runner
from benchmarks.runners.script import CALLS

_CLASSES = {
    "bare": "on_parley.Bare",
    "parley": "on_parley.Parley",
    "parley-py-evm": "on_parley.ParleyOnPyEvm",
    "web3-eth-tester": "on_parley.Web3Tester",
    "simular": "on_simular.Simular",
    "verbs": "on_verbs.Verbs",
    "mesa": "on_mesa.Mesa",
    "titanoboa": "on_titanoboa.Titanoboa",
    "anvil": "on_anvil.Anvil",
}


def _turn(runner: Runner, games: int) -> dict[str, float]:
    runner.prepare()
    began = perf_counter()
    played = runner.play(games)
    seconds = perf_counter() - began
    runner.check(played)
    return {"seconds": seconds, "games": games, "transactions": games * CALLS}


def main() -> None:
    """Serve until standard input ends."""
    module, name = _CLASSES[sys.argv[1]].split(".")
    runner: Runner = getattr(import_module(f"benchmarks.runners.{module}"), name)()
    try:
        for line in sys.stdin:
            print(json.dumps(_turn(runner, int(line))), flush=True)
    finally:
        runner.close()


if __name__ == "__main__":
    main()
