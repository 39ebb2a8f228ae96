"""Cut a prepared data set into what methods see and what only the scorer sees.

    fit/windows/{train,validation}   every window of the training and validation patients
    fit/records/{train,validation}   their whole records, with beats and labels
    fit/noise.npy                    the first half of the noise, for training
    predict/TASK/SCENARIO            one case: windows of validation and test patients, hidden
                                     samples NaN; or (classification) records and beat positions
    truth                            the complete windows, scales and labels: never mounted

A case mixes validation and test patients and does not say which is which: the scorer does.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.baseline import baseline_filter, lead_scale
from benchmarks.cases import records as prepared_data
from benchmarks.cases.records import Prepared
from benchmarks.contract import (
    CLASSES,
    TASKS,
    RecordEntry,
    RecordSet,
    Scenario,
    ScenarioSet,
    WindowSet,
    write_model,
)
from benchmarks.errors import UserError
from benchmarks.files import write_text
from benchmarks.scenarios import hidden, of_task, scenarios, spoil
from benchmarks.seeds import generator
from benchmarks.settings import RATE, SAMPLES, Board

Splits = Mapping[str, Sequence[str]]


def check_splits(records: dict[str, Prepared], splits: Splits) -> None:
    """Raise UserError if a record of a split is missing or a person stands in two splits."""
    person_of: dict[str, str] = {}
    for split, names in splits.items():
        for name in names:
            if name not in records:
                raise UserError(
                    f"split {split!r} names record {name!r}, which the data set does not hold"
                )
            patient = records[name].patient
            if person_of.setdefault(patient, split) != split:
                raise UserError(
                    f"patient {patient!r} stands in both {person_of[patient]!r} and {split!r}"
                )


def starts(samples: int, count: int) -> np.ndarray:
    """First samples of `count` evenly spaced windows of a record; raises UserError where they would
    overlap."""
    if count * SAMPLES > samples:
        raise UserError(
            f"{count} windows of {SAMPLES} samples do not fit into {samples}; lower"
            " windows_per_record"
        )
    return np.linspace(0, samples - SAMPLES, count).astype(int)


def cut(signal: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Windows (windows, leads, samples) of a record (leads, samples)."""
    return np.stack([signal[:, start : start + SAMPLES] for start in first])


def build(
    board: Board,
    source: Path,
    splits: Splits,
    out: Path,
    progress: Callable[[str], object] = lambda record: None,
) -> None:
    """Write every case of `board` from the prepared data set in `source` into `out`."""
    records = prepared_data.read_prepared(source)
    check_splits(records, splits)
    numbers = {
        patient: k
        for k, patient in enumerate(sorted({entry.patient for entry in records.values()}))
    }
    noise = np.load(source / "noise.npy", mmap_mode="r", allow_pickle=False)
    half = noise.shape[-1] // 2
    for split in ("train", "validation"):
        _write_fit_windows(
            out / "fit/windows" / split, source, [records[r] for r in splits[split]], numbers
        )
        _write_records(
            out / "fit/records" / split, source, [records[r] for r in splits[split]], numbers
        )
    np.save(out / "fit/noise.npy", noise[..., :half], allow_pickle=False)

    asked = [(records[r], split) for split in ("validation", "test") for r in splits[split]]
    leads = len(asked[0][0].leads)
    for task in TASKS:
        write_model(
            out / "fit/scenarios" / f"{task}.json", ScenarioSet(scenarios=of_task(task, leads))
        )
    _write_completion(board, source, asked, noise[..., half:], scenarios(leads), out, progress)
    _write_records(
        out / "predict/classification/heartbeat", source, [entry for entry, _ in asked], None
    )
    _write_beat_truth(source, asked, [records[r] for r in splits["train"]], out / "truth")


def _write_fit_windows(
    out: Path, source: Path, entries: list[Prepared], numbers: dict[str, int]
) -> None:
    counts = [entry.samples // SAMPLES for entry in entries]
    array = _new_array(out / "windows.npy", (sum(counts), len(entries[0].leads), SAMPLES))
    row = 0
    for entry, count in zip(entries, counts, strict=True):
        array[row : row + count] = cut(
            prepared_data.signal(source, entry.name), np.arange(count) * SAMPLES
        )
        row += count
    leads = [
        entry.leads for entry, count in zip(entries, counts, strict=True) for _ in range(count)
    ]
    patients = [
        numbers[entry.patient]
        for entry, count in zip(entries, counts, strict=True)
        for _ in range(count)
    ]
    write_model(out / "windows.json", WindowSet(rate=RATE, leads=leads, patients=patients))


def _write_completion(
    board: Board,
    source: Path,
    asked: list[tuple[Prepared, str]],
    noise: np.ndarray,
    chosen: list[Scenario],
    out: Path,
    progress: Callable[[str], object],
) -> None:
    """Write the truth of the completion windows and the case of each `chosen` scenario, record by
    record: signals (windows, leads, samples) in mV, hidden samples NaN. `asked` are the records
    with their splits, `noise` (kinds, channels, samples) is the half that is kept for testing."""
    per_record = board.windows_per_record
    shape = (len(asked) * per_record, len(asked[0][0].leads), SAMPLES)
    truth = _new_array(out / "truth/windows.npy", shape)
    cases = {
        s.name: _new_array(out / "predict" / s.task / s.name / "windows.npy", shape) for s in chosen
    }
    scale = np.empty(shape[:2])
    for k, (entry, _) in enumerate(asked):
        rows = slice(k * per_record, (k + 1) * per_record)
        clean = cut(prepared_data.signal(source, entry.name), starts(entry.samples, per_record))
        filtered = baseline_filter(clean, RATE)
        truth[rows] = clean
        scale[rows] = lead_scale(filtered)
        for scenario in chosen:
            generators = [
                generator(board.seed, board.dataset, scenario.name, entry.name, window)
                for window in range(per_record)
            ]
            if scenario.hides == "noise":
                cases[scenario.name][rows] = _noisy(clean, filtered, noise, generators, scenario)
            else:
                mask = np.stack(
                    [hidden(scenario, rng, shape[1], SAMPLES, RATE) for rng in generators]
                )
                cases[scenario.name][rows] = np.where(mask, np.float32(np.nan), clean)
        progress(entry.name)
    leads = [entry.leads for entry, _ in asked for _ in range(per_record)]
    for scenario in chosen:
        about = WindowSet(rate=RATE, leads=leads, scenario=scenario)
        write_model(out / "predict" / scenario.task / scenario.name / "windows.json", about)
    np.save(out / "truth/scale.npy", scale, allow_pickle=False)
    columns = {
        "patient": [entry.patient for entry, _ in asked for _ in range(per_record)],
        "split": [split for _, split in asked for _ in range(per_record)],
    }
    write_text(out / "truth/windows.json", json.dumps(columns) + "\n")


def _noisy(
    clean: np.ndarray,
    filtered: np.ndarray,
    noise: np.ndarray,
    generators: list[np.random.Generator],
    scenario: Scenario,
) -> np.ndarray:
    """Windows with real noise at the scenario's SNR: a random stretch, its kinds mixed by Dirichlet
    weights."""
    kinds, channels, length = noise.shape
    leads = clean.shape[1]
    if leads > channels:
        # A record with more leads than the noise has channels takes its channels in turn.
        noise = noise[:, np.arange(leads) % channels]
    drawn = np.empty_like(clean)
    for window, rng in enumerate(generators):
        weights = rng.dirichlet(np.ones(kinds))
        start = int(rng.integers(0, length - SAMPLES + 1))
        drawn[window] = np.einsum("k,kcs->cs", weights, noise[:, :leads, start : start + SAMPLES])
    filtered_noise = baseline_filter(drawn, RATE)
    assert scenario.snr is not None
    pairs = zip(clean, filtered, drawn, filtered_noise, strict=True)
    return np.stack([spoil(*four, snr=scenario.snr) for four in pairs])


def _write_records(
    out: Path, source: Path, entries: list[Prepared], numbers: dict[str, int] | None
) -> None:
    """A record set with labels and patients, or (numbers None) a case without."""
    out.mkdir(parents=True, exist_ok=True)
    kinds = ("signal", "beats") if numbers is None else ("signal", "beats", "labels")
    for k, entry in enumerate(entries):
        for kind in kinds:
            shutil.copyfile(source / f"{entry.name}.{kind}.npy", out / f"{kind}_{k:03d}.npy")
    described = [
        RecordEntry(
            leads=entry.leads,
            samples=entry.samples,
            beats=entry.beats,
            patient=None if numbers is None else numbers[entry.patient],
        )
        for entry in entries
    ]
    write_model(out / "records.json", RecordSet(rate=RATE, records=described))


def _write_beat_truth(
    source: Path, asked: list[tuple[Prepared, str]], training: list[Prepared], out: Path
) -> None:
    labels = np.concatenate([prepared_data.labels(source, entry.name) for entry, _ in asked])
    counts = sum(
        np.bincount(prepared_data.labels(source, e.name), minlength=len(CLASSES)) for e in training
    )
    np.save(out / "labels.npy", labels, allow_pickle=False)
    about = {
        "records": [
            {"patient": entry.patient, "split": split, "beats": entry.beats}
            for entry, split in asked
        ],
        "training_counts": np.asarray(counts).tolist(),
    }
    write_text(out / "beats.json", json.dumps(about, indent=1) + "\n")


def _new_array(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
