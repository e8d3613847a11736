// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CommitReveal} from "../randomness/CommitReveal.sol";
import {CodeStorage} from "../storage/CodeStorage.sol";
import {IGame} from "./IGame.sol";
import {Head, Pages} from "./Pages.sol";
import {SeatSets} from "./SeatSets.sol";
import {Status, StatusLibrary} from "./Status.sol";

/// @title Games of seats
/// @notice What every mechanism needs: see `IGame`. A mechanism lists its phases in order, those that end a game last,
/// and writes its actions: first what `_open` (or `_lapsed`, `_ended`) and `_own` return, then its own checks and
/// `_requireDigest`, then effects, then the event. What is paid is in `Bonds`, commit–reveal in `Secrets`.
abstract contract Games is IGame {
    /// @dev What all mechanisms keep of a game. A mechanism keeps the rest in a mapping of its own, or behind this
    /// (`_BEHIND`).
    struct Game {
        Status status;
        bytes32 digest;
        SeatSets seats;
        /// What each seat has committed to, where there are `Secrets`; a mechanism may put the secret in its place once
        /// it is opened.
        bytes32[64] commitments;
    }

    /// @dev So many words after the first of a `Game` nothing of it is left. A game's words begin at a hash, so what a
    /// mechanism stores from there on meets nothing else, and takes no second hash to find.
    uint256 internal constant _BEHIND = 67;

    mapping(bytes32 id => Game) internal _games;

    /// @inheritdoc IGame
    function gameId(address creator, bytes32 salt) public view returns (bytes32) {
        return CommitReveal.gameId(creator, salt);
    }

    // ─────────────────────────────────────────────── checks ──────────────────────────────────────────────

    /// @dev The game that the caller creates, which must not exist.
    function _create(bytes32 salt) internal view returns (bytes32 id, Game storage game) {
        id = gameId(msg.sender, salt);
        game = _games[id];
        if (game.status.phase() != 0) revert GameExists(id);
    }

    /// @dev A game in the required phase, before its deadline.
    function _open(bytes32 id, uint8 required) internal view returns (Game storage game, Status status, Head head) {
        (game, status) = _inPhase(id, required);
        if (block.timestamp > status.deadline()) revert DeadlinePassed(id, status.deadline());
        head = Pages.head(status.page());
    }

    function _inPhase(bytes32 id, uint8 required) internal view returns (Game storage game, Status status) {
        game = _games[id];
        status = game.status;
        if (status.phase() != required) revert WrongPhase(id, status.phase(), required);
    }

    /// @dev A game whose deadline has passed.
    /// @param first the first phase with a deadline
    /// @param over the first phase that ends a game
    function _lapsed(bytes32 id, uint8 first, uint8 over)
        internal
        view
        returns (Game storage game, Status status, Head head)
    {
        game = _games[id];
        status = game.status;
        uint8 phase = status.phase();
        if (phase < first || phase >= over) revert WrongPhase(id, phase, 0);
        if (block.timestamp <= status.deadline()) revert DeadlineNotPassed(id, status.deadline());
        head = Pages.head(status.page());
    }

    /// @dev A game that has ended.
    /// @param over the first phase that ends a game
    function _ended(bytes32 id, uint8 over) internal view returns (Game storage game, Status status, Head head) {
        game = _games[id];
        status = game.status;
        if (status.phase() < over) revert WrongPhase(id, status.phase(), over);
        head = Pages.head(status.page());
    }

    /// @dev The caller must hold the seat.
    /// @return word of the page, with the seat's address in the highest 160 bits
    function _own(Game storage game, Status status, Head head, uint256 seat) internal view returns (uint256 word) {
        if (seat >= head.agents()) revert SeatOutOfRange(seat, head.agents());
        (address page, uint256 offset) = _place(game, status, head, seat);
        word = CodeStorage.load(page, offset);
        if (address(uint160(word >> 96)) != msg.sender) revert NotTheSeat(seat, msg.sender);
    }

    /// @dev Where a seat's address is: a page, and a byte of it.
    /// @param seat below the number of agents
    function _place(Game storage, Status status, Head, uint256 seat)
        internal
        view
        virtual
        returns (address page, uint256 offset)
    {
        unchecked {
            // At most 64 seats.
            return (status.page(), Pages.HEAD + Pages.AGENT * seat);
        }
    }

    function _requireDigest(Game storage game, bytes32 given) internal view {
        bytes32 current = game.digest;
        if (given != current) revert StaleDigest(given, current);
    }

    // ────────────────────────────────────────────── effects ──────────────────────────────────────────────

    /// @dev The status of a new game, in its first phase with a deadline.
    function _opened(address page, uint8 phase, uint256 window) internal view returns (Status) {
        return StatusLibrary.created(page, phase, _after(window));
    }

    /// @dev The status at the beginning of a phase, or of a turn in it.
    function _entered(Status status, Head head, uint8 phase) internal view returns (Status) {
        return status.entering(phase, _after(head.window()));
    }

    function _after(uint256 window) private view returns (uint256) {
        unchecked {
            // Timestamps stay below 2^40 for the next thirty thousand years, and a window is below 2^32.
            return block.timestamp + window;
        }
    }
}
