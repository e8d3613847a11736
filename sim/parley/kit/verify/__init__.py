"""Verification of deployed contracts: read, replay, compare, judge."""
