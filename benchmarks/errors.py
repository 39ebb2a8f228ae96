"""The one error that is a message to a person and no traceback."""


class UserError(ValueError):
    """Something that we foresaw; the message names the file or key, what was expected, what was
    found, and the way out."""
