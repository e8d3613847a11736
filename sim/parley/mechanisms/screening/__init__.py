"""Polarized rays: agents choose what to trade from menus in which the right choice is obvious."""
