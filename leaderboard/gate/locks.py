"""Every stage before a board is recorded in a dvc.lock, and is what its record says."""

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks import places
from leaderboard.gate.trip import Trip
from leaderboard.scoring.documents import Document
from pipeline.hashes import Hashes
from pipeline.state import Stage, condition


def recorded_digests(order: list[str], locks: dict[str, Document]) -> dict[str, dict[str, str]]:
    """Of each path that the stages in `order` read or made, the md5 that each of them recorded:
    path, md5, the first stage that recorded it."""
    found: dict[str, dict[str, str]] = {}
    for address in order:
        entry = locks.get(address, {})
        for each in (*entry.get("deps", []), *entry.get("outs", [])):
            found.setdefault(each["path"], {}).setdefault(each["md5"], address)
    return found


def two_versions(board: str, recorded: dict[str, dict[str, str]]) -> Iterator[Trip]:
    """The stages that read or made a path recorded one version of it."""
    for path, versions in recorded.items():
        if len(versions) > 1:
            stages = " and ".join(versions.values())
            yield Trip(path, f"{stages} do not name the same one; pqrst repro {board}")


def orphans(stages: dict[str, Stage], locks: dict[str, Document]) -> Iterator[Trip]:
    """The records of stages that no dvc.yaml has."""
    for address in sorted(set(locks) - set(stages)):
        yield Trip(
            address,
            "an orphan: a dvc.lock records it, no dvc.yaml has it; take it out: pqrst sync --prune",
        )


def folders_without_stage(board: str, stages: dict[str, Stage], root: Path) -> Iterator[Trip]:
    """The folders of scores that no stage makes."""
    folder = places.scores(board)
    made = {out for stage in stages.values() for out in stage.outs}
    for each in sorted((root / folder).glob("[!.]*")):
        if f"{folder}/{each.name}" not in made:
            yield Trip(f"{folder}/{each.name}", "no stage makes it; remove it")


def stages_not_as_recorded(
    board: str, order: list[str], stages: dict[str, Stage], locks: dict[str, Document], root: Path
) -> Iterator[Trip]:
    """Every stage before the board is recorded, and is what its record says."""
    scores, hashes = places.scores(board), Hashes(root)
    for address in order:
        for change in condition(stages[address], locks.get(address), hashes).changes:
            if change.startswith(scores) and " is not what " in change:
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
