// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What games share in which seats pay deposits, and may lose a bond
/// @notice Deposits are paid exactly, with the first action of a seat. Money leaves by withdrawal alone: called by the
/// seat, once, to any address. Who lets a deadline pass loses its bond; it stays in the contract for ever, counted.
interface IBonds {
    // ─────────────────────────────────────────────── events ──────────────────────────────────────────────

    /// @param to where the money went
    /// @param amount in wei
    event Withdrawn(bytes32 indexed id, uint256 seat, address to, uint256 amount);

    // ─────────────────────────────────────────────── errors ──────────────────────────────────────────────

    error NothingToWithdraw(uint256 seat);
    /// @notice Looked at last.
    error WrongDeposit(uint256 given, uint256 required);

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @notice Bonds lost in all games of this contract, in wei. Nobody gets them.
    function burnt() external view returns (uint256);
}
