"""What a mechanism declares, and everything that follows from it."""
