"""What an image is made by: a method's Dockerfile, and the recipes and locks of our bases."""

import functools
import hashlib
import re
from pathlib import Path

from benchmarks.errors import UserError
from benchmarks.files import digest
from benchmarks.settings import ROOT

PLAIN = re.compile(rb"ARG TAG\nFROM pqrst/(light|torch):\$\{TAG\}\nADD image.tar /")
BASES = {"light": ["light.Dockerfile", "install", "light.lock"]}
BASES["torch"] = [*BASES["light"], "torch.Dockerfile", "torch.lock", "torch.in"]


def plain_lines(path: Path) -> bytes:
    """A Dockerfile, a script or a lock without its lines of comment and blank lines."""
    return b"\n".join(
        line
        for line in path.read_bytes().splitlines()
        if line.strip() and not line.startswith(b"#")
    )


def file_digest(path: Path) -> str:
    """sha256 of a file; of a lock without its lines of comment."""
    return hashlib.sha256(
        plain_lines(path) if path.suffix == ".lock" else path.read_bytes()
    ).hexdigest()


def base_of(folder: Path) -> str | None:
    """The base image that a method's Dockerfile starts from, `light` or `torch`; None where it
    brings its own, pinned by digest. Raises UserError where a base is not pinned."""
    file = folder / "Dockerfile"
    if not file.exists():
        raise UserError(
            f"{file}: there is no such file; that of methods/mean serves any method on our bases"
        )
    images = [
        line.split()[1]
        for line in file.read_text().splitlines()
        if line.upper().startswith("FROM ")
    ]
    ours = {
        image.removeprefix("pqrst/").removesuffix(":${TAG}")
        for image in images
        if image.startswith("pqrst/")
    }
    loose = [
        image for image in images if not image.startswith("pqrst/") and "@sha256:" not in image
    ]
    if loose or not images or len(ours) > 1 or not ours <= set(BASES):
        found = ", ".join(loose or images) or "nothing"
        raise UserError(
            f"{file}: starts FROM {found}; expected pqrst/light:${{TAG}}, pqrst/torch:${{TAG}} or"
            " an image @sha256:…"
        )
    return ours.pop() if ours else None


@functools.cache
def base_digest(name: str, root: Path = ROOT) -> str:
    """The digest of the sources of a base image: recipe, default base image and locks. The build of
    torch, CPU or CUDA, is no part of it, its version is."""
    folder = root / "containers/base"
    return digest({file: plain_lines(folder / file).decode() for file in BASES[name]})


def is_plain(folder: Path) -> bool:
    """Whether a method's Dockerfile puts the method's files on one of our bases and does nothing
    else."""
    return PLAIN.fullmatch(plain_lines(folder / "Dockerfile")) is not None
