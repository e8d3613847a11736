"""The exact twin: the same games as on an EVM, two hundred times as fast.

A :class:`Twin` plays what :class:`parley.mechanisms.coordination.play.Player` plays on an EVM: from the same
seed the same game ids, secrets, commitments, draws, offers, answers and endings, and the same costs to the
wei.

Line-ups of bots that decide by common knowledge are compiled (numba, with our own Keccak). Games with a bot
that draws random numbers are played in Python, with the same hashes and random streams as `Player`.
`Twin.compiles` says which.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from parley.chain.backends import open_evm
from parley.chain.evm import Evm
from parley.core.errors import ParleyError
from parley.core.randomness import address_word, keccak, purpose_word, word
from parley.mechanisms.coordination.play import Deployment, deploy_mechanism, parameters_of
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.twins.games import AnyTwin, Games
from parley.mechanisms.coordination.twins.in_python import Hashes
from parley.mechanisms.coordination.twins.tables import ENDINGS, Results, Strategy, Tables, lanes

__all__ = ["ENDINGS", "Chain", "Games", "Strategy", "Twin", "embedded"]

_PURPOSES = np.stack([lanes(purpose_word(purpose)) for purpose in (b"continuation", b"proposer", b"order")])


class Chain(NamedTuple):
    """The chain of the games: what their hashes depend on besides problem and seed.

    Attributes
    ----------
    recognition : mapping of str to str
        Addresses of the recognition functions, by their names in problem files.
    codes : mapping of str to bytes
        Hashes of their code, by the same names.
    creator : str
        Account that creates the games.
    seats : tuple of str
        Accounts of the agents, by seat; at least as many as agents.
    """

    chain_id: int
    mechanism: str
    recognition: Mapping[str, str]
    codes: Mapping[str, bytes]
    creator: str
    seats: tuple[str, ...]

    @classmethod
    def of(cls, evm: Evm, deployment: Deployment) -> "Chain":
        """Return the chain of an EVM."""
        codes = {name: keccak(evm.code(address)) for name, address in deployment.recognition.items()}
        where = deployment.mechanism, deployment.recognition
        return cls(evm.chain_id, *where, codes, evm.deployer, tuple(evm.accounts))


@cache
def embedded() -> Chain:
    """Return the chain of both embedded EVMs, on which `parley simulate` plays."""
    evm = open_evm("revm")
    return Chain.of(evm, deploy_mechanism(evm))


class Twin(AnyTwin):
    """Games as the contract plays them, hash by hash.

    Parameters
    ----------
    strategies : sequence of str or callable
        Bots by name (``stubborn:1/4``), or callables that make one for a seat. A bot must not depend on
        earlier games.
    chain : Chain, optional
        Chain of the games; by default that of the embedded EVMs.

    Raises
    ------
    ParleyError
        If a name is unknown, or the contract cannot hold the problem.

    Notes
    -----
    With ``transcripts`` each game comes with the Keccak-256 hash of the words that are hashed or drawn on
    chain, in the order in which they are: the game's id; the commitment of every seat that joins; the
    digest of parameters and announcements; and for every round the commitments that come with the
    reveals, proposer and packed order, hash of the shares offered, and a number, twice the answers given
    plus one unless the last of them rejects. Without, only what a game's course depends on is hashed.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> twin = Twin(example_1(), ["equilibrium", "greedy"])
    >>> games = twin.play(seed=1, first=0, games=3, seats=[0, 1, 0, 0, 1])
    >>> games.outcome(2).ending
    'settled'
    >>> sum(games.outcome(2).costs) == games.outcome(2).position.bargaining.total_cost
    True
    """

    def __init__(
        self, problem: Problem, strategies: Sequence[Strategy], *, chain: Chain | None = None
    ) -> None:
        where = embedded() if chain is None else chain
        if problem.agents > len(where.seats):
            raise ParleyError(f"{problem.agents} agents, but {len(where.seats)} accounts")
        seats = where.seats[: problem.agents]
        name = problem.recognition
        parameters = parameters_of(problem, seats, where.recognition[name], where.codes[name])
        super().__init__(problem, strategies, parameters.digest())
        self._id_prefix = word(where.chain_id) + address_word(where.mechanism) + address_word(where.creator)

    def play(
        self,
        seed: int,
        first: int,
        games: int,
        seats: ArrayLike | None = None,
        *,
        transcripts: bool = False,
    ) -> Games:
        """Play games `first` to `first + games − 1` of a run.

        Parameters
        ----------
        seed : int
            Seed of the run; together with a game's number it determines the game.
        first, games : int
            From 0, and at least 1.
        seats : array_like of int, shape (n,) or (games, n), optional
            The strategy in each seat, for all games or for each; by default one strategy for all seats, or
            one each.
        transcripts : bool
            Compute the hashes on which games do not depend, too; see `Twin`.

        Raises
        ------
        ParleyError
            If the seats do not fit the strategies.
        UnexpectedRevertError
            If the contract would reject a bot's announcement or proposal.
        """
        return self._play(seed, first, games, seats, transcripts=transcripts)

    def _run(
        self, tables: Tables, seed: int, first: int, lineups: NDArray[np.int32], results: Results
    ) -> None:
        from parley.mechanisms.coordination.twins.compiled import play_games  # noqa: PLC0415 - numba takes a second to load

        prefix = np.frombuffer(b"parley:%d:" % seed, dtype=np.uint8).copy()
        creation = lanes(self._id_prefix + bytes(32)).copy()
        play_games(tables, _PURPOSES, creation, prefix, first, lineups, results)

    def _source(self, seed: int, game: int, *, transcripts: bool) -> Hashes:
        return Hashes(self._id_prefix, seed, game, self.problem.agents, noting=transcripts)
