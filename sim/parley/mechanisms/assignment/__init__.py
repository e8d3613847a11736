"""Random assignment: agents rank items, and a lottery assigns them."""
