// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Games} from "../game/Games.sol";
import {IGame} from "../game/IGame.sol";
import {Head} from "../game/Pages.sol";
import {COMMITTED, SeatSets, SeatSetsLibrary} from "../game/SeatSets.sol";
import {Status} from "../game/Status.sol";
import {IRayMarket} from "../interfaces/IRayMarket.sol";
import {MarketData} from "./MarketData.sol";
import {Selections} from "./Selections.sol";

/// @title A market in which agents choose how their tasks may change
/// @dev The common knowledge of a market is code (`MarketData`); storage holds choices. Of the sets of `Games`, those
/// who have committed are those who have chosen.
contract RayMarket is Games, IRayMarket {
    using MarketData for Head;

    /// @dev What this mechanism adds to a game.
    struct Market {
        /// As in `State`.
        uint256 choices;
    }

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @inheritdoc IRayMarket
    function create(bytes32 salt, Parameters calldata parameters) external returns (bytes32 id) {
        Game storage game;
        (id, game) = _create(salt);

        address page = MarketData.store(parameters);

        bytes32 digest = keccak256(abi.encode(parameters));
        game.digest = digest;
        game.status = _opened(page, uint8(Phase.Choosing), parameters.choosingWindow);
        emit Created(id, msg.sender, salt, digest, parameters);
    }

    /// @inheritdoc IRayMarket
    function choose(bytes32 id, uint256 seat, bytes32 digest, uint256 choice) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Choosing));
        uint256 word = _own(game, status, h, seat);
        SeatSets seats = game.seats;
        if (seats.has(COMMITTED, seat)) revert AlreadyChosen(seat);
        _requireDigest(game, digest);
        uint256 sets = MarketData.sets(word);
        if (choice > sets) revert UnknownChoice(choice, sets);

        seats = seats.including(COMMITTED, seat);
        game.seats = seats;
        if (choice != 0) _market(game).choices |= choice << (4 * seat);
        emit Chosen(id, seat, choice);
        if (seats.members(COMMITTED) == SeatSetsLibrary.all(h.agents())) _endChoosing(game, status, h, id);
    }

    /// @inheritdoc IRayMarket
    function post(bytes32 id, bytes32 digest, Certificate calldata certificate) external {
        (Game storage game, Status status, Head h) = _open(id, uint8(Phase.Posting));
        _requireDigest(game, digest);
        (uint256 columns, uint256 count) = h.columns(status.page(), _market(game).choices);
        uint256[] memory shares = Selections.check(certificate, Selections.Columns(columns, count, h.tasks()));

        emit Posted(id, msg.sender);
        _settle(game, status, id, digest, certificate.denominator, shares);
    }

    /// @inheritdoc IGame
    function expire(bytes32 id) external {
        (Game storage game, Status status, Head h) = _lapsed(id, uint8(Phase.Choosing), uint8(Phase.Settled));
        Phase phase = Phase(status.phase());
        bool posting = phase == Phase.Posting;
        uint256 silent = posting ? 0 : SeatSetsLibrary.all(h.agents()) & ~game.seats.members(COMMITTED);
        emit Expired(id, phase, silent);
        if (posting) {
            game.status = status.withPhase(uint8(Phase.Lapsed));
            emit Lapsed(id);
        } else {
            _endChoosing(game, status, h, id);
        }
    }

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @inheritdoc IRayMarket
    function state(bytes32 id) external view returns (State memory) {
        Game storage game = _games[id];
        Status status = game.status;
        return State({
            phase: Phase(status.phase()),
            deadline: uint40(status.deadline()),
            chosen: uint64(game.seats.members(COMMITTED)),
            choices: _market(game).choices
        });
    }

    /// @inheritdoc IRayMarket
    function digestOf(bytes32 id) external view returns (bytes32) {
        return _games[id].digest;
    }

    // ─────────────────────────────────────────── shared checks ───────────────────────────────────────────

    /// @inheritdoc Games
    function _place(Game storage, Status status, Head, uint256 seat)
        internal
        pure
        override
        returns (address page, uint256 offset)
    {
        return (status.page(), MarketData.place(seat));
    }

    // ─────────────────────────────────────────── shared effects ──────────────────────────────────────────

    /// @dev All choices that will be there are there: a posting names them.
    function _endChoosing(Game storage game, Status status, Head h, bytes32 id) private {
        uint256 choices = _market(game).choices;
        bytes32 digest = keccak256(abi.encodePacked(game.digest, choices));
        if (choices == 0) {
            _settle(game, status, id, digest, 1, new uint256[](0));
        } else {
            game.digest = digest;
            game.status = _entered(status, h, uint8(Phase.Posting));
        }
    }

    function _settle(
        Game storage game,
        Status status,
        bytes32 id,
        bytes32 digest,
        uint256 denominator,
        uint256[] memory shares
    ) private {
        game.digest = keccak256(abi.encodePacked(digest, keccak256(abi.encode(denominator, shares))));
        game.status = status.withPhase(uint8(Phase.Settled));
        emit Settled(id, denominator, shares);
    }

    // ────────────────────────────────────────── reading storage ──────────────────────────────────────────

    function _market(Game storage game) private pure returns (Market storage market) {
        uint256 behind = _BEHIND;
        assembly ("memory-safe") {
            market.slot := add(game.slot, behind)
        }
    }
}
