"""Fixtures that every test may ask for."""

from tests.browser import browser, tab

__all__ = ["browser", "tab"]
