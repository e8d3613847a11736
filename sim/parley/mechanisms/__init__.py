"""The mechanisms that Parley brings, each in a room named as its kind."""

BUILT_IN = ("coordination", "assignment", "screening", "guarantees", "team")
"""Their kinds. Contracts are deployed in this order, and addresses depend on it: a new kind comes last."""
