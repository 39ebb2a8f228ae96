"""A board as one zip to deposit where it gets a DOI: what was found, what it was made from, and who
is to be cited.

Same files, same bytes: entries are sorted, not compressed (compressors differ) and carry a fixed
time."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from benchmarks import datasets, places
from benchmarks.errors import UserError
from benchmarks.files import written
from benchmarks.settings import ROOT, settings
from benchmarks.settings import board as find_board
from leaderboard.archive import croissant
from leaderboard.records.boards import made_text
from pipeline import cache
from pipeline.state import read_locks

FIXED_TIME = (2020, 1, 1, 0, 0, 0)
# Besides the board's own scores and tables: what they were made from and by.
PATTERNS = (
    "CITATION.cff",
    "LICENSE",
    "params.yaml",
    "dvc.yaml",
    "dvc.lock",
    "benchmarks/source.json",
    "benchmarks/datasets/*.sha256",
    "benchmarks/schema/*.json",
    "containers/base/*.lock",
    "containers/published.json",
    "leaderboard/published.yaml",
    "leaderboard/notes.yaml",
    "leaderboard/reproduced.json",
    "methods/*/method.yaml",
    "methods/*/params.json",
    "methods/*/source.json",
    "methods/*/README.md",
    "methods/*/Dockerfile",
    "methods/*/requirements.lock",
    "methods/*/dvc.yaml",
    "methods/*/dvc.lock",
)


class Archive(NamedTuple):
    """An archive that was written, and how many files it holds."""

    path: Path
    files: int
    sha256: str
    # Outputs that DVC's cache does not have, where predictions and models were asked for.
    absent: list[str]


def write_archive(
    board: str, out: Path, url: str = "", models: bool = False, root: Path = ROOT
) -> Archive:
    """Write the archive of a board to `out`, with the predictions and models that are in DVC's
    cache if `models`.

    `url` is where the board can be read; without it CITATION.cff must say (`url` or
    `repository-code`). Raises UserError where the board is not made, no address is known, or a file
    of the cache is not what its name says."""
    find_board(board, root)
    cells = json.loads(made_text(board, root=root))["cells"]
    citation = yaml.load((root / "CITATION.cff").read_text(), yaml.CSafeLoader)
    url = url or citation.get("url") or citation.get("repository-code") or ""
    if not url:
        raise UserError(
            f"{root / 'CITATION.cff'}: expected a url or repository-code, found neither, and"
            " Croissant asks for the address of a data set; give it: --url https://…"
        )
    contents: dict[str, Path | bytes] = dict(board_files(board, root))
    held, absent = cached_objects(board, root) if models else ({}, [])
    contents |= held
    if absent:
        contents["cache/absent.txt"] = "".join(f"{path}\n" for path in absent).encode()
    about = describe(board, citation, url, len(cells), root)
    contents["README.md"] = readme(board, about, sources(board, root), len(held), absent).encode()
    sums = {name: checksum(content) for name, content in contents.items()}
    described = croissant.describe(
        about,
        licences(board, root),
        sources(board, root),
        sums,
        places.board(board, "board.csv"),
    )
    contents["croissant.json"] = (
        json.dumps(described, indent=1, ensure_ascii=False) + "\n"
    ).encode()
    sums["croissant.json"] = checksum(contents["croissant.json"])
    contents["SHA256SUMS"] = "".join(f"{sums[name][0]}  {name}\n" for name in sorted(sums)).encode()
    write_zip(out, contents)
    return Archive(out, len(contents), checksum(out)[0], absent)


def board_files(board: str, root: Path = ROOT) -> dict[str, Path]:
    """The files that git holds of a board and of what it was made from, by their path in the
    repository."""
    own = [
        path
        for folder in (places.scores(board), places.board(board))
        for path in (root / folder).rglob("*")
    ]
    found = [*own, *(path for pattern in PATTERNS for path in root.glob(pattern))]
    return {
        path.relative_to(root).as_posix(): path
        for path in sorted(found)
        if path.is_file() and _kept(path)
    }


def cached_objects(board: str, root: Path = ROOT) -> tuple[dict[str, Path], list[str]]:
    """The predictions, models and statuses of a board in DVC's cache, by their place in an archive,
    and the outputs that it does not have whole. Raises UserError for one that does not have the
    digest that it is named after."""
    held: dict[str, Path] = {}
    absent = []
    outs = {
        out["path"]: out["md5"]
        for lock in read_locks(root).values()
        for out in lock.get("outs", [])
    }
    for path, md5 in sorted(outs.items()):
        if not path.startswith(f"{places.RUNS}/{board}/"):
            continue
        objects = cache.objects(md5, root)
        if objects is None:
            absent.append(path)
            continue
        for digest, each in objects.items():
            with each.open("rb") as file:
                found = hashlib.file_digest(file, "md5").hexdigest()
            if found != digest.removesuffix(".dir"):
                raise UserError(
                    f"{each}: its md5 is {found}, of {path}; remove it, and run the cell again"
                )
            held[f"cache/{cache.place(digest)}"] = each
    return held, absent


def sources(board: str, root: Path = ROOT) -> list[dict[str, str]]:
    """The data sets that a board is derived from: name, version, licence, url, citation."""
    modules = map(datasets.load, datasets.sources(settings(root).boards[board].dataset))
    return [
        {
            "name": m.TITLE,
            "version": m.VERSION,
            "licence": m.LICENCE,
            "url": m.URL,
            "citation": m.CITATION,
        }
        for m in modules
    ]


def licences(board: str, root: Path = ROOT) -> list[str]:
    """The licences of an archive: of the project, and of what it is derived from."""
    return list(
        dict.fromkeys(["Apache-2.0", *(source["licence"] for source in sources(board, root))])
    )


def describe(
    board: str, citation: dict[str, Any], url: str, cells: int, root: Path = ROOT
) -> dict[str, str]:
    """What an archive says of itself, from CITATION.cff (parsed) and the board's settings."""
    authors = ", ".join(
        each.get("name") or f"{each['given-names']} {each['family-names']}"
        for each in citation["authors"]
    )
    version, date = str(citation["version"]), str(citation["date-released"])
    dataset = sources(board, root)[0]["name"]
    return {
        "name": f"pqrst-{board}",
        "description": (
            f"Scores of electrocardiogram methods on the board {board} of PQRST ({cells} cells),"
            f" made from the data set {dataset}: values with intervals over patients, one row per"
            " patient for every score, what each was made from (digests of data, sources, locks,"
            " parameters), and the methods' cards."
        ),
        "url": url,
        "version": version,
        "date": date,
        "creator": authors,
        "citation": (
            f"{authors}. {citation['title']}, version {version}, board {board}. {date}. {url}"
        ),
    }


def readme(
    board: str, about: dict[str, str], origins: list[dict[str, str]], held: int, absent: list[str]
) -> str:
    """The archive's own README."""
    derived = "\n".join(
        f"- {each['name']} {each['version']}, {each['licence']}: {each['citation']}"
        for each in origins
    )
    lacking = (
        f" {len(absent)} outputs were not in that cache: `cache/absent.txt`." if absent else ""
    )
    models = f"""
## Predictions and models

`cache/` holds {held} objects by digest, as DVC's cache does; `dvc.lock` and `methods/*/dvc.lock`
say which of them is which file of `runs/`. In a checkout of this version:
`dvc remote add archive /path/to/cache`, then `dvc pull --remote archive`.{lacking}
"""
    return f"""# {about["name"]}, version {about["version"]}

{about["description"]}

Cite: {about["citation"]}

| path | what |
|---|---|
| `{places.board(board)}/` | the board: `board.md` to read, `board.csv` to compute with, \
`board.json` with all |
| `{places.scores(board)}/` | one document per cell, with one row per patient |
| `methods/*/` | what each method is: card, parameters, digest of its sources, what DVC recorded \
of its runs |
| `dvc.lock`, `containers/base/*.lock` | data by digest; packages by hash |
| `croissant.json` | this archive for machines (Croissant 1.0) |
| `SHA256SUMS` | check it: `sha256sum -c SHA256SUMS` |
{models if held or absent else ""}
## Derived from

{derived}

Numbers and code are under Apache-2.0 (`LICENSE`); short windows of signals in
`examples.json` and on the page are under the licence of the data set that they are from.
"""


def checksum(content: Path | bytes) -> tuple[str, int]:
    """sha256 and size of a file or of bytes."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest(), len(content)
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), content.stat().st_size


def write_zip(out: Path, contents: dict[str, Path | bytes]) -> None:
    """Write `contents` by their names as a zip, not compressed, at a fixed time."""
    with written(out) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            content = contents[name]
            archive.writestr(entry, content if isinstance(content, bytes) else content.read_bytes())


def _kept(path: Path) -> bool:
    return not any(part.endswith((".tmp", ".pyc")) or part == "__pycache__" for part in path.parts)
