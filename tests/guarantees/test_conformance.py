"""Provider guarantees pass what every mechanism must pass."""

from tests.guarantees.suite import SUITE
from tests.kit.conformance import Conformance, OfDraws, OfMoney


class TestGuarantees(Conformance, OfMoney, OfDraws):
    """See `Conformance`."""

    suite = SUITE
