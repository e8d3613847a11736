"""Coordination passes what every mechanism must pass."""

from tests.coordination.suite import SUITE
from tests.kit.conformance import Conformance


class TestCoordination(Conformance):
    """See `Conformance`."""

    suite = SUITE
