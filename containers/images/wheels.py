"""The wheelhouse: every wheel of a hash-locked file, checked, so that images are built without a
network."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.files import write_text
from benchmarks.settings import ROOT
from containers.calls.call import InfrastructureError

WHEELS = ROOT / ".cache/wheels"


def locked(lock: Path) -> dict[str, set[str]]:
    """The sha256 digests that a hash-locked file allows, by `name==version`."""
    packages = re.split(r"\n(?=[A-Za-z0-9])", "\n" + lock.read_text().split("\n", 1)[1].strip())
    return {
        block.split()[0]: set(re.findall(r"sha256:([0-9a-f]{64})", block))
        for block in packages
        if block.strip()
    }


def wheels(lock: Path, folder: Path = WHEELS) -> list[Path]:
    """The wheels of `lock` in `folder`, downloaded where they are missing (pip decides from where)
    and hashed; raises InfrastructureError where one can't be had or is not what the lock says."""
    name = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    known = folder / f"{name}.json"
    if known.exists():
        return [folder / each for each in json.loads(known.read_text())]
    part = folder / f"{name}.tmp"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    command += [
        "--no-deps",
        "--only-binary",
        ":all:",
        "--find-links",
        str(folder),
        "-d",
        str(part),
        "-r",
        str(lock),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        errors = [line for line in result.stderr.splitlines() if "WARNING" not in line]
        raise InfrastructureError(
            f"{lock}: pip can't bring its wheels: {' '.join(errors)[-800:]}; it needs a package"
            " index in reach, once"
        )
    allowed = locked(lock)
    found = []
    for path in sorted(part.iterdir()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if not any(digest in digests for digests in allowed.values()):
            raise InfrastructureError(
                f"{path.name}: its sha256 is {digest}, which {lock} does not allow"
            )
        path.rename(folder / path.name)
        found.append(path.name)
    if len(found) != len(allowed):
        raise InfrastructureError(
            f"{lock}: {len(allowed)} packages are locked, pip brought {len(found)}: {found}"
        )
    part.rmdir()
    write_text(known, json.dumps(found) + "\n")
    return [folder / each for each in found]
