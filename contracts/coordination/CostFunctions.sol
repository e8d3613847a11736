// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITwoStageMechanism} from "../interfaces/ITwoStageMechanism.sol";
import {Memory} from "../storage/Memory.sol";

/// @title The built-in cost functions, in exact integers
/// @dev A cost function is kept as a block in memory, a head of 32 bytes and 16 bytes per segment:
///
///   head     kind 8 | exponent 8 | denominator 16 | segments 8 | unused 24 | coefficient 96 | linear 96
///   segment  breakpoint 32 | slope 96
library CostFunctions {
    /// @dev Breakpoints of a piecewise function at most: bounds the work of one evaluation.
    uint256 internal constant MAX_SEGMENTS = 16;
    uint256 private constant _MIN_EXPONENT = 2;
    uint256 private constant _MAX_EXPONENT = 8;

    /// @dev No product of a coefficient (below 2^96) and a power up to this bound overflows, and a power beyond it is a
    /// cost beyond 2^96 whatever the denominator (below 2^16).
    uint256 private constant _MAX_POWER = 1 << 112;

    /// @notice Size in bytes of a block with so many segments.
    function blockSize(uint256 segments) internal pure returns (uint256) {
        unchecked {
            // At most 288 bytes.
            return 32 + (segments << 4);
        }
    }

    /// @notice Check one cost function and write its block at `ptr`; reverts if it is not increasing, convex and whole.
    /// @dev May overwrite 16 bytes behind the block.
    function write(uint256 ptr, ITwoStageMechanism.Cost calldata cost, uint256 index) internal pure {
        if (cost.kind == ITwoStageMechanism.CostKind.Piecewise) _writePiecewise(ptr, cost, index);
        else _writePolynomial(ptr, cost, index);
    }

    /// @notice f(q) in wei, for loads up to the one that `fits` has accepted.
    function at(uint256 ptr, uint256 load) internal pure returns (uint256) {
        uint256 head = Memory.load(ptr);
        unchecked {
            // `fits` has bounded the power by 2^112 and the piecewise value by 2^96 for every load that can occur.
            if (head >> 248 == uint256(ITwoStageMechanism.CostKind.Piecewise)) return _piecewise(ptr, head, load);
            uint256 power = load * load;
            for (uint256 k = (head >> 240) & 0xff; k > 2; --k) {
                power *= load;
            }
            return (uint96(head >> 96) * power + uint96(head) * load) / ((head >> 224) & 0xffff);
        }
    }

    /// @notice Whether f(load) is below 2^96, and then every smaller load's too.
    function fits(uint256 ptr, uint256 load) internal pure returns (bool) {
        uint256 head = Memory.load(ptr);
        unchecked {
            // load^8 < 2^256 as loads are below 2^32.
            if (head >> 248 != uint256(ITwoStageMechanism.CostKind.Piecewise)) {
                if (load ** ((head >> 240) & 0xff) > _MAX_POWER) return false;
            }
        }
        return at(ptr, load) <= type(uint96).max;
    }

    function _writePolynomial(uint256 ptr, ITwoStageMechanism.Cost calldata cost, uint256 index) private pure {
        uint256 exponent = 2;
        if (cost.kind == ITwoStageMechanism.CostKind.Power) {
            exponent = cost.exponent;
            if (exponent < _MIN_EXPONENT || exponent > _MAX_EXPONENT) {
                revert ITwoStageMechanism.ExponentOutOfRange(index, exponent);
            }
        }
        uint256 coefficient = cost.coefficient;
        uint256 linear = cost.linear;
        uint256 denominator = cost.denominator;
        // A positive coefficient makes q^k, k ≥ 2, strictly convex and increasing.
        if (coefficient == 0) revert ITwoStageMechanism.CostNotConvex(index);
        if (denominator == 0) revert ITwoStageMechanism.CostNotWhole(index, 0);
        if (denominator != 1) {
            // A polynomial of degree k that is whole at 0, 1, …, k is whole at every integer.
            for (uint256 q = 1; q <= exponent; ++q) {
                if ((coefficient * q ** exponent + linear * q) % denominator != 0) {
                    revert ITwoStageMechanism.CostNotWhole(index, q);
                }
            }
        }
        Memory.store(
            ptr,
            (uint256(cost.kind) << 248) | (exponent << 240) | (denominator << 224) | (coefficient << 96) | linear
        );
    }

    function _writePiecewise(uint256 ptr, ITwoStageMechanism.Cost calldata cost, uint256 index) private pure {
        uint32[] calldata breakpoints = cost.breakpoints;
        uint96[] calldata slopes = cost.slopes;
        uint256 segments = breakpoints.length;
        if (segments == 0 || segments > MAX_SEGMENTS || segments != slopes.length || breakpoints[0] != 0) {
            revert ITwoStageMechanism.BreakpointsInvalid(index, segments, slopes.length);
        }
        for (uint256 k = 1; k < segments; ++k) {
            if (breakpoints[k] <= breakpoints[k - 1]) {
                revert ITwoStageMechanism.BreakpointsInvalid(index, segments, segments);
            }
        }
        Memory.store(ptr, (uint256(cost.kind) << 248) | (segments << 216));
        uint256 slope = 0;
        for (uint256 k = 0; k < segments; ++k) {
            uint256 next = slopes[k];
            if (next <= slope) revert ITwoStageMechanism.CostNotConvex(index);
            slope = next;
            Memory.store(ptr + 32 + (k << 4), (uint256(breakpoints[k]) << 224) | (slope << 128));
        }
    }

    function _piecewise(uint256 ptr, uint256 head, uint256 load) private pure returns (uint256 cost) {
        unchecked {
            // A sum of slopes below 2^96 over a load below 2^32. Segments are added from the last one down, each from
            // its breakpoint to where the one above it began; the first breakpoint is 0.
            for (uint256 k = (head >> 216) & 0xff; k != 0; --k) {
                uint256 segment = Memory.load(ptr + 16 + (k << 4));
                uint256 breakpoint = segment >> 224;
                if (load > breakpoint) {
                    cost += uint96(segment >> 128) * (load - breakpoint);
                    load = breakpoint;
                }
            }
        }
    }
}
