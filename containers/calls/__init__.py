"""One call of a method, its cost and its output; and a run, which is many calls."""
