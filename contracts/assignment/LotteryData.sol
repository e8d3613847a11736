// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAssignmentLottery} from "../interfaces/IAssignmentLottery.sol";
import {CodeStorage} from "../storage/CodeStorage.sol";
import {Memory} from "../storage/Memory.sol";
import {Certificates} from "./Certificates.sol";

/// @title The common knowledge of a lottery, as constant data
/// @notice Checks the parameters of a lottery and keeps what play needs of them as the code of a data contract:
///
///   creator 160 | bond 96 | window 32 | rule 8 | agents 8 | items 8,
///   then for each agent its address 160, then for each item its capacity 32
library LotteryData {
    struct Header {
        address creator;
        uint256 bond;
        uint256 window;
        IAssignmentLottery.Rule rule;
        uint256 agents;
        uint256 items;
    }

    /// @dev Bounds the work of a draw; seat bitmaps, orders and assignments are sized by it.
    uint256 internal constant MAX_AGENTS = 64;
    /// @dev Bounds the work of a pick; rankings are sized by it.
    uint256 internal constant MAX_ITEMS = 64;
    /// @dev Shorter than a few blocks, and an honest agent could miss it by bad luck.
    uint256 internal constant MIN_WINDOW = 60 seconds;
    /// @dev Bounds how long bonds can be locked.
    uint256 internal constant MAX_WINDOW = 30 days;

    uint256 private constant _HEADER = 39;
    uint256 private constant _AGENT = 20;
    uint256 private constant _CAPACITY = 4;

    // ────────────────────────────────────────────── reading ──────────────────────────────────────────────

    function header(address page) internal view returns (Header memory h) {
        uint256 ptr = Memory.allocate(64);
        CodeStorage.read(page, 0, ptr, _HEADER);
        uint256 word = Memory.load(ptr);
        h.creator = address(uint160(word >> 96));
        h.bond = uint96(word);
        word = Memory.load(ptr + 32);
        h.window = word >> 224;
        h.rule = IAssignmentLottery.Rule(uint8(word >> 216));
        h.agents = uint8(word >> 208);
        h.items = uint8(word >> 200);
    }

    /// @notice Whose a seat is.
    /// @param seat below the number of agents
    function agent(address page, uint256 seat) internal view returns (address) {
        uint256 ptr = Memory.allocate(32);
        unchecked {
            CodeStorage.read(page, _HEADER + _AGENT * seat, ptr, _AGENT);
        }
        return address(uint160(Memory.load(ptr) >> 96));
    }

    /// @notice Capacities in memory, one to a word.
    function capacities(Header memory h, address page) internal view returns (uint256 ptr) {
        unchecked {
            // At most 64 of them.
            uint256 packed = Memory.allocate(_CAPACITY * h.items + 32);
            CodeStorage.read(page, _HEADER + _AGENT * h.agents, packed, _CAPACITY * h.items);
            ptr = Memory.allocate(32 * h.items);
            for (uint256 o = 0; o < h.items; ++o) {
                Memory.store(ptr + 32 * o, Memory.load(packed + _CAPACITY * o) >> 224);
            }
        }
    }

    // ────────────────────────────────────────────── writing ──────────────────────────────────────────────

    /// @notice Check everything that creation promises to check, and store the page.
    function store(IAssignmentLottery.Parameters calldata p) internal returns (address page) {
        uint256 n = p.agents.length;
        if (n == 0 || n > MAX_AGENTS) revert IAssignmentLottery.AgentCountOutOfRange(n);
        uint256 m = p.capacities.length;
        if (m == 0 || m > MAX_ITEMS) revert IAssignmentLottery.ItemCountOutOfRange(m);
        _checkAgents(p.agents);
        _checkWindow(p.joinWindow);
        _checkWindow(p.actionWindow);
        if (p.rule != IAssignmentLottery.Rule.SerialDictatorship) _checkRoom(n, m, p.rule);

        unchecked {
            // Whole words are written over what follows, so 32 bytes of slack behind; the code prefix wants as much
            // before.
            uint256 length = _HEADER + _AGENT * n + _CAPACITY * m;
            uint256 start = Memory.allocate(32 + length + 32) + 32;
            Memory.store(start, (uint256(uint160(msg.sender)) << 96) | p.bond);
            Memory.store(
                start + 32, (uint256(p.actionWindow) << 224) | (uint256(p.rule) << 216) | (n << 208) | (m << 200)
            );
            uint256 ptr = start + _HEADER;
            for (uint256 i = 0; i < n; ++i) {
                Memory.store(ptr, uint256(uint160(p.agents[i])) << 96);
                ptr += _AGENT;
            }
            for (uint256 o = 0; o < m; ++o) {
                Memory.store(ptr, uint256(p.capacities[o]) << 224);
                ptr += _CAPACITY;
            }
            page = CodeStorage.write(start, length);
        }
    }

    function _checkAgents(address[] calldata agents) private pure {
        for (uint256 i = 0; i < agents.length; ++i) {
            address agent_ = agents[i];
            if (agent_ == address(0)) revert IAssignmentLottery.ZeroAgent(i);
            for (uint256 j = 0; j < i; ++j) {
                if (agents[j] == agent_) revert IAssignmentLottery.DuplicateAgent(i, j);
            }
        }
    }

    /// @dev Refuse a lottery whose terms may not fit: see `TermsMayNotFit`.
    function _checkRoom(uint256 n, uint256 m, IAssignmentLottery.Rule rule) private pure {
        unchecked {
            // Bounded by 2^12 terms and 2^224.
            uint256 denominator = Certificates.MAX_DENOMINATOR;
            if (rule == IAssignmentLottery.Rule.ProbabilisticSerial) {
                denominator = 1;
                for (uint256 k = m < n ? m : n - 1; k != 0 && denominator < Certificates.MAX_DENOMINATOR / n; --k) {
                    denominator *= n;
                }
            }
            uint256 terms = n * m + 1;
            uint256 most = Certificates.mostTerms(n, denominator);
            if (terms > most) revert IAssignmentLottery.TermsMayNotFit(terms, most);
        }
    }

    function _checkWindow(uint256 window) private pure {
        if (window < MIN_WINDOW || window > MAX_WINDOW) revert IAssignmentLottery.WindowOutOfRange(window);
    }
}
