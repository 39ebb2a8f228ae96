"""The host runner holds a method to its limits and says in plain words how a call ended."""

import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.contract import Budget, Call, Limits
from containers.calls import host
from containers.calls.call import Invocation, Outcome

SMALL = Limits(minutes=1, memory_gb=0.3, output_gb=0.01)


def call(
    tmp_path: Path, code: str, limits: Limits = SMALL, inputs: dict[str, Path] | None = None
) -> Outcome:
    folder, output = tmp_path / "method", tmp_path / "output"
    folder.mkdir()
    output.mkdir()
    (folder / "main.py").write_text(textwrap.dedent(code))
    asked = Call(
        verb="predict", task="forecasting", params={}, seed=1, budget=Budget(steps=1, windows=1)
    )
    return host.run(Invocation(folder, ["python", "main.py"], asked, inputs or {}, output, limits))


def test_what_a_method_writes_arrives(tmp_path):
    outcome = call(
        tmp_path,
        """
        import json, os, sys
        root = os.environ["PQRST_ROOT"]
        assert sys.argv[1:] == ["predict", "forecasting"]
        assert json.load(open(root + "/call.json"))["seed"] == 1
        open(root + "/out/prediction.npy", "w").write("x")
        """,
    )
    assert (outcome.kind, outcome.exit_code) == ("ok", 0)
    assert (tmp_path / "output/prediction.npy").read_text() == "x"
    assert outcome.peak_memory_mb > 1 and outcome.wall_s > 0


def test_a_crash_names_its_last_line(tmp_path):
    outcome = call(tmp_path, "raise ValueError('no R peak')")
    assert outcome.kind == "crashed"
    assert "exit status 1: ValueError: no R peak" in outcome.reason
    assert "Traceback" in outcome.log


def test_output_of_a_failed_call_is_left_behind(tmp_path):
    outcome = call(
        tmp_path,
        "import os; open(os.environ['PQRST_ROOT'] + '/out/prediction.npy', 'w'); os._exit(3)",
    )
    assert outcome.kind == "crashed"
    assert not list((tmp_path / "output").iterdir())


def test_a_call_is_killed_at_its_time_limit_with_all_it_started(tmp_path):
    limits = Limits(minutes=0.02)
    begin = time.monotonic()
    outcome = call(
        tmp_path,
        f"""
        import signal, subprocess, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen(["sh", "-c", "sleep 5; touch {tmp_path}/alive"])
        time.sleep(300)
        """,
        limits,
    )
    assert outcome.kind == "timeout" and "0.02 minutes" in outcome.reason
    assert time.monotonic() - begin < 100
    time.sleep(5)
    assert not (tmp_path / "alive").exists()


def test_memory_is_limited(tmp_path):
    outcome = call(
        tmp_path,
        "import time\nheld = bytearray(10**9)\nheld[::4096] = b'x' *"
        " len(held[::4096])\ntime.sleep(9)",
    )
    assert outcome.kind == "out-of-memory" and "0.3 GB" in outcome.reason


def test_a_memory_error_is_out_of_memory(tmp_path):
    assert call(tmp_path, "bytearray(10**15)").kind == "out-of-memory"


@pytest.mark.parametrize("way", ["one sparse file", "many files"])
def test_output_is_limited(tmp_path, way):
    code = {
        "one sparse file": (
            "os.truncate(os.open(out + '/sparse', os.O_CREAT | os.O_WRONLY), 10**11)"
        ),
        "many files": (
            "[open(f'{out}/{k}', 'wb').write(bytes(10**6)) for k in range(30)]; time.sleep(3)"
        ),
    }[way]
    outcome = call(tmp_path, f"import os, time; out = os.environ['PQRST_ROOT'] + '/out'; {code}")
    assert outcome.kind == "over-quota"
    assert not list((tmp_path / "output").iterdir())


def test_a_full_disk_is_no_failure_of_the_method(tmp_path):
    outcome = call(tmp_path, "open('/dev/full', 'w').write('x' * 10**6)")
    assert outcome.kind == "infrastructure"
    assert "the disk is full" in outcome.reason and "free some space" in outcome.reason


def test_a_flood_of_output_is_cut_to_its_end(tmp_path):
    outcome = call(
        tmp_path, "for k in range(300_000): print('line', k)\nraise SystemExit('the end')"
    )
    assert outcome.kind == "crashed" and outcome.reason.endswith("the end")
    assert len(outcome.log) < 100_000


def test_links_and_folders_do_not_come_back(tmp_path):
    outcome = call(
        tmp_path,
        """
        import os
        out = os.environ["PQRST_ROOT"] + "/out"
        os.symlink("/etc/passwd", out + "/prediction.npy")
        os.mkdir(out + "/folder")
        os.mkfifo(out + "/pipe")
        """,
    )
    assert (
        outcome.kind == "invalid-output"
        and "'folder' is a folder; only regular files come back" in outcome.reason
    )
    assert not list((tmp_path / "output").iterdir())


def test_a_method_sees_an_allow_list_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    outcome = call(tmp_path, "import os; raise SystemExit(repr(sorted(os.environ)))")
    assert "SECRET_TOKEN" not in outcome.reason
    assert "PQRST_ROOT" in outcome.reason and "OMP_NUM_THREADS" in outcome.reason


def test_a_method_finds_its_inputs_and_no_other_folder(tmp_path):
    case = tmp_path / "case"
    case.mkdir()
    np.save(case / "windows.npy", np.zeros(3))
    code = """
        import os
        root = os.environ["PQRST_ROOT"]
        raise SystemExit(f"{sorted(os.listdir(root))}{os.listdir(root + '/case')}")
        """
    outcome = call(tmp_path, code, inputs={"case": case})
    assert (
        outcome.reason
        == "exit status 1: ['call.json', 'case', 'home', 'out', 'tmp']['windows.npy']"
    )


def test_a_missing_program_is_an_error_of_the_harness(tmp_path):
    folder = tmp_path / "method"
    folder.mkdir()
    asked = Call(
        verb="predict", task="forecasting", params={}, seed=1, budget=Budget(steps=1, windows=1)
    )
    with pytest.raises(FileNotFoundError):
        host.run(Invocation(folder, ["no-such-program"], asked, {}, tmp_path, SMALL))
