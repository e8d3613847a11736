"""The parts of `solution.solve`: searches for optima, the paper's approximations, and demand oracles."""
