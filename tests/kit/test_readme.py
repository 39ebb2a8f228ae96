"""The kit's README: its method runs, and it names every module."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.settings import ROOT

KIT = ROOT / "methods/kit"
README = (KIT / "README.md").read_text()


def test_the_method_of_the_readme_completes_a_case(tmp_path: Path) -> None:
    program = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    (tmp_path / "main.py").write_text(program)
    for folder in ("case", "out"):
        (tmp_path / folder).mkdir()
    signal = np.ones((1, 2, 2500), np.float32) * np.array([[1.0], [2.0]], np.float32)
    signal[:, :, 1000:1250] = np.nan
    np.save(tmp_path / "case/windows.npy", signal)
    scenario = {"name": "gap-1s", "hides": "gap"}
    about = {"rate": 250.0, "leads": [["MLII", "V1"]], "patients": None, "scenario": scenario}
    (tmp_path / "case/windows.json").write_text(json.dumps(about))
    call = {"verb": "predict", "task": "interpolation", "params": {}, "seed": 0, "budget": {}}
    (tmp_path / "call.json").write_text(json.dumps(call))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PQRST_ROOT": str(tmp_path)}
    entry = [sys.executable, str(tmp_path / "main.py"), "predict", "interpolation"]
    subprocess.run(entry, check=True, env=environment)
    completed = np.load(tmp_path / "out/prediction.npy")
    np.testing.assert_array_equal(completed[0], np.array([[1.0], [2.0]]) * np.ones(2500))


def test_the_readme_names_every_module() -> None:
    for path in KIT.rglob("*.py"):
        if path.name != "__init__.py":
            assert f"{path.parent.name}/{path.name}" in README
