"""Populations that play again and again: who they are, how they adapt, and what comes of it."""
