"""What people look at: tables, pictures, and the folder that a run leaves."""
