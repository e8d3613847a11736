// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CodeStorage} from "../storage/CodeStorage.sol";
import {Memory} from "../storage/Memory.sol";
import {IGame} from "./IGame.sol";

/// @dev The first word of a page (high bits left); a mechanism says how the rest is used, and may let its own data
/// begin in the lowest bits already:
///
///   bond 96 | window 32 | agents 8 | mechanism 120
type Head is uint256;

using Pages for Head global;

/// @title Common knowledge of a game, as the code of a data contract
/// @notice A page is a head, then what the mechanism adds. It holds each agent's address where the mechanism says
/// (`Games._place`), by default 20 bytes a seat from byte 32 on.
library Pages {
    /// @dev Bounds the work of a draw; sets, orders and commitments are sized by it.
    uint256 internal constant MAX_AGENTS = 64;
    /// @dev Shorter than a few blocks, and an honest agent could miss it by bad luck.
    uint256 internal constant MIN_WINDOW = 60 seconds;
    /// @dev Bounds how long deposits can be locked.
    uint256 internal constant MAX_WINDOW = 30 days;
    /// @dev Bytes of a head, and of an agent's address.
    uint256 internal constant HEAD = 32;
    uint256 internal constant AGENT = 20;

    // ────────────────────────────────────────────── reading ──────────────────────────────────────────────

    function head(address page) internal view returns (Head) {
        return Head.wrap(CodeStorage.load(page, 0));
    }

    /// @notice The bond, in wei.
    function bond(Head self) internal pure returns (uint256) {
        return Head.unwrap(self) >> 160;
    }

    /// @notice Seconds for each action after the first phase.
    function window(Head self) internal pure returns (uint256) {
        return uint32(Head.unwrap(self) >> 128);
    }

    function agents(Head self) internal pure returns (uint256) {
        return uint8(Head.unwrap(self) >> 120);
    }

    // ────────────────────────────────────────────── writing ──────────────────────────────────────────────

    /// @notice Store the page of a game that needs no more than its head and its agents.
    /// @param bond_ of the head, as are the next two
    /// @param more what the mechanism keeps in the head
    /// @param least how many agents there must be
    function store(uint96 bond_, uint32 window_, uint120 more, address[] calldata agents_, uint256 least)
        internal
        returns (address)
    {
        checkCount(agents_.length, least);
        checkAgents(agents_);
        checkWindow(window_);
        unchecked {
            // At most 32 + 64 · 20 bytes.
            uint256 length = HEAD + AGENT * agents_.length;
            uint256 ptr = CodeStorage.allocate(length);
            Memory.store(ptr, Head.unwrap(toHead(bond_, window_, agents_.length)) | more);
            writeAgents(ptr + HEAD, agents_);
            return CodeStorage.write(ptr, length);
        }
    }

    function toHead(uint256 bond_, uint256 window_, uint256 agents_) internal pure returns (Head) {
        return Head.wrap((bond_ << 160) | (window_ << 128) | (agents_ << 120));
    }

    /// @notice Write agents' addresses to memory, 20 bytes each, and 12 bytes of zeros behind them.
    function writeAgents(uint256 ptr, address[] calldata agents_) internal pure {
        unchecked {
            // At most 64 agents: `checkCount`.
            for (uint256 i = 0; i < agents_.length; ++i) {
                Memory.store(ptr, uint256(uint160(agents_[i])) << 96);
                ptr += AGENT;
            }
        }
    }

    function checkCount(uint256 count, uint256 least) internal pure {
        if (count < least || count > MAX_AGENTS) revert IGame.AgentCountOutOfRange(count);
    }

    function checkAgents(address[] calldata agents_) internal pure {
        unchecked {
            // At most 64 agents: `checkCount`. Who is there twice has the same lowest byte, and few others have.
            uint256 seen = 0;
            for (uint256 i = 0; i < agents_.length; ++i) {
                address agent = agents_[i];
                if (agent == address(0)) revert IGame.ZeroAgent(i);
                uint256 bit = 1 << uint8(uint160(agent));
                if (seen & bit != 0) {
                    for (uint256 j = 0; j < i; ++j) {
                        if (agents_[j] == agent) revert IGame.DuplicateAgent(i, j);
                    }
                }
                seen |= bit;
            }
        }
    }

    function checkWindow(uint256 window_) internal pure {
        if (window_ < MIN_WINDOW || window_ > MAX_WINDOW) revert IGame.WindowOutOfRange(window_);
    }
}
