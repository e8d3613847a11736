"""The number of terms that a lottery may need, and the number that fits into the contract.

Under every rule except serial dictatorship, a random assignment is posted as a list of deterministic
assignments with weights, which is stored in the code of one contract. Whether the list fits is known only
after the reveals, so creation refuses sizes for which it may not fit.

A random assignment has agents × items probabilities, so by Carathéodory's theorem agents × items + 1 terms
are enough (`parley.mechanisms.assignment.decomposition` never needs more). Under probabilistic serial the
denominator is bounded too: an item runs out at the previous such time plus its rest divided by the number of
its eaters. So each time before 1 multiplies the denominator by at most the number of agents. There are at
most as many such times as items, and fewer than agents, because each needs a whole item that is eaten before
time 1. Under other rules the denominator depends on utilities, and may have any length that the contract
accepts.
"""

__all__ = ["MAX_DENOMINATOR", "MAX_PAGE", "PAGE_HEADER", "most_terms_kept", "terms_needed", "terms_that_fit"]

MAX_DENOMINATOR = 2**224 - 1
"""Multiplied by a capacity, it still fits a word of the contract."""
MAX_PAGE = 24_575
"""Maximum bytes of a lottery: the code of one contract."""
PAGE_HEADER = 32


def most_terms_kept(agents: int, denominator: int) -> int:
    """Return the maximum number of terms in the contract.

    A term takes one byte for each agent, and the bytes of the denominator for the sum of the weights so far.

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
    """Return the number of terms that fit for any rankings.

    Parameters
    ----------
    agents, items : int
        At most 64.
    rule : str
        Any rule except serial dictatorship, which posts nothing.

    Examples
    --------
    >>> terms_that_fit(26, 23, "probabilistic-serial"), terms_that_fit(26, 23, "boston")
    (613, 454)
    """
    denominator = MAX_DENOMINATOR
    if rule == "probabilistic-serial":
        denominator = min(denominator, agents ** min(items, agents - 1))
    return most_terms_kept(agents, denominator)
