"""One call of a method, what it costs, what comes back; and a cell, which is many calls."""
