"""What auditing a deployed contract takes, whatever the mechanism: read, replay, confirm, judge."""
