"""The supervised row: its training step, its masks, its checkpoint, and its entry point in all four tasks."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save_file

from benchmarks.scenarios import describe, hidden, of_task
from methods.kit.exchange import Call, read_records, read_windows

from .signals import RATE, SAMPLES, trace, windows

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "methods" / "resnet1d"
PARAMS = json.loads((FOLDER / "params.json").read_text())
TASKS = ("interpolation", "reconstruction", "forecasting", "classification")


@pytest.fixture(scope="module")
def method():
    """The method's modules, under no name that another method's module could have."""
    names = ("beats", "masks", "network", "main")
    before = {name: sys.modules.pop(name, None) for name in names}
    threads = torch.get_num_threads()
    sys.path.insert(0, str(FOLDER))
    try:
        modules = SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    finally:
        sys.path.remove(str(FOLDER))
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update({name: module for name, module in before.items() if module is not None})
    yield modules
    torch.set_num_threads(threads)


def write_windows(folder: Path, signal: np.ndarray, scenario: dict | None = None) -> None:
    folder.mkdir(parents=True)
    np.save(folder / "windows.npy", signal)
    people = None if scenario else list(range(len(signal)))
    about = {"contract_version": 1, "rate": RATE, "leads": [["MLII", "V1"]] * len(signal), "patients": people}
    (folder / "windows.json").write_text(json.dumps({**about, "scenario": scenario}))


def write_records(folder: Path, rng: np.random.Generator, labelled: bool) -> int:
    folder.mkdir(parents=True)
    entries = []
    for number in range(2):
        signal, beats = trace(rng, 60)
        np.save(folder / f"signal_{number:03d}.npy", signal)
        np.save(folder / f"beats_{number:03d}.npy", beats)
        if labelled:
            np.save(folder / f"labels_{number:03d}.npy", (np.arange(len(beats)) % 9 // 6).astype(np.uint8))
        person = number if labelled else None
        entries.append({"leads": ["MLII", "V1"], "samples": 60 * 250, "beats": len(beats), "patient": person})
    about = {"contract_version": 1, "rate": RATE, "classes": list("NSVFQ"), "records": entries}
    (folder / "records.json").write_text(json.dumps(about))
    return sum(entry["beats"] for entry in entries)


def call(root: Path, verb: str, task: str, row: str = "resnet1d", steps: int = 2) -> subprocess.CompletedProcess:
    for name in ("model", "out"):
        (root / name).mkdir(exist_ok=True)
    about = {"contract_version": 1, "verb": verb, "task": task, "params": PARAMS[row], "seed": 3}
    (root / "call.json").write_text(json.dumps({**about, "budget": {"steps": steps, "windows": 64 * steps}}))
    return subprocess.run(
        [sys.executable, str(FOLDER / "main.py"), verb, task],
        env={**os.environ, "PQRST_ROOT": str(root), "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )


def prepare(root: Path, task: str) -> None:
    """A root with tiny training data and a case of `task`; the same at every call."""
    rng = np.random.default_rng(0)
    if task == "classification":
        for part in ("train", "validation"):
            write_records(root / "data" / part, rng, True)
        write_records(root / "case", rng, False)
        return
    for part in ("train", "validation"):
        write_windows(root / "data" / part, windows(rng, 6))
    kinds = of_task(task, 2)
    (root / "data" / "scenarios.json").write_text(json.dumps(describe(kinds)))
    if task == "reconstruction":
        np.save(root / "data" / "noise.npy", rng.normal(0, 0.1, (3, 2, 4 * SAMPLES)).astype(np.float32))
    signal = windows(rng, 3)
    signal[1, 0] = 0.1
    signal[:, :, 1000:1500] = np.nan
    write_windows(root / "case", signal, kinds[1].model_dump())


@pytest.fixture(scope="module", params=TASKS)
def answered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A task, and the root in which it was fitted and predicted."""
    root = tmp_path_factory.mktemp(request.param)
    prepare(root, request.param)
    for verb in ("fit", "predict"):
        done = call(root, verb, request.param)
        assert done.returncode == 0, done.stderr
    return request.param, root


def test_answers_through_its_entry_point(answered: tuple[str, Path]):
    task, root = answered
    if task == "classification":
        found = np.load(root / "out" / "probabilities.npy")
        assert len(found) == sum(len(np.load(path)) for path in (root / "case").glob("beats_*.npy"))
        np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
        assert found.min() > 0
        assert found.std(0).max() > 0
        return
    found, shown = np.load(root / "out" / "prediction.npy"), np.load(root / "case" / "windows.npy")
    unseen = np.isnan(shown)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[~unseen], shown[~unseen])
    assert found[0, :, 1000:1500].std() > 0


def test_same_seed_same_bytes(answered: tuple[str, Path], method: SimpleNamespace, tmp_path: Path):
    task, root = answered
    for name in ("data", "case"):
        (tmp_path / name).symlink_to(root / name)
    (tmp_path / "model").mkdir()
    again = Call("fit", task, PARAMS["resnet1d"], 3, {"steps": 2, "windows": 128}, tmp_path)
    model, name = tmp_path / "model" / "model.safetensors", "prediction.npy"
    method.main.fit(again)
    assert model.read_bytes() == (root / "model" / "model.safetensors").read_bytes()
    if task == "classification":
        name, case = "probabilities.npy", read_records(root / "case")
    else:
        case = read_windows(root / "case")
    np.testing.assert_array_equal(np.float32(method.main.predict(case, again)), np.load(root / "out" / name))

    tensors = load(model.read_bytes())
    save_file({**tensors, "stranger": torch.zeros(1)}, model)
    with pytest.raises(RuntimeError, match="stranger"):
        method.main.predict(case, again)
    del tensors["encoder.down.0.weight"]
    save_file(tensors, model)
    with pytest.raises(RuntimeError, match=r"encoder\.down\.0\.weight"):
        method.main.predict(case, again)


@pytest.mark.parametrize("task", ["interpolation", "classification"])
def test_untrained_keeps_its_random_encoder(task: str, method: SimpleNamespace, tmp_path: Path):
    prepare(tmp_path, task)
    (tmp_path / "model").mkdir()
    found = []
    for steps in (1, 3):
        method.main.fit(Call("fit", task, PARAMS["untrained"], 3, {"steps": steps, "windows": 999}, tmp_path))
        found.append(load((tmp_path / "model" / "model.safetensors").read_bytes()))
    for name, tensor in found[0].items():
        fixed = name.startswith("encoder.") or name == "shift"
        assert torch.equal(tensor, found[1][name]) == fixed, name


def networks(method: SimpleNamespace, frozen: bool) -> list[tuple]:
    """Both networks, each with a function that gives a loss."""
    torch.manual_seed(0)
    rng = torch.Generator().manual_seed(0)
    completion = method.network.Completion(2, [16, 32, 64], frozen)
    x, target = torch.randn(2, 5, 1000, generator=rng), torch.randn(2, 2, 1000, generator=rng)
    wanted = torch.rand(2, 2, 1000, generator=rng) > 0.5
    heartbeat = method.network.Heartbeat(4, method.beats.FEATURES, 5, [16, 32, 64], frozen)
    views, rhythm = torch.randn(5, 4, 200, generator=rng), torch.randn(5, method.beats.FEATURES, generator=rng)
    return [
        (completion, lambda: method.network.completion_loss(completion(x), target, wanted, RATE)),
        (heartbeat, lambda: torch.nn.functional.cross_entropy(heartbeat(views, rhythm), torch.arange(5))),
    ]


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("which", [0, 1])
def test_a_step_moves_what_it_should(method: SimpleNamespace, which: int, frozen: bool):
    model, loss = networks(method, frozen)[which]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert frozen == (not any(name.startswith("encoder.") for name in trainable))
    parameters = list(trainable.values())
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
    # The last layer of the completion starts at zero, so what lies before it learns from the second step on.
    for step in (1, 2):
        model.zero_grad()
        value = loss()
        assert torch.isfinite(value)
        value.backward()
        method.main.adamw(parameters, moments, step, 0.01)
    for name, parameter in trainable.items():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
        assert not torch.equal(before[name], parameter), name
    for name, tensor in model.state_dict().items():
        assert name in trainable or torch.equal(before[name], tensor), name


def test_adamw_is_torchs(method: SimpleNamespace):
    start, pull = torch.randn(2, 7, generator=torch.Generator().manual_seed(0))
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    reference = torch.optim.AdamW([theirs], lr=0.05, weight_decay=1e-2)
    moments = [(torch.zeros(7), torch.zeros(7))]
    for step in range(1, 6):
        for parameter in (ours, theirs):
            parameter.grad = parameter.detach() ** 2 - pull
        method.main.adamw([ours], moments, step, 0.05)
        reference.step()
    torch.testing.assert_close(ours, theirs)


def test_loss_counts_wanted_samples_only(method: SimpleNamespace):
    rng = torch.Generator().manual_seed(0)
    answer, target = torch.randn(2, 3, 2, 1000, generator=rng)
    wanted = torch.rand(3, 2, 1000, generator=rng) > 0.7
    loss = method.network.completion_loss
    value = loss(answer, target, wanted, RATE)
    assert loss(answer, torch.where(wanted, target, target + 9), wanted, RATE) == value
    assert loss(answer, torch.where(wanted, 2 * target, target), wanted, RATE) != value


def test_high_pass_is_the_scorers(method: SimpleNamespace):
    from scipy.signal import butter, sosfiltfilt

    signal = windows(np.random.default_rng(1), 3).astype(float)
    signal += np.sin(np.arange(SAMPLES) / 400)
    expected = sosfiltfilt(butter(2, 0.5, "high", fs=RATE, output="sos"), signal)
    found = method.network.highpass(torch.from_numpy(signal), RATE).numpy()
    np.testing.assert_allclose(found[..., 250:-250], expected[..., 250:-250], atol=0.02)


@pytest.mark.parametrize("kind", [s.model_dump() for t in TASKS[:3] for s in of_task(t, 2)], ids=lambda k: k["name"])
def test_input_knows_nothing_of_what_is_hidden(method: SimpleNamespace, kind: dict):
    rng = np.random.default_rng(2)
    clean = windows(rng, 1)[0]
    clean[1] = 0.3
    noise = rng.normal(0, 0.1, (3, 2, 4 * SAMPLES)).astype(np.float32)
    power = np.array([0.05, 0.0025])
    shown, wanted = method.main.spoilt(clean, power, kind, noise, np.random.default_rng(4), RATE)
    assert wanted.any()
    if kind["hides"] != "noise":
        assert np.isnan(shown[wanted]).all()
        other = np.where(wanted, clean + rng.normal(0, 5, clean.shape).astype(np.float32), clean)
        again, _ = method.main.spoilt(other, power, kind, noise, np.random.default_rng(4), RATE)
        np.testing.assert_array_equal(shown, again)
        guess = method.masks.estimate(shown, kind, RATE)
        np.testing.assert_array_equal(guess[~wanted], clean[~wanted])
    for part in method.main.inputs_of(shown[None], [kind], RATE):
        assert torch.isfinite(part).all()


@pytest.mark.parametrize("task", TASKS[:3])
def test_hides_as_the_board_does(method: SimpleNamespace, task: str):
    for scenario in of_task(task, 2):
        ours = method.masks.draw(scenario.model_dump(), np.random.default_rng(6), (2, SAMPLES), RATE)
        np.testing.assert_array_equal(ours, hidden(scenario, np.random.default_rng(6), 2, SAMPLES, RATE))


def test_noise_has_the_asked_ratio(method: SimpleNamespace):
    rng = np.random.default_rng(2)
    clean, noise = windows(rng, 1)[0], rng.normal(0, 3, (3, 2, 4 * SAMPLES)).astype(np.float32)
    kind = next(s for s in of_task("reconstruction", 2) if s.name == "snr-6").model_dump()
    filtered = method.network.highpass(torch.from_numpy(clean), RATE).var(-1, correction=0).numpy()
    shown, _ = method.main.spoilt(clean, filtered, kind, noise, rng, RATE)
    added = method.network.highpass(torch.from_numpy(shown - clean), RATE).var(-1, correction=0).numpy()
    np.testing.assert_allclose(10 * np.log10(filtered / added), 6, atol=0.01)


def test_a_window_without_a_visible_sample_is_finite(method: SimpleNamespace):
    kind = of_task("reconstruction", 2)[1].model_dump()
    for nothing in (slice(0, 1), slice(0, 2)):
        shown = windows(np.random.default_rng(5), 1)
        shown[:, nothing] = np.nan
        assert all(torch.isfinite(part).all() for part in method.main.inputs_of(shown, [kind], RATE))


def test_records_without_beats_and_flat_leads_are_finite(method: SimpleNamespace):
    flat = np.zeros((2, 1000), np.float32)
    for marks in ([], [3], [3, 500], [3, 3, 500, 999]):
        at = np.array(marks, np.int64)
        assert np.isfinite(method.beats.rhythm(at, RATE)).all()
        if len(at):
            assert np.isfinite(method.beats.views(flat, at, RATE)).all()
