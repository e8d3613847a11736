"""The parts of `solution.solve`: whole numbers, flows, columns, prices, and branching."""
