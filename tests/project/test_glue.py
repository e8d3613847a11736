"""What a mechanism has to say besides theory, contract and reference model stays small."""

import pytest

from parley.kit.registry import kinds
from scripts.glue import GLUE, counted

MOST = 2_000


@pytest.mark.parametrize("kind", kinds())
def test_a_mechanism_has_at_most_2000_lines_of_glue(kind: str) -> None:
    parts = counted(kind)
    assert all(parts[part] for part in GLUE)
    assert sum(parts[part] for part in GLUE) <= MOST
