"""What the history of a contract came to, whatever the mechanism."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from parley.core.statistics import MIN_P, bonferroni
from parley.kit.verify.money import Seen
from parley.kit.verify.rules import Violation

__all__ = ["Judged", "Others", "Verification", "combined_json"]

MAX_OTHERS = 20
"""Creators to name of those whose games decide nothing; the others are counted."""


class Judged(NamedTuple):
    """Draws of all games together, held against the probabilities that the games state.

    Attributes
    ----------
    key : str
        Its name in JSON.
    what : str
        Which draws, for a person to read.
    p_value : float or None
        None where nothing was drawn.
    """

    key: str
    what: str
    p_value: float | None


class Others(NamedTuple):
    """Games of a creator that nobody vouches for. What they come to decides nothing.

    Attributes
    ----------
    creator : str
    games : int
    p_value : float or None
        As ``recognition_p_value``, of this creator's games alone.
    """

    creator: str
    games: int
    p_value: float | None


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a contract's history came to.

    Attributes
    ----------
    kind : str
        The mechanism.
    chain_id : int
    contract : str
        Address in lower case.
    endings : dict of str to int
        Games by where they stand: by the phase they are in or have ended with.
    checked : dict of str to int
        How much of what was checked: calls by function, draws by kind.
    violations : sequence of Violation
        In the chain's order; what no transaction shows comes last.
    not_followed : int
        Games of which a part could not be checked because of an earlier violation, or for want of traces.
    not_seen : int
        Those of them where it is for want of traces.
    judged : tuple of Judged
        Games of the creators below together; the first one is ``recognition_p_value``.
    creators : sequence of str
        Whose games are judged together.
    others : sequence of Others
        All other creators, the smallest p-value first.
    payees : Seen
        How payments were seen.
    trusted : bool
        Whether payments that were not seen are taken on trust.
    events_only : bool
        Whether calls that emitted nothing, or failed, were left out.
    surplus : int
        Wei that the contract holds beyond what calls brought in and took out: forced in, or not paid out.
    own_code : bool or None
        Whether the contract has the code that this tree compiles to; None where nothing can be compiled. No
        violation: a contract is judged by what it has done.
    seconds : float
    owed : int
        Wei that seats can still withdraw, now or when their games have ended.
    burnt : int
        Wei of bonds that were lost.
    """

    kind: str
    chain_id: int
    contract: str
    endings: Mapping[str, int]
    checked: Mapping[str, int]
    violations: Sequence[Violation]
    not_followed: int
    judged: tuple[Judged, ...]
    surplus: int
    own_code: bool | None
    seconds: float
    not_seen: int = 0
    creators: Sequence[str] = ()
    others: Sequence[Others] = ()
    payees: Seen = Seen.TRACES
    trusted: bool = False
    events_only: bool = False
    owed: int = 0
    burnt: int = 0

    @property
    def games(self) -> int:
        """Number of games."""
        return sum(self.endings.values())

    @property
    def draws(self) -> int:
        """Number of draws that were made again from the revealed secrets."""
        return sum(number for kind, number in self.checked.items() if kind.endswith(" draws"))

    @property
    def recognition_p_value(self) -> float | None:
        """Whether the first draws of the games follow the stated probabilities."""
        return self.judged[0].p_value

    @property
    def holds(self) -> bool | None:
        """Whether nothing was found; None where nothing was, but payments were not seen."""
        p_values = (judged.p_value for judged in self.judged)
        if self.violations or any(p is not None and p < MIN_P for p in p_values):
            return False
        return None if self.payees is Seen.NOT_SEEN and not self.trusted else True

    @property
    def payees_text(self) -> str:
        """How payments were seen, as reports call it."""
        return "trusted" if self.payees is Seen.NOT_SEEN and self.trusted else self.payees.text

    def to_json(self) -> dict[str, Any]:
        """The object that `parley verify --json` prints for this contract."""
        return {
            "kind": self.kind,
            "chain_id": self.chain_id,
            "contract": self.contract,
            "games": self.games,
            "endings": dict(self.endings),
            "checked": dict(self.checked),
            "draws": self.draws,
            "violations": [violation._asdict() for violation in self.violations],
            "not_followed": self.not_followed,
            "not_seen": self.not_seen,
            **{judged.key: judged.p_value for judged in self.judged},
            "owed_wei": str(self.owed),
            "burnt_wei": str(self.burnt),
            "creators": list(self.creators),
            "other_creators": len(self.others),
            "others": [one._asdict() for one in self.others[:MAX_OTHERS]],
            "payees": self.payees_text,
            "events_only": self.events_only,
            "surplus_wei": str(self.surplus),
            "own_code": self.own_code,
            "holds": self.holds,
            "seconds": self.seconds,
        }


def combined_json(found: Sequence[Verification]) -> dict[str, Any]:
    """Put several contracts of one chain together: the object that `parley verify --json` prints.

    Their p-values are combined by Bonferroni, over those that have drawn anything.

    Parameters
    ----------
    found : sequence of Verification
        At least one.

    Examples
    --------
    >>> one = Verification(kind="a", chain_id=1, contract="0xaa", endings={"drawn": 2},
    ...                    checked={"order draws": 2}, violations=[], not_followed=0,
    ...                    judged=(Judged("recognition_p_value", "orders", 0.25),), surplus=0, own_code=None,
    ...                    seconds=1.0)
    >>> both = combined_json([one, one])
    >>> both["games"], both["draws"], both["recognition_p_value"], both["holds"]
    (4, 4, 0.5, True)
    """
    verdicts = {one.holds for one in found}
    p_values = [one.recognition_p_value for one in found if one.recognition_p_value is not None]
    return {
        "chain_id": found[0].chain_id,
        "games": sum(one.games for one in found),
        "draws": sum(one.draws for one in found),
        "violations": [
            {"contract": one.contract, **violation._asdict()} for one in found for violation in one.violations
        ],
        "recognition_p_value": bonferroni(p_values) if p_values else None,
        "payees": max(found, key=lambda one: (one.payees, one.trusted)).payees_text,
        "holds": False if False in verdicts else None if None in verdicts else True,
        "seconds": sum(one.seconds for one in found),
        "contracts": [one.to_json() for one in found],
    }
