"""The kit's training loop: its optimiser, its schedule, what stops it, how a killed run goes on."""

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from methods.kit.contract.call import Call
from methods.kit.network import training
from methods.kit.network.checkpoints import load, load_part, save
from tests.helpers.launch import launch

# A regression that a kill may interrupt: dropout and a batch norm make it depend on every random
# number and buffer.
PROGRAM = """
import os, sys
from pathlib import Path
import numpy as np, torch
from torch import nn
from methods.kit.contract.call import Call
from methods.kit.network.training import Schedule, train
root, steps, dies, accumulate, average = Path(sys.argv[1]), 16, *map(float, sys.argv[2:])
torch.set_num_threads(1)
torch.manual_seed(0)
norm = nn.BatchNorm1d(8) if accumulate == 1 else nn.Identity()
drop = nn.Dropout(0.2 if accumulate == 1 else 0.0)
model = nn.Sequential(nn.Linear(4, 8), norm, drop, nn.Linear(8, 1))
call = Call("fit", "interpolation", {}, 5, {"steps": steps, "windows": 999}, root)
held = torch.randn(64, 4, generator=torch.Generator().manual_seed(1))
def draw(rng):
    x = rng.normal(size=(8, 4)).astype(np.float32)
    return x, x.sum(1, keepdims=True)
def after(step):
    if step == dies:
        os._exit(9)
train(call, model, draw, lambda b: ((model(b[0]) - b[1]) ** 2).mean(),
      lambda: float(((model(held) - held.sum(1, keepdim=True)) ** 2).mean()),
      Schedule(steps, 0.05, accumulate=int(accumulate), average=average), after=after)
"""


def run(root: Path, *arguments: float, processes: int = 1) -> subprocess.CompletedProcess[str]:
    (root / "model").mkdir(parents=True, exist_ok=True)
    script = root / "program.py"
    script.write_text(PROGRAM)
    return launch(script, str(root), *map(str, arguments), processes=processes)


def run_here(root: Path, *arguments: float) -> None:
    """As `run`, without waiting for another process to import torch."""
    (root / "model").mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["program.py", str(root), *map(str, arguments)])
        exec(compile(PROGRAM, "program.py", "exec"), {})


def call(root: Path, seed: int = 3) -> Call:
    (root / "model").mkdir(exist_ok=True)
    return Call("fit", "interpolation", {}, seed, {"steps": 8, "windows": 64}, root)


def line(
    root: Path, check: Callable[[nn.Linear], float], **changes
) -> tuple[nn.Linear, list[dict]]:
    """A straight line fitted for 16 steps under `check`, and its history."""
    torch.manual_seed(0)
    model = nn.Linear(1, 1)

    def draw(rng: np.random.Generator) -> np.ndarray:
        return rng.normal(size=(4, 1)).astype(np.float32)

    def loss(x: torch.Tensor) -> torch.Tensor:
        return ((model(x) - 3 * x) ** 2).mean()

    schedule = training.Schedule(**{"steps": 16, "learning_rate": 0.1} | changes)
    training.train(call(root), model, draw, loss, lambda: check(model), schedule)
    return model, json.loads((root / "model/history.json").read_text())


def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path, capsys):
    """A run repeats to the same bytes, also after a kill (X-13)."""
    average = 0.9
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    run_here(whole, -1, 1, average)
    (cut / "state").mkdir(parents=True)
    assert run(cut, 7, 1, average).returncode == 9
    assert not list((cut / "model").iterdir())
    run_here(cut, -1, 1, average)
    assert "going on after step 6" in capsys.readouterr().out
    for name in ("model.safetensors", "history.json"):
        assert (cut / "model" / name).read_bytes() == (whole / "model" / name).read_bytes()


def test_two_processes_take_the_steps_of_one_that_accumulates(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    run_here(one, -1, 2, 0)
    # Int(1.5) is 1: without batch norm, which sees half a batch.
    done = run(two, -1, 1.5, 0, processes=2)
    assert done.returncode == 0, done.stderr
    from safetensors.torch import load_file

    theirs, ours = (load_file(root / "model/model.safetensors") for root in (one, two))
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-4, atol=1e-6)


def test_adamw_is_torchs():
    start, pull = torch.randn(2, 7, generator=torch.Generator().manual_seed(0))
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    reference = torch.optim.AdamW([theirs], lr=0.05, weight_decay=1e-2)
    moments = [(torch.zeros(7), torch.zeros(7))]
    for step in range(1, 6):
        for parameter in (ours, theirs):
            parameter.grad = parameter.detach() ** 2 - pull
        training.adamw([ours], moments, step, 0.05)
        reference.step()
    torch.testing.assert_close(ours, theirs)
    ours.grad = None
    with pytest.raises(RuntimeError, match="no gradient"):
        training.adamw([ours], moments, 6, 0.05)


def test_the_rate_starts_above_zero_peaks_at_what_was_asked_and_falls_to_nearly_zero():
    """The learning rate is above zero at the first step and peaks at what was asked (T0-9,
    T4-1)."""
    rates = [training.learning_rate_at(step, 100, 3e-4, 10) for step in range(1, 101)]
    assert rates[0] > 0
    assert max(rates) == rates[9] == 3e-4
    assert all(a < b for a, b in itertools.pairwise(rates[:10]))
    assert all(a > b for a, b in itertools.pairwise(rates[9:]))
    assert 0 < rates[-1] < 1e-6


def test_weights_move_from_the_first_step(tmp_path):
    """The first step already moves the weights: the learning rate is never zero (T4-1)."""
    torch.manual_seed(0)
    start = nn.Linear(1, 1).weight.clone()
    model, _ = line(tmp_path, lambda model: 1.0, steps=1)
    assert not torch.equal(model.weight, start)


def test_it_stops_after_patience_checks_without_a_lower_loss_and_keeps_the_lowest(tmp_path):
    """A plateau of the validation loss stops the training, a falling loss never does (X-12,
    T0-10)."""
    falling = iter(np.linspace(1, 0.999, 8))
    assert len(line(tmp_path, lambda model: next(falling), patience=1)[1]) == 8
    values, weights = iter([3.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]), []

    def check(model: nn.Linear) -> float:
        weights.append(model.weight.detach().clone())
        return next(values)

    model, history = line(tmp_path, check, patience=3)
    assert [each["validation"] for each in history] == [3, 1, 2, 2, 2]
    assert torch.equal(model.weight, weights[1])


def test_a_diverged_training_says_so(tmp_path):
    with pytest.raises(FloatingPointError, match="diverged"):
        line(tmp_path, lambda model: float("nan"))
    assert not list((tmp_path / "model").iterdir())


def test_an_average_forgets_the_random_start():
    """After the first step the average is nearly the weights, whatever its momentum (T1-11);
    buffers are copied (T3-5)."""
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    weights = dict(model.state_dict())
    average = {name: torch.full_like(tensor, 9) for name, tensor in model.state_dict().items()}
    training.ema_update(average, model, training.warm_momentum(0.999, 1))
    torch.testing.assert_close(average["0.weight"], 0.1 * 9 + 0.9 * weights["0.weight"])
    assert torch.equal(average["1.running_mean"], weights["1.running_mean"])
    assert training.warm_momentum(0.999, 10**6) == 0.999


def test_checkpoints_fail_loudly(tmp_path):
    """Loading a checkpoint fails where a tensor is missing, unexpected or misshapen, or where none
    was transferred (X-6)."""
    path, model = tmp_path / "model.safetensors", nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    save(path, model.state_dict())
    torch.testing.assert_close(
        load(path, nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)))[0].weight, model[0].weight
    )
    load_part(path, nn.Linear(2, 1), "1")
    with pytest.raises(RuntimeError, match="expected tensors of 'encoder', found none"):
        load_part(path, nn.Linear(2, 1), "encoder")
    with pytest.raises(RuntimeError, match="size mismatch"):
        load_part(path, nn.Linear(2, 1), "0")
    tensors = dict(model.state_dict())
    save(path, tensors | {"stranger": torch.zeros(1)})
    with pytest.raises(RuntimeError, match="stranger"):
        load(path, model)
    del tensors["1.weight"]
    save(path, tensors)
    with pytest.raises(RuntimeError, match=r"1\.weight"):
        load(path, model)


def test_equal_weights_are_equal_bytes(tmp_path):
    tensors = {"b": torch.ones(3), "a": torch.zeros(2, 2).T}
    save(tmp_path / "one", tensors)
    save(tmp_path / "two", dict(reversed(tensors.items())))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
