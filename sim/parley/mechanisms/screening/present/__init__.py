"""What people look at of polarized rays."""
