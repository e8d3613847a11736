"""Assignment passes what every mechanism must pass."""

from tests.assignment.suite import SUITE
from tests.kit.conformance import Conformance, OfDraws, OfMoney


class TestAssignment(Conformance, OfMoney, OfDraws):
    """See `Conformance`."""

    suite = SUITE
