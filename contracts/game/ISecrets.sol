// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What games share in which seats commit to secrets and reveal them
/// @notice A commitment is keccak256(abi.encode(id, seat, secret)). A secret is opened by a seat's own action, before
/// the deadline; a zero secret would count as a silent seat's.
///
/// What a reveal answers to is in the game's digest, so that no seat that has seen the others' secrets can choose its
/// own anew and have theirs replayed. A secret stays public after a reorganization, so clients wait until what they
/// answer to is final (docs/explanation/contracts.md says how long).
interface ISecrets {
    // ─────────────────────────────────────────────── errors ──────────────────────────────────────────────

    // Among the checks of `IGame`: whether a seat has acted, before the digest; secret and commitment after it.
    error AlreadyRevealed(uint256 seat);
    error ZeroSecret();
    error WrongSecret(uint256 seat, bytes32 commitment);
    error ZeroCommitment();

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @notice What the seat has committed to and not opened yet; zero if there is no such thing.
    function commitment(bytes32 id, uint256 seat) external view returns (bytes32);
}
