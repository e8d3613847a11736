// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CommitReveal} from "../../contracts/randomness/CommitReveal.sol";
import {Draws} from "../../contracts/randomness/Draws.sol";

/// @title Two agents toss a coin for each other's stake
/// @notice Both commit to a secret and pay the stake, both reveal, and one of them takes all. Who lets a deadline pass
/// loses its stake to the other.
contract CoinToss {
    struct Game {
        address[2] seats;
        uint256 stake;
        uint256 window;
        uint256 deadline;
        bytes32[2] commitments;
        bytes32[2] secrets;
        uint256[2] owed;
        bool over;
    }

    event Created(bytes32 indexed id, uint256 stake);
    event Committed(bytes32 indexed id, uint256 seat, bytes32 commitment);
    event Revealed(bytes32 indexed id, uint256 seat, bytes32 secret);
    event Tossed(bytes32 indexed id, uint256 winner);
    event Expired(bytes32 indexed id);
    event Withdrawn(bytes32 indexed id, uint256 seat, uint256 amount);

    error GameExists(bytes32 id);
    error DeadlinePassed(uint256 deadline);
    error DeadlineNotPassed(uint256 deadline);
    error WrongDeposit(uint256 given, uint256 stake);
    error WrongSecret(uint256 seat, bytes32 commitment);
    error NotTheSeat(uint256 seat, address caller);
    error NotNow();

    mapping(bytes32 id => Game) private _games;

    function create(bytes32 salt, address[2] calldata seats, uint256 stake, uint256 window) external {
        bytes32 id = CommitReveal.gameId(msg.sender, salt);
        Game storage game = _games[id];
        if (game.deadline != 0) revert GameExists(id);
        (game.seats, game.stake, game.window) = (seats, stake, window);
        game.deadline = block.timestamp + window;
        emit Created(id, stake);
    }

    function commit(bytes32 id, uint256 seat, bytes32 commitment) external payable {
        Game storage game = _inTime(id, seat);
        if (game.commitments[seat] != 0) revert NotNow();
        if (msg.value != game.stake) revert WrongDeposit(msg.value, game.stake);
        game.commitments[seat] = commitment;
        game.owed[seat] = msg.value;
        emit Committed(id, seat, commitment);
        if (game.commitments[1 - seat] != 0) game.deadline = block.timestamp + game.window;
    }

    function reveal(bytes32 id, uint256 seat, bytes32 secret) external {
        Game storage game = _inTime(id, seat);
        if (game.commitments[1 - seat] == 0 || game.secrets[seat] != 0) revert NotNow();
        if (CommitReveal.commitment(id, seat, secret) != game.commitments[seat]) {
            revert WrongSecret(seat, game.commitments[seat]);
        }
        game.secrets[seat] = secret;
        emit Revealed(id, seat, secret);
        if (game.secrets[1 - seat] == 0) return;
        bytes32[] memory secrets = new bytes32[](2);
        (secrets[0], secrets[1]) = (game.secrets[0], game.secrets[1]);
        uint256 winner = Draws.uniform(Draws.seed("coin", id, 1, secrets), 0, 2);
        emit Tossed(id, winner);
        _pay(game, winner);
    }

    function expire(bytes32 id) external {
        Game storage game = _games[id];
        if (game.over) revert NotNow();
        if (block.timestamp <= game.deadline) revert DeadlineNotPassed(game.deadline);
        game.over = true;
        emit Expired(id);
        if (game.secrets[0] != game.secrets[1]) _pay(game, game.secrets[0] == 0 ? 1 : 0);
    }

    function withdraw(bytes32 id, uint256 seat) external {
        Game storage game = _games[id];
        if (!game.over || game.owed[seat] == 0) revert NotNow();
        if (msg.sender != game.seats[seat]) revert NotTheSeat(seat, msg.sender);
        uint256 amount = game.owed[seat];
        game.owed[seat] = 0;
        emit Withdrawn(id, seat, amount);
        (bool paid,) = msg.sender.call{value: amount}("");
        require(paid);
    }

    function _inTime(bytes32 id, uint256 seat) private view returns (Game storage game) {
        game = _games[id];
        if (game.over) revert NotNow();
        if (block.timestamp > game.deadline) revert DeadlinePassed(game.deadline);
        if (msg.sender != game.seats[seat]) revert NotTheSeat(seat, msg.sender);
    }

    function _pay(Game storage game, uint256 winner) private {
        game.over = true;
        (game.owed[winner], game.owed[1 - winner]) = (game.owed[0] + game.owed[1], 0);
    }
}
