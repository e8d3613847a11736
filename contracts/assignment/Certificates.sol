// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAssignmentLottery} from "../interfaces/IAssignmentLottery.sol";
import {CodeStorage} from "../storage/CodeStorage.sol";
import {Memory} from "../storage/Memory.sol";

/// @title Certificates of random assignments: verified, kept, and drawn from
/// @notice The checks are made in the order in which the interface lists their errors; `UnwantedItem` and
/// `CapacityExceeded` are looked for together, term by term and seat by seat.
///
/// Probabilistic serial is verified by its eating times: rankings and times say what everybody eats, and if of every
/// item that runs out before time 1 exactly its capacity is eaten, and of any other at most that, no other meal is
/// right. (Take the first moment at which somebody eats otherwise than in truth. An item can be eaten then in one
/// history and not in the other, and until then the same was eaten of it in both: so more is eaten of it than there is,
/// or less although its time is before 1.)
///
/// Of a certificate its lottery is kept, as the code of a data contract: the denominator in a word, then for each term
/// the sum of all weights up to its own, as wide as the denominator, then for each term its assignment as posted.
library Certificates {
    /// @dev What a certificate is checked against. The last two are addresses in memory.
    struct Revealed {
        uint256 agents;
        uint256 items;
        /// Two words for each seat: its ranking, one more than an item in each byte, the best in the lowest byte.
        uint256 rankings;
        /// A word for each item.
        uint256 capacities;
    }

    /// @dev So that 64 agents cannot eat, nor a capacity come to, more than a word holds.
    uint256 internal constant MAX_DENOMINATOR = type(uint224).max;

    uint256 private constant _HEADER = 32;

    /// @notice How many terms fit into the code of one contract.
    function mostTerms(uint256 agents, uint256 denominator) internal pure returns (uint256) {
        return (CodeStorage.MAX_LENGTH - _HEADER) / (agents + _width(denominator));
    }

    // ───────────────────────────────────────────── verifying ─────────────────────────────────────────────

    /// @notice Check a certificate, and store its lottery.
    /// @param eating whether it has to be probabilistic serial
    function store(IAssignmentLottery.Certificate calldata c, Revealed memory g, bool eating)
        internal
        returns (address page)
    {
        uint256 terms = c.weights.length;
        _checkLengths(c, g, eating);
        if (eating) _checkMeal(c, g);
        unchecked {
            // A page is shorter than 2^15 bytes.
            uint256 width = _width(c.denominator);
            uint256 length = _HEADER + terms * (width + g.agents);
            uint256 start = CodeStorage.allocate(length);
            Memory.store(start, c.denominator);
            _writeSums(c, start + _HEADER, width);
            Memory.copyIn(start + _HEADER + terms * width, c.assignments);
            _checkTerms(c, g, start + _HEADER + terms * width);
            page = CodeStorage.write(start, length);
        }
    }

    function _checkLengths(IAssignmentLottery.Certificate calldata c, Revealed memory g, bool eating) private pure {
        uint256 one = c.denominator;
        if (one == 0 || one > MAX_DENOMINATOR) revert IAssignmentLottery.DenominatorOutOfRange(one);
        uint256 cells = g.agents * g.items;
        if (c.matrix.length != cells) revert IAssignmentLottery.MatrixLengthMismatch(c.matrix.length, cells);
        uint256 times = eating ? g.items : 0;
        if (c.times.length != times) revert IAssignmentLottery.TimesLengthMismatch(c.times.length, times);
        uint256 entries = c.weights.length * g.agents;
        if (c.assignments.length != entries) {
            revert IAssignmentLottery.AssignmentsLengthMismatch(c.assignments.length, entries);
        }
        uint256 most = mostTerms(g.agents, one);
        if (c.weights.length > most) revert IAssignmentLottery.TooManyTerms(c.weights.length, most);
    }

    /// @dev Let everybody eat by the posted times, and compare what is eaten with what there is and with the matrix.
    function _checkMeal(IAssignmentLottery.Certificate calldata c, Revealed memory g) private pure {
        uint256 one = c.denominator;
        uint256 m = g.items;
        uint256[] calldata times = c.times;
        for (uint256 o = 0; o < m; ++o) {
            if (times[o] > one) revert IAssignmentLottery.TimeOutOfRange(o, times[o], one);
        }
        unchecked {
            // At most 64 times the denominator is eaten, a capacity is below 2^32, and the denominator below 2^224.
            uint256 eaten = Memory.zeroed(g.agents * m);
            uint256 totals = Memory.zeroed(m);
            for (uint256 i = 0; i < g.agents; ++i) {
                _eat(times, one, m, g.rankings + 64 * i, eaten + 32 * m * i, totals);
            }
            for (uint256 o = 0; o < m; ++o) {
                uint256 total = Memory.load(totals + 32 * o);
                uint256 available = Memory.load(g.capacities + 32 * o) * one;
                if (total > available || (total < available && times[o] < one)) {
                    revert IAssignmentLottery.EatenMismatch(o, total, available);
                }
            }
            uint256[] calldata matrix = c.matrix;
            for (uint256 cell = 0; cell < matrix.length; ++cell) {
                uint256 share = Memory.load(eaten + 32 * cell);
                if (matrix[cell] != share) {
                    revert IAssignmentLottery.ShareMismatch(cell / m, cell % m, matrix[cell], share);
                }
            }
        }
    }

    /// @dev One seat walks down its ranking: it eats an item until its time, if that is still to come.
    /// @param row where to write what it eats
    /// @param totals to add it to
    function _eat(uint256[] calldata times, uint256 one, uint256 m, uint256 ranking, uint256 row, uint256 totals)
        private
        pure
    {
        unchecked {
            // Times only grow; sums are bounded by the caller.
            uint256 now_ = 0;
            uint256 word = Memory.load(ranking);
            for (uint256 k = 0; k < m && now_ < one; ++k) {
                if (k == 32) word = Memory.load(ranking + 32);
                uint256 code = word & 0xff;
                if (code == 0) return;
                word >>= 8;
                uint256 time = times[code - 1];
                if (time > now_) {
                    uint256 cell = 32 * (code - 1);
                    Memory.store(row + cell, time - now_);
                    Memory.store(totals + cell, Memory.load(totals + cell) + time - now_);
                    now_ = time;
                }
            }
        }
    }

    /// @dev Check the weights, and write the sum up to each, `width` bytes wide.
    function _writeSums(IAssignmentLottery.Certificate calldata c, uint256 ptr, uint256 width) private pure {
        uint256[] calldata weights = c.weights;
        uint256 sum = 0;
        unchecked {
            for (uint256 k = 0; k < weights.length; ++k) {
                uint256 weight = weights[k];
                if (weight == 0) revert IAssignmentLottery.ZeroWeight(k);
                uint256 next = sum + weight;
                // A sum beyond a word is said to be the largest word.
                sum = next < sum ? type(uint256).max : next;
                Memory.store(ptr, sum << (256 - 8 * width));
                ptr += width;
            }
        }
        if (sum != c.denominator) revert IAssignmentLottery.WeightsMismatch(sum, c.denominator);
    }

    /// @dev Check that each term is an assignment, and that they average to the matrix.
    /// @param codes where the assignments stand in memory
    function _checkTerms(IAssignmentLottery.Certificate calldata c, Revealed memory g, uint256 codes) private pure {
        unchecked {
            // Addresses of memory.
            uint256 m = g.items;
            uint256 rows = _rows(g);
            // Assignments count items from 1, and so does this list: how much of each the term under way has left.
            uint256 left = Memory.allocate(32 * m) - 32;
            for (uint256 k = 0; k < c.weights.length; ++k) {
                Memory.copy(left + 32, g.capacities, 32 * m);
                _checkTerm(g, k, c.weights[k], codes, rows, left);
                codes += g.agents;
            }
            uint256[] calldata matrix = c.matrix;
            uint256 cell = 0;
            for (uint256 i = 0; i < g.agents; ++i) {
                for (uint256 o = 0; o < m; ++o) {
                    rows += 32;
                    uint256 average = Memory.load(rows);
                    if (average != matrix[cell]) {
                        revert IAssignmentLottery.AverageMismatch(i, o, average, matrix[cell]);
                    }
                    ++cell;
                }
                rows += 32;
            }
        }
    }

    /// @dev Most of a posting's gas goes here, so seats are gone through by address.
    /// @param ptr where the seat under way stands in the term, at first the first
    /// @param row of the first seat
    function _checkTerm(Revealed memory g, uint256 k, uint256 weight, uint256 ptr, uint256 row, uint256 left)
        private
        pure
    {
        unchecked {
            // Addresses of memory; sums of weights, which are at most the denominator together.
            uint256 width = 32 * (g.items + 1);
            uint256 end = ptr + g.agents;
            while (true) {
                // A return from within keeps the compiler from taking all this into `post`, whose stack is full.
                if (ptr == end) return;
                uint256 code = Memory.load(ptr) >> 248;
                if (code != 0) {
                    // What a seat has ranked exists.
                    if ((Memory.load(row) >> code) & 1 == 0) _revertUnwanted(g, k, end - ptr, code);
                    code <<= 5;
                    uint256 units = Memory.load(left + code);
                    if (units == 0) _revertExceeded(g, k, end, code >> 5);
                    Memory.store(left + code, units - 1);
                    code += row;
                    Memory.store(code, Memory.load(code) + weight);
                }
                ++ptr;
                row += width;
            }
        }
    }

    /// @param rest how many seats there are from this one on
    function _revertUnwanted(Revealed memory g, uint256 k, uint256 rest, uint256 code) private pure {
        revert IAssignmentLottery.UnwantedItem(k, g.agents - rest, code - 1);
    }

    /// @param end of the term in memory
    function _revertExceeded(Revealed memory g, uint256 k, uint256 end, uint256 code) private pure {
        uint256 count = 0;
        for (uint256 ptr = end - g.agents; ptr < end; ++ptr) {
            if (Memory.load(ptr) >> 248 == code) ++count;
        }
        uint256 capacity = Memory.load(g.capacities + 32 * (code - 1));
        revert IAssignmentLottery.CapacityExceeded(k, code - 1, count, capacity);
    }

    /// @dev For each seat a word with the bits of the items that it has ranked, numbered from 1, then a word for each
    /// item: the weight of the terms that give it to the seat, 0 as yet.
    function _rows(Revealed memory g) private pure returns (uint256 ptr) {
        unchecked {
            // At most 64 seats and 65 words.
            uint256 width = 32 * (g.items + 1);
            ptr = Memory.zeroed(g.agents * (g.items + 1));
            for (uint256 i = 0; i < g.agents; ++i) {
                uint256 items = 0;
                for (uint256 half = 0; half < 64; half += 32) {
                    uint256 word = Memory.load(g.rankings + 64 * i + half);
                    for (; word != 0; word >>= 8) {
                        items |= 1 << (word & 0xff);
                    }
                }
                Memory.store(ptr + width * i, items);
            }
        }
    }

    // ────────────────────────────────────────────── drawing ──────────────────────────────────────────────

    /// @notice The denominator of a stored lottery.
    function denominatorOf(address page) internal view returns (uint256) {
        uint256 ptr = Memory.allocate(32);
        CodeStorage.read(page, 0, ptr, 32);
        return Memory.load(ptr);
    }

    /// @notice The term of a stored lottery that a number below its denominator falls to.
    /// @return term the first whose sum of weights is above the number
    /// @return codes where its assignment stands in memory, one byte a seat, with 32 bytes of room behind
    function find(address page, uint256 denominator, uint256 agents, uint256 number)
        internal
        view
        returns (uint256 term, uint256 codes)
    {
        unchecked {
            // A page is shorter than 2^15 bytes.
            uint256 width = _width(denominator);
            uint256 terms = (page.code.length - 1 - _HEADER) / (agents + width);
            uint256 sums = Memory.allocate(terms * width + 32);
            CodeStorage.read(page, _HEADER, sums, terms * width);
            uint256 shift = 256 - 8 * width;
            uint256 end = terms - 1;
            while (term < end) {
                uint256 middle = (term + end) / 2;
                if (Memory.load(sums + middle * width) >> shift > number) end = middle;
                else term = middle + 1;
            }
            codes = Memory.allocate(agents + 32);
            CodeStorage.read(page, _HEADER + terms * width + term * agents, codes, agents);
        }
    }

    /// @dev Bytes that a number takes.
    function _width(uint256 number) private pure returns (uint256 bytes_) {
        unchecked {
            for (; number != 0; number >>= 8) {
                ++bytes_;
            }
        }
    }
}
