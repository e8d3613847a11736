"""How the two-stage contract's calls and events read, in the reference model's words."""

from functools import cache, lru_cache
from typing import Any

from parley.chain.abi import Interface
from parley.chain.compiler import compile_contracts
from parley.kit.verify.records import Records
from parley.mechanisms.coordination.contracts import MECHANISM
from parley.mechanisms.coordination.game import Cause
from parley.mechanisms.coordination.parameters import Cost, CostKind, Parameters
from parley.mechanisms.coordination.recognition import Turn

__all__ = ["RECORDS", "fraction_question"]


@lru_cache(maxsize=4096)
def _shared(parameters: Parameters) -> Parameters:
    """Return the same object for the same parameters: many games have the same."""
    return parameters


def _parameters(**fields: Any) -> Parameters:  # noqa: ANN401 - of all types
    return _shared(Parameters(**fields))


RECORDS = Records(
    lambda: compile_contracts()[MECHANISM].abi,
    {"Parameters": _parameters, "Cost": Cost, "CostKind": CostKind, "Cause": Cause},
)
"""Calls from calldata, events from logs."""


@cache
def _recognition() -> Interface:
    return Interface(compile_contracts()["IRecognition"].abi)


def fraction_question(turn: Turn) -> bytes:
    """Return the calldata that asks a recognition contract for its fraction."""
    fields = (
        turn.agent,
        turn.agents,
        turn.remaining,
        turn.contracted_from,
        turn.contracted,
        turn.maximal,
        turn.announced,
    )
    return _recognition().encode("fraction", fields)
