"""Which images carry data of a board: each image is searched once for each state of the board's data."""

import json
from pathlib import Path

import numpy as np

from benchmarks.contract import digest, write_text
from benchmarks.settings import ROOT
from containers.call import Refused
from containers.engine import Stream, connect
from containers.images import Image
from containers.leaks import probes, search

KEPT = ROOT / ".cache/searched"


def refuse_carriers(image: Image, cases: Path) -> None:
    """Raise Refused where `image` holds records or labels of the board whose cases are in `cases`."""
    data = sorted([*cases.glob("truth/*"), *cases.glob("fit/records/**/*.npy")])
    state = digest([[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in data])[:16]
    result = KEPT / f"{image.content[:32]}-{state}.json"
    if not result.exists():
        stream = Stream(connect().api.get_image(image.id, chunk_size=2**20))
        write_text(result, json.dumps(search(stream, _probes(cases, state))) + "\n")  # type: ignore[arg-type]
    if found := json.loads(result.read_text()):
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise Refused(
            f"its image {image.reference} carries data of the board in {', '.join(found[:3])}{more}; "
            "a method is given its data by the call, an image must hold none"
        )


def _probes(cases: Path, state: str) -> np.ndarray:
    """The board's probes, kept because those of a large board take a while."""
    kept = KEPT / f"{state}.npy"
    if not kept.exists():
        raw = sorted(path for path in (cases.parent.parent / "raw").glob("*") if path.is_dir())
        known = probes(cases, raw)
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".tmp.npy")
        np.save(part, known, allow_pickle=False)
        part.rename(kept)
    return np.load(kept, allow_pickle=False)
