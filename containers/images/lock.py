"""Write the hash-locked requirement files of `containers/base/` from its `*.in` files (needs `uv`).

- `common.lock`: the host environment, all but torch;
- `light.lock`: the light image; `torch.lock`: what the torch image holds beside it, all but torch
  itself. Both take their versions from `common.lock`, so that host and images compute alike;
- `cpu.lock`, `cuda.lock`: torch, because one `torch==2.13.0` has two builds that no marker tells
  apart: the CPU build is one wheel; the CUDA build comes with the CUDA libraries that it names;
- `docs.lock`: what builds the docs site.

All are installed with `--require-hashes --no-deps`.
"""

import re
import subprocess
from pathlib import Path

BASE = Path(__file__).parents[1] / "base"
CUDA_ONLY = re.compile(r"^(torch|triton|cuda-[a-z-]+|nvidia-[a-z0-9-]+)==")
# The wheel `torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl` as PyTorch publishes it.
TORCH_CPU = """torch==2.13.0+cpu \\
    --hash=sha256:6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"""
HEADER = "# Written by `make lock` from {}. Do not edit.\n"


def resolve(requirements: Path, *options: str) -> list[str]:
    """One text block (name, version and hashes) for each package that `requirements` leads to."""
    command = [
        "uv",
        "pip",
        "compile",
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
        "--quiet",
        *options,
    ]
    target = ["--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_36"]
    text = subprocess.run(
        [*command, *target, str(requirements)], check=True, capture_output=True, text=True
    ).stdout
    return re.split(r"\n(?=[a-z0-9])", text.strip(), flags=re.IGNORECASE)


def write(name: str, source: str, blocks: list[str]) -> None:
    """Write a lock below containers/base, with the name of what it was resolved from."""
    (BASE / name).write_text(HEADER.format(source) + "\n".join(blocks) + "\n")


def main() -> None:
    """Resolve and write every lock."""
    blocks = resolve(BASE / "requirements.in")
    write(
        "common.lock", "requirements.in", [block for block in blocks if not CUDA_ONLY.match(block)]
    )
    write("cuda.lock", "requirements.in", [block for block in blocks if CUDA_ONLY.match(block)])
    write("cpu.lock", "requirements.in", [TORCH_CPU])
    for image in ("light", "torch"):
        blocks = resolve(BASE / f"{image}.in", "--constraint", str(BASE / "common.lock"))
        write(
            f"{image}.lock",
            f"{image}.in",
            [block for block in blocks if not CUDA_ONLY.match(block)],
        )
    write("docs.lock", "docs.in", resolve(BASE / "docs.in"))


if __name__ == "__main__":
    main()
