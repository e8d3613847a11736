"""What people look at of the coordination mechanism."""
