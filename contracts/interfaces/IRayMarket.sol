// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IGame} from "../game/IGame.sol";

/// @title A market in which agents choose how their tasks may change
/// @notice Each agent has a status quo, an amount of each task, and a menu of rays that start there: along a ray it
/// takes some tasks and gives up others. Agents choose rays; then everybody moves along its ray, as far as social cost
/// becomes least, and all that is given up is taken (Valenzuela-Stookey, "Screening with polarized rays"). A market is
/// a game of 1 to 64 seats and 2 to 8 tasks; what it shares with every game of seats, and the checks that actions make
/// first, are in `IGame`. There is no money, no draw and no secret: no function is payable.
///
/// A market runs choosing → posting → settled. A seat that is silent stays at its status quo. If all stay, the market
/// settles at once. If nothing right is posted before the deadline, the market lapses, and the status quo is left for
/// all.
///
/// Quantities are whole units. A ray is given by its endpoint, at full length: where the first of the tasks that it
/// gives up runs out. Its direction is κ = endpoint − status quo. The trading sets of a seat are numbered as choices:
/// 0 is its status quo, and rays count from 1. A remedial menu has, beside the status quo, one set, number 1: all
/// amounts up to the status quo. (An agent that dislikes tasks always chooses it.)
///
/// Choosing right is obviously dominant, whatever an agent has seen. The rays of a menu are polarized: an agent likes
/// at most one of them. On a ray that it likes, it is never worse off than at its status quo; on any other ray it is
/// never better off. Hence choices are open, and final.
///
/// Columns. What the choices allow is a list of columns: of each seat in order, the direction of the ray that it has
/// chosen; of a seat that has chosen its remedial set, for each task of which it has some, in order, giving up all of
/// it. A share from 0 to 1 of each column is carried out. With shares y, cost π, and column k of a seat j, social cost
/// changes by Σ y_k π_j·κ_k, and the market clears if Σ y_k κ_k = 0.
///
/// The selection. Among all shares that clear, the right ones have least social cost; of these the greatest share of
/// the first column, of these the greatest share of the second, and so on. They are unique, so nobody needs to be
/// trusted with posting them, and anyone may: `Certificate` says what proves them. Ties are decided too, as agents care
/// about shares: whoever decided a tie could sell it.
///
/// The market's digest becomes
///   keccak256(digest ‖ choices) when posting begins, or all have stayed, with choices as in `State`,
///   keccak256(digest ‖ keccak256(abi.encode(denominator, shares))) when the market settles, as in `Settled`,
/// so that a contract that is shown these numbers can tell whether they are the market's.
///
/// What the market does not do. Shares are expected amounts, as exact fractions: a lottery outside decides who gets
/// which single task. Costs π, status quo, menus and choices are public. Two agents that agree beforehand can gain
/// together, if one of them chooses what it does not like. No agent can gain alone.
///
/// The events of one action are in the order of what happened: what was done, then what follows from it.
interface IRayMarket is IGame {
    // ─────────────────────────────────────────────── types ───────────────────────────────────────────────

    enum Phase {
        None,
        Choosing,
        Posting,
        Settled,
        Lapsed
    }

    /// @notice What is common knowledge before a market begins. Matrices are row by row: seat j and task i are at
    /// j · tasks + i.
    struct Parameters {
        /// Seat j belongs to agents[j].
        address[] agents;
        uint8 tasks;
        /// π: social cost of a unit, in any unit of cost.
        int64[] costs;
        /// η, in units.
        uint32[] statusQuo;
        /// For each seat the number of its rays, or 255 if its menu is remedial.
        uint8[] menus;
        /// Of all rays, seat by seat: tasks numbers each.
        uint32[] endpoints;
        /// Seconds until all must have chosen.
        uint32 choosingWindow;
        /// Seconds until the selection must be posted.
        uint32 postingWindow;
    }

    /// @notice A selection, and what proves it. All numbers are numerators over one denominator q, which need not be
    /// the least. Prices beyond the number of tasks are ignored.
    ///
    /// Some columns are basic. A price for each task, λ, makes the social cost of each of them zero, and for each of
    /// them there are further prices ν, at which its own cost is −1 and that of the others zero:
    ///   (π − λ)·κ = 0 for every basic column, and ν_t·κ_s = −[s = t] for basic columns s and t.
    /// Every other column has share 0 if the first number that is not zero is positive, of (π − λ)·κ and then −ν_t·κ
    /// for basic columns t before it, in order; otherwise its share is 1. Shares of basic columns are posted.
    ///
    /// Why this proves the selection: lower the cost of column k by ε^(k+1). At prices λ + Σ ε^(t+1) ν_t, basic columns
    /// cost nothing, others with share 0 at least nothing and those with share 1 at most nothing, if ε is small enough.
    /// So no shares that clear cost less in sum (weak duality), for any small ε. That is: none have less social cost;
    /// of those with as much, none have more of the first column; and so on.
    ///
    /// The types are narrow so that no sum overflows: a change is below 2^20, the social cost of a column below 2^54.
    /// Honest numbers are below 2^207, by Hadamard's inequality.
    struct Certificate {
        uint200 denominator;
        /// λ, by task.
        int232[8] prices;
        /// In ascending order.
        Basic[] basis;
    }

    /// @notice A basic column.
    struct Basic {
        uint16 column;
        uint200 share;
        /// ν, by task.
        int232[8] tiePrices;
    }

    /// @notice Where a market stands.
    struct State {
        Phase phase;
        uint40 deadline;
        /// Bit j set: seat j has chosen.
        uint64 chosen;
        /// Four bits a seat, seat 0 in the lowest: its choice, 0 also for a seat that has not chosen.
        uint256 choices;
    }

    // ─────────────────────────────────────────────── events ──────────────────────────────────────────────

    event Created(
        bytes32 indexed id, address indexed creator, bytes32 indexed salt, bytes32 digest, Parameters parameters
    );
    /// @param choice the number of the trading set
    event Chosen(bytes32 indexed id, uint256 seat, uint256 choice);
    /// @notice A deadline passed.
    /// @param phase the one that ended
    /// @param silent bit j set: seat j has not chosen, and stays
    event Expired(bytes32 indexed id, Phase phase, uint256 silent);
    event Posted(bytes32 indexed id, address indexed poster);
    /// @param shares of all columns, over the denominator; none if all stay, over 1
    event Settled(bytes32 indexed id, uint256 denominator, uint256[] shares);
    /// @notice Nothing was posted: the status quo is left for all.
    event Lapsed(bytes32 indexed id);

    // ─────────────────────────────────────────────── errors ──────────────────────────────────────────────

    // Every action makes its checks in this order, those of `IGame` among them. Creation counts agents and tasks, looks
    // at agents and windows, then at everything below, one kind after the other.

    error TaskCountOutOfRange(uint256 tasks);
    /// @notice Costs, status quo, menus or endpoints, in this order, are not as many as there must be.
    error LengthMismatch(uint256 length, uint256 expected);
    /// @notice An amount of the status quo, or of an endpoint, is 2^20 units or more.
    error QuantityOutOfRange(uint256 quantity);
    /// @notice A social cost is 2^31 or more, or −2^31 or less.
    error CostOutOfRange(int256 cost);
    /// @notice Polarized rays give up different tasks, so that there are no more of them than tasks.
    error TooManyRays(uint256 seat, uint256 rays, uint256 most);
    /// @notice A ray takes no task, or gives up none.
    error MonotoneRay(uint256 seat, uint256 ray);
    /// @notice A ray ends before a task that it gives up runs out.
    error RayNotFull(uint256 seat, uint256 ray);
    /// @notice Some type of agent likes two rays of a menu. Either both give up the same task (a = b). Or ray k takes
    /// less of task b for a unit of task a than ray l gives up for it (κ'_a κ''_b > κ'_b κ''_a).
    /// @param k a ray before l
    /// @param a a task that ray k gives up
    /// @param b a task that ray l gives up
    error NotPolarized(uint256 seat, uint256 k, uint256 l, uint256 a, uint256 b);

    error AlreadyChosen(uint256 seat);
    /// @param sets how many there are beside the status quo
    error UnknownChoice(uint256 choice, uint256 sets);

    error ZeroDenominator();
    /// @notice A basic column does not exist, or does not follow the one before it.
    /// @param place in the basis
    error BasisOutOfOrder(uint256 place, uint256 column);
    /// @notice A basic column costs something at the prices that should make it cost nothing.
    /// @param column the column
    /// @param level 0 for λ, otherwise one more than a place in the basis, for the ν there
    /// @param cost the numerator of (π − λ)·κ, or of −[s = t] − ν_t·κ_s
    error NotBasic(uint256 column, uint256 level, int256 cost);
    error ShareOutOfRange(uint256 column, uint256 share, uint256 denominator);
    /// @param excess the numerator of what is taken of a task beyond what is given up
    error NotCleared(uint256 task, int256 excess);

    // ────────────────────────────────────────────── actions ──────────────────────────────────────────────

    /// @notice Open a market. Its creator has no further part in it.
    /// @param salt of the id, which no other market of the caller has
    /// @param parameters the common knowledge
    /// @return id of the market
    function create(bytes32 salt, Parameters calldata parameters) external returns (bytes32 id);

    /// @notice Choose a trading set, once. The last seat that chooses ends the phase.
    /// @param id of the market
    /// @param seat the caller's
    /// @param digest of the market: the hash of its parameters, which the seat agrees to
    /// @param choice 0 to stay, or the number of a trading set of the seat's menu
    function choose(bytes32 id, uint256 seat, bytes32 digest, uint256 choice) external;

    /// @notice Post the selection. Anyone may, as there is but one right one.
    /// @param id of the market
    /// @param digest of the market and all choices
    /// @param certificate the selection, and what proves it
    function post(bytes32 id, bytes32 digest, Certificate calldata certificate) external;

    // ─────────────────────────────────────────────── views ───────────────────────────────────────────────

    /// @notice Where a market stands; all zero if there is none.
    function state(bytes32 id) external view returns (State memory);

    /// @notice What the next action has to name, or what the market has settled.
    function digestOf(bytes32 id) external view returns (bytes32);
}
