"""Coordination passes what every mechanism must pass."""

from tests.coordination.suite import SUITE
from tests.kit.conformance import Conformance, OfDraws, OfMoney


class TestCoordination(Conformance, OfMoney, OfDraws):
    """See `Conformance`."""

    suite = SUITE
