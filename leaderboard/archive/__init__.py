"""A board with all that it was made from, to deposit."""
