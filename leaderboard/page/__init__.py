"""A board as one static page."""
