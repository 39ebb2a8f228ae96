"""`board.csv`: one line per number of a board."""

from typing import Any

from leaderboard.records.cells import summaries

Document = dict[str, Any]
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
                numbers = [
                    "" if summary.get(key) is None else summary[key]
                    for key in ("value", "low", "high")
                ]
                lines.append([*start, name, document["seed"], metric, *numbers, patients, "scored"])
    return lines
