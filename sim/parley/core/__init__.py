"""What every room uses and that knows nobody: numbers, errors, files, randomness, statistics."""
