// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBonds} from "../game/IBonds.sol";
import {IGame} from "../game/IGame.sol";
import {ISecrets} from "../game/ISecrets.sol";

/// @title A lottery that assigns items to agents
/// @notice Agents rank items, and a draw that nobody controls decides who gets which. Serial dictatorship runs here
/// from beginning to end: a uniform order, then picks. Of any other rule a random assignment is posted together with a
/// lottery over assignments, and verified rather than trusted. A lottery is a game of 1 to 64 seats and 1 to 64 items;
/// what it shares with every game of seats, and the checks that actions make first, are in `IGame`, `ISecrets` and
/// `IBonds`.
///
/// A lottery runs committing → revealing, then under serial dictatorship it is drawn; under other rules it goes on to
/// posting → opening, and is then drawn. After a missed deadline it goes on without those who were silent: they get
/// nothing, and whoever had committed loses its bond. It is cancelled only if nobody is left, or nothing was posted.
///
/// A report is a ranking, one byte an item (numbered from 0), best first; an item that is left out is worse than
/// nothing, and a report may leave out all of them. It is committed to together with a secret, and opened with it.
/// Under serial dictatorship these secrets make the draw. Under other rules, whoever posts has seen them, so that a
/// fresh secret is committed to with the report's opening and opened after the posting. Whoever keeps the last secret
/// to itself knows the draw that it prevents, and gets nothing in the one that replaces it.
///
/// The lottery's digest becomes
///   keccak256(digest ‖ all commitments in seat order) when revealing begins,
///   keccak256(digest ‖ keccak256(all rankings) ‖ all second commitments) when posting begins: in seat order, each
///     ranking as two words, one more than an item in each byte, the best in the lowest byte of the first,
///   keccak256(digest ‖ keccak256(abi.encode(certificate))) with the posting,
/// with zero words for a seat that was silent. `withdraw` names nothing: it pays a bond that is owed in any case.
///
/// Seeds are keccak256(purpose ‖ id ‖ digest ‖ the secrets in seat order), a zero word for each seat that was silent,
/// with purpose "order" or "term"; integers and orders come from them as in `Draws`. The same secrets after another
/// posting are another draw.
///
/// The events of one action are in the order of what happened: what was done, then the draw, then what it assigns;
/// after a missed deadline `Expired`, then what follows from it.
interface IAssignmentLottery is IBonds, IGame, ISecrets {
    // ─────────────────────────────────────────────── types ───────────────────────────────────────────────

    enum Phase {
        None,
        Committing,
        Revealing,
        Posting,
        Opening,
        Drawn,
        Cancelled
    }

    /// @notice How items are given out. What the last three come to depends on what the contract cannot see, or is too
    /// much to compute: what is posted must be a lottery over assignments that average to the matrix, and nothing more.
    enum Rule {
        SerialDictatorship,
        ProbabilisticSerial,
        Boston,
        Welfare,
        PseudoMarket
    }

    /// @notice What is common knowledge before a lottery begins.
    struct Parameters {
        /// Seat i belongs to agents[i].
        address[] agents;
        /// How many agents may get each item.
        uint32[] capacities;
        Rule rule;
        /// Lost by who commits and is silent later.
        uint96 bond;
        /// Seconds until all must have committed.
        uint32 joinWindow;
        /// Seconds for each later phase.
        uint32 actionWindow;
    }

    /// @notice A random assignment and what proves it. Probabilities are numerators over one denominator.
    struct Certificate {
        uint256 denominator;
        /// Row by row: matrix[i · m + o] for seat i and item o.
        uint256[] matrix;
        /// Probabilistic serial only: when each item runs out, over the same denominator; the denominator itself if
        /// something is left at time 1. Empty under other rules.
        uint256[] times;
        /// Of the lottery's terms.
        uint256[] weights;
        /// Term by term, one byte a seat: one more than the item it gets, or 0 for nothing.
        bytes assignments;
    }

    /// @notice Where a lottery stands. In `committed`, `revealed`, `opened` and `withdrawn`, bit i is seat i's.
    struct State {
        Phase phase;
        /// The phase it was cancelled in; None if it was not.
        Phase lapsed;
        uint40 deadline;
        uint64 committed;
        uint64 revealed;
        uint64 opened;
        uint64 withdrawn;
    }

    // ─────────────────────────────────────────────── events ──────────────────────────────────────────────

    event Created(
        bytes32 indexed id, address indexed creator, bytes32 indexed salt, bytes32 digest, Parameters parameters
    );
    event Committed(bytes32 indexed id, uint256 seat, bytes32 commitment);
    /// @param ranking as in a report
    event Revealed(bytes32 indexed id, uint256 seat, bytes32 secret, bytes ranking, bytes32 nextCommitment);
    /// @param digest keccak256(abi.encode(certificate))
    event Posted(bytes32 indexed id, address indexed poster, bytes32 digest, uint256 terms);
    event Opened(bytes32 indexed id, uint256 seat, bytes32 secret);
    /// @notice A deadline passed and the lottery went on without some.
    /// @param phase the one that ended
    /// @param silent bit i set: seat i had committed, was silent, and loses its bond
    event Expired(bytes32 indexed id, Phase phase, uint256 silent);
    /// @param order in which seats pick, one byte each, the first in the lowest byte; entry k is in word k / 32. Seats
    /// that have not revealed stand in it, and are passed over
    event OrderDrawn(bytes32 indexed id, uint256[2] order);
    /// @param number below the denominator, which falls to the term
    event TermDrawn(bytes32 indexed id, uint256 number, uint256 term);
    /// @param assignment one byte a seat, seat 0 in the lowest byte of the first word: one more than its item, or 0
    event Assigned(bytes32 indexed id, uint256[2] assignment);
    event Cancelled(bytes32 indexed id, Phase phase);

    // ─────────────────────────────────────────────── errors ──────────────────────────────────────────────

    // Every action makes its checks in this order, those of `IGame`, `ISecrets` and `IBonds` among them: creation counts
    // agents, then items, looks at agents and windows, and asks last whether terms fit; a certificate is looked at after
    // all else.

    error ItemCountOutOfRange(uint256 count);
    /// @notice Rules other than serial dictatorship post a list of terms. n agents and m items may need n · m + 1 of
    /// them, more than fit into one contract's code: choose fewer seats or items, or serial dictatorship.
    /// @param terms n · m + 1: the dimension of the set of random assignments, and one (Carathéodory)
    /// @param most how many fit: 24,543 bytes, divided by a byte for each seat and the bytes that a denominator may
    /// take. Under probabilistic serial it divides a product of numbers of eaters, one for each item that runs out
    /// before time 1, and so is at most n to the power of min(m, n − 1); under other rules it may take 28 bytes
    error TermsMayNotFit(uint256 terms, uint256 most);


    error AlreadyCommitted(uint256 seat);
    error NotCommitted(uint256 seat);
    error NotRevealed(uint256 seat);
    error AlreadyOpened(uint256 seat);
    error NotTheOrganizer(address caller, address creator);

    error RankingTooLong(uint256 length, uint256 items);
    error UnknownItem(uint256 rank, uint256 item, uint256 items);
    error ItemRankedTwice(uint256 rank, uint256 item);
    /// @notice Under serial dictatorship there is no second secret.
    error UnwantedCommitment(bytes32 commitment);

    error DenominatorOutOfRange(uint256 denominator);
    error MatrixLengthMismatch(uint256 length, uint256 expected);
    error TimesLengthMismatch(uint256 length, uint256 expected);
    error AssignmentsLengthMismatch(uint256 length, uint256 expected);
    /// @notice The lottery takes more room than one contract's code has.
    error TooManyTerms(uint256 terms, uint256 most);
    error TimeOutOfRange(uint256 item, uint256 time, uint256 denominator);
    /// @notice By the posted times more is eaten of an item than there is, or less although it runs out before time 1.
    /// Both are numerators over the denominator.
    error EatenMismatch(uint256 item, uint256 eaten, uint256 available);
    /// @notice The matrix gives a seat another share of an item than it eats.
    error ShareMismatch(uint256 seat, uint256 item, uint256 share, uint256 eaten);
    error ZeroWeight(uint256 term);
    /// @param sum the largest word if it is beyond
    error WeightsMismatch(uint256 sum, uint256 denominator);
    /// @notice A term gives a seat an item that it has not ranked.
    error UnwantedItem(uint256 term, uint256 seat, uint256 item);
    /// @param count how many seats get the item in this term
    error CapacityExceeded(uint256 term, uint256 item, uint256 count, uint256 capacity);
    /// @notice The terms give a seat another share of an item than the matrix says.
    error AverageMismatch(uint256 seat, uint256 item, uint256 average, uint256 share);

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @notice Open a lottery; the caller is its organizer.
    /// @param salt of the id, which no other lottery of the caller has
    /// @param parameters the common knowledge
    /// @return id of the lottery
    function create(bytes32 salt, Parameters calldata parameters) external returns (bytes32 id);

    /// @notice Commit to a report and a secret, paying exactly the bond.
    /// @param id of the lottery
    /// @param seat the caller's
    /// @param digest of the lottery: the hash of its parameters
    /// @param commitment keccak256(abi.encode(id, seat, keccak256(secret ‖ ranking)))
    function commit(bytes32 id, uint256 seat, bytes32 digest, bytes32 commitment) external payable;

    /// @notice Open one's report. The last of those who have committed ends the phase.
    /// @param id of the lottery
    /// @param seat the caller's
    /// @param digest of the lottery: the hash of its parameters and of all commitments
    /// @param secret that was committed to with the report
    /// @param ranking the report
    /// @param nextCommitment keccak256(abi.encode(id, seat, secret)) of the secret that will be opened after the
    /// posting; zero under serial dictatorship
    function reveal(
        bytes32 id,
        uint256 seat,
        bytes32 digest,
        bytes32 secret,
        bytes calldata ranking,
        bytes32 nextCommitment
    ) external;

    /// @notice Post a random assignment with its lottery. Under probabilistic serial anyone may, as there is but one
    /// right one; under other rules only the organizer.
    /// @param id of the lottery
    /// @param digest of the lottery and all that has been revealed
    /// @param certificate the assignment, and what proves it
    function post(bytes32 id, bytes32 digest, Certificate calldata certificate) external;

    /// @notice Open the secret committed to when revealing. The last one draws a term.
    /// @param id of the lottery
    /// @param seat the caller's
    /// @param digest of the lottery and what was posted
    /// @param secret that opens the second commitment
    function open(bytes32 id, uint256 seat, bytes32 digest, bytes32 secret) external;

    /// @notice Take one's bond out of a lottery that has ended, once.
    /// @param id of the lottery
    /// @param seat the caller's
    /// @param to where the money goes
    function withdraw(bytes32 id, uint256 seat, address payable to) external;

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @notice Where a lottery stands; all zero if there is none.
    function state(bytes32 id) external view returns (State memory);

    /// @notice The ranking that a seat has revealed; empty if it has not.
    function rankingOf(bytes32 id, uint256 seat) external view returns (bytes memory);

    /// @notice What the next action has to name.
    function digestOf(bytes32 id) external view returns (bytes32);

    /// @notice As in `Assigned`; zero before the draw.
    function assignmentOf(bytes32 id) external view returns (uint256[2] memory);
}
