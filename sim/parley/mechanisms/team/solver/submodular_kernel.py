"""Machine code for any submodular f: the branch and bound of `submodular`, through values alone.

Numba's cache on disk checks only the file of a function.
"""

from __future__ import annotations

from math import exp, expm1, log1p, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parley.core.machine import compiled

if TYPE_CHECKING:
    from parley.mechanisms.team.solver.state import Bools, Floats, Ints, Marks, Pool, Search

__all__ = ["COVERAGE", "FAIR", "NONDISCRIMINATORY", "Function", "climb", "first_team", "measure", "search"]

UNDECIDED, IN, OUT = 0, 1, 2
SUMS, COVERAGE, ONE, GROUPS, TABLE = 0, 1, 2, 3, 4
"""How f is given; sums are additive or have a budget."""
FAIR, NONDISCRIMINATORY, UNCONSTRAINED = 0, 1, 2


class Function(NamedTuple):
    """A success function in floats.

    Attributes
    ----------
    kind : int
    numbers : Floats
        Contributions, weights of elements, probabilities q and then all 1 − q, or values of all sets.
    first, members : Ints
        Agent i covers the elements ``members[first[i]:first[i + 1]]``; or group i has these agents, those who
        contribute most first.
    limits : Ints
        Of groups.
    budget : float
    error : float
        By how much a difference of values may be wrong.
    """

    kind: int
    numbers: Floats
    first: Ints
    members: Ints
    limits: Ints
    budget: float
    error: float


@compiled
def measure(f: Function, state: Marks, gains: Floats) -> tuple[float, float]:  # noqa: C901, PLR0912, PLR0915 - all classes
    """Return f(I) and f(I ∪ U), for the members I and the undecided agents U.

    Also writes what each member adds to the other members, and what each undecided agent adds to I.
    """
    agents = state.size
    total = cap = 0.0
    if f.kind == SUMS:
        for i in range(agents):
            if state[i] == IN:
                total += f.numbers[i]
            if state[i] != OUT:
                cap += f.numbers[i]
        for i in range(agents):
            if state[i] == IN:
                gains[i] = max(0.0, min(f.budget, total) - (total - f.numbers[i]))
                gains[i] = min(gains[i], f.numbers[i])
            elif state[i] == UNDECIDED:
                gains[i] = min(f.numbers[i], max(0.0, f.budget - total))
        total, cap = min(total, f.budget), min(cap, f.budget)
    elif f.kind == COVERAGE:
        times = np.zeros(f.numbers.size, dtype=np.int32)
        some = np.zeros(f.numbers.size, dtype=np.bool_)
        for i in range(agents):
            if state[i] != OUT:
                for p in range(f.first[i], f.first[i + 1]):
                    if state[i] == IN:
                        times[f.members[p]] += 1
                    some[f.members[p]] = True
        for e in range(f.numbers.size):
            if times[e] > 0:
                total += f.numbers[e]
            if some[e]:
                cap += f.numbers[e]
        for i in range(agents):
            if state[i] != OUT:
                gains[i] = 0.0
                alone = 1 if state[i] == IN else 0
                for p in range(f.first[i], f.first[i + 1]):
                    if times[f.members[p]] == alone:
                        gains[i] += f.numbers[f.members[p]]
    elif f.kind == ONE:
        sure = 0
        fails = lost = 1.0
        for i in range(agents):
            if state[i] == IN:
                if f.numbers[agents + i] == 0.0:
                    sure += 1
                else:
                    fails *= f.numbers[agents + i]
            if state[i] != OUT:
                lost *= f.numbers[agents + i]
        for i in range(agents):
            if f.numbers[agents + i] == 0.0:
                others = sure - 1 if state[i] == IN else sure
                gains[i] = fails if others == 0 else 0.0
            elif sure > 0:
                gains[i] = 0.0
            elif state[i] == IN:
                gains[i] = f.numbers[i] * (fails / f.numbers[agents + i])
            else:
                gains[i] = f.numbers[i] * fails
        total = 1.0 - fails if sure == 0 else 1.0
        cap = 1.0 - lost
    elif f.kind == GROUPS:
        for g in range(f.limits.size):
            limit, hired, all_in = f.limits[g], 0, 0
            last = after = 0.0
            for p in range(f.first[g], f.first[g + 1]):
                i = f.members[p]
                if state[i] == IN:
                    hired += 1
                    if hired <= limit:
                        total += f.numbers[i]
                        last = f.numbers[i]
                    elif hired == limit + 1:
                        after = f.numbers[i]
                if state[i] != OUT:
                    all_in += 1
                    if all_in <= limit:
                        cap += f.numbers[i]
            if hired < limit:
                last = 0.0
            for p in range(f.first[g], f.first[g + 1]):
                i = f.members[p]
                if state[i] == IN:
                    gains[i] = max(0.0, f.numbers[i] - after) if limit > 0 else 0.0
                elif state[i] == UNDECIDED:
                    gains[i] = max(0.0, f.numbers[i] - last) if limit > 0 else 0.0
    else:
        inside = both = 0
        for i in range(agents):
            if state[i] == IN:
                inside |= 1 << i
            if state[i] != OUT:
                both |= 1 << i
        total, cap = f.numbers[inside], f.numbers[both]
        for i in range(agents):
            if state[i] == IN:
                gains[i] = total - f.numbers[inside ^ (1 << i)]
            elif state[i] == UNDECIDED:
                gains[i] = f.numbers[inside | (1 << i)] - total
    return total, cap


@compiled
def _floor(rule: int, cost: float, gain: float, total: float) -> float:
    """Return the least that everybody is paid if a member adds so much, and f(S) is at least the total."""
    wage: float = cost / gain
    if rule == FAIR and total > 0.0:
        return wage - cost / total
    return wage if rule == NONDISCRIMINATORY else 0.0


@compiled
def _earned(rule: int, costs: Floats, gains: Floats, inside: Ints, members: int, total: float) -> float:
    """Return what the members earn, with what each adds to the others."""
    if members == 0:
        return 0.0
    least = paid = 0.0
    for m in range(members):
        i = inside[m]
        if gains[i] <= 0.0:
            return 0.0
        least = max(least, _floor(rule, costs[i], gains[i], total))
    for m in range(members):
        paid += max(costs[inside[m]] / gains[inside[m]], least)
    earned: float = (1.0 - paid) * total
    return earned


@compiled
def _interval(
    ratio: Floats, gain: Floats, order: Ints, start: float, paid: float, cap: float, goal: float
) -> tuple[float, float]:
    """Find the least f(S) from which the relaxation earns more than a goal, and the most that it earns.

    Undecided agents are hired fractionally, the cheapest per unit of value first, until f(S) is at its cap.

    Returns
    -------
    low : float
        −1 if the goal is out of reach.
    most : float
    """
    f, w = start, paid
    most = (1.0 - w) * f
    low = f if most > goal else -1.0
    for k in order:
        r, x = ratio[k], min(gain[k], cap - f)
        slope = 1.0 - w - r * f
        if x <= 0.0 or slope <= 0.0:
            break
        step = min(x, slope / (2.0 * r)) if r > 0.0 else x
        earned = (1.0 - w - r * step) * (f + step)
        most = max(most, earned)
        if low < 0.0 and earned > goal:
            short = goal - (1.0 - w) * f
            low = f + 2.0 * short / (slope + sqrt(max(slope * slope - 4.0 * r * short, 0.0)))
        if step < x:
            break
        f += x
        w += r * x
    return low, most


@compiled
def _hires_in_order(state: Marks, mark: Ints, depth: int, alike: Ints, own: Floats, least: float) -> bool:
    """Leave out agents of whom an earlier one of the same kind is out that is paid no more.

    With that one instead, a team earns no less, and comes first. Returns whether all members stay.

    Parameters
    ----------
    own, least : Floats, float
        What agents would be paid if they were not paid the least wage.
    """
    last, rank = alike
    for k in range(state.size):
        if state[k] == OUT:
            continue
        i = last[k]
        while i >= 0 and (state[i] != OUT or (rank[i] > rank[k] and own[i] >= least)):
            i = last[i]
        if i >= 0:
            if state[k] == IN:
                return False
            state[k], mark[k] = OUT, depth
    return True


@compiled
def _part_of_one(rule: int, adds: float, reach: float) -> float:
    """Return what part of a member's cut-off everybody is paid at least, if a is at least `reach`."""
    if rule == FAIR:
        part: float = max(0.0, expm1(adds - reach) / expm1(-reach))
        return part
    return 1.0 if rule == NONDISCRIMINATORY else 0.0


@compiled
def _earned_by_one(a: float, paid: float) -> float:
    """Return the revenue of a team that fails with chance e^(−a), at wages of paid·e^a together."""
    earned: float = -expm1(-a) - paid * expm1(a)
    return earned


@compiled
def _interval_of_one(
    paid: Floats, adds: Floats, order: Ints, a: float, w: float, goal: float
) -> tuple[float, float]:
    """Find the same for at-least-one in terms of a, where all members fail with chance e^(−a).

    A cut-off is e^a times a number of the agent's own. So the revenue is concave in a.

    Parameters
    ----------
    paid, adds : Floats
        What each agent adds to the sum of these numbers, and to a; ordered by the first over the second.
    a, w : float
        Both sums for the members.
    """
    most = _earned_by_one(a, w)
    low = a if most > goal else -1.0
    for k in order:
        rate, size = paid[k] / adds[k], adds[k]
        step, high = size, size
        if exp(-a - size) - (w + paid[k]) * exp(a + size) - rate * expm1(a + size) < 0.0:
            step = 0.0
            while high - step > 1e-9 * size:
                x = 0.5 * (step + high)
                if exp(-a - x) - (w + rate * x) * exp(a + x) - rate * expm1(a + x) > 0.0:
                    step = x
                else:
                    high = x
        # The revenue is greatest before `high`, and its slope there is least.
        earned = _earned_by_one(a + high, w + rate * step)
        most = max(most, earned)
        if low < 0.0 and earned > goal:
            left, right = 0.0, high
            while right - left > 1e-9 * size:
                x = 0.5 * (left + right)
                if _earned_by_one(a + x, w + rate * x) > goal:
                    right = x
                else:
                    left = x
            low = a + max(0.0, 2.0 * left - right)
        if step < size:
            break
        a += size
        w += paid[k]
    return low, most


@compiled
def search(  # noqa: C901, PLR0912, PLR0915 - one search
    f: Function,
    costs: Floats,
    rule: int,
    alike: Ints,
    here: Search,
    pool: Pool,
    margin: float,
    limit: int,
) -> bool:
    """Go on with a search.

    Parameters
    ----------
    alike : (2, agents)
        For each agent the last one of its kind before it, or −1; and the place of its cost among all costs.
    here : Search
        Where the search stands.
    limit : int
        Number of nodes after which to stop; a full pool stops the search, too.

    Returns
    -------
    bool
        Whether the search is complete.
    """
    state, mark, items, stages, floors, bounds, inside, numbers = here
    agents = costs.size
    gains, wage, ratio = np.zeros(agents), np.zeros(agents), np.zeros(agents)
    own, adds = np.zeros(agents), np.zeros(agents)
    if f.kind == ONE:
        for i in range(agents):
            if 0.0 < f.numbers[i] < 1.0:
                own[i] = costs[i] * f.numbers[agents + i] / f.numbers[i]
                adds[i] = -log1p(-f.numbers[i])
            else:
                own[i] = adds[i] = np.inf
    team = np.zeros(agents, dtype=np.bool_)
    depth, members = numbers[0], numbers[1]
    full = pool.teams.shape[0] - agents
    for _ in range(limit):
        if pool.held[0] >= full:
            break
        numbers[2] += 1
        choice, most = -1, 0.0
        floor = floors[depth]
        alive = _hires_in_order(state, mark, depth, alike, own, 0.0)
        total, cap = measure(f, state, gains)
        goal = pool.best[0] - margin
        if f.error > 0.0:
            worst = _earned(rule, costs, gains - f.error, inside, members, total)
            gains += f.error
        else:
            worst = _earned(rule, costs, gains, inside, members, total)
        best = _earned(rule, costs, gains, inside, members, total) if f.error > 0.0 else worst
        # After an agent stays out, the members are those of the node before.
        if alive and depth > 0 and stages[depth - 1] == 0 and best >= goal:
            for i in range(agents):
                team[i] = state[i] == IN
            if worst > pool.best[0] + margin:
                pool.held[0] = 0
            pool.best[0] = max(pool.best[0], worst)
            pool.teams[pool.held[0]] = team
            pool.held[0] += 1
            goal = pool.best[0] - margin
        for m in range(members):
            i = inside[m]
            if gains[i] <= costs[i]:
                alive = False
        of_one = f.kind == ONE and (total if members > 0 else cap) < 1.0
        reach = 0.0  # of −log of the chance that all fail, if so
        if of_one:
            for m in range(members):
                reach += adds[inside[m]]
        for tried in range(32):
            if not alive:
                break
            least = 0.0
            if of_one:
                for m in range(members):
                    i = inside[m]
                    least = max(least, own[i] * _part_of_one(rule, adds[i], reach))
                if not _hires_in_order(state, mark, depth, alike, own, least * (1.0 - 1e-12)):
                    alive = False
                    break
            # Wages are at least the cut-offs that agents have beside the members, and the floor.
            left = 0
            for i in range(agents):
                if state[i] == UNDECIDED:
                    # Beside a member that is sure to succeed no other one adds anything.
                    if gains[i] <= costs[i] or (of_one and adds[i] == np.inf):
                        state[i], mark[i] = OUT, depth
                    else:
                        wage[i] = max(costs[i] / gains[i], floor)
                        ratio[i] = wage[i] / gains[i]
                        left += 1
            order = np.zeros(left, dtype=np.int64)
            left = 0
            for i in range(agents):
                if state[i] == UNDECIDED:
                    order[left] = i
                    left += 1
            higher = floor
            if of_one:
                start = paid = 0.0
                for m in range(members):
                    start += adds[inside[m]]
                    paid += max(own[inside[m]], least)
                for i in range(agents):
                    wage[i] = max(own[i], least)
                    ratio[i] = wage[i] / adds[i]
                order = order[np.argsort(ratio[order])]
                low, most = _interval_of_one(wage, adds, order, start, paid, goal)
                if low >= 0.0:
                    reach = max(reach, low * (1.0 - 1e-13))
                    higher = max(higher, least * exp(reach))
                    low = -expm1(-reach)
            else:
                order = order[np.argsort(ratio[order])]
                paid = 0.0
                for m in range(members):
                    paid += max(costs[inside[m]] / gains[inside[m]], floor)
                low, most = _interval(ratio, gains, order, total, paid, cap, goal)
            if low < 0.0:
                alive = False
                break
            low *= 1.0 - 1e-13
            if low > 0.0:
                for m in range(members):
                    i = inside[m]
                    higher = max(higher, _floor(rule, costs[i], gains[i], max(low, total)))
            # An agent stays out if with it, and as many others as f(S) needs, too much is paid.
            by_gain = np.sort(gains[order])[::-1]
            gone = 0
            for k in range(left):
                i = order[k]
                least = max(floor, _floor(rule, costs[i], gains[i], max(low, total)))
                paid = max(costs[i] / gains[i], least)
                for m in range(members):
                    paid += max(costs[inside[m]] / gains[inside[m]], least)
                reached = total + gains[i]
                # The best number of further members, each at the floor and of the greatest gains.
                good = (1.0 - paid) * min(reached, cap) > goal
                for g in by_gain:
                    if good or paid >= 1.0:
                        break
                    reached += g
                    paid += least
                    good = (1.0 - paid) * min(reached, cap) > goal
                    if reached > cap:
                        break
                if not good:
                    state[i], mark[i] = OUT, depth
                    gone += 1
            if (higher <= floor * 1.001 and gone == 0) or tried > 30:
                floor = max(floor, higher)
                break
            floor = max(floor, higher)
            if gone > 0:
                total, cap = measure(f, state, gains)
                gains += f.error
        if alive:
            near = np.inf
            for i in range(agents):
                if of_one and members == 0 and rule != UNCONSTRAINED:
                    ratio[i] = -own[i]  # whoever is paid most bounds the wages of all
                if state[i] == UNDECIDED and ratio[i] < near:
                    choice, near = i, ratio[i]
        if choice >= 0:
            items[depth], stages[depth], bounds[depth] = choice, 0, most
            state[choice] = IN
            inside[members] = choice
            members += 1
            depth += 1
            floors[depth] = floor
            continue
        # Closed: undo what was decided here, and go to the other side of the last decision.
        while True:
            for i in range(agents):
                if mark[i] == depth:
                    mark[i] = -1
                    state[i] = UNDECIDED
            if depth == 0:
                numbers[0], numbers[1] = 0, 0
                return True
            depth -= 1
            item = items[depth]
            if stages[depth] == 0:
                members -= 1
                stages[depth] = 1
                state[item] = OUT
                depth += 1
                mark[item] = depth
                break
    numbers[0], numbers[1] = depth, members
    return False


@compiled
def first_team(f: Function, costs: Floats, rule: int, order: Ints, team: Bools) -> float:
    """Replace a team by the first agents of an order, as many as earn most, if they earn more."""
    agents = costs.size
    state = np.full(agents, OUT, dtype=np.int8)
    gains, inside = np.zeros(agents), np.zeros(agents, dtype=np.int64)
    for i in range(agents):
        if team[i]:
            state[i] = IN
    best, size = _worth(f, costs, rule, state, gains, inside), -1
    state[:] = OUT
    for k in range(agents):
        state[order[k]] = IN
        earned = _worth(f, costs, rule, state, gains, inside)
        if earned > best:
            best, size = earned, k + 1
    if size > 0:
        for k in range(agents):
            team[order[k]] = k < size
    return best


@compiled
def climb(  # noqa: C901 - a local search
    f: Function, costs: Floats, rule: int, team: Bools, margin: float, tries: int
) -> float:
    """Hire, dismiss or replace an agent while that earns more; return the revenue, and change the team.

    Parameters
    ----------
    tries : int
        Teams to try at most.
    """
    agents = costs.size
    state = np.zeros(agents, dtype=np.int8)
    for i in range(agents):
        state[i] = IN if team[i] else OUT
    gains, inside = np.zeros(agents), np.zeros(agents, dtype=np.int64)
    best = _worth(f, costs, rule, state, gains, inside)
    while tries > 0:
        one = other = -1
        found = best + margin
        for i in range(agents):
            if tries <= 0:
                break
            tries -= 1
            state[i] = IN + OUT - state[i]
            earned = _worth(f, costs, rule, state, gains, inside)
            if earned > found:
                found, one, other = earned, i, -1
            if state[i] == OUT:
                for k in range(agents):
                    if state[k] == OUT and k != i and tries > 0:
                        tries -= 1
                        state[k] = IN
                        earned = _worth(f, costs, rule, state, gains, inside)
                        if earned > found:
                            found, one, other = earned, i, k
                        state[k] = OUT
            state[i] = IN + OUT - state[i]
        if one < 0:
            break
        best = found
        state[one] = IN + OUT - state[one]
        if other >= 0:
            state[other] = IN
    for i in range(agents):
        team[i] = state[i] == IN
    return best


@compiled
def _worth(f: Function, costs: Floats, rule: int, state: Marks, gains: Floats, inside: Ints) -> float:
    total, _ = measure(f, state, gains)
    members = 0
    for i in range(costs.size):
        if state[i] == IN:
            inside[members] = i
            members += 1
    earned: float = _earned(rule, costs, gains - f.error, inside, members, total)
    return earned
