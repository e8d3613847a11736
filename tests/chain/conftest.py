"""A contract to try the machines with, and the machines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parley.chain import rpc
from parley.chain.abi import Interface
from parley.chain.backends import open_evm, open_reference
from parley.chain.compiler import Artifact, compile_sources
from parley.chain.deploy import initcode

if TYPE_CHECKING:
    from parley.chain.evm import Evm


@pytest.fixture(scope="session")
def artifacts() -> dict[str, Artifact]:
    source = Path(__file__).with_name("Probe.sol").read_text(encoding="utf-8")
    return compile_sources({"tests/chain/Probe.sol": source})


@pytest.fixture(scope="session")
def probe(artifacts: dict[str, Artifact]) -> Interface:
    return Interface(artifacts["Probe"].abi, artifacts["Child"].abi)


@pytest.fixture(scope="session")
def probe_code(artifacts: dict[str, Artifact]) -> bytes:
    return initcode(artifacts, "Probe", [3])


@pytest.fixture(params=["revm", "py-evm", "reference"])
def evm(request: pytest.FixtureRequest) -> Evm:
    return open_reference() if request.param == "reference" else open_evm(request.param)


@pytest.fixture
def machines() -> tuple[Evm, Evm, Evm]:
    return open_evm("revm"), open_evm("py-evm"), open_reference()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between two attempts that a test can wait for."""
    monkeypatch.setattr(rpc, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(rpc, "_LONGEST_PAUSE", 0.01)
