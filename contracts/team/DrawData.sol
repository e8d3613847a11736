// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Head, Pages} from "../game/Pages.sol";
import {ITeamContract} from "../interfaces/ITeamContract.sol";
import {CodeStorage} from "../storage/CodeStorage.sol";
import {Memory} from "../storage/Memory.sol";

/// @title The common knowledge of a draw, as constant data
/// @notice Keeps what a draw needs to know as the code of a data contract:
///
///   0 96 | a third of the work window 32 | agents 8 | the work window 32 | 0 88,
///   project 256,
///   hash of the project's parameters 256,
///   the guarantor's commitment 256,
///   guarantor 160,
///   contract of the project 160,
///   then for each agent its address 160.
library DrawData {
    uint256 private constant _PROJECT = 32;
    uint256 private constant _PARAMETERS = 64;
    uint256 private constant _COMMITMENT = 96;
    uint256 private constant _GUARANTOR = 128;
    uint256 private constant _TEAM = 148;
    uint256 private constant _AGENTS = 168;

    // ────────────────────────────────────────────── reading ──────────────────────────────────────────────

    /// @notice Seconds from the beginning of drawing to the end of the work window.
    function rest(Head h) internal pure returns (uint256) {
        unchecked {
            // Twice a third is not more than the whole.
            return uint32(Head.unwrap(h) >> 88) - 2 * h.window();
        }
    }

    function project(address page) internal view returns (bytes32) {
        return bytes32(CodeStorage.load(page, _PROJECT));
    }

    /// @notice keccak256 of the project's parameters.
    function parameters(address page) internal view returns (bytes32) {
        return bytes32(CodeStorage.load(page, _PARAMETERS));
    }

    function guarantorsCommitment(address page) internal view returns (bytes32) {
        return bytes32(CodeStorage.load(page, _COMMITMENT));
    }

    /// @notice The digest while members commit.
    function digest(address page) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(parameters(page), guarantorsCommitment(page)));
    }

    function guarantor(address page) internal view returns (address) {
        return address(uint160(CodeStorage.load(page, _GUARANTOR) >> 96));
    }

    function team(address page) internal view returns (ITeamContract) {
        return ITeamContract(address(uint160(CodeStorage.load(page, _TEAM) >> 96)));
    }

    /// @notice Where the address of a seat is in the page.
    function place(uint256 seat) internal pure returns (uint256) {
        unchecked {
            // At most 64 seats.
            return _AGENTS + Pages.AGENT * seat;
        }
    }

    // ────────────────────────────────────────────── writing ──────────────────────────────────────────────

    /// @notice Store the page.
    /// @param hash keccak256 of the parameters
    function store(
        ITeamContract team_,
        bytes32 project_,
        ITeamContract.Parameters calldata p,
        bytes32 hash,
        bytes32 commitment
    ) internal returns (address) {
        uint256 n = p.agents.length;
        Pages.checkCount(n, 1);
        unchecked {
            // At most 64 agents.
            uint256 length = place(n);
            uint256 start = CodeStorage.allocate(length);
            uint256 head = Head.unwrap(Pages.toHead(0, p.workWindow / 3, n));
            Memory.store(start, head | (uint256(p.workWindow) << 88));
            Memory.store(start + _PROJECT, uint256(project_));
            Memory.store(start + _PARAMETERS, uint256(hash));
            Memory.store(start + _COMMITMENT, uint256(commitment));
            Memory.store(start + _GUARANTOR, uint256(uint160(msg.sender)) << 96);
            Memory.store(start + _TEAM, uint256(uint160(address(team_))) << 96);
            Pages.writeAgents(start + _AGENTS, p.agents);
            return CodeStorage.write(start, length);
        }
    }
}
