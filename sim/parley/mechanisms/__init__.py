"""The mechanisms that Parley brings, each in a room named as its kind."""
