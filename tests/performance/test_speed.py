"""Speed and memory, side by side with a reference in the same run. Prints figures; never fails the
suite.

make performance
"""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.datasets import synthetic
from benchmarks.settings import ROOT

BIN = Path(sys.executable).parent
PREPARE = """
import resource, sys, tempfile, time
from pathlib import Path
from benchmarks import cases, windows
from benchmarks.datasets import load
from benchmarks.settings import board
begin = time.process_time()
raw, dataset = Path(sys.argv[1]), load("mitdb")
with tempfile.TemporaryDirectory() as scratch:
    out = Path(scratch)
    kept = {name for names in dataset.SPLITS.values() for name in names}
    records = (r for r in dataset.records(raw / "mitdb") if r.name in kept)
    windows.prepare(records, load("nstdb").noise(raw / "nstdb"), out / "w")
    cases.build(board("mitdb"), out / "w", dataset.SPLITS, out / "b")
hours = len(kept) * 650_000 / 360 / 3600
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print((time.process_time() - begin) / hours, used)
"""
NEUROKIT = """
import sys, time
from pathlib import Path
import warnings; warnings.simplefilter("ignore")
begin = time.process_time()
import neurokit2, wfdb
record = wfdb.rdrecord(str(Path(sys.argv[1]) / "mitdb/100"))
for lead in record.p_signal.T:
    clean = neurokit2.ecg_clean(lead, sampling_rate=360)
    neurokit2.ecg_peaks(clean, sampling_rate=360, method="hamilton2002")
print((time.process_time() - begin) / (record.sig_len / 360 / 3600))
"""


def run(program: str, *arguments: str) -> list[float]:
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [float(value) for value in result.stdout.split()]


@pytest.fixture
def raw(mitdb_folder, nstdb_folder) -> str:
    return str(mitdb_folder.parent)


def test_preparing_mitdb_beside_neurokit(benchmark, raw):
    """CPU seconds per hour of signal (both leads), each in a process of its own, imports
    included."""
    (ours, memory), (theirs,) = benchmark.pedantic(
        lambda: (run(PREPARE, raw), run(NEUROKIT, raw)), rounds=3
    )
    benchmark.extra_info.update(
        ours_s_per_h=ours, neurokit_s_per_h=theirs, ratio=theirs / ours, peak_memory_mb=memory
    )
    print(
        f"\nprepare {ours:.3f} s/h, neurokit {theirs:.2f} s/h, ratio {theirs / ours:.1f}, peak"
        f" {memory:.0f} MB"
    )


def test_simulating_a_patient(benchmark):
    """Wall seconds of one patient; the bar is ten for all of them."""
    names = list(synthetic.PEOPLE)
    benchmark.extra_info["people"] = len(names)
    benchmark.pedantic(synthetic.simulate, args=(names[0],), kwargs={"seed": 5}, rounds=3)


@pytest.mark.skipif(
    not (ROOT / "data/boards/mitdb/truth").exists(), reason="make it: pqrst repro mitdb"
)
def test_scoring_thirteen_scenarios(benchmark):
    """CPU seconds of scoring the flat line on mitdb's completion scenarios with intervals."""
    from benchmarks.scenarios import scenarios
    from benchmarks.settings import board
    from leaderboard.scoring.score import score_windows
    from leaderboard.scoring.truth import BoardTruth

    cases = ROOT / "data/boards/mitdb"

    def score() -> float:
        begin = time.process_time()
        truth = BoardTruth(board("mitdb"), cases)
        for scenario in scenarios(2):
            mask = truth.wanted(scenario)
            completed = np.where(mask, 0, truth.windows.signal)
            score_windows(completed, mask, scenario, truth.windows, truth.filtered)
        return time.process_time() - begin

    assert BoardTruth(board("mitdb"), cases).windows.signal.shape[0] == 1080
    benchmark.extra_info["cpu_s"] = seconds = benchmark.pedantic(score, rounds=1)
    print(f"\nscoring 13 scenarios: {seconds:.1f} CPU s")


def test_analysing_a_board_of_45_rows(benchmark):
    """CPU seconds of all comparisons of 45 rows on 13 completion scenarios and the heartbeats of 22
    patients."""
    from leaderboard.analysis.analysis import analyse
    from tests.helpers import simulated_scores as worlds

    rng, rows = np.random.default_rng(0), [f"row-{k}" for k in range(45)]
    people = {"patient": [str(k) for k in range(25)], "split": ["validation"] * 3 + ["test"] * 22}
    beats = worlds.beats(rng, 1, 45, 25)[0].reshape(45, 25, 25).tolist()
    logs = {
        f"scenario-{k}": worlds.errors(rng, 1, np.linspace(0, 1, 45), 25)[0].tolist()
        for k in range(13)
    }

    def document(k: int, task: str, scenarios: dict) -> dict:
        family = "classical completion" if k % 3 == 0 else "masked"
        return {
            "row": rows[k],
            "family": family,
            "task": task,
            "status": "scored",
            "scenarios": scenarios,
        }

    documents = []
    for k in range(45):
        tables = {name: {**people, "nrmse": values[k]} for name, values in logs.items()}
        done = {
            name: {"status": "scored", "primary": "nrmse", "patients": table}
            for name, table in tables.items()
        }
        table = {**people, "confusion": beats[k]}
        heartbeat = {"heartbeat": {"status": "scored", "primary": "macro_f1", "patients": table}}
        documents += [document(k, "interpolation", done), document(k, "classification", heartbeat)]

    def run_it() -> float:
        begin = time.process_time()
        analyse("speed", 1, rows, documents)
        return time.process_time() - begin

    benchmark.extra_info["cpu_s"] = seconds = benchmark.pedantic(run_it, rounds=1)
    print(f"\nanalysing 45 rows on 14 scenarios: {seconds:.1f} CPU s")


@pytest.mark.parametrize(
    "command",
    [("pqrst", "status"), ("dvc", "repro", "--dry", "--allow-missing", "leaderboard@mitdb")],
    ids=lambda c: c[0],
)
def test_nothing_to_do(benchmark, command):
    """Wall seconds of finding that nothing is to be done."""
    program = [str(BIN / command[0]), *command[1:]]
    benchmark.pedantic(
        lambda: subprocess.run(program, cwd=ROOT, capture_output=True, check=False), rounds=3
    )


def test_the_host_runner_beside_a_plain_process(benchmark, tmp_path):
    """Wall seconds that the host runner adds to a process that does nothing."""
    from benchmarks.contract import Budget, Call, Limits
    from containers.calls import host
    from containers.calls.call import Invocation

    (tmp_path / "main.py").write_text("pass")
    (tmp_path / "out").mkdir()
    call = Call(
        verb="predict", task="forecasting", params={}, seed=0, budget=Budget(steps=1, windows=1)
    )
    invocation = Invocation(tmp_path, ["python", "main.py"], call, {}, tmp_path / "out", Limits())

    def pair() -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, str(tmp_path / "main.py")], check=True)
        middle = time.perf_counter()
        host.run(invocation)
        return (time.perf_counter() - middle) - (middle - begin)

    benchmark.extra_info["added_s"] = float(np.median([pair() for _ in range(10)]))
    benchmark.pedantic(pair, rounds=5)
    print(f"\nthe host runner adds {benchmark.extra_info['added_s']:.3f} s")


def test_a_container_beside_the_host_runner(benchmark, tmp_path):
    """Wall seconds that a container adds to a call of the flat line on the host."""
    from benchmarks.contract import Budget, Call
    from benchmarks.settings import row
    from containers.calls import host
    from containers.calls.call import Invocation
    from containers.images.build import ensure
    from containers.images.engine import is_configured
    from containers.sandbox import docker
    from containers.sandbox.escape import write_case

    if not is_configured():
        pytest.skip("no container engine")
    mean = row("mean")
    image = ensure(mean.folder)
    write_case(tmp_path / "case")
    call = Call(
        verb="predict", task="forecasting", params={}, seed=0, budget=Budget(steps=1, windows=1)
    )
    (tmp_path / "out").mkdir()
    case = {"case": tmp_path / "case"}
    invocation = Invocation(
        mean.folder, mean.card.entry, call, case, tmp_path / "out", mean.card.limits
    )

    def pair() -> float:
        begin = time.perf_counter()
        host.run(invocation)
        middle = time.perf_counter()
        docker.run(invocation, image)
        return (time.perf_counter() - middle) - (middle - begin)

    benchmark.extra_info["added_s"] = float(np.median([pair() for _ in range(5)]))
    benchmark.pedantic(pair, rounds=3)
    print(f"\na container adds {benchmark.extra_info['added_s']:.2f} s to a call")
