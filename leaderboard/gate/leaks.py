"""No test patient is among the patients that methods learn from or are chosen by."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks import places
from benchmarks.cases.build import check_splits
from benchmarks.cases.records import read_prepared
from benchmarks.errors import UserError
from benchmarks.settings import settings
from leaderboard.gate.trip import Trip
from leaderboard.scoring.documents import ScoreDocument


def patients(documents: list[ScoreDocument]) -> Iterator[Trip]:
    """A patient has one row in a scenario; a test patient is a validation patient in no scenario of
    any row."""
    split_of: dict[str, tuple[str, str]] = {}
    for document in documents:
        for scenario, score in document.scored().items():
            table, where = score.patients, f"{document.name}/{scenario}"
            for patient, times in Counter(table["patient"]).items():
                if times > 1:
                    yield Trip(where, f"patient {patient!r} has {times} rows")
            for patient, split in zip(table["patient"], table["split"], strict=True):
                first_split, elsewhere = split_of.setdefault(patient, (split, where))
                if first_split != split:
                    yield Trip(
                        where,
                        f"patient {patient!r} stands in {split}, and in {first_split} in"
                        f" {elsewhere}: a leak",
                    )


def splits_of_data(board: str, root: Path) -> Iterator[Trip]:
    """A patient stands in one split, and the training data holds no test patient. Checked only
    where the data is here."""
    folder = places.records(settings(root).boards[board].dataset)
    if not (root / folder / "splits.json").exists():
        return
    try:
        records = read_prepared(root / folder)
        splits = json.loads((root / folder / "splits.json").read_text())
        check_splits(records, splits)
    except UserError as error:
        yield Trip(folder, f"{error}: a leak")
        return
    numbers = {
        patient: k
        for k, patient in enumerate(sorted({entry.patient for entry in records.values()}))
    }
    tested = {
        numbers[records[record].patient]: records[record].patient for record in splits["test"]
    }
    fit = root / places.cases(board, "fit")
    for path in (
        *sorted(fit.glob("windows/*/windows.json")),
        *sorted(fit.glob("records/*/records.json")),
    ):
        about = json.loads(path.read_text())
        seen = (
            about["patients"]
            if path.name == "windows.json"
            else [each["patient"] for each in about["records"]]
        )
        for patient in sorted({tested[number] for number in seen if number in tested}):
            yield Trip(str(path.relative_to(root)), f"holds test patient {patient!r}: a leak")
