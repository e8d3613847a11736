"""What people look at of fair team contracts."""
