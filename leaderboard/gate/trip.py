"""A trip: a reason why the gate keeps a board from being published."""

from typing import NamedTuple

NAMED = 8  # of the rows that trip for one reason


class Trip(NamedTuple):
    """One thing that keeps a board from being published."""

    what: str
    why: str


def several(whats: list[str]) -> str:
    """The names that trip for one reason, each once: the first few, and how many more."""
    names = list(dict.fromkeys(whats))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
