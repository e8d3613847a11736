// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Head, Pages} from "../game/Pages.sol";
import {IAssignmentLottery} from "../interfaces/IAssignmentLottery.sol";
import {CodeStorage} from "../storage/CodeStorage.sol";
import {Memory} from "../storage/Memory.sol";
import {Certificates} from "./Certificates.sol";

/// @title The common knowledge of a lottery, as constant data
/// @notice Checks the parameters of a lottery and keeps what play needs of them as the code of a data contract:
///
///   bond 96 | window 32 | agents 8 | rule 8 | items 8 | creator 160,
///   then for each agent its address 160, then for each item its capacity 32
library LotteryData {
    /// @dev Bounds the work of a pick; rankings are sized by it.
    uint256 internal constant MAX_ITEMS = 64;

    uint256 private constant _CREATOR = 19;
    uint256 private constant _AGENTS = 39;
    uint256 private constant _CAPACITY = 4;

    // ────────────────────────────────────────────── reading ──────────────────────────────────────────────

    function rule(Head h) internal pure returns (IAssignmentLottery.Rule) {
        return IAssignmentLottery.Rule(uint8(Head.unwrap(h) >> 112));
    }

    function items(Head h) internal pure returns (uint256) {
        return uint8(Head.unwrap(h) >> 104);
    }

    function creator(address page) internal view returns (address) {
        return address(uint160(CodeStorage.load(page, _CREATOR) >> 96));
    }

    /// @notice Where the address of a seat, or what follows that of the last one, is in the page.
    function place(uint256 seat) internal pure returns (uint256) {
        unchecked {
            // At most 64 seats.
            return _AGENTS + Pages.AGENT * seat;
        }
    }

    /// @notice Capacities in memory, one to a word.
    function capacities(Head h, address page) internal view returns (uint256 ptr) {
        unchecked {
            // At most 64 of them.
            uint256 m = items(h);
            uint256 packed = Memory.allocate(_CAPACITY * m + 32);
            CodeStorage.read(page, place(h.agents()), packed, _CAPACITY * m);
            ptr = Memory.allocate(32 * m);
            for (uint256 o = 0; o < m; ++o) {
                Memory.store(ptr + 32 * o, Memory.load(packed + _CAPACITY * o) >> 224);
            }
        }
    }

    // ────────────────────────────────────────────── writing ──────────────────────────────────────────────

    /// @notice Check everything that creation promises to check, and store the page.
    function store(IAssignmentLottery.Parameters calldata p) internal returns (address page) {
        uint256 n = p.agents.length;
        Pages.checkCount(n, 1);
        uint256 m = p.capacities.length;
        if (m == 0 || m > MAX_ITEMS) revert IAssignmentLottery.ItemCountOutOfRange(m);
        Pages.checkAgents(p.agents);
        Pages.checkWindow(p.joinWindow);
        Pages.checkWindow(p.actionWindow);
        if (p.rule != IAssignmentLottery.Rule.SerialDictatorship) _checkRoom(n, m, p.rule);

        unchecked {
            // At most 64 agents and items.
            uint256 length = place(n) + _CAPACITY * m;
            uint256 start = CodeStorage.allocate(length);
            uint256 head = Head.unwrap(Pages.toHead(p.bond, p.actionWindow, n));
            Memory.store(start, head | (uint256(p.rule) << 112) | (m << 104));
            Memory.store(start + _CREATOR, uint256(uint160(msg.sender)) << 96);
            Pages.writeAgents(start + _AGENTS, p.agents);
            uint256 ptr = start + place(n);
            for (uint256 o = 0; o < m; ++o) {
                Memory.store(ptr, uint256(p.capacities[o]) << 224);
                ptr += _CAPACITY;
            }
            page = CodeStorage.write(start, length);
        }
    }

    /// @dev Refuse a lottery whose terms may not fit: see `TermsMayNotFit`.
    function _checkRoom(uint256 n, uint256 m, IAssignmentLottery.Rule rule_) private pure {
        unchecked {
            // Bounded by 2^12 terms and 2^224.
            uint256 denominator = Certificates.MAX_DENOMINATOR;
            if (rule_ == IAssignmentLottery.Rule.ProbabilisticSerial) {
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
}
