"""Screening passes what every mechanism must pass; it takes no money, and draws nothing."""

from tests.kit.conformance import Conformance
from tests.screening.suite import SUITE


class TestScreening(Conformance):
    """See `Conformance`."""

    suite = SUITE
