"""A published run (row x task, all seeds) made again, and the verdict."""
