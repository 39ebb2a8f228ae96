"""A published cell made again, and the verdict."""
