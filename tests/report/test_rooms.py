"""The rooms of the report: one for each mechanism, with the same functions."""

from __future__ import annotations

import pytest

from parley.kit.mechanisms import KINDS, module_of_report

FACES = {
    "solution": ("solution_tables",),
    "simulation": ("simulation_tables",),
    "audit": ("audit_tables", "write_audit"),
    "run": ("RunFolder",),
    "page_simulation": ("simulation_sheet",),
    "page_audit": ("audit_sheet",),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_mechanism_shows_the_same_under_the_same_names(kind: str) -> None:
    for module, names in FACES.items():
        for name in names:
            assert callable(getattr(module_of_report(kind, module), name)), f"{module}.{name}"
