"""Whether a board may be published: everything that keeps it from being so."""
