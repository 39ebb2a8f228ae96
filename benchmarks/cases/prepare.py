"""The data stages: from a data set as published to prepared records, and from these to a board's
cases.

Each writes beside its target and renames: a folder that is there is whole.
"""

import json
from pathlib import Path

from tqdm import tqdm

from benchmarks import places
from benchmarks.cases import build as cases
from benchmarks.cases import records as whole
from benchmarks.datasets import load, sources
from benchmarks.files import replacing, write_text
from benchmarks.settings import ROOT, board


def prepare_records(name: str, root: Path = ROOT) -> None:
    """Write data/records/NAME from data/raw: the records of its splits at the board's rate, and its
    noise."""
    dataset = load(name)
    split_records = {record for names in dataset.SPLITS.values() for record in names}
    noise_source = load(sources(name)[-1])
    records = (
        record
        for record in dataset.records(root / places.raw(name))
        if record.name in split_records
    )
    with (
        replacing(root / places.records(name)) as out,
        tqdm(total=len(split_records), unit="record") as bar,
    ):
        whole.prepare(
            records,
            noise_source.noise(root / places.raw(noise_source.NAME)),
            out,
            lambda _: bar.update(),
        )
        splits = {split: list(names) for split, names in dataset.SPLITS.items()}
        write_text(out / "splits.json", json.dumps(splits, indent=1) + "\n")


def build_cases(name: str, root: Path = ROOT) -> None:
    """Write data/boards/NAME/{fit,predict,truth} from the prepared data set."""
    chosen = board(name, root)
    source = root / places.records(chosen.dataset)
    splits = json.loads((source / "splits.json").read_text())
    asked = len(splits["validation"]) + len(splits["test"])
    with replacing(root / places.cases(name)) as out, tqdm(total=asked, unit="record") as bar:
        cases.build(chosen, source, splits, out, lambda _: bar.update())
