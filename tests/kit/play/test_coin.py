"""The toy passes what the contract of every mechanism must pass."""

from tests.kit.conformance import ContractConformance, OfDraws, OfMoney
from tests.kit.play.coin_suite import SUITE


class TestCoin(ContractConformance, OfMoney, OfDraws):
    """See `ContractConformance`."""

    suite = SUITE
