"""Assignment passes what every mechanism must pass."""

from tests.assignment.suite import SUITE
from tests.kit.conformance import Conformance


class TestAssignment(Conformance):
    """See `Conformance`."""

    suite = SUITE
