"""Which images carry data of a board: each is searched once for each state of the board's data.

Of an image that is nothing but a method's files on one of our bases, the base is searched once for
all of them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.files import digest, write_text, written
from benchmarks.settings import ROOT
from containers.calls.call import Refused
from containers.images.build import Image, content_digest
from containers.images.engine import Stream, connect
from containers.leaks.probes import probes
from containers.leaks.search import search, search_files

KEPT = ROOT / ".cache/searched"
SAVING_S = 1800  # the engine writes a whole image to its disk before it sends the first byte


def refuse_carriers(image: Image, cases: Path) -> None:
    """Raise Refused where `image` holds records or labels of the board whose cases are in
    `cases`."""
    data = sorted([*cases.glob("truth/*"), *cases.glob("fit/records/**/*.npy")])
    state = digest([[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in data])[
        :16
    ]
    found = _search_image(image.base if image.added else image.id, state, cases)
    if image.added:
        found += _once(
            image.content, state, lambda: search_files(image.added, _probes(cases, state))
        )
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise Refused(
            f"its image {image.reference} carries data of the board in"
            f" {', '.join(found[:3])}{more}; a method is given its data by the call, an image must"
            " hold none"
        )


def _search_image(name: str, state: str, cases: Path) -> list[str]:
    image = connect().images.get(name)

    def look() -> list[str]:
        stream = Stream(connect(SAVING_S).api.get_image(str(image.id), chunk_size=2**20))
        return search(stream, _probes(cases, state))  # type: ignore[arg-type]

    return _once(content_digest(image), state, look)


def _once(content: str, state: str, look: Callable[[], list[str]]) -> list[str]:
    """What was found in this content, looked for once for each state of the data."""
    result = KEPT / f"{content[:32]}-{state}.json"
    if not result.exists():
        write_text(result, json.dumps(look()) + "\n")
    return json.loads(result.read_text())


def _probes(cases: Path, state: str) -> np.ndarray:
    """The board's probes, kept because those of a large board take a while."""
    kept = KEPT / f"{state}.npy"
    if not kept.exists():
        raw = sorted(path for path in (cases.parent.parent / "raw").glob("*") if path.is_dir())
        with written(kept) as part, part.open("wb") as file:
            np.save(file, probes(cases, raw), allow_pickle=False)
    return np.load(kept, allow_pickle=False)
