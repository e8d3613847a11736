"""The game without a chain: an exact twin, compiled and equal to the contract; and a statistical one."""
