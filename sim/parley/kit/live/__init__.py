"""The live page: one game of any mechanism watched transaction by transaction, then many against theory."""
