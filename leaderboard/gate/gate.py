"""The gate: a board is written only where every cell is accounted for, is what its provenance and
its lock say, was asked of patients whom no method had learnt from, and where every control gets its
known answer."""

from pathlib import Path

from benchmarks.errors import UserError
from benchmarks.settings import ROOT
from leaderboard.gate import accounting, leaks, locks, policing, provenance
from leaderboard.gate.flaws import flaws
from leaderboard.gate.trip import Trip, several
from leaderboard.records.cells import Scores
from pipeline.state import needed, read_locks, read_stages, upstream


def check_gate(board: str, scores: Scores, root: Path = ROOT) -> None:
    """Raise a UserError that names all that keeps a board from being published, each with the way
    out."""
    reasons: dict[str, list[str]] = {}
    for trip in trips(board, scores, root):
        reasons.setdefault(trip.why, []).append(trip.what)
    if reasons:
        lines = [f"- {several(whats)}: {why}" for why, whats in reasons.items()]
        raise UserError(f"{board} is not published:\n" + "\n".join(lines))


def trips(board: str, scores: Scores, root: Path = ROOT) -> list[Trip]:
    """All that keeps a board from being published."""
    stages, recorded = read_stages(root), read_locks(root)
    order = needed(f"leaderboard@{board}", upstream(stages))[:-1]
    digests = locks.recorded_digests(order, recorded)
    found = [
        *(Trip(str(each.path), each.why) for each in scores.refused),
        *accounting.cells(board, scores, root),
        *locks.orphans(stages, recorded),
        *locks.folders_without_stage(board, stages, root),
        *locks.stages_not_as_recorded(board, order, stages, recorded, root),
        *locks.two_versions(board, digests),
    ]
    sound = []
    for document in scores.documents:
        wrong = [Trip(document.name, flaw) for flaw in flaws(document)]
        found += wrong
        if not wrong:
            sound.append(document)
    found += provenance.columns(board, sound)
    for document in sound:
        found += provenance.attributed(board, document, root)
        found += provenance.data(board, document, digests, root)
        found += provenance.cost(document, scores.costs, root)
        found += accounting.scenarios(document, sound, root)
    found += leaks.patients(sound)
    found += leaks.splits_of_data(board, root)
    found += policing.failed_controls(sound)
    found += policing.broken(sound)
    return found
