// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Head, Pages} from "../game/Pages.sol";
import {ITeamContract} from "../interfaces/ITeamContract.sol";
import {CodeStorage} from "../storage/CodeStorage.sol";
import {Memory} from "../storage/Memory.sol";
import {Fairness} from "./Fairness.sol";
import {Successes} from "./Successes.sol";

/// @title The common knowledge of a project, as constant data
/// @notice Checks the parameters of a project and keeps what paying needs of them as the code of a data contract:
///
///   sum of wages 96 | work window 32 | agents 8 | 0 120,
///   digest 256,
///   referee 160,
///   principal 160,
///   then for each agent its address 160 | wage 96.
library TeamData {
    uint256 private constant _DIGEST = 32;
    uint256 private constant _REFEREE = 64;
    uint256 private constant _PRINCIPAL = 84;
    uint256 private constant _AGENTS = 104;
    /// @dev Bytes of a seat's record.
    uint256 private constant _RECORD = 32;

    // ────────────────────────────────────────────── reading ──────────────────────────────────────────────

    /// @notice The sum of the wages, which is the bond too.
    function payroll(Head h) internal pure returns (uint256) {
        return h.bond();
    }

    /// @notice keccak256 of the parameters.
    function digest(address page) internal view returns (bytes32) {
        return bytes32(CodeStorage.load(page, _DIGEST));
    }

    function referee(address page) internal view returns (address) {
        return address(uint160(CodeStorage.load(page, _REFEREE) >> 96));
    }

    function principal(address page) internal view returns (address) {
        return address(uint160(CodeStorage.load(page, _PRINCIPAL) >> 96));
    }

    /// @notice Where the record of a seat is in the page.
    function place(uint256 seat) internal pure returns (uint256) {
        unchecked {
            // At most 64 seats.
            return _AGENTS + _RECORD * seat;
        }
    }

    /// @notice Address 160 | wage 96 of a seat.
    function record(address page, uint256 seat) internal view returns (uint256) {
        return CodeStorage.load(page, place(seat));
    }

    /// @notice Whether somebody is the principal or a member.
    function hasPart(Head h, address page, address who) internal view returns (bool) {
        if (who == principal(page)) return true;
        unchecked {
            // At most 64 seats.
            uint256 length = _RECORD * h.agents();
            uint256 ptr = Memory.allocate(length);
            CodeStorage.read(page, _AGENTS, ptr, length);
            for (uint256 end = ptr + length; ptr < end; ptr += _RECORD) {
                if (address(uint160(Memory.load(ptr) >> 96)) == who) return true;
            }
        }
        return false;
    }

    // ────────────────────────────────────────────── writing ──────────────────────────────────────────────

    /// @notice Check everything that creation promises to check but the deposit.
    /// @return sum of the wages
    function check(ITeamContract.Parameters calldata p) internal view returns (uint256 sum) {
        _checkBounds(p);
        if (p.kind == ITeamContract.Kind.Table) Successes.checkTable(p);
        (uint256 whole, uint256[] memory added) = Successes.marginals(p);
        if (whole > p.denominator) revert ITeamContract.ProbabilityAboveOne(whole, p.denominator);
        Fairness.check(p, whole, added);
        unchecked {
            // At most 64 wages below 2^96.
            for (uint256 j = 0; j < p.wages.length; ++j) {
                sum += p.wages[j];
            }
        }
        if (sum > p.reward) revert ITeamContract.PayrollAboveReward(sum, p.reward);
    }

    /// @notice Store the page of parameters that have been checked.
    /// @param sum of the wages
    /// @param hash keccak256 of the parameters
    function store(ITeamContract.Parameters calldata p, uint256 sum, bytes32 hash) internal returns (address) {
        unchecked {
            // At most 64 agents.
            uint256 n = p.agents.length;
            uint256 length = place(n);
            uint256 start = CodeStorage.allocate(length);
            Memory.store(start, Head.unwrap(Pages.toHead(sum, p.workWindow, n)));
            Memory.store(start + _DIGEST, uint256(hash));
            Memory.store(start + _REFEREE, uint256(uint160(p.referee)) << 96);
            Memory.store(start + _PRINCIPAL, uint256(uint160(msg.sender)) << 96);
            for (uint256 i = 0; i < n; ++i) {
                Memory.store(start + place(i), (uint256(uint160(p.agents[i])) << 96) | p.wages[i]);
            }
            return CodeStorage.write(start, length);
        }
    }

    function _checkBounds(ITeamContract.Parameters calldata p) private view {
        uint256 n = p.agents.length;
        Pages.checkCount(n, 1);
        Pages.checkAgents(p.agents);
        if (p.referee == address(0)) revert ITeamContract.ZeroReferee();
        bool part = p.referee == msg.sender;
        unchecked {
            // At most 64 agents.
            for (uint256 i = 0; i < n; ++i) {
                if (p.agents[i] == p.referee) part = true;
            }
            if (part) revert ITeamContract.RefereeHasPart(p.referee);
            if (p.wages.length != n) revert ITeamContract.LengthMismatch(p.wages.length, n);
            if (p.costs.length != n) revert ITeamContract.LengthMismatch(p.costs.length, n);
            for (uint256 i = 0; i < n; ++i) {
                if (p.costs[i] == 0) revert ITeamContract.ZeroCost(i);
            }
        }
        Successes.checkForm(p);
        Pages.checkWindow(p.formWindow);
        Pages.checkWindow(p.workWindow);
    }
}
