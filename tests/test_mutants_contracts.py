"""The mutants of the contracts, and the list of those that survive."""

from scripts.mutants_contracts import LISTED
from scripts.survivors import Listed, Reason, Tally
from tests.mutants.operators import mutants_of, syntax_trees
from tests.verification.selected import read_source

DRAWS = "contracts/randomness/Draws.sol"


def test_every_survivor_in_the_list_is_a_mutant_of_today_and_has_a_reason() -> None:
    reasons = Listed.read(LISTED).reasons
    files = sorted({name.partition(":")[0] for name in reasons} | {DRAWS})
    every = {
        f"{file}:{mutant.name}"
        for file, tree in syntax_trees(files).items()
        for mutant in mutants_of(file, read_source(file), tree)
    }
    assert f"{DRAWS}:uniform: r <= highest → (r) < (highest)" in every
    for name, reason in reasons.items():
        assert name in every
        assert len(reason.text) > 20


def test_equivalent_mutants_are_counted_apart() -> None:
    reasons = {"a": Reason("nobody sees it", equivalent=True), "b": Reason("no test yet", equivalent=False)}
    tally = Listed(reasons).tally(11, ["a", "b", "c"])
    assert (tally.made, tally.survived, tally.equivalent, tally.unlisted) == (11, 3, 1, ("c",))
    assert tally.share == 8 / 10
    assert (tally + Tally(10)).share == 18 / 20
    assert Tally().share == 1
