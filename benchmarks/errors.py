"""The one error that is a message to a person and no traceback."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """Something that we foresaw; the message names the file or key, what was expected, what was
    found, and the way out."""


def hint(name: str, known: Iterable[str]) -> str:
    """What to add to a message about a name that is not `known`: the nearest one, or all.

    >>> hint("linaer", ["linear", "mean"])
    ", did you mean 'linear'?"
    >>> hint("mean", ["a", "b"])
    '; known: a, b'
    """
    names = list(known)
    nearest = difflib.get_close_matches(name, names, 1)
    return f", did you mean {nearest[0]!r}?" if nearest else f"; known: {', '.join(names)}"
