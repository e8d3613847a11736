"""Plays games of any mechanism: many, on any machine, held against another one.

A mechanism says of play what :class:`~parley.kit.play.declaration.Playable` asks; the rest is here.
"""
