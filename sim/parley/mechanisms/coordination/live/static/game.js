// Where a game stands after so many transactions: what the contract's events say, and nothing else.

export const PHASES = ["Open", "Join", "Announce", "Draw", "Offer", "Answer", "Pay"];

const PHASE_OF = { create: 0, join: 1, announce: 2, reveal: 3, propose: 4, respond: 5, withdraw: 6 };

/** The phase of every transaction; one that ends a game by a missed deadline belongs to the phase it ends. */
export function phaseOf(steps, k) {
  while (steps[k].action === "expire") k -= 1;
  return PHASE_OF[steps[k].action];
}

/**
 * Follow the events of the first k + 1 transactions.
 *
 * Returns { seats, left, round, proposer, order, offer, ending, silent, acting, phase }. For each seat: deposit,
 * sealed and secret (of the current round), row, least, most, g, probability, answer, amount, cost.
 */
export function follow(trace, agents, k) {
  const seats = Array.from({ length: agents }, () => ({ answers: {} }));
  const state = { seats, left: null, round: 0, proposer: null, order: [], offer: null, ending: null, cause: 0, silent: [] };
  for (const step of trace.steps.slice(0, k + 1)) for (const event of step.events) apply(state, event);
  state.acting = trace.steps[k].actor;
  state.phase = phaseOf(trace.steps, k);
  return state;
}

function apply(state, event) {
  const seat = state.seats[event.seat];
  switch (event.event) {
    case "Joined":
      Object.assign(seat, { deposit: event.deposit, sealed: event.sealed });
      break;
    case "Announced":
      Object.assign(seat, {
        row: event.row,
        least: event.least,
        most: event.most,
        g: [event.numerator, event.denominator],
        probability: event.probability,
      });
      state.left = event.left;
      break;
    case "Revealed":
      if (event.round !== state.round) nextRound(state, event.round);
      Object.assign(seat, { secret: event.secret, sealed: event.sealed });
      break;
    case "ProposerDrawn":
      Object.assign(state, { proposer: event.proposer, order: event.order });
      break;
    case "Proposed":
      state.offer = { shares: event.shares, thresholds: event.thresholds, total: event.total, proposer: event.proposer, round: event.round };
      break;
    case "Responded":
      seat.answer = event.accepted;
      break;
    case "Settled":
      state.ending = "settled";
      break;
    case "BrokenDown":
      Object.assign(state, { ending: "broken down", cause: event.cause, silent: event.silent });
      break;
    case "Withdrawn":
      Object.assign(seat, { amount: event.amount, cost: event.cost });
      break;
  }
}

function nextRound(state, round) {
  Object.assign(state, { round, proposer: null, order: [], offer: null });
  for (const seat of state.seats) {
    delete seat.secret;
    delete seat.answer;
  }
}
