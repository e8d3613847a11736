// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITeamContract} from "../interfaces/ITeamContract.sol";

/// @title Functions that give the probability of success of a project, over its denominator
/// @notice Sums stay below 2^136: at most 256 numbers below 2^128.
library Successes {
    /// @dev A table of more has more than 256 entries.
    uint256 internal constant MAX_TABLE = 8;
    /// @dev Bounds the work of a draw.
    uint256 internal constant MAX_ELEMENTS = 256;

    // ────────────────────────────────────────────── values ───────────────────────────────────────────────

    /// @notice F(workers).
    /// @param workers bit i is seat i's
    function value(ITeamContract.Parameters calldata p, uint256 workers) internal pure returns (uint256 sum) {
        if (p.kind == ITeamContract.Kind.Table) return p.values[workers];
        if (p.kind == ITeamContract.Kind.Coverage) {
            uint256 covered = 0;
            for (uint256 i = 0; i < p.sets.length; ++i) {
                if ((workers >> i) & 1 != 0) covered |= p.sets[i];
            }
            return _weight(p.values, covered);
        }
        uint256 n = p.agents.length;
        unchecked {
            for (uint256 i = 0; i < n; ++i) {
                if ((workers >> i) & 1 != 0) sum += p.values[i];
            }
        }
        if (p.kind == ITeamContract.Kind.BudgetAdditive && sum > p.values[n]) sum = p.values[n];
    }

    /// @notice F of the whole team, and what each member adds to the others.
    function marginals(ITeamContract.Parameters calldata p)
        internal
        pure
        returns (uint256 whole, uint256[] memory added)
    {
        uint256 n = p.agents.length;
        added = new uint256[](n);
        if (p.kind == ITeamContract.Kind.Coverage) {
            whole = _covered(p, added);
        } else if (p.kind == ITeamContract.Kind.Table) {
            uint256 last = p.values.length - 1;
            whole = p.values[last];
            unchecked {
                // The function is monotone.
                for (uint256 j = 0; j < n; ++j) {
                    added[j] = whole - p.values[last ^ (1 << j)];
                }
            }
        } else {
            whole = _summed(p, added);
        }
    }

    /// @dev A member adds what nobody else covers.
    function _covered(ITeamContract.Parameters calldata p, uint256[] memory added)
        private
        pure
        returns (uint256 whole)
    {
        uint256 once = 0;
        uint256 twice = 0;
        for (uint256 j = 0; j < added.length; ++j) {
            uint256 set = p.sets[j];
            twice |= once & set;
            once |= set;
        }
        for (uint256 j = 0; j < added.length; ++j) {
            added[j] = _weight(p.values, p.sets[j] & ~twice);
        }
        return _weight(p.values, once);
    }

    /// @dev What the elements of a set weigh.
    function _weight(uint128[] calldata weights, uint256 set) private pure returns (uint256 sum) {
        unchecked {
            while (set != 0) {
                uint256 rest = set & (set - 1);
                sum += weights[_position(set ^ rest)];
                set = rest;
            }
        }
    }

    function _summed(ITeamContract.Parameters calldata p, uint256[] memory added)
        private
        pure
        returns (uint256 whole)
    {
        unchecked {
            uint256 n = added.length;
            uint256 sum = 0;
            for (uint256 j = 0; j < n; ++j) {
                uint256 own = p.values[j];
                added[j] = own;
                sum += own;
            }
            if (p.kind == ITeamContract.Kind.Additive) return sum;
            uint256 budget = p.values[n];
            whole = sum < budget ? sum : budget;
            for (uint256 j = 0; j < n; ++j) {
                uint256 others = sum - added[j];
                added[j] = others < whole ? whole - others : 0;
            }
        }
    }

    /// @dev Where the only bit of a set is.
    function _position(uint256 set) private pure returns (uint256 position) {
        unchecked {
            // Below 256.
            if (set >= 1 << 128) (set, position) = (set >> 128, 128);
            if (set >= 1 << 64) (set, position) = (set >> 64, position + 64);
            if (set >= 1 << 32) (set, position) = (set >> 32, position + 32);
            if (set >= 1 << 16) (set, position) = (set >> 16, position + 16);
            if (set >= 1 << 8) (set, position) = (set >> 8, position + 8);
            if (set >= 1 << 4) (set, position) = (set >> 4, position + 4);
            if (set >= 1 << 2) (set, position) = (set >> 2, position + 2);
            position += set >> 1;
        }
    }

    // ────────────────────────────────────────────── checks ───────────────────────────────────────────────

    /// @notice Check that the function is described as it must be; whether it is monotone and submodular comes later.
    function checkForm(ITeamContract.Parameters calldata p) internal pure {
        uint256 n = p.agents.length;
        bool covers = p.kind == ITeamContract.Kind.Coverage;
        bool listed = p.kind == ITeamContract.Kind.Table;
        if (p.denominator == 0) revert ITeamContract.ZeroDenominator();
        if (listed && n > MAX_TABLE) revert ITeamContract.TooManyMembers(n);
        if (covers && p.values.length > MAX_ELEMENTS) revert ITeamContract.TooManyElements(p.values.length);
        unchecked {
            // At most 64 members.
            uint256 count = listed ? 1 << n : p.kind == ITeamContract.Kind.BudgetAdditive ? n + 1 : n;
            if (!covers && p.values.length != count) {
                revert ITeamContract.LengthMismatch(p.values.length, count);
            }
            uint256 sets = covers ? n : 0;
            if (p.sets.length != sets) revert ITeamContract.LengthMismatch(p.sets.length, sets);
            for (uint256 i = 0; i < sets; ++i) {
                if (p.sets[i] >> p.values.length != 0) revert ITeamContract.UnknownElement(i, p.sets[i]);
            }
        }
        if (listed && p.values[0] != 0) revert ITeamContract.NobodySucceeds(p.values[0]);
    }

    /// @notice Check that a table is monotone, then that it is submodular.
    function checkTable(ITeamContract.Parameters calldata p) internal pure {
        uint256 n = p.agents.length;
        uint128[] calldata f = p.values;
        unchecked {
            // At most 8 members; sums are below 2^129.
            for (uint256 set = 0; set < f.length; ++set) {
                for (uint256 i = 0; i < n; ++i) {
                    if (f[set | (1 << i)] < f[set]) revert ITeamContract.NotMonotone(set, i);
                }
            }
            for (uint256 set = 0; set < f.length; ++set) {
                for (uint256 i = 0; i < n; ++i) {
                    if ((set >> i) & 1 == 0) _checkPairs(f, set, i, n);
                }
            }
        }
    }

    function _checkPairs(uint128[] calldata f, uint256 set, uint256 i, uint256 n) private pure {
        unchecked {
            uint256 withI = set | (1 << i);
            uint256 most = uint256(f[withI]);
            uint256 less = f[set];
            for (uint256 j = i + 1; j < n; ++j) {
                if ((set >> j) & 1 != 0) continue;
                uint256 withJ = set | (1 << j);
                if (most + f[withJ] < f[withI | withJ] + less) revert ITeamContract.NotSubmodular(set, i, j);
            }
        }
    }
}
