"""What people look at: tables, pictures, and the folder that a run leaves.

What one mechanism's tables say stands in a room of its name, in files and functions of the same names; what
all share stands here.
"""
