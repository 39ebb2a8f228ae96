"""The search of an image for records and labels of a board."""
