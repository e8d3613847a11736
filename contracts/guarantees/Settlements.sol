// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Bonds} from "../game/Bonds.sol";
import {Head} from "../game/Pages.sol";
import {COMMITTED, OPENED, WITHDRAWN} from "../game/SeatSets.sol";
import {Secrets} from "../game/Secrets.sol";
import {Status} from "../game/Status.sol";
import {IGuaranteedDispatch} from "../interfaces/IGuaranteedDispatch.sol";
import {Draws} from "../randomness/Draws.sol";
import {Memory} from "../storage/Memory.sol";
import {DispatchData} from "./DispatchData.sol";

/// @title What a dispatch keeps, and what it owes to whom
/// @notice Payees are numbered as in `IGuaranteedDispatch`.
abstract contract Settlements is Bonds, Secrets, IGuaranteedDispatch {
    using DispatchData for Head;

    /// @dev What somebody claims.
    struct Challenge {
        address challenger;
        bool withdrawn;
        /// Zero once it is disclosed.
        bytes32 commitment;
    }

    /// @dev What this mechanism adds to a game.
    struct Dispatch {
        /// As in `State`, as are those below that nothing is said of.
        bytes32 jobs;
        bytes32 allocation;
        uint128 least;
        uint128 fairest;
        uint32 challenges;
        uint32 disclosed;
        uint32 winner;
        /// Whether the dispatcher has withdrawn from a dispatch that has not settled.
        bool refunded;
        /// Before the draw, the seats in the order of what the allocation that stands gives them, one byte each.
        uint256[2] schedules;
        /// Of all challenges.
        bytes32 chain;
        /// keccak256 of the winner's allocation, and its order of seats.
        bytes32 winning;
        uint256[2] ranking;
        mapping(uint256 challenge => Challenge) claims;
    }

    function _dispatch(Game storage game) internal pure returns (Dispatch storage dispatch) {
        uint256 behind = _BEHIND;
        assembly ("memory-safe") {
            dispatch.slot := add(game.slot, behind)
        }
    }

    // ───────────────────────────────────────────── settling ──────────────────────────────────────────────

    /// @dev What each seat has earned: at least its floor, unless it missed something.
    function _pays(Game storage game, Head h, uint256 terms, uint256 done)
        internal
        view
        returns (uint256[] memory pays)
    {
        uint256 n = h.agents();
        uint256 enrolled = game.seats.members(COMMITTED);
        bool permuted = h.isPermuted();
        uint256[2] memory schedules;
        if (permuted) schedules = _dispatch(game).schedules;
        pays = new uint256[](n);
        unchecked {
            // A value of all jobs is below 2^74, a rate below 2^64.
            for (uint256 i = 0; i < n; ++i) {
                if ((enrolled >> i) & 1 != 0) {
                    uint256 term = Memory.load(terms + 32 * i);
                    uint256 came = Memory.load(done + 32 * (permuted ? Draws.at(schedules, i) - 1 : i));
                    uint256 pay = uint64(term) * (came >> 1);
                    pays[i] = came & 1 == 0 && pay < term >> 64 ? term >> 64 : pay;
                }
            }
        }
    }

    /// @dev What the dispatcher has paid but for what others get: all pay is below what it paid as it posted, but for
    /// floors, which it paid as it created.
    function _refund(
        Game storage game,
        Status status,
        Head h,
        uint256 terms,
        uint256 value,
        uint256[] memory pays
    ) internal view returns (uint256 refund) {
        refund = h.greatestRate() * value;
        if (_dispatch(game).winner == 0) refund += DispatchData.bond(status.page());
        for (uint256 i = 0; i < pays.length; ++i) {
            refund += Memory.load(terms + 32 * i) >> 64;
            refund -= pays[i];
        }
    }

    /// @dev Write down what seats, their bonds included, and the dispatcher can withdraw: two of them to a word.
    function _owe(Game storage game, Head h, uint256[] memory pays, uint256 refund) internal {
        uint256 opened = game.seats.members(OPENED);
        uint256 bond = h.bond();
        uint128[65] storage owed = _owedOf(game);
        unchecked {
            // At most 64 seats; pay is below 2^120, a bond below 2^96, a refund below 2^121.
            uint256 word = 0;
            for (uint256 i = 0; i <= pays.length; ++i) {
                uint256 amount = i == pays.length ? refund : pays[i];
                if ((opened >> i) & 1 != 0) amount += bond;
                word |= amount << ((i & 1) << 7);
                if (i & 1 != 0 || i == pays.length) {
                    assembly ("memory-safe") {
                        sstore(add(owed.slot, shr(1, i)), word)
                    }
                    word = 0;
                }
            }
        }
    }

    // ──────────────────────────────────────────── withdrawing ────────────────────────────────────────────

    /// @dev What seats and the dispatcher have not withdrawn from a dispatch that has settled, by payee. It takes the
    /// place of commitments and secrets, which nobody needs any more: new words would cost four times as much.
    function _owedOf(Game storage game) internal view returns (uint128[65] storage owed) {
        bytes32[64] storage commitments = game.commitments;
        assembly ("memory-safe") {
            owed.slot := commitments.slot
        }
    }

    /// @dev Who a payee is.
    function _payee(Game storage game, Status status, Head h, uint256 payee) internal view returns (address) {
        uint256 n = h.agents();
        if (payee > n) return _dispatch(game).claims[payee - n - 1].challenger;
        if (payee == n) return DispatchData.dispatcher(status.page());
        return DispatchData.agent(h, status.page(), payee);
    }

    /// @dev What a payee of a game that has ended has not withdrawn yet.
    function _owed(Game storage game, Status status, Head h, uint256 payee) internal view returns (uint256) {
        Dispatch storage dispatch = _dispatch(game);
        uint256 n = h.agents();
        if (payee > n) return _owedToChallenger(dispatch, status, payee - n - 1);
        if (status.phase() == uint8(Phase.Settled)) return _owedOf(game)[payee];
        if (payee == n ? dispatch.refunded : game.seats.has(WITHDRAWN, payee)) return 0;
        uint256 enrolled = game.seats.members(COMMITTED);
        address page = status.page();
        if (payee < n) {
            if ((enrolled >> payee) & 1 == 0) return 0;
            return h.floor(page, payee) + (h.isPermuted() ? h.bond() : 0);
        }
        uint256 amount = status.lapsed() == uint8(Phase.Posting) ? 0 : DispatchData.bond(page);
        uint256 terms = h.terms(page);
        for (uint256 i = 0; i < n; ++i) {
            if ((enrolled >> i) & 1 == 0) amount += Memory.load(terms + 32 * i) >> 64;
        }
        return amount;
    }

    function _owedToChallenger(Dispatch storage dispatch, Status status, uint256 challenge_)
        private
        view
        returns (uint256 amount)
    {
        Challenge storage claim = dispatch.claims[challenge_];
        if (claim.challenger == address(0) || claim.commitment != 0 || claim.withdrawn) return 0;
        amount = DispatchData.challengeBond(status.page());
        if (dispatch.winner == challenge_ + 1) amount += DispatchData.bond(status.page()) / 2;
    }
}
