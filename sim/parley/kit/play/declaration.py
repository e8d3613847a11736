"""The part of a mechanism's declaration about play: bots, player, statistics, columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Generic, NamedTuple

from parley.kit.options import Given, Option
from parley.kit.protocols import C, OutcomeT, P, S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from parley.chain.codec import Codec
    from parley.chain.compiler import Artifact
    from parley.chain.evm import Evm
    from parley.kit.play.player import Player, Sent, UnexpectedRevertError
    from parley.kit.play.simulation import Simulation
    from parley.kit.protocols import Ending
    from parley.kit.statistics import Statistic

__all__ = ["Columns", "Playable"]


class Columns(NamedTuple, Generic[OutcomeT]):
    """Columns of the table of games.

    Attributes
    ----------
    type : str
        Alias of an Arrow type, or ``wei`` for exact amounts of money up to 38 digits.
    of : callable
        Takes the outcome of a game; returns a value for each name.
    """

    names: Sequence[str]
    type: str
    of: Callable[[OutcomeT], Iterable[object]]


class Playable(ABC, Generic[P, S, OutcomeT, C]):
    """A mechanism's declaration of play; picklable for worker processes.

    Attributes
    ----------
    kind : str
        Name in problem files.
    contracts : tuple of str
        Contracts in the order of deployment, which determines their addresses; the first one holds the games.
    bots : mapping of str to str
        Description of each bot, by its name for ``--bots``; the first is the default.
    endings : mapping of str to Ending
        All endings of a game.
    options : tuple of Option
        Options of this kind only, of all commands.
    roles : tuple of str
        Who plays besides the agents, such as an organizer; bots of roles come before the agents'.
    """

    kind: ClassVar[str]
    contracts: ClassVar[tuple[str, ...]]
    bots: ClassVar[Mapping[str, str]]
    endings: ClassVar[Mapping[str, Ending]]
    options: ClassVar[tuple[Option, ...]] = ()
    roles: ClassVar[tuple[str, ...]] = ()

    # ── what a mechanism declares ──

    @abstractmethod
    def cast(self, problem: P, names: Sequence[str]) -> C:
        """Make the bots and what they prepare before the first game, once for all processes.

        Parameters
        ----------
        names : sequence of str
            As `seated` returns them: one per role, then one per seat.

        Raises
        ------
        ParleyError
            If a name is unknown, or the contract cannot hold the problem.
        """

    def with_options(self, cast: C, given: Given) -> C:
        """Return the cast as the mechanism's own options of ``simulate`` want it.

        Parameters
        ----------
        given : Given
            At least one option.

        Raises
        ------
        ParleyError
            If a value is unknown.
        """
        del given  # a mechanism without such options is never asked
        return cast

    @abstractmethod
    def player(
        self, evm: Evm, addresses: Mapping[str, str], problem: P, cast: C, seed: int
    ) -> Player[OutcomeT]:
        """Return the player on a backend with the contracts at these addresses."""

    @abstractmethod
    def theory(self, problem: P, seed: int) -> S:
        """Return the theory of a problem; the seed is for theory that samples."""

    @abstractmethod
    def statistics(self, problem: P) -> Sequence[Statistic[OutcomeT, S]]:
        """Return the statistics to count and compare with theory."""

    def columns(self, problem: P) -> Sequence[Columns[OutcomeT]]:  # noqa: ARG002 - a mechanism's own may
        """Return the columns of the table of games besides a game's number and ending."""
        return ()

    def report(self, run: Simulation[P, S, OutcomeT, C]) -> Mapping[str, object]:
        """Return the mechanism's own keys of `parley simulate --json`; by default its statistics."""
        return {"agents": run.agents(), "statistics": run.comparison.to_json()}

    # ── derived, unless a mechanism overrides it ──

    def seated(self, names: Sequence[str], problem: P) -> list[str]:
        """Return the name of every bot, of roles first; by default those given, one for all or one each.

        Parameters
        ----------
        names : sequence of str
            As a user gives them; none for the default.

        Raises
        ------
        ParleyError
            If there are too many or too few.
        """
        from parley.kit.bots import seated  # noqa: PLC0415 - declarations load fast

        return seated(names or [next(iter(self.bots))], problem.agents)

    def given(self, verb: str, values: Mapping[str, object]) -> Given:
        """Check the options given to a command."""
        return Given([option for option in self.options if option.verb == verb], values)

    @classmethod
    def artifacts(cls) -> Mapping[str, Artifact]:
        """Return compiled contracts by name, by default those of this tree."""
        from parley.chain.compiler import compile_contracts  # noqa: PLC0415 - declarations load fast

        return compile_contracts()

    @classmethod
    def own_artifacts(cls) -> dict[str, Artifact]:
        """Return the mechanism's own compiled contracts by name, in the order of deployment."""
        found = cls.artifacts()
        return {name: found[name] for name in cls.contracts}

    @classmethod
    @cache
    def codec(cls) -> Codec:
        """Return the codec of the contract that holds the games."""
        from parley.chain.codec import Codec  # noqa: PLC0415 - declarations load fast

        return Codec(cls.artifacts()[cls.contracts[0]].abi)

    def money(self, sent: Sent) -> int:
        """Return the wei that the contract paid to the sender; negative if the sender paid in.

        Contracts pay by ``withdraw``, whose first event is ``Withdrawn`` with an ``amount``. Without that
        function they pay nobody.
        """
        codec = self.codec()
        if sent.data[:4] != codec.selectors.get("withdraw"):
            return -sent.value
        withdrawn, *_ = codec.decode(sent.logs)
        return int(withdrawn.amount)

    def explain(self, problem: P, refusal: UnexpectedRevertError) -> str | None:
        """Return a clearer message for a revert on a node, if there is one."""
        from parley.kit.play.player import explained  # noqa: PLC0415 - declarations load fast

        return explained(refusal, problem.window)
