"""The data stages: from a data set as published to prepared windows, and from these to a board's cases.

Each writes beside its target and renames: a folder that is there is whole.
"""

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from benchmarks import cases, windows
from benchmarks.contract import ContractError, write_text
from benchmarks.datasets import load
from benchmarks.settings import ROOT, board


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A new folder to write into; it takes the place of `target` when all went well, and is removed otherwise."""
    part = target.with_name(f"{target.name}.tmp")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)


def prepare_dataset(name: str, root: Path = ROOT) -> None:
    """Write data/windows/NAME from data/raw: the records of its splits at the board's rate, and its noise."""
    try:
        dataset = load(name)
    except ValueError as error:
        raise ContractError(str(error)) from None
    raw = root / "data/raw"
    split_records = {record for names in dataset.SPLITS.values() for record in names}
    noise_source = load(getattr(dataset, "NOISE", name))
    records = (record for record in dataset.records(raw / name) if record.name in split_records)
    with replacing(root / "data/windows" / name) as out, tqdm(total=len(split_records), unit="record") as bar:
        windows.prepare(records, noise_source.noise(raw / noise_source.NAME), out, lambda _: bar.update())
        splits = {split: list(names) for split, names in dataset.SPLITS.items()}
        write_text(out / "splits.json", json.dumps(splits, indent=1) + "\n")


def build_cases(name: str, root: Path = ROOT) -> None:
    """Write data/boards/NAME/{fit,predict,truth} from the prepared data set."""
    chosen = board(name, root)
    source = root / "data/windows" / chosen.dataset
    splits = json.loads((source / "splits.json").read_text())
    asked = len(splits["validation"]) + len(splits["test"])
    with replacing(root / "data/boards" / name) as out, tqdm(total=asked, unit="record") as bar:
        cases.build(chosen, source, splits, out, lambda _: bar.update())
