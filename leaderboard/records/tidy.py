"""`board.csv`: one line per number of a board."""

from typing import Any

from leaderboard.records.cells import summaries
from leaderboard.scoring.documents import Document

COLUMNS = (
    "board",
    "row",
    "family",
    "task",
    "scenario",
    "seed",
    "metric",
    "value",
    "low",
    "high",
    "patients",
    "status",
)


def tidy(documents: list[Document]) -> list[list[Any]]:
    """One line per number; a failure is a line with its status and no value."""
    lines = []
    for document in documents:
        start = [document["board"], document["row"], document["family"], document["task"]]
        if document["status"] != "scored":
            lines.append([*start, "", document["seed"], "", "", "", "", "", document["status"]])
        for name, scenario in document["scenarios"].items():
            if scenario["status"] != "scored":
                lines.append(
                    [*start, name, document["seed"], "", "", "", "", "", scenario["status"]]
                )
                continue
            patients = scenario["patients"]["split"].count("test")
            for metric, summary in summaries(scenario).items():
                bounds = (summary.value, summary.low, summary.high)
                numbers = ["" if number is None else number for number in bounds]
                lines.append([*start, name, document["seed"], metric, *numbers, patients, "scored"])
    return lines
