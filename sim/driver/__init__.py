"""Plays games of any mechanism: many, on any machine, held against another one.

A mechanism brings a :class:`~sim.driver.setting.Setting`, which makes its
:class:`~sim.driver.player.Player`; the rest is here.
"""
