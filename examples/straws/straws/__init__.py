"""Drawing straws: one task for a group, done by an agent drawn at random, whom the others compensate."""
