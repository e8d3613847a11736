// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IRayMarket} from "../interfaces/IRayMarket.sol";
import {Memory} from "../storage/Memory.sol";
import {Column} from "./Columns.sol";

/// @title Selections, verified by prices
/// @notice The checks are made in the order in which the interface lists their errors; `IRayMarket.Certificate` says
/// what they are, and what they prove.
library Selections {
    /// @dev What a certificate is checked against: columns in memory, one to a word.
    struct Market {
        uint256 columns;
        uint256 count;
        uint256 tasks;
    }

    /// @notice Check a certificate.
    /// @return shares of all columns, over its denominator
    function check(IRayMarket.Certificate memory c, Market memory g) internal pure returns (uint256[] memory shares) {
        if (c.denominator == 0) revert IRayMarket.ZeroDenominator();
        _checkOrder(c, g);
        _checkPrices(c, g);
        _checkShares(c);
        shares = new uint256[](g.count);
        uint256 place = 0;
        unchecked {
            // At most 512 columns.
            for (uint256 k = 0; k < g.count; ++k) {
                if (place < c.basis.length && c.basis[place].column == k) shares[k] = c.basis[place++].share;
                else if (_cost(c, g, k, place) <= 0) shares[k] = c.denominator;
            }
        }
        _checkClearing(shares, g);
    }

    function _column(Market memory g, uint256 k) private pure returns (Column) {
        unchecked {
            // At most 512 columns.
            return Column.wrap(Memory.load(g.columns + 32 * k));
        }
    }

    function _checkOrder(IRayMarket.Certificate memory c, Market memory g) private pure {
        uint256 least = 0;
        for (uint256 t = 0; t < c.basis.length; ++t) {
            uint256 column = c.basis[t].column;
            if (column < least || column >= g.count) revert IRayMarket.BasisOutOfOrder(t, column);
            least = column + 1;
        }
    }

    function _checkPrices(IRayMarket.Certificate memory c, Market memory g) private pure {
        unchecked {
            // A cost is below 2^254 (see below); the denominator is below 2^200.
            for (uint256 s = 0; s < c.basis.length; ++s) {
                uint256 k = c.basis[s].column;
                Column column = _column(g, k);
                int256 cost = _socialCost(c, column);
                if (cost != 0) revert IRayMarket.NotBasic(k, 0, cost);
                for (uint256 t = 0; t < c.basis.length; ++t) {
                    cost = -column.worth(c.basis[t].tiePrices);
                    if (s == t) cost -= int256(uint256(c.denominator));
                    if (cost != 0) revert IRayMarket.NotBasic(k, t + 1, cost);
                }
            }
        }
    }

    function _checkShares(IRayMarket.Certificate memory c) private pure {
        for (uint256 t = 0; t < c.basis.length; ++t) {
            IRayMarket.Basic memory basic = c.basis[t];
            if (basic.share > c.denominator) {
                revert IRayMarket.ShareOutOfRange(basic.column, basic.share, c.denominator);
            }
        }
    }

    /// @dev (π − λ)·κ.
    function _socialCost(IRayMarket.Certificate memory c, Column column)
        private
        pure
        returns (int256)
    {
        unchecked {
            // Below 2^200 · 2^54 and below 2^254, with different signs at worst.
            return int256(uint256(c.denominator)) * column.cost() - column.worth(c.prices);
        }
    }

    /// @dev Of a column that is not basic, the first number that is not zero of its cost at λ and at ν of the basic
    /// columns before it.
    /// @param before how many these are
    function _cost(IRayMarket.Certificate memory c, Market memory g, uint256 k, uint256 before)
        private
        pure
        returns (int256 cost)
    {
        Column column = _column(g, k);
        cost = _socialCost(c, column);
        unchecked {
            // Below 2^254.
            for (uint256 t = 0; cost == 0 && t < before; ++t) {
                cost = -column.worth(c.basis[t].tiePrices);
            }
        }
    }

    function _checkClearing(uint256[] memory shares, Market memory g) private pure {
        unchecked {
            // At most 512 products of a share below 2^200 with a change below 2^20.
            int256[8] memory excess;
            for (uint256 k = 0; k < shares.length; ++k) {
                int256 share = int256(shares[k]);
                if (share == 0) continue;
                Column column = _column(g, k);
                for (uint256 i = 0; i < g.tasks; ++i) {
                    excess[i] += share * column.change(i);
                }
            }
            for (uint256 i = 0; i < g.tasks; ++i) {
                if (excess[i] != 0) revert IRayMarket.NotCleared(i, excess[i]);
            }
        }
    }
}
