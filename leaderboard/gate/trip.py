"""What the gate finds."""

from typing import NamedTuple

NAMED = 8  # of what trips for one reason


class Trip(NamedTuple):
    """One thing that keeps a board from being published."""

    what: str
    why: str


def several(whats: list[str]) -> str:
    """The names of what trips for one reason, each once, the first few."""
    found = list(dict.fromkeys(whats))
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return ", ".join(found[:NAMED]) + more
