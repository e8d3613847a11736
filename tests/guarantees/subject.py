"""The dispatch's contract, to be compared with its model before anything can play or verify it."""

from collections.abc import Mapping
from typing import Any

from parley.chain.compiler import Artifact
from parley.chain.evm import Evm
from parley.kit.verify.replay import Replay
from parley.kit.verify.rules import SILENT, Rules
from parley.mechanisms.guarantees.model import DispatchModel
from tests.kit.rig.on_chain import OnChain, contracts


class _Replay(Replay[Any]):
    contract = DispatchModel
    rules = Rules({"Expired": ("", "", SILENT)})


class _Declared:
    kind = "guarantees"
    contracts = ("GuaranteedDispatch",)

    @staticmethod
    def verifier() -> type[Replay[Any]]:
        return _Replay

    @staticmethod
    def artifacts() -> Mapping[str, Artifact]:
        return contracts()


DECLARED = _Declared()


def subject(evm: Evm) -> OnChain:
    """The contract on a machine."""
    return OnChain(DECLARED, evm)
