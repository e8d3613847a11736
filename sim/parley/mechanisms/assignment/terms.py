"""How many terms a lottery may need, and how many the contract has room for.

Under every rule but serial dictatorship a random assignment is posted as a list of deterministic
assignments with weights. The contract keeps the list in the code of one contract. Whether the list fits is
known only when all have revealed, so that creation refuses sizes for which it might not.

A random assignment has agents × items probabilities, so by Carathéodory's theorem agents × items + 1 terms
are enough (`parley.mechanisms.assignment.decomposition` never needs more). Of probabilistic serial the
denominator is bounded as well: an item that runs out before time 1 does so at a time that is the one before
plus what is left of it over the number of those who eat it. So each such time multiplies the denominator by
at most the number of agents. There are at most as many as items, and fewer than agents, since each takes a
whole item that is eaten before time 1. Under other rules the denominator depends on utilities, and may have
any length that the contract takes.
"""

__all__ = ["MAX_DENOMINATOR", "MAX_PAGE", "PAGE_HEADER", "most_terms_kept", "terms_needed", "terms_that_fit"]

MAX_DENOMINATOR = 2**224 - 1
"""Times a capacity it still fits a word of the contract."""
MAX_PAGE = 24_575
"""Bytes that the contract can keep of a lottery: the most that the code of one contract holds."""
PAGE_HEADER = 32


def most_terms_kept(agents: int, denominator: int) -> int:
    """Return how many terms the contract has room for.

    Each takes a byte for each agent, and as many as the denominator has for the sum of the weights so far.

    Examples
    --------
    >>> most_terms_kept(4, 2), most_terms_kept(64, 2**64)
    (4908, 336)
    """
    return (MAX_PAGE - PAGE_HEADER) // (agents + -(-denominator.bit_length() // 8))


def terms_needed(agents: int, items: int) -> int:
    """Return how many terms a lottery of this size may need.

    Examples
    --------
    >>> terms_needed(26, 23)
    599
    """
    return agents * items + 1


def terms_that_fit(agents: int, items: int, rule: str) -> int:
    """Return how many terms certainly fit, whatever the rankings.

    Parameters
    ----------
    agents, items : int
        At most 64.
    rule : str
        Not serial dictatorship, under which nothing is posted.

    Examples
    --------
    >>> terms_that_fit(26, 23, "probabilistic-serial"), terms_that_fit(26, 23, "boston")
    (613, 454)
    """
    denominator = MAX_DENOMINATOR
    if rule == "probabilistic-serial":
        denominator = min(denominator, agents ** min(items, agents - 1))
    return most_terms_kept(agents, denominator)
