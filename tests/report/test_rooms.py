"""The rooms of the report: one for each mechanism, alike, and none that looks into another."""

from __future__ import annotations

import pytest

from sim.chain.compiler import project_root
from sim.mechanisms import KINDS, module_of_report
from tests.project.test_rooms import imported, inside

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


@pytest.mark.parametrize("kind", KINDS)
def test_a_mechanisms_room_knows_no_other_mechanism(kind: str) -> None:
    others = [kind_ for kind_ in KINDS if kind_ != kind]
    paths = sorted((project_root() / "sim" / "report" / kind).glob("*.py"))
    assert len(paths) > len(FACES)
    for path in paths:
        rooms = [f"sim.{other}" for other in others] + [f"sim.report.{other}" for other in others]
        assert not inside(imported(path), *rooms), path
