"""The live page: one game watched transaction by transaction, then a thousand against theory."""
