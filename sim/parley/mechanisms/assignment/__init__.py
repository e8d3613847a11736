"""Random assignment: agents that rank items, and the lotteries by which the items are given out."""
