"""The toy passes what the contract of every mechanism must pass."""

from tests.driver.coin_suite import SUITE
from tests.kit.conformance import ContractConformance


class TestCoin(ContractConformance):
    """See `ContractConformance`."""

    suite = SUITE
