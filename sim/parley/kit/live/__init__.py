"""The live page: one game transaction by transaction, then many games compared with theory."""
