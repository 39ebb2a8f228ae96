"""What git says of another revision: a file as it was there, and which methods are others since."""

import json
import subprocess
from pathlib import Path

from benchmarks.errors import UserError
from benchmarks.settings import ROOT, method_folders
from pipeline.sources import method_digest


def file_at(revision: str, path: str, root: Path = ROOT) -> str | None:
    """The text of `path` (below root) at a revision; None where it has no such file.

    Raises UserError where git knows no such revision.
    """
    resolved = _git(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if resolved.returncode:
        raise UserError(
            f"git knows no revision {revision!r} in {root}; fetch it (git fetch origin), or name"
            " one of git log"
        )
    commit = resolved.stdout.strip()
    prefix = _git(root, "rev-parse", "--show-prefix").stdout.strip()
    shown = _git(root, "show", f"{commit}:{prefix}{path}")
    return None if shown.returncode else shown.stdout


def changed_methods(against: str, root: Path = ROOT) -> list[str]:
    """The methods that are not as they were at revision `against`: new, or of other sources, card
    or parameters.

    What a method imports of the kit, its locks and its base count as its sources; its README does
    not."""
    changed = []
    for folder in method_folders(root):
        path = folder.relative_to(root).as_posix()
        before = file_at(against, f"{path}/source.json", root)
        source = json.loads(before)["method"] if before else None
        same = all(
            file_at(against, f"{path}/{name}", root) == (folder / name).read_text()
            for name in ("method.yaml", "params.json")
        )
        if source != method_digest(folder, root) or not same:
            changed.append(folder.name)
    return changed


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
