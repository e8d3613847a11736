// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBonds} from "../game/IBonds.sol";
import {IGame} from "../game/IGame.sol";

/// @title Projects of teams that are paid by fair contracts
/// @notice A principal has a project that succeeds or fails, and pays a wage to every member of a team if it succeeds. Nobody
/// can see who works. The wages must be such that working is every member's best choice whatever the others do, and that
/// nobody envies anybody (Castiglioni, Chen, Li, "Fair team contracts"). Both follow from the wages, the costs of effort and
/// the function that gives the probability of success, so creation checks them, and nothing needs to be challenged. A project
/// is a game of 1 to 64 seats, the members; what it shares with every game of seats, and the checks that actions make first,
/// are in `IGame` and `IBonds`.
///
/// A project runs forming → working → settled. If the referee lets the deadline of working pass, the project lapses. If the
/// principal retracts while the team forms, or the deadline of forming passes, the project dissolves. Forming ends with the
/// last consent: of every member, and of the referee, which vouches.
///
/// Three have a part in it beside the members.
///   The principal is the creator. It pays all wages as it creates.
///   The referee reports whether the project succeeded. It is trusted: who reports what is not true is believed. It is
///     neither the principal nor a member.
///   The guarantor pays a bond of as much as all wages as the referee vouches, and gets it back when the referee reports. It
///     is neither the principal nor a member. A person who referees may be the guarantor as well.
///
/// Success. The probability that the project succeeds if the set E of members works is f(E) = F(E)/D, with integers F(E) and
/// D, the `denominator`. F depends on the class:
///   Additive: the sum of values[i] over i ∈ E;
///   BudgetAdditive: the same, and at most the last of `values`, of which there is one more than members;
///   Coverage: the sum of values[e] over elements e, at most 256, that some member of E covers: bit e of sets[i] says that
///     member i does;
///   Table: values[E], where bit i of E is member i's, for at most 8 members; values[0] is zero.
/// f must be monotone (F(E ∪ i) ≥ F(E)) and submodular (F(E ∪ i) − F(E) ≥ F(E ∪ j ∪ i) − F(E ∪ j)); the first three classes
/// always are. Costs and f are claims: consent is consent to them, and nothing else checks them.
///
/// Fairness. Let S be the team, w the wages, c the costs, m_j = F(S) − F(S\j). Member j works, whatever the others do, if
///   w_j m_j ≥ c_j D (its wage is at least its cut-off wage).
/// Then the contract is fair if and only if for all i and j with w_i < w_j
///   w_j (F(S) − m_j) ≤ w_i F(S): i does not envy j, since j would not work for i's wage and the project would suffer; and
///   w_i m_j < c_j D: j would indeed not work for i's wage.
/// With members in order of their wages, the first has to hold only for the least wage, and the second for the next lower
/// wage. So creation looks at every member once. Swaps between equal wages change nothing.
///
/// Ends, and who gets what.
///   settled, success: every member gets its wage, the guarantor its bond.
///   settled, failure: the principal gets the wages back, the guarantor its bond.
///   lapsed: every member gets its wage, out of the bond, and the principal the wages that it paid. A silent referee pays the
///     team, so that silence gains no coalition anything.
///   dissolved: everybody gets everything back.
/// Payees withdraw after the end. They are numbered: seats first, then the principal, whose number is that of seats, then the
/// guarantor, if there is one. Where events and errors of `IBonds` and `IGame` name a seat, they mean a payee. No bond burns.
///
/// The digest of a project stays keccak256(abi.encode(parameters)). `retract`, `report` and `withdraw` name nothing: the first
/// undoes what its caller has done; there is nothing to report unless everybody has consented to these very parameters; the
/// last pays what is owed in any case.
///
/// What lies outside: costs and f that are wrong, members who agree among themselves, and a guarantor in league with a member.
///
/// The events of one action are in the order of what happened: what was done, then what follows from it.
interface ITeamContract is IBonds, IGame {
    // ─────────────────────────────────────────────── types ───────────────────────────────────────────────

    enum Phase {
        None,
        Forming,
        Working,
        Settled,
        Lapsed,
        Dissolved
    }

    enum Kind {
        Additive,
        BudgetAdditive,
        Coverage,
        Table
    }

    /// @notice What is common knowledge before a project begins. Money is in wei.
    struct Parameters {
        /// Seat i belongs to agents[i], a member.
        address[] agents;
        /// By seat, in ascending order: what a member gets if the project succeeds.
        uint96[] wages;
        /// By seat, above zero: what it costs a member to work.
        uint96[] costs;
        /// What success is worth to the principal.
        uint96 reward;
        /// Of the function that gives the probability of success.
        Kind kind;
        uint128 denominator;
        uint128[] values;
        /// Of coverage, by seat; empty for other classes.
        uint256[] sets;
        address referee;
        /// Seconds until all must have consented.
        uint32 formWindow;
        /// Seconds for the work and the report.
        uint32 workWindow;
    }

    /// @notice Where a project stands.
    struct State {
        Phase phase;
        uint40 deadline;
        /// Bit i set: seat i has accepted.
        uint64 accepted;
        /// Zero until the referee has vouched.
        address guarantor;
        /// Whether success was reported.
        bool success;
    }

    // ─────────────────────────────────────────────── events ──────────────────────────────────────────────

    event Created(
        bytes32 indexed id, address indexed creator, bytes32 indexed salt, bytes32 digest, Parameters parameters
    );
    event Accepted(bytes32 indexed id, uint256 seat);
    event Vouched(bytes32 indexed id, address guarantor);
    /// @notice Everybody has consented, and work begins.
    event Started(bytes32 indexed id);
    event Retracted(bytes32 indexed id);
    event Reported(bytes32 indexed id, bool success);
    /// @notice A deadline passed.
    /// @param phase the one that ended
    event Expired(bytes32 indexed id, Phase phase);
    /// @notice The bond pays the wages.
    event Lapsed(bytes32 indexed id);
    event Dissolved(bytes32 indexed id);

    // ─────────────────────────────────────────────── errors ──────────────────────────────────────────────

    // Every action makes its checks in this order, those of `IGame` and `IBonds` among them: who acts, whether it has
    // acted, the digest, then what it brings; money last. Creation counts agents, looks at them, and makes the checks
    // below; windows come before the function. The check of the deposit is its last one.

    error ZeroReferee();
    /// @notice The referee is the principal or a member.
    error RefereeHasPart(address referee);
    /// @notice Wages, costs, values or sets, in this order, are not as many as they must be.
    error LengthMismatch(uint256 length, uint256 expected);
    error ZeroCost(uint256 seat);
    error ZeroDenominator();
    /// @notice A table is of more than 8 members.
    error TooManyMembers(uint256 members);
    /// @notice There are more than 256 elements.
    error TooManyElements(uint256 elements);
    /// @notice The seat covers an element that there is none of.
    error UnknownElement(uint256 seat, uint256 set);
    /// @notice A project may succeed by itself.
    error NobodySucceeds(uint256 value);

    // What a contract must be, in this order, one kind for all seats after the other.

    /// @notice f(set ∪ i) < f(set).
    error NotMonotone(uint256 set, uint256 i);
    /// @notice i adds more to set ∪ j than to set.
    error NotSubmodular(uint256 set, uint256 i, uint256 j);
    error ProbabilityAboveOne(uint256 numerator, uint256 denominator);
    /// @notice The seat has a lower wage than the one before it.
    error WagesOutOfOrder(uint256 seat);
    /// @notice Working is not the seat's best choice.
    /// @param least wage at which it is; 2^256 − 1 if there is none
    error BelowCutOff(uint256 seat, uint256 wage, uint256 least);
    /// @notice The seat would rather have the other's wage, even if the other does not work.
    /// @param least wage at which it would not
    error Envy(uint256 seat, uint256 other, uint256 wage, uint256 least);
    /// @notice The other would work for the seat's wage too, so nothing justifies that it gets more.
    error UnjustifiedPremium(uint256 seat, uint256 other);
    error PayrollAboveReward(uint256 payroll, uint256 reward);

    error AlreadyAccepted(uint256 seat);
    error NotTheReferee(address caller, address referee);
    error AlreadyVouched(address guarantor);
    error ZeroGuarantor();
    /// @notice The guarantor is the principal or a member.
    error GuarantorHasPart(address guarantor);
    error NotThePrincipal(address caller, address principal);

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @notice Open a project, paying exactly the sum of the wages; the caller is its principal.
    /// @param salt of the id, which no other project of the caller has
    /// @param parameters the common knowledge
    /// @return id of the project
    function create(bytes32 salt, Parameters calldata parameters) external payable returns (bytes32 id);

    /// @notice Consent to the parameters, as a member.
    /// @param id of the project
    /// @param seat the caller's
    /// @param digest the hash of the parameters
    function accept(bytes32 id, uint256 seat, bytes32 digest) external;

    /// @notice Consent to the parameters, as the referee, and pay the bond of the guarantor: exactly the sum of the wages.
    /// @param id of the project
    /// @param digest the hash of the parameters
    /// @param guarantor who gets the bond back when the referee reports
    /// @return deadline of the report; zero if somebody has not consented yet
    function vouch(bytes32 id, bytes32 digest, address guarantor) external payable returns (uint256 deadline);

    /// @notice Give the project up, as the principal, before work begins.
    /// @param id of the project
    function retract(bytes32 id) external;

    /// @notice Report whether the project succeeded, as the referee.
    /// @param id of the project
    /// @param success whether it did
    function report(bytes32 id, bool success) external;

    /// @notice Withdraw what a payee is owed, once, to any address.
    /// @param id of the project
    /// @param payee the caller's number
    /// @param to where the money goes
    function withdraw(bytes32 id, uint256 payee, address payable to) external;

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @notice Where a project stands; all zero if there is none.
    function state(bytes32 id) external view returns (State memory);

    /// @notice The hash of the parameters.
    function digestOf(bytes32 id) external view returns (bytes32);

    /// @notice What a payee can withdraw from a project that has ended, in wei; zero before.
    function owedTo(bytes32 id, uint256 payee) external view returns (uint256);
}
