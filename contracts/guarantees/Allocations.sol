// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IGuaranteedDispatch} from "../interfaces/IGuaranteedDispatch.sol";
import {Draws} from "../randomness/Draws.sol";
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

    uint256 private constant _DONE = uint256(IGuaranteedDispatch.Outcome.Done);
    uint256 private constant _MISSED = uint256(IGuaranteedDispatch.Outcome.Missed);

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
            uint256 at = _place(jobs);
            uint256 previous = 0;
            for (uint256 k = 0; k < length / _JOB; ++k) {
                uint256 job = _load(at + _JOB * k);
                if (_start(job) >= _end(job)) revert IGuaranteedDispatch.EmptyInterval(k, _start(job), _end(job));
                if (_start(job) < previous) revert IGuaranteedDispatch.JobsOutOfOrder(k, _start(job), previous);
                previous = _start(job);
                value += _value(job);
            }
            if (value * rate > MAX_DEPOSIT) revert IGuaranteedDispatch.DepositOutOfRange(value * rate);
        }
    }

    /// @notice Check an allocation, in one pass over the jobs and one over the seats.
    /// @return least pay of an enrolled seat
    /// @return value of all jobs
    /// @return held in memory, a word a seat: in the high 224 bits the value of its jobs
    function check(bytes calldata jobs, bytes calldata allocation, Promise memory p)
        internal
        pure
        returns (uint256 least, uint256 value, uint256 held)
    {
        unchecked {
            // A value of all jobs is below 2^74, a rate below 2^64.
            uint256 count = jobs.length / _JOB;
            if (allocation.length != count) {
                revert IGuaranteedDispatch.AllocationLengthMismatch(allocation.length, count);
            }
            (value, held) = _held(jobs, allocation, p);
            least = type(uint256).max;
            for (uint256 i = 0; i < p.agents; ++i) {
                if ((p.enrolled >> i) & 1 != 0) {
                    uint256 term = Memory.load(p.terms + 32 * i);
                    uint256 pay = uint64(term) * (Memory.load(held + 32 * i) >> 32);
                    if (pay < term >> 64) revert IGuaranteedDispatch.FloorBroken(i, pay, term >> 64);
                    if (pay < least) least = pay;
                }
            }
        }
    }

    /// @dev As `check` returns them; in the low 32 bits of what a seat holds is when its last job ends.
    function _held(bytes calldata jobs, bytes calldata allocation, Promise memory p)
        private
        pure
        returns (uint256 value, uint256 held)
    {
        unchecked {
            // See `check`.
            held = Memory.zeroed(p.agents);
            uint256 enrolled = p.enrolled;
            uint256 at = _place(jobs);
            uint256 codes = _place(allocation);
            uint256 count = allocation.length;
            for (uint256 k = 0; k < count; ++k) {
                uint256 job = _load(at);
                at += _JOB;
                value += _value(job);
                uint256 code = _load(codes + k) >> 248;
                if (code != 0) {
                    if ((enrolled >> (code - 1)) & 1 == 0) revert IGuaranteedDispatch.HolderNotEnrolled(k, code - 1);
                    uint256 own = held + 32 * (code - 1);
                    uint256 before = Memory.load(own);
                    if (_start(job) < uint32(before)) {
                        revert IGuaranteedDispatch.Overlap(k, code - 1, _start(job), uint32(before));
                    }
                    Memory.store(own, (((before >> 32) + _value(job)) << 32) | _end(job));
                }
            }
        }
    }

    /// @notice Seats in the order of the values of their jobs, and of their numbers where these are equal.
    /// @param held as `check` returns it
    /// @return order one byte each, the first in the lowest byte of the first word
    function ranked(uint256 held, uint256 agents, uint256 enrolled) internal pure returns (uint256[2] memory order) {
        unchecked {
            // At most 64 seats; a key is below 2^82.
            uint256 keys = Memory.allocate(32 * agents);
            uint256 count = 0;
            for (uint256 i = 0; i < agents; ++i) {
                if ((enrolled >> i) & 1 != 0) {
                    uint256 key = ((Memory.load(held + 32 * i) >> 32) << 8) | i;
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
                Draws.set(order, k, uint8(Memory.load(keys + 32 * k)));
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
            uint256 at = _place(jobs);
            uint256 codes = _place(allocation);
            uint256 count = allocation.length;
            uint256 told = _place(statuses);
            bool allDone = statuses.length == 0;
            for (uint256 k = 0; k < count; ++k) {
                uint256 one = _value(_load(at));
                at += _JOB;
                value += one;
                uint256 status = allDone ? _DONE : _load(told + k) >> 248;
                if (status > _MISSED) revert IGuaranteedDispatch.UnknownStatus(k, status);
                uint256 code = _load(codes + k) >> 248;
                if (code != 0) {
                    uint256 own = done + 32 * (code - 1);
                    if (status == _DONE) Memory.store(own, Memory.load(own) + 2 * one);
                    else if (status == _MISSED) Memory.store(own, Memory.load(own) | 1);
                }
            }
        }
    }

    // ────────────────────────────────────────── reading what is brought ──────────────────────────────────

    function _start(uint256 job) private pure returns (uint256) {
        return job >> 224;
    }

    function _end(uint256 job) private pure returns (uint256) {
        return uint32(job >> 192);
    }

    function _value(uint256 job) private pure returns (uint256) {
        return uint64(job >> 128);
    }

    /// @dev Where it is in what the call brings.
    function _place(bytes calldata data) private pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := data.offset
        }
    }

    /// @dev A word of what the call brings; whoever loads it uses no byte that is not its own.
    function _load(uint256 place) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(place)
        }
    }
}
