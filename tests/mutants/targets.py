"""The sources whose mutants are tried, and what every mutant meets: arbitrary calls and directed tests."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, partial
from random import Random
from typing import Any, NamedTuple
from weakref import WeakSet

import pytest

from parley.chain import revm
from parley.chain.compiler import Artifact, project_root
from parley.chain.evm import GAS_LIMIT, Logs
from parley.chain.pyevm import PyEvm
from parley.chain.revm import RevmEvm
from parley.chain.tester import TesterEvm
from tests.assignment.suite import SUITE as ASSIGNMENT
from tests.coordination.on_chain import attackers
from tests.coordination.suite import SUITE as COORDINATION
from tests.guarantees.suite import SUITE as GUARANTEES
from tests.kit.rig.contract_machine import ContractMachine, Reached
from tests.kit.rig.on_chain import OnChain, contracts, harnesses
from tests.kit.rig.selected import RoomyEvm, select
from tests.kit.straws_suite import SOURCE as _STRAWS
from tests.kit.straws_suite import SUITE as STRAWS
from tests.kit.straws_suite import contracts as with_straws
from tests.screening.suite import SUITE as SCREENING
from tests.team.suite import DRAW_SUITE
from tests.team.suite import SUITE as TEAM

STEPS = 40
"""Rules that one run of arbitrary calls takes."""

_COORDINATION = "contracts/coordination/"
_ASSIGNMENT = "contracts/assignment/"
_GAME = "contracts/game/"
_MECHANISM = _COORDINATION + "TwoStageMechanism.sol"
_LOTTERY = _ASSIGNMENT + "AssignmentLottery.sol"
_SCREENING = "contracts/screening/"
_MARKET = _SCREENING + "RayMarket.sol"
_GUARANTEES = "contracts/guarantees/"
_TEAM = "contracts/team/"
_DISPATCH = _GUARANTEES + "GuaranteedDispatch.sol"
_PROJECT = _TEAM + "TeamContract.sol"
_OUTCOME = _TEAM + "OutcomeDraw.sol"
_CERTIFICATES = "tests/contracts/CertificatesHarness.sol"
_DRAWS = "tests/contracts/DrawsHarness.sol"
_STATUS = "tests/contracts/StatusHarness.sol"
_STORAGE = "tests/contracts/StorageHarness.sol"
_FUNCTIONS = tuple(
    f"{_COORDINATION}recognition/{name}Recognition.sol"
    for name in ("AnnouncementProportional", "ContractProportional", "Equal", "PStar", "Reordered")
)
_OF_SEATS = ("tests/contracts/test_games.py",)
_OF_GAMES = ("tests/coordination/test_protocol_*.py", "tests/coordination/test_recognition.py")
_OF_FUNCTIONS = ("tests/coordination/test_protocol_r*.py", "tests/coordination/test_recognition.py")
_OF_LOTTERIES = ("tests/assignment/test_contract_[cdmpr]*.py",)
_OF_MARKETS = ("tests/screening/test_contract_[cm]*.py",)
_OF_DISPATCHES = ("tests/guarantees/test_contract_[dfm]*.py",)
_OF_PROJECTS = ("tests/team/test_contract_c*.py", "tests/team/test_contract_m*.py")
_OF_DRAWS = ("tests/test_randomness_on_chain.py",)
_OF_STATUS = ("tests/contracts/test_status.py",)
_OF_STORAGE = ("tests/test_storage_on_chain.py",)


class Target(NamedTuple):
    """A source whose mutants are tried.

    Attributes
    ----------
    file : str
    mains : tuple of str
        Files of the contracts that hold it.
    tests : tuple of str
        Patterns of the files with directed tests.
    ask : str
        See `tests.kit.rig.selected.merged`.
    """

    file: str
    mains: tuple[str, ...]
    tests: tuple[str, ...]
    ask: str = "ran"

    @property
    def files(self) -> list[str]:
        """The files with directed tests."""
        return sorted(str(file) for pattern in self.tests for file in project_root().glob(pattern))


TARGETS = (
    *(
        Target(_COORDINATION + name, (_MECHANISM,), (*_OF_SEATS, *_OF_GAMES))
        for name in ("TwoStageMechanism.sol", "GameData.sol", "CostFunctions.sol")
    ),
    *(
        Target(_GAME + name, (_STRAWS, _MECHANISM, _LOTTERY), (*_OF_SEATS, *_OF_GAMES, *_OF_LOTTERIES))
        for name in ("Bonds.sol", "Games.sol", "Pages.sol", "Secrets.sol")
    ),
    Target(_GAME + "Status.sol", (_STATUS, _MECHANISM), (*_OF_STATUS, *_OF_GAMES)),
    Target(_GAME + "SeatSets.sol", (_STRAWS, _LOTTERY), (*_OF_SEATS, *_OF_LOTTERIES)),
    *(Target(file, (file,), _OF_FUNCTIONS, "chosen") for file in _FUNCTIONS),
    Target(_COORDINATION + "recognition/Totals.sol", _FUNCTIONS, _OF_FUNCTIONS, "chosen"),
    *(
        Target("contracts/randomness/" + name, (_MECHANISM, _DRAWS), (*_OF_DRAWS, *_OF_GAMES))
        for name in ("Draws.sol", "CommitReveal.sol")
    ),
    Target("contracts/storage/CodeStorage.sol", (_MECHANISM, _STORAGE), (*_OF_STORAGE, *_OF_GAMES)),
    *(
        Target(_ASSIGNMENT + name, (_LOTTERY,), (*_OF_SEATS, *_OF_LOTTERIES))
        for name in ("AssignmentLottery.sol", "LotteryData.sol")
    ),
    Target(_ASSIGNMENT + "Certificates.sol", (_LOTTERY, _CERTIFICATES), _OF_LOTTERIES),
    *(
        Target(_SCREENING + name, (_MARKET,), (*_OF_SEATS, *_OF_MARKETS))
        for name in ("Columns.sol", "MarketData.sol", "RayMarket.sol", "Selections.sol")
    ),
    *(
        Target(_GUARANTEES + name, (_DISPATCH,), (*_OF_SEATS, *_OF_DISPATCHES))
        for name in ("Allocations.sol", "DispatchData.sol", "GuaranteedDispatch.sol", "Settlements.sol")
    ),
    *(
        Target(_TEAM + name, (_PROJECT,), (*_OF_SEATS, *_OF_PROJECTS))
        for name in ("Fairness.sol", "TeamContract.sol", "TeamData.sol")
    ),
    Target(_TEAM + "Successes.sol", (_PROJECT, _OUTCOME), _OF_PROJECTS),
    *(Target(_TEAM + name, (_OUTCOME,), _OF_PROJECTS) for name in ("DrawData.sol", "OutcomeDraw.sol")),
)


def load() -> None:
    """Load what every trial needs, so that none has to."""
    _trees()
    attackers()


def install(artifacts: Mapping[str, Artifact], number: int) -> None:
    """Let everything in this process meet the mutant in place of the tree's contract."""
    for tree in _trees():
        assert isinstance(tree, dict)
        tree.update((name, select(artifacts[name], number)) for name in tree.keys() & artifacts.keys())
    RevmEvm.code_limit = RoomyEvm.code_limit
    # The reference machines take no code as long as that of all mutants together.
    for machine in (TesterEvm, PyEvm):
        setattr(machine, "__init__", _left_out)  # noqa: B010 - mypy wants no method assigned
    # To ask at every place which mutant it is takes gas.
    setattr(revm, "GAS_LIMIT", 8 * GAS_LIMIT)  # noqa: B010 - imported there, as mypy sees it


def _trees() -> tuple[Mapping[str, Artifact], ...]:
    """Where tests take contracts from."""
    return contracts(), harnesses(), with_straws()


class Watch:
    """Notes whether a machine is used that holds what `install` has put there.

    Attributes
    ----------
    used : bool
    """

    def __init__(self, names: Collection[str]) -> None:
        self.used = False
        codes = {tree[name].bytecode for tree in _trees() for name in tree.keys() & set(names)}
        machines: WeakSet[RevmEvm] = WeakSet()
        deploy, send = RevmEvm.deploy, RevmEvm.send

        def deploying(machine: RevmEvm, initcode: bytes) -> str:
            if initcode in codes:
                machines.add(machine)
                self.used = True
            return deploy(machine, initcode)

        def sending(
            machine: RevmEvm, sender: str, to: str, data: bytes, value: int = 0
        ) -> tuple[bytes, Logs]:
            self.used |= machine in machines
            return send(machine, sender, to, data, value)

        setattr(RevmEvm, "deploy", deploying)  # noqa: B010 - as above
        setattr(RevmEvm, "send", sending)  # noqa: B010 - as above


def _left_out(*_: object, **__: object) -> None:
    pytest.skip("not on the reference machines")


_DRIVEN: Mapping[str, tuple[type[ContractMachine[Any]], Callable[..., OnChain]]] = {
    _MECHANISM: (COORDINATION.machine, COORDINATION.subject),
    _LOTTERY: (ASSIGNMENT.machine, ASSIGNMENT.subject),
    _STRAWS: (STRAWS.machine, STRAWS.subject),
    _MARKET: (SCREENING.machine, SCREENING.subject),
    _DISPATCH: (GUARANTEES.machine, GUARANTEES.subject),
    _PROJECT: (TEAM.machine, TEAM.subject),
    _OUTCOME: (DRAW_SUITE.machine, DRAW_SUITE.subject),
}
"""What drives the contract of a file against its model."""


def wanders(target: Target, seed: int) -> bool:
    """Whether contract and model agree in a run of arbitrary calls: of the target's contracts in turn."""
    machines = _machines(target)
    try:
        machines[seed % len(machines)]().wander(Random(seed), STEPS)
    except Exception:  # noqa: BLE001 - whatever goes wrong, the mutant did it
        return False
    return True


@cache
def _machines(target: Target) -> Sequence[Callable[[], ContractMachine[Any]]]:
    """What drives the target's contracts, if only the one that asks recognition functions."""
    driven = [_DRIVEN[main] for main in target.mains if main in _DRIVEN] or [_DRIVEN[_MECHANISM]]
    return [partial(_made, machine, make(RevmEvm(), None)) for machine, make in driven]


def _made(machine: type[ContractMachine[Any]], on_chain: OnChain) -> ContractMachine[Any]:
    return machine(on_chain, Reached())
