"""What is said of an error that ends a command: one line that names the way out."""

from pathlib import Path

from benchmarks import places
from benchmarks.settings import ROOT

ABSENT = "there is no such file"  # how a message of `contract.load` ends
# Below which folder a file is missing, and the command that makes it.
MADE_BY = (
    (places.raw(""), "pqrst fetch {}"),
    (places.records(""), "pqrst records {}"),
    (places.cases(""), "pqrst cases {}"),
    (places.run("", "").strip("/"), "pqrst repro {}"),
    (places.scores("").strip("/"), "pqrst repro {}"),
    (places.board("").strip("/"), "pqrst repro {}"),
)


def message(error: Exception) -> str:
    """The text of an error; where a file is missing that a command makes, with this command.

    >>> message(FileNotFoundError(2, "No such file", "data/records/mydb/splits.json"))
    'data/records/mydb/splits.json: not made yet; make it: pqrst records mydb'
    """
    missing = str(error).removesuffix(f": {ABSENT}")
    if isinstance(error, FileNotFoundError):
        missing = str(error.filename)
    elif missing == str(error):
        return str(error)
    path = Path(missing)
    inside = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    for folder, command in MADE_BY:
        if inside.is_relative_to(folder) and inside != Path(folder):
            name = inside.relative_to(folder).parts[0]
            return f"{inside}: not made yet; make it: {command.format(name)}"
    return str(error)
