"""What can go wrong with a node, and what its refusals mean.

Nodes agree on how an answer looks, and on little about an error. Whether the contract refused a call (a
revert) or the node did (a limit, pruned state, a fault of its own) is told here from the code, the data and
the words of the common clients and services. What is not clearly a revert is none: no refusal of a node is
ever taken for a contract's answer.
"""

from __future__ import annotations

import re
from typing import Any

from parley.chain.evm import EvmError
from parley.core.errors import shorten

__all__ = ["NodeError", "RpcError", "TooMuchError", "UnreachableError"]

_EXECUTION_ERROR = 3
"""The code that geth, and since then most others, give a revert."""

_LIMIT_CODES = frozenset({429, 1015, -32005, -32007, -32016, -32029, -32090, -32097})
"""Codes of limits: EIP-1474 has -32005, the others are services' own."""


def _words(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


_WRAPPERS = _words(
    r"\[request id: [^\]]*\] ?",
    r"(custom error|evm|err|error|eth_call|rpc error|json-rpc error): ?",
    r"vm exception while processing transaction: ?",
    r"(vm execution|evm) error[.:]*( |$)",
)
"""What clients and services put before the words that matter."""

# A reason that follows is the contract's own text, and may be anything: only beginnings count.
_REVERT = _words(
    r"execution reverted",  # geth, erigon, besu, reth, anvil, Nethermind
    r"(transaction )?reverted\b",  # Hardhat, RSK
    r"revert\b",  # Ganache, older Nethermind
    r"revert opcode executed",
    r"contract reverted",
)
_HALT = _words(
    r"(invalid|bad) ?(fe)?(opcode|instruction)\b",
    r"opcode ?not ?found|invalid_operation\b|not ?activated\b",
    r"(invalid|bad) ?jump ?(destination)?\b",
    r"stack ?(underflow|overflow|limit reached)\b",
    r"write protection\b|static ?call ?violation\b|state ?change ?during ?static ?call|call ?not ?allowed",
    r"return data out of bounds|out ?of ?offset|access ?violation\b|gas uint64 overflow",
    r"contract address collision|create ?collision|max code size exceeded|create ?contract ?size ?limit",
)
"""An exceptional halt: the contract's own doing, as a revert is, but without data."""

_OUT_OF_GAS = _words(
    r"(transaction )?(ran )?out ?of ?gas\b",
    r"transaction reverted: contract call run out of gas",  # Hardhat
)

_LIMIT = _words(
    r"too many (requests|connections)|\b429\b|rate.?limit|throttl",
    r"(?<!gas )(?<!size )(?<!code )limit (was |has been )?(exceeded|reached)",
    r"exceeded (its|the|your) .*(capacity|quota|limit|credits)|quota|capacity exceeded",
    r"(requests?|units|calls?) per (second|minute|day)|request count exceeded",
    r"try again (later|in)|retry (in|after|later)|server (is )?busy",
)

_TOO_MUCH = _words(
    r"more than [\d,]+ (results|logs|events|blocks)|too (large|wide|big)|too many (results|logs|blocks)",
    r"block range|range (is )?(limit|limited|exceed)|(response|result|query|batch) (is )?(size|limit|too)",
)
"""What answers hold too much, and batches."""

_NOT_HERE = _words(
    r"header not found|missing trie node|historical state|archive|prun(ed|ing)|no state",
    r"state .*(not available|unavailable|not found)|(could not|cannot) find block|resource not found",
    r"unknown block|block .*(not available|out of range|not found)|distance to target block",
    r"out ?of ?range|invalid block tag|could not be found|beyond current head",
    r"timed? ?out|deadline exceeded",
)
"""State or blocks that this node does not have, or calls that took it too long."""


class NodeError(EvmError):
    """A node cannot be reached, or does not do what it should."""


class UnreachableError(NodeError):
    """Nobody answers at the node's URL."""


class TooMuchError(NodeError):
    """The node does not manage to answer so much at once."""


class RpcError(NodeError):
    """The node answers that it will not.

    Parameters
    ----------
    method : str
        What was asked.
    error : object
        The ``error`` of the answer: an object with code and message, or whatever else the node sent.

    Attributes
    ----------
    code : int
        JSON-RPC's; 0 where the node gave none, or none that is a number.
    message : str
    data : object
        Whatever came with it; for a reverted call, what it reverted with.
    """

    def __init__(self, method: str, error: object) -> None:
        fields: dict[str, Any] = error if isinstance(error, dict) else {"message": error}
        self.code = _code(fields.get("code"))
        message = fields.get("message")
        self.message = (
            message if isinstance(message, str) else "" if message is None else shorten(message, 200)
        )
        self.data = fields.get("data")
        said = self.message or (
            f"code {fields['code']}" if fields.get("code") is not None else "no reason given"
        )
        super().__init__(f"{method}: {shorten(said, 200)}")

    @property
    def revert_data(self) -> bytes | None:
        r"""What a call reverted with, empty if the node does not say; None if it was no revert.

        Nodes put it in ``data``, or in a ``data``, ``result`` or ``originalError`` within that, some behind
        the word ``Reverted``.

        Examples
        --------
        >>> RpcError("eth_call", {"code": 3, "message": "execution reverted", "data": "0xff"}).revert_data
        b'\xff'
        >>> older = {"code": -32015, "message": "VM execution error.", "data": "Reverted 0x"}
        >>> RpcError("eth_call", older).revert_data
        b''
        >>> RpcError("eth_call", {"code": -32000, "message": "insufficient funds"}).revert_data
        """
        return (_bytes_in(self.data) or b"") if self.is_revert else None

    @property
    def is_revert(self) -> bool:
        """Whether the contract refused the call, and not the node.

        True for a revert, and for an exceptional halt, such as an invalid opcode, which has no data. Running
        out of gas is not among them: it may be the node's own limit (see `is_out_of_gas`).

        Examples
        --------
        >>> RpcError("eth_call", {"code": 3, "message": "execution reverted: rate limit"}).is_revert
        True
        >>> RpcError("eth_call", {"code": -32000, "message": "missing trie node 1f…"}).is_revert
        False
        >>> RpcError("eth_call", {"code": -32005, "message": "limit exceeded"}).is_revert
        False
        """
        if self.is_out_of_gas:
            return False
        if _REVERT.match(self._words):
            return True
        if self.code in _LIMIT_CODES or any(
            words.search(self.message) for words in (_LIMIT, _TOO_MUCH, _NOT_HERE)
        ):
            return False
        halted = _HALT.match(self._words) is not None
        return halted or self.code == _EXECUTION_ERROR or bool(_bytes_in(self.data))

    @property
    def is_out_of_gas(self) -> bool:
        """Whether the call ran out of gas: of what it was given, or of what the node allows a call.

        Examples
        --------
        >>> RpcError("eth_call", {"code": -32000, "message": "out of gas"}).is_out_of_gas
        True
        """
        return _OUT_OF_GAS.match(self._words) is not None

    @property
    def _words(self) -> str:
        """The message without wrappers; where only these are left, as with OpenEthereum, the data."""
        words = self.message.strip()
        while wrapper := _WRAPPERS.match(words):
            words = words[wrapper.end() :]
        return words if words or not isinstance(self.data, str) else self.data.strip()

    @property
    def is_missing(self) -> bool:
        """Whether the node lacks the state or the block that was asked for, or did not get to it in time.

        Examples
        --------
        >>> RpcError("eth_call", {"code": -32000, "message": "header not found"}).is_missing
        True
        """
        return not self.is_revert and _NOT_HERE.search(self.message) is not None

    @property
    def is_limit(self) -> bool:
        """Whether the node asks to be asked less, or later.

        Examples
        --------
        >>> RpcError("eth_call", {"code": "TOO_MANY", "message": "Too many requests"}).is_limit
        True
        """
        if self.is_revert or _TOO_MUCH.search(self.message):
            return False
        return self.code in _LIMIT_CODES or bool(_LIMIT.search(self.message))


def _code(code: object) -> int:
    """Return an error's code, which some nodes send as text."""
    if isinstance(code, str) and re.fullmatch(r"-?\d{1,9}", code):
        return int(code)
    if isinstance(code, float) and code.is_integer():
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else 0


def _bytes_in(data: object, depth: int = 4) -> bytes | None:
    """Find the data of a revert in an error's data."""
    if isinstance(data, str):
        text = re.sub(r"^revert(ed)?:?\s+", "", data.strip(), flags=re.IGNORECASE)
        return bytes.fromhex(text[2:]) if re.fullmatch(r"0x([0-9a-fA-F]{2})*", text) else None
    if isinstance(data, dict) and depth:
        # Ganache has an entry under the transaction's hash.
        inner = [data.get(key) for key in ("data", "result", "return", "originalError")]
        inner += [value for key, value in data.items() if key.startswith("0x")]
        for value in inner:
            if (found := _bytes_in(value, depth - 1)) is not None:
                return found
    return None
