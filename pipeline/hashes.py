"""The md5 of files and folders as DVC counts them. A score names its data by these, so they depend
on nothing else of the pipeline."""

import hashlib
import json
import os
from pathlib import Path

from benchmarks.files import write_text

IGNORED = (".tmp", ".pyc", "__pycache__")  # as .dvcignore says


class Hashes:
    """md5 of files and folders as DVC counts them; remembered by size and time stamp between
    runs."""

    def __init__(self, root: Path):
        self.root = root
        self.path = root / ".dvc/tmp/pqrst-md5.json"
        try:
            self.known: dict[str, list] = json.loads(self.path.read_text())
        except (OSError, ValueError):
            self.known = {}
        self.fresh = False

    def save(self) -> None:
        """Write what was learnt; without it the next check only takes longer."""
        if self.fresh and self.path.parent.is_dir():
            write_text(self.path, json.dumps(self.known))

    def of(self, path: str) -> str | None:
        """md5 of a file, md5 with `.dir` of a folder, None where there is nothing."""
        full = self.root / path
        if full.is_dir():
            return self._folder(full)
        return self._file(str(full), full.stat()) if full.exists() else None

    def _file(self, path: str, stat: os.stat_result) -> str:
        key = os.path.relpath(path, self.root)
        known = self.known.get(key)
        if (
            known
            and known[0] == stat.st_mtime_ns
            and known[1] == stat.st_size
            and known[2] == stat.st_ino
        ):
            return known[3]
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, "md5").hexdigest()
        self.known[key] = [stat.st_mtime_ns, stat.st_size, stat.st_ino, digest]
        self.fresh = True
        return digest

    def _folder(self, folder: Path) -> str:
        entries = []
        for parent, folders, names in os.walk(folder):
            folders[:] = [name for name in folders if not name.endswith(IGNORED)]
            for name in names:
                if not name.endswith(IGNORED):
                    path = f"{parent}/{name}"
                    relative = os.path.relpath(path, folder)
                    entries.append(
                        {"md5": self._file(path, Path(path).stat()), "relpath": relative}
                    )
        # By its text, as DVC does: a row `a-b` comes before what lies in the row `a`.
        entries.sort(key=lambda entry: entry["relpath"])
        return hashlib.md5(json.dumps(entries).encode()).hexdigest() + ".dir"
