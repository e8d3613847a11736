"""How the lottery contract's calls and events read, in the reference model's words."""

from functools import lru_cache
from typing import Any

from parley.chain.compiler import compile_contracts
from parley.kit.verify.records import Records
from parley.mechanisms.assignment.certificate import Certificate
from parley.mechanisms.assignment.contracts import MECHANISM
from parley.mechanisms.assignment.lottery_state import Phase
from parley.mechanisms.assignment.parameters import Parameters, Rule

__all__ = ["RECORDS"]


@lru_cache(maxsize=4096)
def _shared(parameters: Parameters) -> Parameters:
    """Return the same object for the same parameters: many lotteries have the same."""
    return parameters


def _parameters(**fields: Any) -> Parameters:  # noqa: ANN401 - of all types
    return _shared(Parameters(**fields))


RECORDS = Records(
    lambda: compile_contracts()[MECHANISM].abi,
    {"Parameters": _parameters, "Rule": Rule, "Certificate": Certificate, "Phase": Phase},
)
"""Calls from calldata, events from logs."""
