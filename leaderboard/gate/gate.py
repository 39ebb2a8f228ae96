"""The gate: a board is written only where every cell is accounted for, is what its provenance and
its lock say, was asked of patients whom no method had learnt from, and where every control gets its
known answer."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import places
from benchmarks.cases.build import check_splits
from benchmarks.cases.records import read_prepared
from benchmarks.contract import CONTRACT_VERSION, TASKS
from benchmarks.errors import UserError
from benchmarks.files import digest
from benchmarks.scenarios import MOST_LEADS, of_task
from benchmarks.settings import ROOT, board_rows, family, rows, settings
from leaderboard.gate.flaws import flaws
from leaderboard.gate.policing import broken
from leaderboard.scoring.documents import HARNESS_VERSION, MADE_FROM, name, recorded_source
from pipeline.hashes import Hashes
from pipeline.state import Stage, condition, needed, read_locks, read_stages, upstream

Document = dict[str, Any]
NAMED = 8  # of what trips for one reason


class Trip(NamedTuple):
    """One thing that keeps a board from being published."""

    what: str
    why: str


def check_gate(board: str, documents: list[Document], costs: Document, root: Path = ROOT) -> None:
    """Raise a UserError that names all that keeps a board from being published, each with the way
    out."""
    reasons: dict[str, list[str]] = {}
    for trip in trips(board, documents, costs, root):
        reasons.setdefault(trip.why, []).append(trip.what)
    if reasons:
        lines = [f"- {_several(whats)}: {why}" for why, whats in reasons.items()]
        raise UserError(f"{board} is not published:\n" + "\n".join(lines))


def _several(whats: list[str]) -> str:
    found = list(dict.fromkeys(whats))
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return ", ".join(found[:NAMED]) + more


def trips(board: str, documents: list[Document], costs: Document, root: Path = ROOT) -> list[Trip]:
    """All that keeps a board from being published; `documents` and `costs` are as `read_documents`
    gives them."""
    stages, locks = read_stages(root), read_locks(root)
    order = needed(f"leaderboard@{board}", upstream(stages))[:-1]
    recorded = _recorded(order, locks)
    found = [*_accounted(board, documents, root), *_locks(board, order, stages, locks, root)]
    found += [
        Trip(
            path, f"{' and '.join(versions.values())} do not name the same one; pqrst repro {board}"
        )
        for path, versions in recorded.items()
        if len(versions) > 1
    ]
    sound = []
    for document in documents:
        wrong = [Trip(name(document), flaw) for flaw in flaws(document)]
        found += wrong
        if not wrong:
            sound.append(document)
    found += _columns(board, sound)
    for document in sound:
        found += _provenance(board, document, root)
        found += _data(board, document, recorded)
        found += _asked(document, sound, root)
        found += _cost(document, costs, root)
    found += _patients(sound)
    found += _split_of_data(board, root)
    found += _controls(sound)
    return found


def expected_cells(board: str, root: Path = ROOT) -> set[tuple[str, str, int]]:
    """Every (row, task, seed) that a board must account for."""
    seeds = {name: row.seeds(settings(root).boards[board]) for name, row in rows(root).items()}
    return {
        (row, task, seed)
        for row in board_rows(board, root)
        for task in TASKS
        for seed in seeds.get(row, [0])
    }


def _accounted(board: str, documents: list[Document], root: Path) -> Iterator[Trip]:
    """The conservation law: rows x tasks x seeds = scored + typed failures, and each of them
    once."""
    found = Counter((document["row"], document["task"], document["seed"]) for document in documents)
    expected = expected_cells(board, root)
    for row, task, seed in sorted(expected - set(found)):
        yield Trip(f"{row}/{task}-{seed}", f"unaccounted for; run it: pqrst repro {board}")
    for row, task, seed in sorted(set(found) - expected):
        folder = places.scores(board, row)
        if row in board_rows(board, root):
            yield Trip(
                f"{row}/{task}-{seed}",
                f"no such cell is on the board; remove its document from {folder}",
            )
        else:
            yield Trip(
                f"{row}/{task}-{seed}",
                f"belongs to no row of methods/*/params.json; remove {folder}",
            )
    for (row, task, seed), times in found.items():
        if times > 1:
            yield Trip(
                f"{row}/{task}-{seed}", f"there are {times} documents of this cell; keep one"
            )


def _columns(board: str, documents: list[Document]) -> Iterator[Trip]:
    """One version of data and scorer in each column."""
    for task in TASKS:
        versions: dict[str, list[str]] = {}
        for document in documents:
            if document["task"] == task and document["status"] == "scored":
                versions.setdefault(document["provenance"]["column"], []).append(document["row"])
        if len(versions) > 1:
            groups = " and ".join(_several(group) for group in versions.values())
            yield Trip(
                f"{board}/{task}",
                f"{groups} were scored on different data, or by different scorers; score them"
                f" again: pqrst repro {board}",
            )


def _provenance(board: str, document: Document, root: Path) -> Iterator[Trip]:
    """What a document says that it was made from, against the files that it names, and its own
    digests."""
    about, where = document["provenance"], name(document)
    row = rows(root).get(document["row"])
    if row is None and document["row"] not in settings(root).controls.from_truth:
        return  # said already: it belongs to no row
    scorer = recorded_source(root / "benchmarks", "score")
    learns = row is not None and "fit" in row.card.verbs
    method = f"methods/{row.folder.name}" if row else "benchmarks"
    pretrained = rows(root)[row.pretraining].params if row and row.pretraining else None
    said: dict[str, tuple[Any, Any, str]] = {
        "board": (document["board"], board, "its folder"),
        "family": (document["family"], family(document["row"], root), f"{method} or params.yaml"),
        "source": (
            about["source"],
            recorded_source(row.folder, "method") if row else scorer,
            f"{method}/source.json",
        ),
        "scorer": (about["scorer"], scorer, "benchmarks/source.json"),
        "params": (about["params"], row.params if row else {}, f"{method}/params.json"),
        "pretraining": (about["pretraining"], pretrained, f"{method}/params.json"),
        "budget": (
            about["budget"],
            settings(root).boards[board].budget.model_dump() if learns else None,
            "params.yaml",
        ),
        "seed": (about["seed"], document["seed"], "its name"),
        "data": (
            sorted(about["data"]),
            sorted(["predict", "truth", *["fit"] * learns]),
            "what the method sees",
        ),
        "key": (
            about["key"],
            digest({each: about[each] for each in MADE_FROM}),
            "the rest of its provenance",
        ),
        "column": (about["column"], _column(about), "the rest of its provenance"),
    }
    for key, (found, expected, by) in said.items():
        if found != expected:
            yield Trip(
                where,
                f"its {key} is {_short(found)}, by {by} it is {_short(expected)}; run it again:"
                f" pqrst repro {board}",
            )


def _column(about: Document) -> str:
    asked = {each: about["data"].get(each) for each in ("predict", "truth")}
    return digest(
        [asked, about["scorer"], {"contract": CONTRACT_VERSION, "harness": HARNESS_VERSION}]
    )


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:16]}…"


def _asked(document: Document, documents: list[Document], root: Path) -> Iterator[Trip]:
    """A part of what was asked is no score: each scenario and each patient of the oracle's, or why
    not."""
    full = next(
        (d for d in documents if d["row"] == "oracle" and d["task"] == document["task"]), None
    )
    if full is None or document["status"] != "scored":
        return
    row = rows(root).get(document["row"])
    if row is None and document["row"] not in settings(root).controls.from_truth:
        return
    known = {scenario.name: scenario for scenario in of_task(document["task"], MOST_LEADS)}
    for scenario in sorted(set(full["scenarios"]) | set(document["scenarios"])):
        mine, asked = document["scenarios"].get(scenario), full["scenarios"].get(scenario)
        where = f"{name(document)}/{scenario}"
        if mine is None or asked is None or scenario not in known:
            yield Trip(where, "missing, or not asked for; score the row again")
            continue
        if (mine["status"] == "scored") != (row is None or row.answers(known[scenario])):
            yield Trip(
                where,
                f"is {mine['status']}, which is not what the method's card says; score the row"
                " again",
            )
        elif mine["status"] == "scored" and asked["status"] == "scored":
            columns = [
                (each["patients"]["patient"], each["patients"]["split"]) for each in (mine, asked)
            ]
            if columns[0] != columns[1]:
                yield Trip(
                    where, "was not scored on the patients that the oracle was; score the row again"
                )


def _cost(document: Document, costs: Document, root: Path) -> Iterator[Trip]:
    """A score without the machine, the runner and the cost of its making is without provenance."""
    if document["status"] != "scored" or document["row"] in settings(root).controls.from_truth:
        return
    spent = costs.get(document["row"], {}).get(places.cost(document["task"], document["seed"]), {})
    if not {"runner", "hardware", "wall_s"} <= spent.keys() or spent["runner"] not in (
        "docker",
        "host",
    ):
        yield Trip(
            name(document), "costs.json does not say by which runner it was made, and what it cost"
        )


def _data(board: str, document: Document, recorded: dict[str, dict[str, str]]) -> Iterator[Trip]:
    """The data that a document names is the data that the locks record."""
    found = document["provenance"]["data"]
    paths = {
        "predict": places.cases(board, "predict", document["task"]),
        "truth": places.cases(board, "truth"),
        "fit": places.cases(board, "fit"),
    }
    for kind, path in paths.items():
        if kind in found and path in recorded and found[kind] not in recorded[path]:
            yield Trip(
                name(document),
                f"was scored on another {path} than is recorded; pqrst repro {board}",
            )


def _recorded(order: list[str], locks: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Of each path that the stages in `order` read or made, the md5 that each of them recorded."""
    found: dict[str, dict[str, str]] = {}
    for address in order:
        entry = locks.get(address, {})
        for each in (*entry.get("deps", []), *entry.get("outs", [])):
            found.setdefault(each["path"], {}).setdefault(each["md5"], address)
    return found


def _locks(
    board: str, order: list[str], stages: dict[str, Stage], locks: dict[str, Any], root: Path
) -> Iterator[Trip]:
    """Every stage before the board is recorded, and is what its record says; no record is without a
    stage, and no score."""
    yield from orphans(stages, locks)
    folder, hashes = places.scores(board), Hashes(root)
    made = {out for stage in stages.values() for out in stage.outs}
    for each in sorted((root / folder).glob("[!.]*")):
        if f"{folder}/{each.name}" not in made:
            yield Trip(f"{folder}/{each.name}", "no stage makes it; remove it")
    for address in order:
        for change in condition(stages[address], locks.get(address), hashes).changes:
            if change.startswith(folder) and " is not what " in change:
                edited = (
                    "is not what its stage recorded: edited by hand, or never recorded; git"
                    " checkout, or pqrst repro "
                )
                yield Trip(change.split()[0], edited + board)
            else:
                # That many methods share one line.
                change = re.sub("methods/[^/]*/", "methods/*/", change)
                yield Trip(address, f"{change}; pqrst repro {board}")
    hashes.save()


def orphans(stages: dict[str, Stage], locks: dict[str, Any]) -> Iterator[Trip]:
    """The records of stages that no dvc.yaml has."""
    for address in sorted(set(locks) - set(stages)):
        yield Trip(
            address,
            "an orphan: a dvc.lock records it, no dvc.yaml has it; take it out: pqrst sync --prune",
        )


def _patients(documents: list[Document]) -> Iterator[Trip]:
    """Who was tested was not validated on, in no scenario of no row."""
    split_of: dict[str, tuple[str, str]] = {}
    for document in documents:
        for scenario, found in document["scenarios"].items():
            if found["status"] != "scored":
                continue
            table, where = found["patients"], f"{name(document)}/{scenario}"
            for patient, times in Counter(table["patient"]).items():
                if times > 1:
                    yield Trip(where, f"patient {patient!r} has {times} rows")
            for patient, split in zip(table["patient"], table["split"], strict=True):
                other, elsewhere = split_of.setdefault(patient, (split, where))
                if other != split:
                    yield Trip(
                        where,
                        f"patient {patient!r} stands in {split}, and in {other} in {elsewhere}: a"
                        " leak",
                    )


def _split_of_data(board: str, root: Path) -> Iterator[Trip]:
    """Where the data is here: nobody stands in two splits, and what methods learn from holds no
    test patient."""
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


def _controls(documents: list[Document]) -> Iterator[Trip]:
    for document in documents:
        if document["family"] == "control" and document["status"] not in (
            "scored",
            "not-applicable",
        ):
            yield Trip(
                name(document),
                f"a control that failed ({document['status']}) polices nothing; pqrst retry"
                f" {document['board']} --all",
            )
    for each in broken(documents):
        yield Trip(each.where, each.what)
