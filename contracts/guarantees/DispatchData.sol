// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Head, Pages} from "../game/Pages.sol";
import {IGuaranteedDispatch} from "../interfaces/IGuaranteedDispatch.sol";
import {CodeStorage} from "../storage/CodeStorage.sol";
import {Memory} from "../storage/Memory.sol";

/// @title The common knowledge of a dispatch, as constant data
/// @notice Checks the parameters of a dispatch and keeps what play needs of them as the code of a data contract:
///
///   bond of a seat 96 | window 32 | agents 8 | attest window 32 | 0 5 | uniform 1 | permutation 1 | max-min 1 |
///     greatest rate 64 | 0 16,
///   bond 96 | bond of a challenge 96 | 0 64,
///   registrar 160 | tolerance 96,
///   dispatcher 160 | floor 96, if all are equal,
///   then for each agent its address 160, and unless all rates and floors are equal its floor 96 | rate 64
library DispatchData {
    uint256 private constant _BONDS = 32;
    uint256 private constant _REGISTRAR = 64;
    uint256 private constant _DISPATCHER = 96;
    uint256 private constant _AGENTS = 128;
    /// @dev Bytes of the record of a seat that differs from others.
    uint256 private constant _RECORD = 40;

    uint256 private constant _MAX_MIN = 1 << 80;
    uint256 private constant _PERMUTATION = 1 << 81;
    uint256 private constant _UNIFORM = 1 << 82;

    // ────────────────────────────────────────────── reading ──────────────────────────────────────────────

    function isMaxMin(Head h) internal pure returns (bool) {
        return Head.unwrap(h) & _MAX_MIN != 0;
    }

    function isPermuted(Head h) internal pure returns (bool) {
        return Head.unwrap(h) & _PERMUTATION != 0;
    }

    function isUniform(Head h) internal pure returns (bool) {
        return Head.unwrap(h) & _UNIFORM != 0;
    }

    function attestWindow(Head h) internal pure returns (uint256) {
        return uint32(Head.unwrap(h) >> 88);
    }

    /// @notice θ of the seat that has most.
    function greatestRate(Head h) internal pure returns (uint256) {
        return uint64(Head.unwrap(h) >> 16);
    }

    /// @notice The dispatcher's bond.
    function bond(address page) internal view returns (uint256) {
        return CodeStorage.load(page, _BONDS) >> 160;
    }

    function challengeBond(address page) internal view returns (uint256) {
        return uint96(CodeStorage.load(page, _BONDS) >> 64);
    }

    function registrar(address page) internal view returns (address) {
        return address(uint160(CodeStorage.load(page, _REGISTRAR) >> 96));
    }

    function tolerance(address page) internal view returns (uint256) {
        return uint96(CodeStorage.load(page, _REGISTRAR));
    }

    function dispatcher(address page) internal view returns (address) {
        return address(uint160(CodeStorage.load(page, _DISPATCHER) >> 96));
    }

    /// @notice Where the address of a seat is in the page.
    function place(Head h, uint256 seat) internal pure returns (uint256) {
        unchecked {
            // At most 64 seats.
            return _AGENTS + (isUniform(h) ? Pages.AGENT : _RECORD) * seat;
        }
    }

    function agent(Head h, address page, uint256 seat) internal view returns (address) {
        return address(uint160(CodeStorage.load(page, place(h, seat)) >> 96));
    }

    /// @notice Floor of a seat.
    function floor(Head h, address page, uint256 seat) internal view returns (uint256) {
        if (isUniform(h)) return uint96(CodeStorage.load(page, _DISPATCHER));
        return uint96(CodeStorage.load(page, place(h, seat)));
    }

    /// @notice Rates and floors of all seats in memory, a word each: floor 96 | rate 64.
    function terms(Head h, address page) internal view returns (uint256 ptr) {
        unchecked {
            // At most 64 seats.
            uint256 n = h.agents();
            ptr = Memory.allocate(32 * n);
            if (isUniform(h)) {
                uint256 term = (floor(h, page, 0) << 64) | greatestRate(h);
                for (uint256 i = 0; i < n; ++i) {
                    Memory.store(ptr + 32 * i, term);
                }
            } else {
                uint256 records = Memory.allocate(_RECORD * n + 32);
                CodeStorage.read(page, _AGENTS + Pages.AGENT, records, _RECORD * n);
                for (uint256 i = 0; i < n; ++i) {
                    Memory.store(ptr + 32 * i, Memory.load(records + _RECORD * i) >> 96);
                }
            }
        }
    }

    // ────────────────────────────────────────────── writing ──────────────────────────────────────────────

    /// @notice Check everything that creation promises to check but the deposit.
    /// @return uniform whether all rates and floors are equal
    function check(IGuaranteedDispatch.Parameters calldata p) internal view returns (bool uniform) {
        uint256 n = p.agents.length;
        Pages.checkCount(n, 1);
        Pages.checkAgents(p.agents);
        if (p.registrar == address(0)) revert IGuaranteedDispatch.ZeroRegistrar();
        if (p.registrar == msg.sender) revert IGuaranteedDispatch.RegistrarIsDispatcher(p.registrar);
        if (p.rates.length != n) revert IGuaranteedDispatch.LengthMismatch(p.rates.length, n);
        if (p.floors.length != n) revert IGuaranteedDispatch.LengthMismatch(p.floors.length, n);
        uint256 seat = _other(p);
        uniform = seat == 0;
        if (p.permutation && !uniform) revert IGuaranteedDispatch.NotUniform(seat);
        Pages.checkWindow(p.enrolWindow);
        Pages.checkWindow(p.actionWindow);
        Pages.checkWindow(p.attestWindow);
    }

    /// @notice The bond and all floors.
    function deposit(IGuaranteedDispatch.Parameters calldata p) internal pure returns (uint256 sum) {
        sum = p.bond;
        for (uint256 i = 0; i < p.floors.length; ++i) {
            sum += p.floors[i];
        }
    }

    /// @notice Store the page of parameters that have been checked.
    function store(IGuaranteedDispatch.Parameters calldata p, bool uniform) internal returns (address) {
        unchecked {
            // At most 64 agents.
            uint256 n = p.agents.length;
            uint256 length = _AGENTS + (uniform ? Pages.AGENT : _RECORD) * n;
            uint256 start = CodeStorage.allocate(length);
            Memory.store(start, _head(p, uniform));
            Memory.store(start + _BONDS, (uint256(p.bond) << 160) | (uint256(p.challengeBond) << 64));
            Memory.store(start + _REGISTRAR, (uint256(uint160(p.registrar)) << 96) | p.tolerance);
            Memory.store(start + _DISPATCHER, (uint256(uint160(msg.sender)) << 96) | (uniform ? p.floors[0] : 0));
            if (uniform) {
                Pages.writeAgents(start + _AGENTS, p.agents);
            } else {
                uint256 ptr = start + _AGENTS;
                for (uint256 i = 0; i < n; ++i) {
                    Memory.store(ptr, (uint256(uint160(p.agents[i])) << 96) | p.floors[i]);
                    Memory.store(ptr + 32, uint256(p.rates[i]) << 192);
                    ptr += _RECORD;
                }
            }
            return CodeStorage.write(start, length);
        }
    }

    /// @dev The first seat that has another rate or floor than seat 0; 0 if there is none.
    function _other(IGuaranteedDispatch.Parameters calldata p) private pure returns (uint256) {
        unchecked {
            // At most 64 agents.
            for (uint256 i = 1; i < p.agents.length; ++i) {
                if (p.rates[i] != p.rates[0] || p.floors[i] != p.floors[0]) return i;
            }
        }
        return 0;
    }

    function _head(IGuaranteedDispatch.Parameters calldata p, bool uniform) private pure returns (uint256 word) {
        uint256 greatest = 0;
        for (uint256 i = 0; i < p.rates.length; ++i) {
            if (p.rates[i] > greatest) greatest = p.rates[i];
        }
        word = Head.unwrap(Pages.toHead(p.providerBond, p.actionWindow, p.agents.length));
        word |= (uint256(p.attestWindow) << 88) | (greatest << 16);
        if (uniform) word |= _UNIFORM;
        if (p.permutation) word |= _PERMUTATION;
        if (p.maxMin) word |= _MAX_MIN;
    }
}
