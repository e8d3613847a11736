"""Team contracts pass what every mechanism must pass, both of their contracts."""

from tests.kit.conformance import Conformance, ContractConformance, OfDraws, OfMoney
from tests.team.suite import DRAW_SUITE, SUITE


class TestProjects(Conformance, OfMoney):
    """See `Conformance`."""

    suite = SUITE


class TestDraws(ContractConformance, OfDraws):
    """See `ContractConformance`."""

    suite = DRAW_SUITE
