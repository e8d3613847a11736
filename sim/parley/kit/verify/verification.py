"""The result of a verification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from parley.core.files import JsonObject
from parley.core.statistics import MIN_P, bonferroni
from parley.kit.verify.money import Seen
from parley.kit.verify.rules import Violation

__all__ = ["Judged", "Others", "Verification", "combined_json"]

MAX_OTHERS = 20
"""Maximum number of other creators to list; the rest are counted."""


class Judged(NamedTuple):
    """A test of the draws of all games against their stated probabilities.

    Attributes
    ----------
    p_value : float or None
        None if nothing was drawn.
    """

    key: str
    what: str
    p_value: float | None


class Others(NamedTuple):
    """Games of a creator that was not named. They do not affect the verdict on draws.

    Attributes
    ----------
    p_value : float or None
        ``recognition_p_value`` of this creator's games alone.
    """

    creator: str
    games: int
    p_value: float | None


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The result of verifying one contract.

    Attributes
    ----------
    contract : str
        Address in lower case.
    endings : dict of str to int
        Number of games by their current or final phase.
    checked : dict of str to int
        Number of checked calls by function and draws by kind.
    violations : sequence of Violation
        In the chain's order; violations without a transaction are last.
    findings : sequence of Violation
        What is worth knowing and breaks no rule, in the chain's order.
    not_followed : int
        Number of games with unchecked parts, after a violation or without traces.
    not_seen : int
        Number of these games that need traces.
    judged : tuple of Judged
        Tests of the games of `creators`; the first one is ``recognition_p_value``.
    creators : sequence of str
        Accounts whose games are tested together.
    others : sequence of Others
        All other creators, the smallest p-value first.
    trusted : bool
        Whether unseen payments are assumed to be correct.
    events_only : bool
        Whether calls that failed or emitted nothing were skipped.
    surplus : int
        Wei in the contract that no call explains: forced in, or not paid out.
    own_code : bool or None
        Whether the contract has this tree's code; None if that cannot be compiled. Other code is no
        violation: verification checks what the contract did.
    owed : int
        Wei that seats can still withdraw, now or after their games end.
    burnt : int
        Lost bonds in wei.
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
    findings: Sequence[Violation] = ()
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
        """Number of draws that were repeated from the revealed secrets."""
        return sum(number for kind, number in self.checked.items() if kind.endswith(" draws"))

    @property
    def recognition_p_value(self) -> float | None:
        """The p-value that draws follow their stated probabilities."""
        return self.judged[0].p_value

    @property
    def holds(self) -> bool | None:
        """Whether there is no violation; None if there is none, but payments were not seen."""
        p_values = (judged.p_value for judged in self.judged)
        if self.violations or any(p is not None and p < MIN_P for p in p_values):
            return False
        return None if self.payees is Seen.NOT_SEEN and not self.trusted else True

    @property
    def payees_text(self) -> str:
        """Source of the payments, as in reports."""
        return "trusted" if self.payees is Seen.NOT_SEEN and self.trusted else self.payees.text

    def to_json(self) -> JsonObject:
        """Return the object that `parley verify --json` prints for this contract."""
        return {
            "kind": self.kind,
            "chain_id": self.chain_id,
            "contract": self.contract,
            "games": self.games,
            "endings": dict(self.endings),
            "checked": dict(self.checked),
            "draws": self.draws,
            "violations": [violation._asdict() for violation in self.violations],
            "findings": [finding._asdict() for finding in self.findings],
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


def combined_json(found: Sequence[Verification]) -> JsonObject:
    """Combine the contracts of one chain: the object that `parley verify --json` prints.

    Bonferroni combines the p-values of contracts with draws.

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
        "findings": [
            {"contract": one.contract, **finding._asdict()} for one in found for finding in one.findings
        ],
        "recognition_p_value": bonferroni(p_values) if p_values else None,
        "payees": max(found, key=lambda one: (one.payees, one.trusted)).payees_text,
        "holds": False if False in verdicts else None if None in verdicts else True,
        "seconds": sum(one.seconds for one in found),
        "contracts": [one.to_json() for one in found],
    }
