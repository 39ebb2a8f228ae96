"""The Debian base image without a public registry: built from Debian's packages, served on
loopback.

mmdebstrap with SOURCE_DATE_EPOCH writes the same tar, bit for bit, for as long as the mirror serves
the same package versions (https://manpages.debian.org/bookworm/mmdebstrap/mmdebstrap.1.en.html).
The tar becomes the only layer of an OCI image whose config holds nothing of the build
(https://github.com/opencontainers/image-spec). It is uploaded as it is: compression would cost most
of the time and tie the digest to one gzip. The protocol is
https://github.com/opencontainers/distribution-spec.

    python3 containers/base/debian.py CACHE --port 5000

prints `localhost:5000/pqrst-debian@sha256:...`. Only the standard library: it runs before anything
is installed."""

import argparse
import hashlib
import http.client
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

SUITE = "bookworm"  # the Debian whose python3 is 3.11
NAME = "pqrst-debian"
EPOCH = 1700000000
CREATED = "2023-11-14T22:13:20Z"  # EPOCH, as the image's config writes it

OPTIONS = [
    "--variant=minbase",
    "--include=python3,ca-certificates",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    # Licences stay: they are a condition of passing the packages on.
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    # mmdebstrap copies these from the machine it runs on, so the digest would be that machine's
    # alone.
    '--customize-hook=rm -f "$1/etc/apt/sources.list" "$1/etc/resolv.conf" "$1/etc/hostname"',
]

# mmdebstrap mounts /proc in the tree it makes, and fails if that is busy when it takes it off
# again. In a mount namespace of its own no other program can keep it busy, and an aborted run
# leaves no mount behind.
PRIVATE = ["unshare", "--mount"]

# What may reach the maintainer scripts: PYTHONDONTWRITEBYTECODE, say, changes the .pyc files that
# they leave.
ENVIRONMENT = ("HOME", "TMPDIR", "http_proxy", "https_proxy", "no_proxy")


def mirror() -> str:
    """The address of this machine's Debian mirror, from apt's own settings (apt-get(8),
    indextargets)."""
    wanted = ("Created-By: Packages", "Origin: Debian", "Label: Debian", "Component: main")
    command = ["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", *wanted]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line.split() for line in listing.splitlines()]
    # A machine that runs another Debian has the same mirror; one that names several means the
    # suite's own.
    lines.sort(key=lambda line: line[0] != SUITE)
    if not lines:
        raise SystemExit(
            "expected a Debian mirror with the component main in apt's sources, found none: run"
            " `apt-get update`; on another distribution, add Debian's mirror and its archive key to"
            " apt first"
        )
    return lines[0][1]


def architecture() -> str:
    """The machine's architecture in the word that Debian and OCI share."""
    words = {"x86_64": "amd64", "aarch64": "arm64"}
    machine = platform.machine()
    if machine not in words:
        raise SystemExit(
            f"expected one of {sorted(words)}, found {machine}: make the base image on one of them"
        )
    return words[machine]


def build_tar(cache: Path) -> Path:
    """The root file system as a tar, and its package list beside it; what lies in the cache is used
    again."""
    recipe = hashlib.sha256(json.dumps([OPTIONS, SUITE, EPOCH]).encode()).hexdigest()[:12]
    target = cache / f"{SUITE}-{architecture()}-{recipe}.tar"
    if not target.exists():
        if shutil.which("mmdebstrap") is None:
            raise SystemExit(
                "expected mmdebstrap on the PATH, found none: apt-get install mmdebstrap"
            )
        cache.mkdir(parents=True, exist_ok=True)
        environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
        environment |= {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "SOURCE_DATE_EPOCH": str(EPOCH),
        }
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            part = Path(scratch) / "base.tar"
            # The mirror goes in by standard input: its address may hold a password, and arguments
            # are public.
            made = subprocess.run(
                [*PRIVATE, "mmdebstrap", *OPTIONS, "--format=tar", SUITE, str(part), "-"],
                input=f"deb {mirror()} {SUITE} main\n",
                text=True,
                stdout=sys.stderr,
                env=environment,
                umask=0o022,
            )
            if made.returncode:
                raise SystemExit(
                    f"expected mmdebstrap to make {target.name}, found exit status"
                    f" {made.returncode}: its messages are above; it needs root, a mirror that"
                    " answers and about 1 GB in TMPDIR"
                )
            packages = Path(scratch) / "packages"
            packages.write_text(package_list(part))
            packages.rename(target.with_suffix(".packages"))
            part.rename(target)
    return target


def package_list(tar: Path) -> str:
    """Name, version and architecture of each installed package, as `dpkg-query -W` would print
    them."""
    with tarfile.open(tar) as archive:
        member = archive.extractfile("./var/lib/dpkg/status")
        assert member is not None, "dpkg's status is a regular file"
        status = member.read().decode()
    lines = []
    for paragraph in status.strip().split("\n\n"):
        # A field that goes on starts its further lines with a blank; none of these four does.
        field = dict(
            line.split(": ", 1)
            for line in paragraph.splitlines()
            if not line[0].isspace() and ": " in line
        )
        if field["Status"].endswith(" installed"):
            lines.append(f"{field['Package']}\t{field['Version']}\t{field['Architecture']}\n")
    return "".join(sorted(lines))


def canonical(value: dict) -> bytes:
    """JSON with one spelling, so that equal values have equal digests."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def digest(data: bytes | Path) -> str:
    """The sha256 of bytes or of a file, as a registry writes it."""
    if isinstance(data, bytes):
        return f"sha256:{hashlib.sha256(data).hexdigest()}"
    with data.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def image(tar: Path) -> tuple[bytes, bytes]:
    """The config and the manifest of an image with the tar as its only layer."""
    layer = digest(tar)
    config = canonical(
        {
            "architecture": architecture(),
            "config": {
                "Cmd": ["python3"],
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            },
            "created": CREATED,
            "history": [{"created": CREATED, "created_by": f"mmdebstrap {SUITE}"}],
            "os": "linux",
            "rootfs": {"diff_ids": [layer], "type": "layers"},
        }
    )
    manifest = canonical(
        {
            "config": {
                "digest": digest(config),
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "size": len(config),
            },
            "layers": [
                {
                    "digest": layer,
                    "mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "size": tar.stat().st_size,
                }
            ],
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "schemaVersion": 2,
        }
    )
    return config, manifest


def request(
    port: int, method: str, path: str, body: bytes | Path | None, kind: str, expect: set[int]
) -> tuple[int, str]:
    """One exchange with the registry: the status and the Location it answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    length = 0 if body is None else len(body) if isinstance(body, bytes) else body.stat().st_size
    headers = {"Content-Type": kind, "Content-Length": str(length)}
    try:
        if isinstance(body, Path):
            with body.open("rb") as stream:
                connection.request(method, path, stream, headers)
        else:
            connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    except OSError as error:
        raise SystemExit(
            f"expected a registry on 127.0.0.1:{port}, found {error}: start one, `bash .ci/engine"
            " start DIR` does"
        ) from error
    finally:
        connection.close()
    if response.status not in expect:
        raise SystemExit(
            f"expected {sorted(expect)} from the registry on 127.0.0.1:{port} for {method}"
            f" {path.partition('?')[0]}, found {response.status} {text[:500]}: it must be one"
            " without authentication that has room left"
        )
    return response.status, response.getheader("Location", "")


def push_blob(port: int, data: bytes | Path) -> None:
    """Upload one blob in one piece, unless the registry has it."""
    octets = "application/octet-stream"
    status, _ = request(port, "HEAD", f"/v2/{NAME}/blobs/{digest(data)}", None, octets, {200, 404})
    if status == 404:
        _, location = request(port, "POST", f"/v2/{NAME}/blobs/uploads/", None, octets, {202})
        place = urlsplit(location)
        query = f"{place.query}&digest={digest(data)}".removeprefix("&")
        request(port, "PUT", f"{place.path}?{query}", data, octets, {201})


def push(port: int, tar: Path) -> str:
    """Push the image; its reference."""
    config, manifest = image(tar)
    push_blob(port, tar)
    push_blob(port, config)
    name = digest(manifest)
    request(
        port,
        "PUT",
        f"/v2/{NAME}/manifests/{name}",
        manifest,
        "application/vnd.oci.image.manifest.v1+json",
        {201},
    )
    return f"localhost:{port}/{NAME}@{name}"


def main() -> None:
    """Build the base image and push it, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "cache", type=Path, help="folder of the tar; remove the tar to take newer packages"
    )
    parser.add_argument(
        "--port", type=int, default=5000, help="the registry's port on loopback (default: 5000)"
    )
    arguments = parser.parse_args()
    print(push(arguments.port, build_tar(arguments.cache)))


if __name__ == "__main__":
    main()
