"""What people look at of random assignment."""
