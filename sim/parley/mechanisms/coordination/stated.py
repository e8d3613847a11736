"""The expected answers of recognition contracts, as far as they can be known."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple
from functools import cache

from eth_abi.abi import encode

from parley.chain.abi import selector
from parley.chain.compiler import CompilerError, compile_contracts
from parley.chain.history import Call, History
from parley.core.errors import ParleyError
from parley.core.randomness import Word, keccak
from parley.kit.reference import NOTHING, Revert
from parley.kit.verify.decoder import Decoder, NotReadableError
from parley.mechanisms.coordination.contracts import RECOGNITION_CONTRACTS
from parley.mechanisms.coordination.model import Recognition
from parley.mechanisms.coordination.parameters import QUANTITY_LIMIT, Parameters
from parley.mechanisms.coordination.recognition import RECOGNITION, RecognitionFunction, Turn

__all__ = ["Stated", "fraction_question"]


class Stated(Mapping[str, Recognition]):
    """Recognition functions by address, identified by their code or by their claimed name.

    Any other contract may give any answer, and another one later. Its answer is read from the trace. Without
    traces, the node is asked for the answer after the block; if it differs from the event, the event is
    believed and counted.

    Parameters
    ----------
    decoder : Decoder
        Decoder of the contract's calls and events.
    claimed : mapping of str to str
        Names of functions by address.
    current : callable
        Returns the current call.
    count : callable
        Called with what could not be checked.
    """

    def __init__(
        self,
        history: History,
        decoder: Decoder,
        claimed: Mapping[str, str],
        current: Callable[[], Call],
        count: Callable[[str], None],
    ) -> None:
        self._history = history
        self._decoder = decoder
        self._claimed = claimed
        self._current = current
        self._count = count
        self._known: dict[str, RecognitionFunction | None] = {}
        self._latest: dict[str, Word] = {}

    def __getitem__(self, address: str) -> Recognition:
        code = self._code(address)
        if code is None:
            raise KeyError(address)
        return Recognition(code, self._by_name(address) or (lambda turn: self._answered(address, turn)))

    def __contains__(self, address: object) -> bool:
        return isinstance(address, str) and self._code(address) is not None

    def _code(self, address: str) -> Word | None:
        """Return the hash of the code at an address at the time of a call.

        Code may appear and disappear within a block, even within the transaction that creates a game. In
        doubt, the hash in the call and its success decide. This tree's own functions cannot change.
        """
        call = self._current()
        if call.failure is None and self._by_name(address) is not None:
            return self._latest[address]
        named = self._named_code(call, address)
        codes = [self._history.code(address, block) for block in (call.block - 1, call.block)]
        if None in codes and not any(codes):
            codes = [self._history.code(address)]
        hashes = [keccak(code) for code in codes if code]
        if call.failure is not None:
            return hashes[-1] if all(codes) else None
        certain = all(codes) and len(set(hashes)) == 1
        if named not in (None, NOTHING, keccak(b"")) and not certain:
            return named
        return hashes[-1] if hashes else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def _by_name(self, address: str) -> RecognitionFunction | None:
        if address not in self._known:
            code = self._history.code(address)
            name = (_known_codes().get(keccak(code)) or self._claimed.get(address)) if code else None
            self._known[address] = None if name is None else RECOGNITION[name]
            self._latest[address] = keccak(code or b"")
        return self._known[address]

    def _answered(self, address: str, turn: Turn) -> tuple[int, int]:
        """Return the answer of a creator's own function."""
        call, question = self._current(), fraction_question(turn)
        seen = [one for one in call.questions or () if one.to == address]
        if seen and seen[-1].data == question:
            return _fraction(seen[-1].answer)
        try:
            (answer,) = self._history.ask([(address, question)], call.block)
        except ParleyError:
            answer = None
        stated = None if call.questions is not None else self._stated(call)
        if stated is None or (answer is not None and answer[:64] == b"".join(_words(stated))):
            return _fraction(answer)
        self._count("fractions taken as stated")
        return stated

    def _named_code(self, call: Call, address: str) -> Word | None:
        """Return the code hash of an address in a call to `create`."""
        try:
            action = self._decoder.read_action(call.data)
        except NotReadableError:
            return None
        parameters = action.arguments[-1] if action.name == "create" else None
        if isinstance(parameters, Parameters) and parameters.recognition == address:
            return parameters.recognition_code
        return None

    def _stated(self, call: Call) -> tuple[int, int] | None:
        """Return the fraction in a call's event, if valid."""
        for log in call.logs:
            try:
                event = self._decoder.read_event(log)
            except NotReadableError:
                continue
            if event.name == "Announced":
                numerator, denominator = event.fields[3:5]
                if isinstance(numerator, int) and isinstance(denominator, int):
                    valid = numerator <= denominator < QUANTITY_LIMIT
                    return (numerator, denominator) if valid else None
        return None


def _words(numbers: tuple[int, int]) -> list[bytes]:
    return [number.to_bytes(32, "big") for number in numbers]


def _fraction(answer: bytes | None) -> tuple[int, int]:
    if answer is None or len(answer) < 64:
        raise Revert("")
    return int.from_bytes(answer[:32], "big"), int.from_bytes(answer[32:64], "big")


@cache
def _known_codes() -> Mapping[Word, str]:
    """Return this tree's recognition functions by code hash."""
    try:
        contracts = compile_contracts()
    except CompilerError:
        return {}
    found = {name: contracts[contract] for name, contract in RECOGNITION_CONTRACTS.items()}
    return {keccak(artifact.deployed_bytecode): name for name, artifact in found.items()}


_TURN = "(uint256,uint256,uint256,uint256,uint256[],uint256[],uint256[])"
"""The type of a turn in the interface `IRecognition`."""


def fraction_question(turn: Turn) -> bytes:
    """Return the calldata of a question for a recognition fraction."""
    return selector(f"fraction({_TURN})") + encode([_TURN], [astuple(turn)])
