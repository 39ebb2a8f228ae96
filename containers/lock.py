"""Write the hash-locked requirement files of `containers/base/` from `requirements.in` (needs `uv`).

Three files, because one `torch==2.13.0` has two builds that no marker tells apart:

- `common.lock`: everything that both builds share;
- `cpu.lock`: torch's CPU build, one wheel, no further package;
- `cuda.lock`: torch's CUDA build and the CUDA libraries that it names.

`make` installs `common.lock` and one of the others, each with `--require-hashes --no-deps`.
"""

import re
import subprocess
from pathlib import Path

BASE = Path(__file__).parent / "base"
CUDA_ONLY = re.compile(r"^(torch|triton|cuda-[a-z-]+|nvidia-[a-z0-9-]+)==")
# The wheel `torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl` as PyTorch publishes it.
TORCH_CPU = """torch==2.13.0+cpu \\
    --hash=sha256:6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b
"""
HEADER = "# Written by `make lock` from requirements.in. Do not edit.\n"


def resolve(requirements: Path) -> list[str]:
    """One text block (name, version and hashes) for each package that `requirements` leads to."""
    command = ["uv", "pip", "compile", "--generate-hashes", "--no-header", "--no-annotate", "--quiet"]
    target = ["--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_36"]
    text = subprocess.run([*command, *target, str(requirements)], check=True, capture_output=True, text=True).stdout
    return re.split(r"\n(?=[a-z0-9])", text.strip(), flags=re.IGNORECASE)


def main() -> None:
    blocks = resolve(BASE / "requirements.in")
    cuda = [block for block in blocks if CUDA_ONLY.match(block)]
    common = [block for block in blocks if not CUDA_ONLY.match(block)]
    (BASE / "common.lock").write_text(HEADER + "\n".join(common) + "\n")
    (BASE / "cuda.lock").write_text(HEADER + "\n".join(cuda) + "\n")
    (BASE / "cpu.lock").write_text(HEADER + TORCH_CPU)


if __name__ == "__main__":
    main()
