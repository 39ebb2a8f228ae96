"""The kit's training beside a plain PyTorch loop on the same model in the same run. Prints figures;
never fails the suite. On a GPU both run in bf16 there."""

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.scenarios import of_task
from methods.kit.contract.call import Call
from methods.kit.contract.windows import Windows
from methods.kit.network import completion
from methods.kit.network.layers import Completion, Transformer
from methods.kit.network.training import Schedule, device, place, train
from tests.helpers.signals import RATE, windows

STEPS, BATCH, LEADS = 24, 32, 2
CHANNELS = completion.channels_of(LEADS)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def model() -> Completion:
    """The standard encoder, 100 tokens of width 128 in 4 layers, under the patch decoder."""
    torch.manual_seed(0)
    return Completion(Transformer(CHANNELS, 128, 4, 4), CHANNELS, LEADS).to(device())


def batch() -> tuple:
    rng = torch.Generator().manual_seed(0)
    shape = (BATCH, LEADS, 2500)
    target, wanted = torch.randn(shape, generator=rng), torch.rand(shape, generator=rng) > 0.6
    return place(
        (
            torch.randn(BATCH, CHANNELS, 2500, generator=rng),
            torch.ones(BATCH, LEADS).long(),
            target,
            wanted,
        )
    )


def loss_on(net: Completion, question: tuple) -> torch.Tensor:
    channels, names, target, wanted = question
    return completion.loss_of(net(channels, names), target, wanted, RATE)


def wait() -> float:
    """Seconds: of this process on a CPU, where others take their share; until it is done on a
    GPU."""
    if device().type == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def plain_loop() -> float:
    """Seconds a step."""
    net, question = model(), batch()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    begin = wait()
    for step in range(STEPS + 4):
        if step == 4:  # the first steps pay for what is made once
            begin = wait()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device().type, torch.bfloat16, enabled=device().type == "cuda"):
            loss = loss_on(net, question)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        loss.item()
    return (wait() - begin) / STEPS


def kit_loop(folder: Path) -> float:
    """Seconds a step, checks and checkpoint left out."""
    (folder / "model").mkdir(exist_ok=True)
    net, question, marks = model(), batch(), []
    train(
        Call("fit", "interpolation", {}, 0, {"steps": 0, "windows": 0}, folder),
        net,
        lambda rng: question,
        lambda asked: loss_on(net, asked),
        lambda: 0.0,
        Schedule(STEPS + 4, 1e-3),
        after=lambda step: marks.append(wait()),
    )
    return float(np.median(np.diff(marks)))


def test_the_kits_loop_beside_a_plain_one(benchmark, tmp_path):
    """Ratio of seconds a step, and what share of this machine's matrix products a step reaches."""
    pairs = [(kit_loop(tmp_path), plain_loop()) for _ in range(3)]
    kit, plain = np.median(pairs, 0)
    with FlopCounterMode(display=False) as counted:
        net, question = model(), batch()
        loss_on(net, question).backward()
    dtype = torch.bfloat16 if device().type == "cuda" else torch.float32
    square = torch.randn(2048, 2048, device=device(), dtype=dtype)
    times = []
    for _ in range(6):
        begin = wait()
        torch.mm(square, square)
        times.append(wait() - begin)
    rate = 2 * 2048**3 / min(times)
    share = counted.get_total_flops() / kit / rate
    benchmark.extra_info.update(
        kit_s=float(kit), plain_s=float(plain), ratio=float(kit / plain), share=float(share)
    )
    benchmark.pedantic(lambda: None, rounds=1)
    print(
        f"\na step of {BATCH} windows: kit {kit:.3f} s, plain loop {plain:.3f} s, ratio"
        f" {kit / plain:.2f}"
    )
    print(
        f"{share:.0%} of this machine's {rate / 1e9:.0f} GFLOP/s in {dtype} matrix products, on"
        f" {device()}"
    )


@pytest.mark.parametrize("task", ["interpolation", "reconstruction", "forecasting"])
def test_the_loader_beside_a_step(benchmark, task):
    """Seconds of making a batch of 16 windows, beside those of a step on them."""
    rng = np.random.default_rng(0)
    training = Windows(windows(rng, 64), [["MLII", "V1"]] * 64, None, RATE, None)
    kinds = [scenario.model_dump() for scenario in of_task(task, LEADS)]
    noise = rng.normal(0, 0.1, (3, 2, 10_000)).astype(np.float32)
    hider = completion.Hider(kinds, noise, RATE, completion.covariance_of(training, rng))
    net = model()

    def draw() -> tuple:
        shown, names = completion.drawn_windows(training, 16, rng)
        return names, *hider.ask(shown, [kinds[k] for k in rng.integers(len(kinds), size=16)], rng)

    def step(
        names: torch.Tensor, channels: torch.Tensor, target: torch.Tensor, wanted: torch.Tensor
    ) -> None:
        completion.loss_of(net(channels, names), target, wanted, RATE).backward()

    spent = []
    for _ in range(12):
        begin = wait()
        asked = place(draw())
        middle = wait()
        step(*asked)
        spent.append((middle - begin, wait() - middle))
    loading, stepping = np.median(spent[2:], 0)
    benchmark.extra_info.update(load_s=float(loading), step_s=float(stepping))
    benchmark.pedantic(lambda: None, rounds=1)
    print(
        f"\n{task}: a batch of 16 windows takes {loading:.3f} s to make and {stepping:.3f} s to"
        " learn from"
    )
