// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Head, Pages} from "../game/Pages.sol";
import {ITwoStageMechanism} from "../interfaces/ITwoStageMechanism.sol";
import {CodeStorage} from "../storage/CodeStorage.sol";
import {Memory} from "../storage/Memory.sol";
import {CostFunctions} from "./CostFunctions.sol";

/// @dev Where a seat's record is in memory: see `GameData`.
type Record is uint256;

using GameData for Record global;

/// @title The common knowledge of a game, as constant data
/// @notice Checks the parameters of a game, digests them into what play will need of each seat, and keeps that as the
/// code of one or more data contracts ("pages").
/// @dev Each page is a header, the cost block if all agents share one, and the records of `seatsPerPage` seats:
///
///   header   bond 96 | window 32 | agents 8 | types 8 | seats per page 8 | one cost function each 8 | segments 8 |
///            unused 8 | rounds 16 | continuation 32 / 32
///            recognition 160 | F(D) 96
///            hash of the recognition function's code 256
///   record   agent 160 | f(d) 96, units contracted from this seat on 32, and for each task type
///            capacity c 32 | contract d 32 | spare capacity of the later seats Σ_{k>j} (c_k − d_k) 32;
///            then the cost block if each agent has its own
///
/// Pages are written from the last to the first, so that what is to be known of later seats is known. F(D) is in the
/// header of the first page only; play reads no other page's header. Until all pages are there, what they are made
/// from is kept as one data contract more, the draft:
///
///   draft    header | creator 160 | join window 32 | agents 160 each | cost blocks
///
/// Quantities have 32 bits as the total of C is below 2^32, costs 96 bits as Σ_i f_i(largest load) is below 2^96.
library GameData {
    using GameData for Head;

    /// @dev Sums over the seats whose records are written.
    struct Totals {
        uint256 contracted;
        /// Σ (c − d) by task type.
        uint256[] spare;
        /// Σ_i f_i(d_i) and Σ_i f_i(largest load of i): added up once all records are written.
        uint256 contractedCost;
        uint256 largestCost;
    }

    uint256 internal constant MIN_AGENTS = 2;
    uint256 internal constant MAX_TASK_TYPES = 64;

    uint256 private constant _HEADER = 96;
    /// @dev Bytes of a draft before its agents.
    uint256 private constant _DRAFT_HEAD = 120;
    /// @dev Bytes of a record before its task types, and for each of them.
    uint256 private constant _RECORD_HEAD = 36;
    uint256 private constant _TASK_TYPE = 12;

    // ────────────────────────────────────────────── reading ──────────────────────────────────────────────

    function taskTypes(Head h) internal pure returns (uint256) {
        return uint8(Head.unwrap(h) >> 112);
    }

    function seatsPerPage(Head h) internal pure returns (uint256) {
        return uint8(Head.unwrap(h) >> 104);
    }

    function ownCosts(Head h) internal pure returns (bool) {
        return uint8(Head.unwrap(h) >> 96) != 0;
    }

    function segments(Head h) internal pure returns (uint256) {
        return uint8(Head.unwrap(h) >> 88);
    }

    function rounds(Head h) internal pure returns (uint256) {
        return uint16(Head.unwrap(h) >> 64);
    }

    /// @notice δ as a fraction.
    function continuation(Head h) internal pure returns (uint256 numerator, uint256 denominator) {
        return (uint32(Head.unwrap(h) >> 32), uint32(Head.unwrap(h)));
    }

    /// @notice The recognition function, and F(D) in wei.
    /// @param page the first one
    function recognition(address page) internal view returns (address function_, uint256 contractedCost) {
        uint256 word = CodeStorage.load(page, 32);
        return (address(uint160(word >> 96)), uint96(word));
    }

    /// @notice The hash of the recognition function's code.
    function recognitionCode(address page) internal view returns (bytes32) {
        return bytes32(CodeStorage.load(page, 64));
    }

    /// @notice Where a seat's record is in its page.
    function place(Head h, uint256 seat) internal pure returns (uint256) {
        unchecked {
            // A page is shorter than 2^15 bytes.
            return h.front() + (seat % h.seatsPerPage()) * h.recordSize();
        }
    }

    /// @notice Copy a seat's record to memory.
    /// @param page the page that holds the seat
    function record(Head h, address page, uint256 seat) internal view returns (Record) {
        uint256 size = h.recordSize();
        uint256 ptr = Memory.allocate(size);
        CodeStorage.read(page, h.place(seat), ptr, size);
        return Record.wrap(ptr);
    }

    /// @notice Copy a seat's cost block to memory.
    /// @param page the page that holds the seat
    function cost(Head h, address page, uint256 seat) internal view returns (uint256 ptr) {
        unchecked {
            // A page is shorter than 2^15 bytes.
            uint256 size = CostFunctions.blockSize(h.segments());
            ptr = Memory.allocate(size);
            uint256 offset = h.ownCosts() ? h.place(seat) + _RECORD_HEAD + _TASK_TYPE * h.taskTypes() : _HEADER;
            CodeStorage.read(page, offset, ptr, size);
        }
    }

    /// @notice Units contracted by this seat and the later ones.
    function contractedFrom(Record self) internal pure returns (uint256) {
        unchecked {
            // An address of memory.
            return Memory.load(Record.unwrap(self) + 32) >> 224;
        }
    }

    /// @notice Of one task type: the seat's capacity c, its contract d, and the capacity that the later seats have
    /// beyond their own contracts, Σ_{k>j} (c_k − d_k).
    function taskType(Record self, uint256 t)
        internal
        pure
        returns (uint256 capacity, uint256 contracted, uint256 spare)
    {
        unchecked {
            // A record is shorter than 2^11 bytes.
            uint256 word = Memory.load(Record.unwrap(self) + _RECORD_HEAD + _TASK_TYPE * t);
            return (word >> 224, uint32(word >> 192), uint32(word >> 160));
        }
    }

    // ────────────────────────────────────────────── writing ──────────────────────────────────────────────

    /// @notice Check all that creation promises to check but the matrices, and lay it out in memory as a draft.
    function draft(ITwoStageMechanism.Parameters calldata p) internal view returns (Head h, uint256 ptr) {
        _check(p);
        h = _measured(p);
        unchecked {
            // At most 120 + 64 · 20 + 64 · 288 bytes.
            ptr = CodeStorage.allocate(_draftLength(h));
            Memory.store(ptr, Head.unwrap(h));
            Memory.store(ptr + 32, uint256(uint160(p.recognition)) << 96);
            Memory.store(ptr + 64, uint256(p.recognitionCode));
            Memory.store(ptr + _HEADER, (uint256(uint160(msg.sender)) << 96) | (uint256(p.joinWindow) << 64));
            Pages.writeAgents(ptr + _DRAFT_HEAD, p.agents);
            uint256 block_ = CostFunctions.blockSize(h.segments());
            uint256 to = _costIn(h, ptr, 0);
            for (uint256 k = 0; k < p.costs.length; ++k) {
                CostFunctions.write(to, p.costs[k], k);
                to += block_;
            }
        }
    }

    /// @notice Keep a draft until all pages are there.
    function storeDraft(Head h, uint256 ptr) internal returns (address) {
        return CodeStorage.write(ptr, _draftLength(h));
    }

    /// @notice Copy a draft to memory again.
    function loadDraft(address page)
        internal
        view
        returns (Head h, uint256 ptr, address creator, uint256 joinWindow)
    {
        h = Pages.head(page);
        uint256 length = _draftLength(h);
        ptr = Memory.allocate(length);
        CodeStorage.read(page, 0, ptr, length);
        uint256 word = Memory.load(ptr + _HEADER);
        creator = address(uint160(word >> 96));
        joinWindow = uint32(word >> 64);
    }

    /// @notice The first seat of the page before a seat.
    /// @param seat not 0
    function firstOfPage(Head h, uint256 seat) internal pure returns (uint256) {
        unchecked {
            // A remainder is not above what is divided.
            return seat - 1 - (seat - 1) % h.seatsPerPage();
        }
    }

    /// @notice Check the rows of one page's seats, and store the page. With the first page, also check what depends on
    /// all rows.
    /// @param draft_ where the game's draft stands in memory
    /// @param first the page's first seat
    /// @param more the pages after the first, of which all behind this one are stored
    function storePage(
        Head h,
        uint256 draft_,
        uint256 first,
        uint32[] calldata contracted,
        uint32[] calldata capacity,
        address[2] storage more
    ) internal returns (address) {
        unchecked {
            // Sizes are below 2^24, seats below 2^7.
            uint256 count = h.agents() - first;
            if (count > h.seatsPerPage()) count = h.seatsPerPage();
            checkSize(contracted, capacity, count * h.taskTypes());
            uint256 before = h.front();
            uint256 size = h.recordSize();
            uint256 start = CodeStorage.allocate(before + count * size);
            Totals memory totals = _totalsBehind(h, first + count, more);
            for (uint256 k = count; k-- > 0;) {
                _writeRecord(start + before + k * size, contracted, capacity, h, totals, draft_, first + k, k);
            }
            _checkTotals(totals, first);

            Memory.copy(start, draft_, _HEADER);
            if (!h.ownCosts()) Memory.copy(start + _HEADER, _costIn(h, draft_, 0), before - _HEADER);
            if (first == 0) {
                _addCosts(h, totals, start, 0, count);
                for (uint256 seat = count; seat < h.agents(); seat += h.seatsPerPage()) {
                    _addCosts(h, totals, _loaded(h, more[seat / h.seatsPerPage() - 1]), seat, h.agents() - seat);
                }
                Memory.store(start + 32, Memory.load(start + 32) | totals.contractedCost);
            }
            return CodeStorage.write(start, before + count * size);
        }
    }

    /// @notice Check that two matrices have as many entries as they must have.
    function checkSize(uint32[] calldata contracted, uint32[] calldata capacity, uint256 entries) internal pure {
        if (contracted.length != entries || capacity.length != entries) {
            revert ITwoStageMechanism.MatrixSizeMismatch(contracted.length, capacity.length, entries);
        }
    }

    function _check(ITwoStageMechanism.Parameters calldata p) private view {
        uint256 n = p.agents.length;
        Pages.checkCount(n, MIN_AGENTS);
        uint256 m = p.taskTypes;
        if (m == 0 || m > MAX_TASK_TYPES) revert ITwoStageMechanism.TaskTypeCountOutOfRange(m);
        if (p.continuationNumerator >= p.continuationDenominator) {
            revert ITwoStageMechanism.ContinuationOutOfRange(p.continuationNumerator, p.continuationDenominator);
        }
        // Without a bond withholding would tie wherever δ · p · Δ = 0, and could burn the others' savings for free.
        if (p.bond == 0) revert ITwoStageMechanism.ZeroBond();
        Pages.checkWindow(p.joinWindow);
        Pages.checkWindow(p.actionWindow);
        if (p.maxRounds == 0) revert ITwoStageMechanism.ZeroRounds();
        if (p.recognition.code.length == 0) revert ITwoStageMechanism.RecognitionWithoutCode(p.recognition);
        if (p.recognition.codehash != p.recognitionCode) {
            revert ITwoStageMechanism.RecognitionCodeMismatch(p.recognitionCode, p.recognition.codehash);
        }
        if (p.costs.length != 1 && p.costs.length != n) {
            revert ITwoStageMechanism.CostCountMismatch(p.costs.length, n);
        }
        Pages.checkAgents(p.agents);
    }

    /// @dev The head, from which all sizes follow.
    function _measured(ITwoStageMechanism.Parameters calldata p) private pure returns (Head h) {
        unchecked {
            // What a page holds before its records is shorter than a page.
            uint256 most = 0;
            for (uint256 k = 0; k < p.costs.length; ++k) {
                if (p.costs[k].kind != ITwoStageMechanism.CostKind.Piecewise) continue;
                uint256 length = p.costs[k].breakpoints.length;
                // Longer lists are refused when they are written; until then they must not size memory.
                if (length > CostFunctions.MAX_SEGMENTS) length = CostFunctions.MAX_SEGMENTS;
                if (length > most) most = length;
            }
            uint256 n = p.agents.length;
            uint256 word = Head.unwrap(Pages.toHead(p.bond, p.actionWindow, n));
            word |= (uint256(p.taskTypes) << 112) | (p.costs.length == 1 ? 0 : 1 << 96) | (most << 88)
                | (uint256(p.maxRounds) << 64) | (uint256(p.continuationNumerator) << 32) | p.continuationDenominator;
            h = Head.wrap(word);
            uint256 seats = (CodeStorage.MAX_LENGTH - h.front()) / h.recordSize();
            h = Head.wrap(word | ((seats < n ? seats : n) << 104));
        }
    }

    /// @dev What the seats from `seat` on come to, as the first record of their page says.
    function _totalsBehind(Head h, uint256 seat, address[2] storage more)
        private
        view
        returns (Totals memory totals)
    {
        unchecked {
            // Quantities of stored rows, whose totals were checked; a later page does not begin with seat 0.
            totals.spare = new uint256[](h.taskTypes());
            if (seat == h.agents()) return totals;
            Record first = h.record(more[seat / h.seatsPerPage() - 1], seat);
            totals.contracted = first.contractedFrom();
            for (uint256 t = 0; t < h.taskTypes(); ++t) {
                (uint256 capacity, uint256 contracted, uint256 spare) = first.taskType(t);
                totals.spare[t] = spare + capacity - contracted;
            }
        }
    }

    /// @dev Write the record of one seat, whose row is row `k` of the matrices, and add the row to the totals.
    function _writeRecord(
        uint256 ptr,
        uint32[] calldata contracted,
        uint32[] calldata capacity,
        Head h,
        Totals memory totals,
        uint256 draft_,
        uint256 seat,
        uint256 k
    ) private pure {
        unchecked {
            // Sums of at most 2^12 quantities below 2^32. A sum that does not fit its field is refused later.
            uint256 m = h.taskTypes();
            uint256[] memory spares = totals.spare;
            uint256 cell = ptr + _RECORD_HEAD;
            // The last cell is written over the beginning of the next record, which is there already.
            uint256 behind = Memory.load(cell + _TASK_TYPE * m);
            uint256 own = 0;
            k *= m;
            for (uint256 t = 0; t < m; ++t) {
                uint256 c = capacity[k + t];
                uint256 d = contracted[k + t];
                if (c < d) revert ITwoStageMechanism.CapacityBelowContract(seat, t, c, d);
                uint256 spare = spares[t];
                Memory.store(cell, (c << 224) | (d << 192) | (spare << 160));
                spares[t] = spare + c - d;
                own += d;
                cell += _TASK_TYPE;
            }
            Memory.store(cell, behind);
            uint256 cost_ = _costIn(h, draft_, seat);
            if (h.ownCosts()) Memory.copy(cell, cost_, CostFunctions.blockSize(h.segments()));
            totals.contracted += own;
            uint256 agent = Memory.load(draft_ + _DRAFT_HEAD + Pages.AGENT * seat) >> 96;
            Memory.store(ptr, (agent << 96) | uint96(CostFunctions.at(cost_, own)));
            // The first cell was written over the end of this word.
            uint256 first = Memory.load(ptr + 32) & type(uint224).max;
            Memory.store(ptr + 32, (totals.contracted << 224) | first);
        }
    }

    /// @dev Quantities of the rows that are there must pack; once all rows are, there must be something to do.
    function _checkTotals(Totals memory totals, uint256 first) private pure {
        if (first == 0 && totals.contracted == 0) revert ITwoStageMechanism.NothingContracted();
        uint256 capacity = totals.contracted;
        unchecked {
            // Sums of at most 2^13 quantities below 2^32.
            for (uint256 t = 0; t < totals.spare.length; ++t) {
                capacity += totals.spare[t];
            }
        }
        // Also bounds the total of D, which is no greater.
        if (capacity > type(uint32).max) revert ITwoStageMechanism.TooManyTasks(totals.contracted, capacity);
    }

    /// @dev Add f(d) of the seats of one page, and bound the cost of the largest loads, which no allocation exceeds.
    /// @param page where the page stands in memory
    /// @param seat its first one
    /// @param count how many there are from it on, maybe more than the page holds
    function _addCosts(Head h, Totals memory totals, uint256 page, uint256 seat, uint256 count) private pure {
        unchecked {
            // 64 costs below 2^96; a row's total is below 2^32.
            if (count > h.seatsPerPage()) count = h.seatsPerPage();
            uint256 size = h.recordSize();
            uint256 ptr = page + h.front();
            for (uint256 end = seat + count; seat < end; ++seat) {
                uint256 most = 0;
                uint256 cell = ptr + _RECORD_HEAD;
                for (uint256 tail = cell + _TASK_TYPE * h.taskTypes(); cell < tail; cell += _TASK_TYPE) {
                    most += Memory.load(cell) >> 224;
                }
                if (most > totals.contracted) most = totals.contracted;
                uint256 cost_ = h.ownCosts() ? cell : page + _HEADER;
                if (!CostFunctions.fits(cost_, most)) revert ITwoStageMechanism.CostTooLarge(seat);
                totals.largestCost += CostFunctions.at(cost_, most);
                if (totals.largestCost > type(uint96).max) revert ITwoStageMechanism.CostTooLarge(seat);
                totals.contractedCost += uint96(Memory.load(ptr));
                ptr += size;
            }
        }
    }

    /// @dev Copy a page to memory.
    function _loaded(Head h, address page) private view returns (uint256 ptr) {
        uint256 length = h.front() + h.seatsPerPage() * h.recordSize();
        ptr = Memory.allocate(length);
        CodeStorage.read(page, 0, ptr, length);
    }

    /// @dev Where a seat's cost block is in a draft.
    function _costIn(Head h, uint256 draft_, uint256 seat) private pure returns (uint256) {
        unchecked {
            // A draft is shorter than 2^15 bytes.
            uint256 costs = draft_ + _DRAFT_HEAD + Pages.AGENT * h.agents();
            return h.ownCosts() ? costs + seat * CostFunctions.blockSize(h.segments()) : costs;
        }
    }

    function _draftLength(Head h) private pure returns (uint256) {
        unchecked {
            // As above: its end is where the block of one seat more would begin.
            return _costIn(h, 0, h.agents()) + (h.ownCosts() ? 0 : CostFunctions.blockSize(h.segments()));
        }
    }

    /// @notice What a page holds before its records.
    function front(Head h) internal pure returns (uint256) {
        unchecked {
            // At most 96 + 288 bytes.
            return _HEADER + (h.ownCosts() ? 0 : CostFunctions.blockSize(h.segments()));
        }
    }

    function recordSize(Head h) internal pure returns (uint256) {
        unchecked {
            // At most 36 + 12 · 64 + 288 bytes.
            return _RECORD_HEAD + _TASK_TYPE * h.taskTypes()
                + (h.ownCosts() ? CostFunctions.blockSize(h.segments()) : 0);
        }
    }
}
