"""Records, cases and truth come out to the same bytes whatever kernels numpy and BLAS choose for
the processor that they find."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.baseline import lead_scale
from benchmarks.settings import ROOT

# A record at another rate than the board's, so that it is resampled; then all that is written.
MAKE = """
import hashlib, sys
from pathlib import Path
import numpy as np
from benchmarks.cases import build, records
from benchmarks.datasets.synthetic import simulate
from tests.helpers.toy_board import BOARD
folder = Path(sys.argv[1])
noise = np.random.default_rng(5).normal(size=(3, 2, 20_000))
people = {"train": ["p01"], "validation": ["p13"], "test": ["p17"]}
given = [simulate(name)._replace(rate=360.0) for names in people.values() for name in names]
records.prepare(given, noise, folder / "records")
build.build(BOARD, folder / "records", people, folder / "board")
for path in sorted(folder.rglob("*.*")):
    print(hashlib.sha256(path.read_bytes()).hexdigest(), path.relative_to(folder))
"""
# SkylakeX's kernels would be illegal instructions without AVX-512; where there is AVX-512, they are
# the ones that are compared with these.
KERNELS = {
    "with AVX2": {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "X86_V4"},
    "with SSE alone": {
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    },
}


def made(folder: Path, **environment: str) -> list[str]:
    """The digest and name of each file of a small board that is made under `environment`."""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MAKE, str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> list[str]:
    return made(tmp_path_factory.mktemp("here"))


@pytest.mark.parametrize("environment", KERNELS.values(), ids=KERNELS)
def test_the_truth_is_the_same_on_every_processor(here, environment, tmp_path):
    assert any("truth/scale.npy" in line for line in here)
    assert made(tmp_path, **environment) == here


def test_the_scale_does_not_show_the_last_bits_of_a_deviation(monkeypatch):
    windows = np.random.default_rng(3).normal(size=(6, 2, 2500))
    exact, deviation = lead_scale(windows), np.std
    for nudge in (1 - 2**-51, 1 + 2**-51):
        monkeypatch.setattr(np, "std", lambda *a, by=nudge, **k: deviation(*a, **k) * by)
        assert lead_scale(windows).tobytes() == exact.tobytes()
