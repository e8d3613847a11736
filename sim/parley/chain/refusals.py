"""Errors of nodes, and their meaning.

Nodes report errors in different ways. This module decides, from code, data and message of the common clients
and services, whether the contract refused a call (a revert) or the node did (a limit, pruned state, an own
failure). Only a clear revert counts as a revert, so that a node's error is never taken for a contract's
answer.
"""

from __future__ import annotations

import re
from typing import Any

from parley.chain.evm import EvmError
from parley.core.errors import shorten

__all__ = ["NodeError", "RpcError", "TooMuchError", "UnreachableError"]

_EXECUTION_ERROR = 3
"""Error code of a revert in geth and most other clients."""

_LIMIT_CODES = frozenset({429, 1015, -32005, -32007, -32016, -32029, -32090, -32097})
"""Error codes of limits: -32005 is from EIP-1474, the others are from services."""


def _words(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


_WRAPPERS = _words(
    r"\[request id: [^\]]*\] ?",
    r"(custom error|evm|err|error|eth_call|rpc error|json-rpc error): ?",
    r"vm exception while processing transaction: ?",
    r"(vm execution|evm) error[.:]*( |$)",
)
"""Prefixes of error messages."""

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
"""An exceptional halt: caused by the contract, like a revert, but without data."""

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
"""Answers or batches that are too large."""

_NOT_HERE = _words(
    r"header not found|missing trie node|historical state|archive|prun(ed|ing)|no state",
    r"state .*(not available|unavailable|not found)|(could not|cannot) find block|resource not found",
    r"unknown block|block .*(not available|out of range|not found)|distance to target block",
    r"out ?of ?range|invalid block tag|could not be found|beyond current head",
    r"timed? ?out|deadline exceeded",
)
"""State or blocks that the node does not have, or timeouts."""


class NodeError(EvmError):
    """A node cannot be reached, or fails."""


class UnreachableError(NodeError):
    """There is no answer at the node's URL."""


class TooMuchError(NodeError):
    """The request is too large for the node."""


class RpcError(NodeError):
    """An error answer of the node.

    Parameters
    ----------
    error : object
        The ``error`` of the answer, normally an object with code and message.

    Attributes
    ----------
    code : int
        JSON-RPC error code; 0 if missing or not a number.
    data : object
        Additional data; the revert data of a reverted call.
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
        r"""Revert data of a call, empty if the node does not give it; None if it was no revert.

        Nodes put it in ``data``, or in a ``data``, ``result`` or ``originalError`` inside, some after the
        word ``Reverted``.

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
        """Whether the contract, and not the node, refused the call.

        True for a revert and for an exceptional halt such as an invalid opcode. False for out of gas, because
        it may be the node's own limit (see `is_out_of_gas`).

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
        """Whether the call ran out of its own gas, or of the node's limit for calls.

        Examples
        --------
        >>> RpcError("eth_call", {"code": -32000, "message": "out of gas"}).is_out_of_gas
        True
        """
        return _OUT_OF_GAS.match(self._words) is not None

    @property
    def _words(self) -> str:
        """The message without prefixes; if nothing is left, as with OpenEthereum, the data."""
        words = self.message.strip()
        while wrapper := _WRAPPERS.match(words):
            words = words[wrapper.end() :]
        return words if words or not isinstance(self.data, str) else self.data.strip()

    @property
    def is_missing(self) -> bool:
        """Whether the node lacks the requested state or block, or timed out.

        Examples
        --------
        >>> RpcError("eth_call", {"code": -32000, "message": "header not found"}).is_missing
        True
        """
        return not self.is_revert and _NOT_HERE.search(self.message) is not None

    @property
    def is_limit(self) -> bool:
        """Whether the node limits requests.

        Examples
        --------
        >>> RpcError("eth_call", {"code": "TOO_MANY", "message": "Too many requests"}).is_limit
        True
        """
        if self.is_revert or _TOO_MUCH.search(self.message):
            return False
        return self.code in _LIMIT_CODES or bool(_LIMIT.search(self.message))


def _code(code: object) -> int:
    """Return an error code, which some nodes send as text."""
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
