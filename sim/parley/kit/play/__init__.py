"""Plays games of any mechanism: many, on any machine, held against another one.

A mechanism brings a :class:`~parley.kit.play.setting.Setting`, which makes its
:class:`~parley.kit.play.player.Player`; the rest is here.
"""
