"""Basics for all rooms: numbers, errors, files, randomness, statistics."""
