// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IGame} from "../game/IGame.sol";
import {ISecrets} from "../game/ISecrets.sol";
import {ITeamContract} from "./ITeamContract.sol";

/// @title Nature as a contract: the referee of projects whose success is drawn
/// @notice A laboratory has no projects that succeed or fail by themselves. Here members choose whether they work, in secret,
/// and a draw decides: if the set E of members works, the project succeeds with probability exactly f(E), and the contract
/// reports that to the project's `ITeamContract`, as its referee. A draw is a game of the project's seats; what it shares with
/// every game of seats, and the checks that actions make first, are in `IGame` and `ISecrets`. Where `IGame` speaks of a
/// game's creator and salt, these are the contract of the project and the id of the project there.
///
/// A draw runs committing → revealing → drawing → drawn. It begins as its guarantor opens it, after all members have accepted:
/// the guarantor commits to a secret, and the bond that it pays goes to the project. Then members commit to an effort and a
/// secret, reveal both, and at last the guarantor's secret makes the draw. A phase ends with the last that could act. At the
/// latest committing ends after a third of the project's work window, revealing after two thirds, and drawing with it; so
/// members cannot make the guarantor late. If nobody commits there is no revealing. If the guarantor does not draw in time,
/// the draw lapses, and so does the project: the bond pays the wages.
///
/// Who is silent has not worked.
///
/// The seed of a draw is keccak256("outcome" ‖ id ‖ digest ‖ the secrets in seat order ‖ the guarantor's secret), with a zero
/// word for each seat that has not revealed. The project succeeds if and only if an integer drawn from it as in
/// `Draws.uniform(seed, 0, D)` is below F(E). The guarantor comes last: a member who saw the draw before it reveals would keep
/// its secret back whenever another draw suits it better. A guarantor in league with a member can choose between a draw and
/// silence, at the price of its bond.
///
/// Commitments are those of `ISecrets`, to keccak256(abi.encode(works, secret)) in place of the secret; the guarantor's is to
/// the secret itself, with the number of seats as its seat.
///
/// A draw's digest begins as keccak256(the hash of the project's parameters ‖ the guarantor's commitment), and becomes
///   keccak256(digest ‖ all commitments in seat order) when committing ends, with zero words for seats that are silent,
///   keccak256(digest ‖ revealed ‖ workers) when revealing ends, as in `State`,
/// so that no draw can answer to other reveals than those that it followed.
interface IOutcomeDraw is IGame, ISecrets {
    // ─────────────────────────────────────────────── types ───────────────────────────────────────────────

    enum Phase {
        None,
        Committing,
        Revealing,
        Drawing,
        Drawn,
        Lapsed
    }

    /// @notice Where a draw stands. In the sets, bit i is seat i's.
    struct State {
        Phase phase;
        uint40 deadline;
        uint64 committed;
        uint64 revealed;
        /// Those who have revealed that they work.
        uint64 workers;
        address guarantor;
        bool success;
    }

    // ─────────────────────────────────────────────── events ──────────────────────────────────────────────

    /// @param team the contract of the project
    /// @param project its id there
    /// @param commitment the guarantor's
    /// @param parameters keccak256 of the project's
    event Opened(
        bytes32 indexed id,
        address indexed team,
        bytes32 indexed project,
        address guarantor,
        bytes32 commitment,
        bytes32 parameters
    );
    event Committed(bytes32 indexed id, uint256 seat, bytes32 commitment);
    event Revealed(bytes32 indexed id, uint256 seat, bool works, bytes32 secret);
    /// @param workers as in `State`
    /// @param numerator F(workers)
    /// @param denominator D
    event Drawn(bytes32 indexed id, uint256 workers, uint256 numerator, uint256 denominator, bool success);
    /// @notice A deadline passed.
    /// @param phase the one that ended
    event PhaseExpired(bytes32 indexed id, Phase phase);

    // ─────────────────────────────────────────────── errors ──────────────────────────────────────────────

    /// @notice Somebody has not accepted yet: work does not begin.
    error NotWorking(bytes32 project);
    error AlreadyCommitted(uint256 seat);
    error NotCommitted(uint256 seat);
    error NotTheGuarantor(address caller, address guarantor);
    /// @notice Not the parameters of the project: two hashes.
    error WrongParameters(bytes32 given, bytes32 current);

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @notice Referee a project, as its guarantor, paying the bond, which goes to the project. All members must have accepted.
    /// @param team the contract of the project
    /// @param project its id there
    /// @param parameters the project's
    /// @param commitment the guarantor's, to its secret
    /// @return id of the draw
    function open(
        ITeamContract team,
        bytes32 project,
        ITeamContract.Parameters calldata parameters,
        bytes32 commitment
    ) external payable returns (bytes32 id);

    /// @notice Commit to an effort and a secret. The last seat that commits ends the phase.
    /// @param id of the draw
    /// @param seat the caller's
    /// @param digest of the draw
    /// @param commitment to both
    function commit(bytes32 id, uint256 seat, bytes32 digest, bytes32 commitment) external;

    /// @notice Reveal both. The last seat that reveals, of those that have committed, ends the phase.
    /// @param id of the draw
    /// @param seat the caller's
    /// @param digest of the draw and all commitments
    /// @param works the effort
    /// @param secret the secret
    function reveal(bytes32 id, uint256 seat, bytes32 digest, bool works, bytes32 secret) external;

    /// @notice Draw, as the guarantor, and report.
    /// @param id of the draw
    /// @param digest of the draw and all that was revealed
    /// @param parameters the project's
    /// @param secret the guarantor's
    function draw(bytes32 id, bytes32 digest, ITeamContract.Parameters calldata parameters, bytes32 secret) external;

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @notice Where a draw stands; all zero if there is none.
    function state(bytes32 id) external view returns (State memory);

    /// @notice What the next action has to name.
    function digestOf(bytes32 id) external view returns (bytes32);
}
