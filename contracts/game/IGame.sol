// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What all games of seats share
/// @notice One contract holds many games. A game has up to 64 agents ("seats", numbered from 0), phases with deadlines,
/// and common knowledge that never changes, kept as code. A mechanism says which phases there are, what a seat may do
/// in each, and what it is paid.
///
/// Ids. A game's id is keccak256(abi.encode(chain id, this contract, creator, salt)): known before the game is created,
/// independent of whatever else happens on the chain, and in everything that is committed to or drawn.
///
/// Time. An action is valid if and only if its block's timestamp is at or before the deadline; after that anyone may
/// call `expire`. A window begins with the action before it.
///
/// Digests. Every action of a seat names what it answers to by its hash, the game's `digest`, which begins as
/// keccak256(abi.encode(parameters)). A reorganized chain can therefore make an action fail, but cannot turn it into
/// consent to something else. `expire` names nothing: it does what anybody may do then.
///
/// A mechanism that takes money is `IBonds` too, and one with commitments `ISecrets`.
interface IGame {
    // ─────────────────────────────────────────────── errors ──────────────────────────────────────────────

    // Creation
    error GameExists(bytes32 id);
    error AgentCountOutOfRange(uint256 agents);
    error ZeroAgent(uint256 seat);
    error DuplicateAgent(uint256 seat, uint256 other);
    /// @notice A window is shorter than a minute or longer than 30 days.
    error WindowOutOfRange(uint256 window);

    // Play: every action makes these checks in this order, and its own before it looks at the digest.
    /// @param phase the game's, by its number in the mechanism's `Phase`
    /// @param required the one that the action belongs to; 0 where it belongs to several
    error WrongPhase(bytes32 id, uint8 phase, uint8 required);
    error DeadlinePassed(bytes32 id, uint256 deadline);
    error DeadlineNotPassed(bytes32 id, uint256 deadline);
    error SeatOutOfRange(uint256 seat, uint256 agents);
    error NotTheSeat(uint256 seat, address caller);
    error StaleDigest(bytes32 given, bytes32 current);

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @notice End what a missed deadline has left open. Anyone may call it.
    /// @param id of the game
    function expire(bytes32 id) external;

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @notice keccak256(abi.encode(chain id, this contract, creator, salt)).
    function gameId(address creator, bytes32 salt) external view returns (bytes32);
}
