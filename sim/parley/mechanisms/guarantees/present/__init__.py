"""What people look at of provider guarantees."""
