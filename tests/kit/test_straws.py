"""The example of a mechanism from outside the tree passes what every contract must pass."""

from tests.kit.conformance import ContractConformance
from tests.kit.straws_suite import SUITE


class TestStraws(ContractConformance):
    """See `ContractConformance`."""

    suite = SUITE
