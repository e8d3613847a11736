"""The mutants of the contracts, and the list of those that survive."""

import pytest

from parley.chain.compiler import project_root, read_settings, source_closure
from scripts.mutants_contracts import LISTED
from scripts.survivors import Listed, Reason, Tally
from tests.kit.rig.selected import read_source
from tests.mutants.operators import mutants_of, syntax_trees
from tests.mutants.targets import TARGETS

DRAWS = "contracts/randomness/Draws.sol"
REORDERED = "contracts/coordination/recognition/ReorderedRecognition.sol"
FOUND = [
    ("boolean", "||", "&&"),
    ("relational", "<", ">="),
    ("relational", ">", ">="),
    ("constant", "uint256(3 + 1)", "3"),
    ("constant", "uint256(3 - 1)", "3"),
    ("relational", "!=", "=="),
    ("arithmetic", "-", "+"),
    ("constant", "uint256(2 + 1)", "2"),
    ("constant", "uint256(2 - 1)", "2"),
    ("deleted", "", "numerator ="),
    ("swap", "(turn.contracted, turn.announced)", "(turn.announced, turn.contracted)"),
    ("deleted", "", "denominator ="),
]
"""The mutants of that source: kind of change, what is new in it, and what was there."""


@pytest.fixture(scope="module")
def mutants() -> dict[str, list[str]]:
    """The names of all mutants of the contracts, by source."""
    root = project_root()
    files = sorted(str(path.relative_to(root)) for path in root.glob("contracts/**/*.sol"))
    return {
        file: [mutant.name for mutant in mutants_of(file, read_source(file), tree)]
        for file, tree in syntax_trees(files).items()
    }


def test_a_mutant_changes_one_place_of_a_function() -> None:
    text = read_source(REORDERED)
    mutants = mutants_of(REORDERED, text, syntax_trees([REORDERED])[REORDERED])
    assert len(mutants) == len(FOUND)
    for mutant, (operator, new, old) in zip(mutants, FOUND, strict=True):
        assert (mutant.function, mutant.operator) == ("fraction", operator)
        assert new in mutant.new
        assert old in mutant.old
        assert text[mutant.start : mutant.end] == mutant.old
        assert mutant.new != mutant.old
    assert len({mutant.name for mutant in mutants}) == len(FOUND)


@pytest.mark.deep
def test_every_source_with_something_to_change_is_tried(mutants: dict[str, list[str]]) -> None:
    assert len({target.file for target in TARGETS}) == len(TARGETS)
    assert {target.file for target in TARGETS} == {file for file, names in mutants.items() if names}
    root = project_root()
    remappings = (*read_settings().remappings, "parley/=contracts/")
    for target in TARGETS:
        assert target.file in source_closure(list(target.mains), {}, root, remappings)
        assert all(any(root.glob(pattern)) for pattern in target.tests)


def test_every_survivor_in_the_list_is_a_mutant_of_today_and_has_a_reason(
    mutants: dict[str, list[str]],
) -> None:
    every = {f"{file}:{name}" for file, names in mutants.items() for name in names}
    assert f"{DRAWS}:uniform: r <= highest → (r) < (highest)" in every
    for name, reason in Listed.read(LISTED).reasons.items():
        assert name in every
        assert len(reason.text) > 20


def test_equivalent_mutants_are_counted_apart() -> None:
    reasons = {"a": Reason("nobody sees it", equivalent=True), "b": Reason("no test yet", equivalent=False)}
    tally = Listed(reasons).tally(11, ["a", "b", "c"])
    assert (tally.made, tally.survived, tally.equivalent, tally.unlisted) == (11, 3, 1, ("c",))
    assert tally.share == 8 / 10
    assert (tally + Tally(10)).share == 18 / 20
    assert Tally().share == 1
