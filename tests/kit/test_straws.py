"""The example of a mechanism from outside the tree passes what every contract must pass."""

from tests.kit.conformance import ContractConformance, OfDraws, OfMoney
from tests.kit.straws_suite import SUITE


class TestStraws(ContractConformance, OfMoney, OfDraws):
    """See `ContractConformance`."""

    suite = SUITE
