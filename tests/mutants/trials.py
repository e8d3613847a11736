"""What is done to a mutant: arbitrary calls against the reference model, then directed tests."""

import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import NamedTuple

import pytest

from parley.chain.compiler import Artifact, project_root
from parley.chain.pyevm import PyEvm
from parley.chain.revm import RevmEvm
from parley.chain.tester import TesterEvm
from tests.assignment.contract_machine import ContractMachine as LotteryMachine
from tests.assignment.contract_machine import Reached as LotteryReached
from tests.assignment.contract_machine import Subject
from tests.coordination.contract_machine import ContractMachine as GameMachine
from tests.coordination.contract_machine import Reached as GameReached
from tests.coordination.on_chain import OnChain
from tests.verification.on_chain import contracts
from tests.verification.selected import RoomyEvm, select

STEPS = 40

_COORDINATION = "contracts/coordination/"
_ASSIGNMENT = "contracts/assignment/"
_MECHANISM = _COORDINATION + "TwoStageMechanism.sol"
_LOTTERY = _ASSIGNMENT + "AssignmentLottery.sol"
_FUNCTIONS = tuple(
    f"{_COORDINATION}recognition/{name}Recognition.sol"
    for name in ("AnnouncementProportional", "ContractProportional", "Equal", "PStar", "Reordered")
)
_OF_GAMES = ("tests/coordination/test_protocol_*.py", "tests/coordination/test_recognition.py")
_OF_LOTTERIES = ("tests/assignment/test_contract_[cdmpr]*.py",)


class Target(NamedTuple):
    """A source whose mutants are tried.

    Attributes
    ----------
    file : str
    mains : sequence of str
        Files of the contracts that hold it.
    tests : sequence of str
        Patterns of the files with directed tests.
    ask : str
        See `tests.verification.selected.merged`.
    """

    file: str
    mains: Sequence[str]
    tests: Sequence[str]
    ask: str = "ran"


TARGETS = (
    *(
        Target(_COORDINATION + name, [_MECHANISM], _OF_GAMES)
        for name in ("TwoStageMechanism.sol", "GameData.sol", "CostFunctions.sol", "Status.sol")
    ),
    *(Target(file, [file], _OF_GAMES, "chosen") for file in _FUNCTIONS),
    Target(_COORDINATION + "recognition/Totals.sol", _FUNCTIONS, _OF_GAMES, "chosen"),
    *(
        Target("contracts/randomness/" + name, [_MECHANISM], _OF_GAMES)
        for name in ("Draws.sol", "CommitReveal.sol")
    ),
    Target("contracts/storage/CodeStorage.sol", [_MECHANISM], _OF_GAMES),
    *(
        Target(_ASSIGNMENT + name, [_LOTTERY], _OF_LOTTERIES)
        for name in ("AssignmentLottery.sol", "LotteryData.sol", "Certificates.sol")
    ),
)


def killed_by(target: Target, artifacts: Mapping[str, Artifact], runs: int, number: int) -> str:
    """Return what notices a mutant: ``campaign``, ``tests`` or, if nothing does, nothing."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        way = _WAYS.get(os.waitstatus_to_exitcode(status))
        if way is None:
            raise RuntimeError(f"trying mutant {number} of {target.file} failed")
        return way
    outcome = 1
    try:
        _install(artifacts, number)
        outcome = 2 if not _campaign_holds(target, runs) else 4 if _tests_hold(target) else 3
    except Exception:  # noqa: BLE001 - the process ends here, whatever happens
        traceback.print_exc()
    finally:
        os._exit(outcome)


_WAYS = {2: "campaign", 3: "tests", 4: ""}
"""What noticed a mutant, by the exit status of the process that tried it."""


def _install(artifacts: Mapping[str, Artifact], number: int) -> None:
    """Let everything in this process meet the mutant in place of the tree's contract."""
    here = contracts()
    assert isinstance(here, dict)
    for name, artifact in artifacts.items():
        here[name] = select(artifact, number)
    RevmEvm.code_limit = RoomyEvm.code_limit
    # The reference machines take no code as long as that of all mutants together.
    for machine in (TesterEvm, PyEvm):
        setattr(machine, "__init__", _left_out)  # noqa: B010 - mypy wants no method assigned


def _left_out(*_: object, **__: object) -> None:
    pytest.skip("not on the reference machines")


def _campaign_holds(target: Target, runs: int) -> bool:
    machine: Callable[[], LotteryMachine | GameMachine]
    if target.file.startswith(_ASSIGNMENT):
        lottery = Subject(RevmEvm())
        machine = lambda: LotteryMachine(lottery, LotteryReached())  # noqa: E731 - a short one
    else:
        games = OnChain(RevmEvm())
        machine = lambda: GameMachine(games, GameReached())  # noqa: E731 - a short one
    try:
        for seed in range(runs):
            machine().wander(Random(seed), STEPS)
    except Exception:  # noqa: BLE001 - whatever goes wrong, the mutant did it
        return False
    return True


def _tests_hold(target: Target) -> bool:
    files = sorted(str(file) for pattern in target.tests for file in project_root().glob(pattern))
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    # What tests are written with has been imported before.
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return pytest.main([*options, *files]) == pytest.ExitCode.OK
