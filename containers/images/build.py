"""The images of the methods: which one a method's sources ask for, and how it comes to be.

An image is named after the digest of its method's sources and carries it whole as a label, so that
a change of the sources asks for another image. It is pulled by digest where `published.json` names
it, and built otherwise, without a network, from a context that holds nothing but the method, the
kit modules that it imports and its locked wheels."""

import fcntl
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from docker.errors import ImageNotFound, NotFound
from docker.models.images import Image as EngineImage

from benchmarks.files import digest, write_text
from benchmarks.settings import ROOT
from containers.calls.call import InfrastructureError
from containers.images.engine import connect, engine_errors
from containers.images.wheels import wheels
from pipeline.recipes import base_digest, base_of, is_plain
from pipeline.sources import closure, method_digest, method_files

BASE = ROOT / "containers/base"
PUBLISHED = ROOT / "containers/published.json"
LABEL = "org.pqrst.source"
CONFIG = ("Env", "Cmd", "Entrypoint", "User", "WorkingDir", "Labels")
FIXED_TIME = 1_700_000_000


@dataclass(frozen=True)
class Image:
    """An image on the engine. `content` is the same for every build of the same sources on the same
    base. `added` are the files that were put on `base`, where that is known to be all that the
    image is."""

    reference: str
    source: str
    content: str
    id: str
    base: str
    megabytes: int
    variables: tuple[str, ...]  # the names that it sets in the environment
    added: tuple[Path, ...] = ()


def torch_build() -> str:
    """Which build of torch images carry: `PQRST_TORCH`, else `cuda` where an NVIDIA GPU answers and
    `cpu` elsewhere."""
    given = os.environ.get("PQRST_TORCH")
    if given not in (None, "cpu", "cuda"):
        raise InfrastructureError(f"PQRST_TORCH is {given!r}, expected cpu or cuda")
    if given:
        return given
    asked = shutil.which("nvidia-smi") and subprocess.run(
        ["nvidia-smi"], capture_output=True, check=False
    )
    return "cuda" if asked and asked.returncode == 0 else "cpu"


def tag(name: str, source: str, base: str | None) -> str:
    """The name of an image: its method or base, its sources, and the build of torch where it has
    one."""
    return f"pqrst/{name}:{source[:16]}{f'-{torch_build()}' if base == 'torch' else ''}"


def ensure(folder: Path, root: Path = ROOT, say: Callable[[str], None] = print) -> Image:
    """The image of the method in `folder`: found, pulled by digest or built; raises
    InfrastructureError."""
    source, base = method_digest(folder, root), base_of(folder)
    reference = tag(folder.name, source, base)
    with engine_errors(), _alone(reference):
        found = find(reference) or _pull(folder.name, source, reference, say)
        if found is None:
            build_method(folder, root, reference, source, base, say)
            found = connect().images.get(reference)
        image = _checked(found, reference, source)
        if (
            base is None
            or not is_plain(folder)
            or published().get(folder.name, {}).get("source") == source
        ):
            return image
        return replace(
            image, base=ensure_base(base, say), added=tuple(image_files(folder, root).values())
        )


def image_files(folder: Path, root: Path = ROOT) -> dict[str, Path]:
    """What a method's image holds beside its base, by name in the image: the method and the kit
    modules that it imports."""
    kit = [
        path for path in closure(method_files(folder, ".py"), root) if folder not in path.parents
    ]
    files = {
        f"opt/pqrst/methods/{folder.name}/{path.relative_to(folder)}": path
        for path in method_files(folder)
    }
    return files | {f"opt/pqrst/{path.relative_to(root)}": path for path in kit}


def build_method(
    folder: Path, root: Path, reference: str, source: str, base: str | None, say: Callable
) -> None:
    """Build a method's image on its base, which is built first where it is missing."""
    arguments = {"TAG": ensure_base(base, say).split(":")[1]} if base else {}
    with tempfile.TemporaryDirectory(prefix="pqrst-image-") as scratch:
        context = Path(scratch)
        write_tar(context / "image.tar", image_files(folder, root))
        lock = folder / "requirements.lock"
        if lock.exists():
            _wheelhouse(context, [lock])
        _build(folder / "Dockerfile", context, reference, arguments, source, say)


def write_tar(target: Path, files: dict[str, Path]) -> None:
    """Write `files`, by their names in the image, with the folders that they are in: owners, modes
    and times are fixed, so that a second build gives the same layer."""
    folders = {str(parent) for name in files for parent in Path(name).parents} - {"."}
    with tarfile.open(target, "w") as archive:
        for name in sorted([*folders, *files]):
            entry = tarfile.TarInfo(name)
            entry.mtime, entry.mode = FIXED_TIME, 0o755 if name in folders else 0o644
            if name in folders:
                entry.type = tarfile.DIRTYPE
                archive.addfile(entry)
            else:
                data = files[name].read_bytes()
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))


def ensure_base(name: str, say: Callable[[str], None] = print) -> str:
    """The reference of the base image `light` or `torch`, built where it is missing."""
    source = base_digest(name)
    reference = tag(name, source, name)
    with _alone(reference):
        found = find(reference)
        if found:
            return _checked(found, reference, source).reference
        locks = {"light": ["light.lock"], "torch": ["torch.lock", f"{torch_build()}.lock"]}[name]
        if name == "light":
            arguments = {"BASE": os.environ["PQRST_BASE"]} if os.environ.get("PQRST_BASE") else {}
        else:
            arguments = {"TAG": ensure_base("light", say).split(":")[1], "TORCH": locks[1]}
        with tempfile.TemporaryDirectory(prefix="pqrst-image-") as scratch:
            context = Path(scratch)
            say(f"{reference}: bringing its wheels")
            _wheelhouse(context, [BASE / lock for lock in locks])
            _build(BASE / f"{name}.Dockerfile", context, reference, arguments, source, say)
    return reference


def find(reference: str) -> EngineImage | None:
    """The image of this name on the engine; None where there is none."""
    try:
        return connect().images.get(reference)
    except ImageNotFound:
        return None


def content_digest(image: EngineImage) -> str:
    """sha256 over an image's layers and the part of its configuration that decides what runs:
    unlike the engine's Id, the same for each build of the same sources."""
    attributes = image.attrs
    config = {key: attributes["Config"].get(key) or None for key in CONFIG}
    layers = attributes["RootFS"]["Layers"]
    return digest(
        {
            "os": attributes["Os"],
            "architecture": attributes["Architecture"],
            "layers": layers,
            **config,
        }
    )


def describe(image: EngineImage, reference: str) -> Image:
    """An image of the engine by what we record of it."""
    labels = image.labels
    return Image(
        reference=reference,
        source=labels.get(LABEL, ""),
        content=content_digest(image),
        id=str(image.id),
        base=labels.get("org.pqrst.base", ""),
        megabytes=round(image.attrs["Size"] / 1e6),
        variables=tuple(each.split("=", 1)[0] for each in image.attrs["Config"]["Env"] or []),
    )


def push(folder: Path, registry: str, root: Path = ROOT, say: Callable[[str], None] = print) -> str:
    """Push a method's image to `registry` and pin it by digest in `published.json`; returns the
    pinned reference."""
    image = ensure(folder, root, say)
    name = f"{registry}/{image.reference.split(':')[0]}"
    with engine_errors():
        found = connect().images.get(image.reference)
        found.tag(name, tag=image.reference.split(":")[1])
        for line in connect().images.push(
            name, image.reference.split(":")[1], stream=True, decode=True
        ):
            if "error" in line:
                raise InfrastructureError(f"{name}: the registry refused it: {line['error']}")
        found.reload()
    pinned = next(each for each in found.attrs["RepoDigests"] if each.startswith(f"{name}@"))
    everything = published() | {
        folder.name: {"source": image.source, "image": pinned, "content": image.content}
    }
    write_text(PUBLISHED, json.dumps(everything, indent=1, sort_keys=True) + "\n")
    return pinned


def published() -> dict[str, dict[str, str]]:
    """What `published.json` says of each method: the digest of its sources, and its image pinned by
    digest."""
    return json.loads(PUBLISHED.read_text()) if PUBLISHED.exists() else {}


def _pull(name: str, source: str, reference: str, say: Callable[[str], None]) -> EngineImage | None:
    """The published image of just these sources, pulled by digest; None where there is none."""
    entry = published().get(name)
    if entry is None or entry["source"] != source:
        return None
    if not re.search(r"@sha256:[0-9a-f]{64}$", entry["image"]):
        raise InfrastructureError(
            f"{PUBLISHED}: {name}: {entry['image']!r} is a tag, which can move; pin it @sha256:…"
        )
    say(f"{reference}: pulling {entry['image']}")
    try:
        image = connect().images.pull(entry["image"])
    except NotFound as error:
        raise InfrastructureError(
            f"{PUBLISHED}: {name}: the registry has no {entry['image']} ({error.explanation}); "
            "take the entry out, and the image is built here"
        ) from None
    if content_digest(image) != entry["content"]:
        raise InfrastructureError(
            f"{entry['image']}: its content is {content_digest(image)[:16]}, {PUBLISHED.name} says "
            f"{entry['content'][:16]}; take the entry out, and the image is built here"
        )
    image.tag(*reference.split(":"))
    return image


def _checked(image: EngineImage, reference: str, source: str) -> Image:
    """`image` as we describe it; raises InfrastructureError where its label is not the digest of
    the sources."""
    found = describe(image, reference)
    if found.source != source:
        raise InfrastructureError(
            f"image {reference} was made from other sources (label"
            f" {found.source[:16] or 'missing'}, expected {source[:16]}); remove it, and it is"
            f" built again: docker rmi {reference}"
        )
    return found


@contextmanager
def _alone(reference: str) -> Iterator[None]:
    """Only one process at a time finds or builds an image of this name."""
    path = ROOT / ".cache/images" / f"{reference.replace('/', '-').replace(':', '-')}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _wheelhouse(context: Path, locks: list[Path]) -> None:
    """What an installation needs in its context: the script, the locks, their wheels, and pip as a
    wheel."""
    _place(BASE / "install", context / "install")
    for lock in locks:
        _place(lock, context / lock.name)
    for lock in dict.fromkeys([*locks, BASE / "light.lock"]):
        for wheel in wheels(lock):
            if lock in locks or wheel.name.startswith("pip-"):
                _place(wheel, context / "wheels" / wheel.name)


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o644)


def _build(
    file: Path, context: Path, reference: str, arguments: dict[str, str], source: str, say: Callable
) -> None:
    shutil.copyfile(file, context / "Dockerfile")
    labels = {LABEL: source, "org.pqrst.base": arguments.get("BASE") or arguments.get("TAG") or ""}
    command = [builder(), "build", "--network", "none", "--progress", "plain", "--tag", reference]
    for key, value in arguments.items():
        command += ["--build-arg", f"{key}={value}"]
    for key, value in labels.items():
        command += ["--label", f"{key}={value}"]
    environment = os.environ | {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    say(f"{reference}: building")
    process = subprocess.Popen(
        [*command, str(context)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if re.match(r"#\d+ \[", line):
            say(f"{reference}: {line.split(' ', 1)[1].strip()}")
    if process.wait():
        raise InfrastructureError(f"{file}: docker build failed:\n" + "\n".join(lines[-15:]))


@cache
def builder() -> str:
    """A docker client that can build with BuildKit: one with buildx, or one older than 23, which
    has it inside."""
    tried = []
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        client = Path(folder) / "docker"
        if not os.access(client, os.X_OK):
            continue
        if (
            subprocess.run(
                [client, "buildx", "version"], capture_output=True, check=False
            ).returncode
            == 0
        ):
            return str(client)
        asked = subprocess.run(
            [client, "--version"], capture_output=True, text=True, check=False
        ).stdout
        version = re.search(r"version (\d+)\.", asked)
        if version and int(version[1]) < 23:
            return str(client)
        tried.append(f"{client} ({asked.strip() or 'does not run'})")
    raise InfrastructureError(
        f"no docker client here can build with BuildKit; found: {', '.join(tried) or 'none'};"
        " install docker-buildx"
    )
