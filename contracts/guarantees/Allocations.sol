// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IGuaranteedDispatch} from "../interfaces/IGuaranteedDispatch.sol";
import {Memory} from "../storage/Memory.sol";

/// @title Jobs, allocations of them, and what they earn
/// @notice The checks are made in the order in which the interface lists their errors. What calls bring is read in place:
/// the interface says how it is packed.
library Allocations {
    /// @dev Bounds the work of a call.
    uint256 internal constant MAX_JOBS = 1024;
    /// @dev Beyond any money; so that two amounts fit into one word, bonds and floors added.
    uint256 internal constant MAX_DEPOSIT = 2 ** 120 - 1;

    /// @dev Bytes of a job.
    uint256 private constant _JOB = 16;

    /// @dev What an allocation is checked against.
    struct Promise {
        uint256 agents;
        /// The seats that take part.
        uint256 enrolled;
        /// Where rates and floors are in memory, as in `DispatchData.terms`.
        uint256 terms;
    }

    /// @notice Check jobs as they are registered.
    /// @param rate that no seat exceeds
    /// @return value of all jobs
    function checkJobs(bytes calldata jobs, uint256 rate) internal pure returns (uint256 value) {
        uint256 length = jobs.length;
        if (length % _JOB != 0 || length > _JOB * MAX_JOBS) revert IGuaranteedDispatch.JobsLengthOutOfRange(length);
        unchecked {
            // At most 2^10 values below 2^64; rates are below 2^64 too.
            uint256 previous = 0;
            for (uint256 k = 0; k < length / _JOB; ++k) {
                (uint256 start, uint256 end, uint256 one) = _job(jobs, k);
                if (start >= end) revert IGuaranteedDispatch.EmptyInterval(k, start, end);
                if (start < previous) revert IGuaranteedDispatch.JobsOutOfOrder(k, start, previous);
                previous = start;
                value += one;
            }
            if (value * rate > MAX_DEPOSIT) revert IGuaranteedDispatch.DepositOutOfRange(value * rate);
        }
    }

    /// @notice The value of all jobs.
    function valueOf(bytes calldata jobs) internal pure returns (uint256 value) {
        unchecked {
            // See `checkJobs`.
            for (uint256 k = 0; k < jobs.length / _JOB; ++k) {
                (,, uint256 one) = _job(jobs, k);
                value += one;
            }
        }
    }

    /// @notice Check an allocation, in one pass over the jobs and one over the seats.
    /// @return least pay of an enrolled seat
    /// @return values in memory, a word a seat, in the high 224 bits
    function check(bytes calldata jobs, bytes calldata allocation, Promise memory p)
        internal
        pure
        returns (uint256 least, uint256 values)
    {
        unchecked {
            // A value of all jobs is below 2^74, a rate below 2^64.
            uint256 count = jobs.length / _JOB;
            if (allocation.length != count) {
                revert IGuaranteedDispatch.AllocationLengthMismatch(allocation.length, count);
            }
            values = _values(jobs, allocation, p);
            least = type(uint256).max;
            for (uint256 i = 0; i < p.agents; ++i) {
                if ((p.enrolled >> i) & 1 != 0) {
                    uint256 term = Memory.load(p.terms + 32 * i);
                    uint256 pay = uint64(term) * (Memory.load(values + 32 * i) >> 32);
                    if (pay < term >> 64) revert IGuaranteedDispatch.FloorBroken(i, pay, term >> 64);
                    if (pay < least) least = pay;
                }
            }
        }
    }

    /// @dev For each seat the value of its jobs in the high 224 bits, and in the others when the last one ends.
    function _values(bytes calldata jobs, bytes calldata allocation, Promise memory p)
        private
        pure
        returns (uint256 ptr)
    {
        unchecked {
            // See `check`.
            ptr = Memory.zeroed(p.agents);
            uint256 enrolled = p.enrolled;
            for (uint256 k = 0; k < allocation.length; ++k) {
                uint256 code = _code(allocation, k);
                if (code != 0) {
                    if ((enrolled >> (code - 1)) & 1 == 0) revert IGuaranteedDispatch.HolderNotEnrolled(k, code - 1);
                    (uint256 start, uint256 end, uint256 value) = _job(jobs, k);
                    uint256 at = ptr + 32 * (code - 1);
                    uint256 before = Memory.load(at);
                    if (start < uint32(before)) {
                        revert IGuaranteedDispatch.Overlap(k, code - 1, start, uint32(before));
                    }
                    Memory.store(at, (((before >> 32) + value) << 32) | end);
                }
            }
        }
    }

    /// @notice Seats in the order of the values of their jobs, and of their numbers where these are equal.
    /// @param values as `check` returns them
    /// @return order one byte each, the first in the lowest byte of the first word
    function ranked(uint256 values, uint256 agents, uint256 enrolled) internal pure returns (uint256[2] memory order) {
        unchecked {
            // At most 64 seats; a key is below 2^82.
            uint256 keys = Memory.allocate(32 * agents);
            uint256 count = 0;
            for (uint256 i = 0; i < agents; ++i) {
                if ((enrolled >> i) & 1 != 0) {
                    uint256 key = ((Memory.load(values + 32 * i) >> 32) << 8) | i;
                    uint256 at = keys + 32 * count;
                    while (at != keys && Memory.load(at - 32) > key) {
                        Memory.store(at, Memory.load(at - 32));
                        at -= 32;
                    }
                    Memory.store(at, key);
                    ++count;
                }
            }
            for (uint256 k = 0; k < count; ++k) {
                order[k >> 5] |= uint256(uint8(Memory.load(keys + 32 * k))) << ((k & 31) << 3);
            }
        }
    }

    /// @notice What schedules have come to.
    /// @param statuses of all jobs, or none if all count as done
    /// @return value of all jobs
    /// @return done in memory, a word a seat: the value of those jobs that the allocation gives it and were done, and in
    /// the lowest bit whether one was missed
    function outcomes(bytes calldata jobs, bytes calldata allocation, bytes calldata statuses, uint256 agents)
        internal
        pure
        returns (uint256 value, uint256 done)
    {
        unchecked {
            // A value of all jobs is below 2^74.
            done = Memory.zeroed(agents);
            bool allDone = statuses.length == 0;
            for (uint256 k = 0; k < allocation.length; ++k) {
                (,, uint256 one) = _job(jobs, k);
                value += one;
                uint256 status = allDone ? 0 : _code(statuses, k);
                if (status > uint256(type(IGuaranteedDispatch.Outcome).max)) {
                    revert IGuaranteedDispatch.UnknownStatus(k, status);
                }
                uint256 code = _code(allocation, k);
                if (code != 0) {
                    uint256 at = done + 32 * (code - 1);
                    uint256 before = Memory.load(at);
                    if (status == uint256(IGuaranteedDispatch.Outcome.Done)) Memory.store(at, before + 2 * one);
                    else if (status == uint256(IGuaranteedDispatch.Outcome.Missed)) Memory.store(at, before | 1);
                }
            }
        }
    }

    // ────────────────────────────────────────── reading what is brought ──────────────────────────────────

    /// @param k below the number of jobs
    function _job(bytes calldata jobs, uint256 k) private pure returns (uint256 start, uint256 end, uint256 value) {
        unchecked {
            // At most 2^14 bytes.
            uint256 job = _load(jobs, _JOB * k);
            return (job >> 224, uint32(job >> 192), uint64(job >> 128));
        }
    }

    function _code(bytes calldata codes, uint256 k) private pure returns (uint256) {
        return _load(codes, k) >> 248;
    }

    /// @dev A word of which the caller uses no byte beyond the end.
    function _load(bytes calldata data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }
}
