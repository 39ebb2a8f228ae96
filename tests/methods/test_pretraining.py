"""The objectives of masked, predictive and contrastive pretraining, and how their weights reach the
tasks."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from benchmarks.settings import ROOT
from methods.kit.contract.call import Call
from methods.kit.network import pretraining
from methods.kit.network.checkpoints import load as load_checkpoint
from methods.kit.network.completion import channels_of
from methods.kit.network.layers import TOKEN, Transformer
from methods.kit.signal.leads import OTHER, lead_ids
from tests.helpers.launch import launch
from tests.helpers.load_method import load
from tests.helpers.signals import RATE, windows

LEADS, TOKENS = 2, 20
PRETRAINED = ("mae", "jepa", "simclr", "byol", "st-mem", "ttm")


def encoder() -> Transformer:
    torch.manual_seed(0)
    return Transformer(channels_of(LEADS), 32, 2, 4)


def signal(count: int = 4) -> torch.Tensor:
    return torch.randn(count, LEADS, TOKENS * TOKEN, generator=torch.Generator().manual_seed(1))


def call(root: Path, name: str, verb: str = "pretrain", steps: int = 2) -> Call:
    row, params = next(
        iter(json.loads((ROOT / "methods" / name / "params.json").read_text()).items())
    )
    small = params | {"width": 16, "depth": 1, "pretraining_batch_size": 4, "batch_size": 4}
    (root / "model").mkdir(exist_ok=True)
    assert row.startswith(name)
    return Call(
        verb,
        None if verb == "pretrain" else "interpolation",
        small,
        3,
        {"steps": steps, "windows": 99},
        root,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Training and validation windows of a few people."""
    for number, part in enumerate(("train", "validation")):
        folder = tmp_path / "data" / part
        folder.mkdir(parents=True)
        np.save(folder / "windows.npy", windows(np.random.default_rng(number), 6))
        about = {
            "rate": RATE,
            "leads": [["MLII", "V1"]] * 6,
            "patients": list(range(6)),
            "scenario": None,
        }
        (folder / "windows.json").write_text(json.dumps(about))
    return tmp_path


@pytest.mark.parametrize("name", PRETRAINED)
def test_a_pretraining_moves_its_encoder_and_a_fit_begins_with_it(root, name):
    """X-5, X-6: every trainable tensor has a gradient (the loop raises), and a missing tensor ends
    the fit."""
    method = load(name)
    method.pretraining(call(root, name))
    history = json.loads((root / "model/history.json").read_text())
    assert all(np.isfinite(line["validation"]) for line in history)
    (root / "model").rename(root / "pretrained")
    about = call(root, name, "fit")
    torch.manual_seed(5)
    begun = method.encode(about, LEADS, channels_of(LEADS))
    torch.manual_seed(5)
    random = method.encode(call(root, name, "predict"), LEADS, channels_of(LEADS))
    task_layers = {id(p) for part in begun.task_layers for p in part.parameters()}
    for one, other in zip(begun.parameters(), random.parameters(), strict=True):
        assert id(one) in task_layers or not torch.equal(one, other)
    assert all(p.requires_grad for p in begun.parameters())
    frozen = Call(
        "fit", "interpolation", about.params | {"protocol": "linear"}, 3, about.budget, root
    )
    still = method.encode(frozen, LEADS, channels_of(LEADS))
    task_layers = {id(p) for part in still.task_layers for p in part.parameters()}
    assert all(p.requires_grad == (id(p) in task_layers) for p in still.parameters())
    deeper = Call("fit", "interpolation", about.params | {"depth": 2}, 3, about.budget, root)
    with pytest.raises(RuntimeError, match=r"blocks\.\d"):
        method.encode(deeper, LEADS, channels_of(LEADS))


def test_what_is_hidden_is_not_in_the_channels():
    """X-2: hidden samples change no channel of the input."""
    seen = torch.rand(4, LEADS, 500) > 0.5
    one = torch.randn(4, LEADS, 500)
    other = torch.where(seen, one, one + 9)
    assert torch.equal(pretraining.channels(one, seen), pretraining.channels(other, seen))
    assert pretraining.channels(one, seen).shape == (4, channels_of(LEADS), 500)


def test_leads_are_numbered_by_name():
    """X-10: whatever their order and case; a lead of the torso is that of the limb."""
    assert lead_ids([["MLII", "V1"], ["v1", "II"], ["I", "ECG"]]).tolist() == [
        [1, 6],
        [6, 1],
        [0, OTHER],
    ]


# ------------------------------------------------------------------------------------------------------------
# masked


def test_mae_hides_exact_counts():
    """T1-28: the share of patches or of leads is hidden exactly, in every window."""
    hide, rng = load("mae").hide, np.random.default_rng(0)
    hidden, kept = hide(8, LEADS, 20, {"hides": "patch", "mask_ratio": 0.75}, rng)
    assert (
        (hidden.sum(-1) == 15).all()
        and (hidden[:, 0] == hidden[:, 1]).all()
        and kept.shape == (8, 5)
    )
    assert not hidden[torch.arange(8)[:, None], 0, kept].any()
    for leads, count in ((2, 1), (3, 2), (12, 9)):
        hidden, kept = hide(8, leads, 20, {"hides": "lead", "mask_ratio": 0.75}, rng)
        assert (hidden.all(-1).sum(1) == count).all() and (hidden.any(-1).sum(1) == count).all()
        assert kept.shape == (8, 20)


@pytest.mark.parametrize("hides", ["patch", "lead"])
def test_mae_restores_hidden_patches_and_counts_no_other(hides):
    """T1-28, X-2: visible targets don't count, hidden samples don't reach the encoder."""
    mae = load("mae")
    model = mae.Autoencoder(encoder(), LEADS)
    hidden, kept = mae.hide(
        4, LEADS, TOKENS, {"hides": hides, "mask_ratio": 0.5}, np.random.default_rng(0)
    )
    one = signal().requires_grad_()
    model(one, hidden, kept).backward()
    assert one.grad is not None
    wide = hidden.repeat_interleave(TOKEN, -1)
    error = 2 * (one - _restored(mae, model, one, hidden, kept)).detach() / wide.sum()
    torch.testing.assert_close(one.grad[wide], error[wide], rtol=1e-3, atol=1e-6)


def _restored(
    mae, model, one: torch.Tensor, hidden: torch.Tensor, kept: torch.Tensor
) -> torch.Tensor:
    """What the autoencoder says, read off its loss: the target that makes the loss's gradient
    vanish."""
    captured: list[torch.Tensor] = []
    handle = model.decoder_head.register_forward_hook(
        lambda module, given, said: captured.append(said)
    )
    model(one, hidden, kept)
    handle.remove()
    return captured[0].unflatten(-1, (LEADS, -1)).transpose(1, 2).flatten(2)


@pytest.mark.parametrize("kind", ["st_mem", "mtae", "mlae"])
def test_st_mem_sees_visible_patches_alone_and_restores_the_others(kind):
    """T1-28, X-2; T1-29: the published patch of 0.3 s and normalised targets."""
    method, rng = load("st-mem"), np.random.default_rng(0)
    torch.manual_seed(0)
    samples = 10 * method.PATCH
    model = method.Autoencoder(method.Patches(kind, LEADS, samples, 32, 2, 4))
    groups, tokens = {"st_mem": (LEADS, 10), "mtae": (1, 10), "mlae": (1, LEADS)}[kind]
    kept = method.visible(4, groups, tokens, rng)
    assert kept.shape == (4, groups, max(1, tokens // 4))
    given = torch.randn(4, LEADS, samples, generator=torch.Generator().manual_seed(1))
    lead_ids = torch.tensor([[1, 6]] * 4)
    said: list[torch.Tensor] = []
    model.decoder_head.register_forward_hook(lambda module, before, after: said.append(after))
    hidden = torch.ones(4, groups, tokens, dtype=torch.bool).scatter(2, kept, False)
    if kind == "mlae":
        cut = hidden.transpose(1, 2).expand(-1, -1, samples)
    else:
        cut = hidden.expand(-1, LEADS, -1).repeat_interleave(method.PATCH, 2)
    value = model(given, lead_ids, kept)
    other = model(torch.where(cut, given.flip(0) - 3, given), lead_ids, kept)
    assert torch.equal(said[0], said[1]), "hidden samples reach nothing"
    assert not torch.isclose(value, other), "hidden samples are what counts"
    torch.testing.assert_close(
        model.patches(given).mean(-1), torch.zeros(4, groups, tokens), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(
        model.patches(given).std(-1), torch.ones(4, groups, tokens), atol=0.02, rtol=0
    )


def test_st_mem_knows_its_leads_by_name():
    """X-10: the same signal under another name is another thing; fewer than twelve leads are as
    good."""
    method = load("st-mem")
    torch.manual_seed(0)
    model = method.Patches("st_mem", LEADS, 750, 32, 1, 4).eval()
    x = torch.randn(1, channels_of(LEADS), 750)
    one, other = (model(x, torch.tensor([lead_ids])) for lead_ids in ([1, 6], [1, 7]))
    assert not torch.allclose(one, other)


def test_ttm_hides_exact_counts_and_contiguous_blocks():
    """T4-12: four of ten patches, every patch at times, and a block in one piece."""
    hide = load("ttm").hide
    for kind in ("random", "block"):
        hidden = hide(200, kind, np.random.default_rng(0))
        assert (hidden.sum(1) == 4).all() and hidden.any(0).all()
    assert (hidden.int().diff(dim=1).abs().sum(1) <= 2).all()


def test_ttm_restores_leads_apart_and_knows_them_by_name():
    """T4-2: the shape of the input; T4-3: exchanged leads are another input; T4-11: a hidden patch
    is no zero."""
    ttm = load("ttm")
    torch.manual_seed(0)
    model = ttm.Masked(ttm.Mixer(LEADS, 32, 2))
    given = torch.randn(4, LEADS, 2500, generator=torch.Generator().manual_seed(1))
    lead_ids, hidden = torch.tensor([[1, 6]] * 4), ttm.hide(4, "block", np.random.default_rng(0))
    said = model.restored(given, lead_ids, hidden)
    assert said.shape == given.shape
    assert not torch.allclose(model.restored(given.flip(1), lead_ids, hidden), said.flip(1))
    wide = hidden.repeat_interleave(ttm.PATCH, 1)[:, None].expand_as(given)
    assert torch.equal(model.restored(torch.where(wide, 9.0, given), lead_ids, hidden), said)
    assert not torch.allclose(
        model.restored(torch.where(wide, 0.0, given), lead_ids, hidden & False), said
    )


def test_spectral_loss():
    """T4-8, T4-9: nothing for equal signals, growing with a wrong frequency, finite for silence,
    refused for short."""
    spectral = load("ttm").spectral
    at = torch.arange(2500) / RATE
    waves = [torch.sin(2 * np.pi * hertz * at)[None, None] for hertz in (5, 5.5, 8)]
    assert float(spectral(waves[0], waves[0])) == 0
    assert 0 < float(spectral(waves[1], waves[0])) < float(spectral(waves[2], waves[0]))
    assert float(spectral(2 * waves[0], waves[0])) > 0.1
    assert float(spectral(waves[0], torch.zeros(1, 1, 2500))) < 20
    with pytest.raises(ValueError, match="2048 samples needs more than 1024"):
        spectral(waves[0][..., :1024], waves[1][..., :1024])


def test_inflation_keeps_known_leads_and_says_what_it_did():
    """T4-5, T4-6: by name; what was known before answers as before."""
    ttm = load("ttm")
    torch.manual_seed(0)
    mixer = ttm.Mixer(LEADS, 32, 1).eval()
    before, x = mixer.lead.weight.detach().clone(), torch.randn(2, channels_of(LEADS), 2500)
    known = torch.tensor([[1, 6]] * 2)
    answer = mixer(x, known)
    said = ttm.inflate(mixer, ["MLII", "V1"], ["V1", "V2", "II"], seed=1)
    assert said == ["V1: kept", "V2: the mean of MLII, V1", "II: kept"]
    assert torch.equal(mixer(x, known), answer)
    changed = (mixer.lead.weight != before).any(1).nonzero().flatten().tolist()
    assert changed == lead_ids([["V2"]])[0].tolist()
    assert (mixer.lead.weight[7] - before[[1, 6]].mean(0)).abs().max() < 0.06


def test_inflation_goes_from_the_leads_of_the_pretraining_to_those_of_the_task(root, capsys):
    ttm = load("ttm")
    ttm.pretraining(call(root, "ttm"))
    (root / "model").rename(root / "pretrained")
    about = json.loads((root / "data/train/windows.json").read_text())
    (root / "data/train/windows.json").write_text(json.dumps(about | {"leads": [["V1", "V2"]] * 6}))
    table = ttm.encode(call(root, "ttm", "fit"), LEADS, channels_of(LEADS)).lead.weight.detach()
    assert "V1: kept\nV2: the mean of MLII, V1\n" in capsys.readouterr().out
    assert (table[7] - table[[1, 6]].mean(0)).abs().max() < 0.06


# --------------------------------------------------------------------------------------------------------
# predictive


def test_jepa_context_sees_itself_and_no_target():
    """T3-1: no gradient of the context's features reaches a target's samples; one reaches every
    context sample's token, and no other window matters."""
    jepa = load("jepa")
    kept, targets = jepa.blocks(4, TOKENS, np.random.default_rng(0))
    one = signal().requires_grad_()
    jepa.Predictive(encoder()).context(one, kept)[0].square().sum().backward()
    assert one.grad is not None
    reached = one.grad.abs().unflatten(-1, (-1, TOKEN)).sum((1, 3)) > 0
    assert reached[0].nonzero().flatten().tolist() == kept[0].tolist()
    assert not reached[1:].any()
    assert not set(kept[0].tolist()) & set(targets[0].flatten().tolist())


def test_jepa_blocks_are_drawn_evenly():
    """T3-2, T3-3: every patch may be a target, and no part of the window is context more often."""
    jepa, rng = load("jepa"), np.random.default_rng(0)
    target, context = np.zeros(40), np.zeros(40)
    for _ in range(300):
        kept, targets = jepa.blocks(16, 40, rng)
        np.add.at(target, targets.flatten().numpy(), 1)
        np.add.at(context, kept.flatten().numpy(), 1)
    assert target.min() > 0
    halves = context[:20].sum() / context[20:].sum()
    assert abs(halves - 1) < 0.1
    quarters = context.reshape(4, 10).sum(1)
    np.testing.assert_allclose(quarters[[0, 1]], quarters[[3, 2]], rtol=0.1)


def test_jepa_copy_follows_and_meets_the_encoder():
    """T3-5: the same as the encoder at momentum 0; never trained itself."""
    jepa = load("jepa")
    model = jepa.Predictive(encoder())
    kept, targets = jepa.blocks(4, TOKENS, np.random.default_rng(0))
    model(signal(), kept, targets).backward()
    assert all(p.grad is None for p in model.target_encoder.parameters())
    with torch.no_grad():
        for p in model.encoder.parameters():
            p += 1
    before = model.target_encoder.norm.weight.clone()
    jepa.update_target(model, 10, 10)
    assert torch.equal(model.target_encoder.norm.weight, before), "kept whole at the last step"
    jepa.ema_update(model.target_encoder.state_dict(), model.encoder, 0.0)
    assert all(
        torch.equal(a, b)
        for a, b in zip(model.target_encoder.parameters(), model.encoder.parameters(), strict=True)
    )


# -------------------------------------------------------------------------------------------------------
# contrastive


def test_nt_xent_is_the_double_loop():
    """T3-8: the loss by hand over all pairs; the views may change places; one window is refused."""
    nt_xent = load("simclr").nt_xent
    one, other = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0))
    views = functional.normalize(torch.cat([one, other]), dim=1).double()
    total = 0.0
    for i in range(10):
        alike = [float(torch.exp(views[i] @ views[k] / 0.1)) for k in range(10)]
        total -= np.log(alike[(i + 5) % 10] / (sum(alike) - alike[i])) / 10
    assert np.isclose(float(nt_xent(one, other)), total, rtol=1e-5)
    assert torch.isclose(nt_xent(one, other), nt_xent(other, one))
    with pytest.raises(ValueError, match="at least two windows"):
        nt_xent(one[:1], other[:1])
    assert torch.isfinite(nt_xent(one.bfloat16(), other.bfloat16()))


PROCESSES = """
import os, sys
import numpy as np, torch
from methods.kit.network.training import join
from tests.helpers.load_method import load
simclr = load("simclr")
rank, size = join()
weights = torch.randn(6, 8, generator=torch.Generator().manual_seed(1)).requires_grad_()
views = torch.randn(2, 6, 6, generator=torch.Generator().manual_seed(0))
mine = slice(rank * 6 // size, (rank + 1) * 6 // size)
one, other = (simclr.gathered(view[mine] @ weights) for view in views)
simclr.nt_xent(one, other).backward()
gradient = weights.grad
if size > 1:
    torch.distributed.all_reduce(gradient)
    gradient /= size
if rank == 0:
    np.save(sys.argv[1], gradient.numpy())
"""


def test_two_processes_contrast_with_the_windows_of_both(tmp_path):
    """T3-10: the gradient of two processes is that of one with the whole batch."""
    (tmp_path / "program.py").write_text(PROCESSES)
    for number in range(2):
        done = launch(
            tmp_path / "program.py", str(tmp_path / f"{number}.npy"), processes=number + 1
        )
        assert done.returncode == 0, done.stderr
    alone, together = (np.load(tmp_path / f"{number}.npy") for number in range(2))
    assert np.abs(alone).max() > 0.01
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)


def test_byol_meets_the_other_view():
    """T3-11: with a target that is constant in one view the loss still depends on the other; T3-12:
    2 - 2 cos."""
    byol = load("byol")
    model = byol.Bootstrap(encoder())
    lead_ids = torch.tensor([[1, 6]] * 4)
    first = torch.randn(4, channels_of(LEADS), 250, generator=torch.Generator().manual_seed(2))
    second = torch.randn(4, channels_of(LEADS), 250, generator=torch.Generator().manual_seed(3))
    model.eval()
    predicted = model.predictor(model.projector(model.encoder(first, lead_ids).mean(1)))
    one_way = byol.distance(predicted, model.target_features(second, lead_ids))
    by_hand = 2 - 2 * functional.cosine_similarity(
        predicted, model.target_features(second, lead_ids)
    )
    assert torch.isclose(one_way, by_hand.mean())
    assert not torch.isclose(
        one_way, byol.distance(predicted, model.target_features(first, lead_ids))
    )
    both = model(lead_ids, first, second)
    assert torch.isclose(both, model(lead_ids, second, first))
    assert not any(p.requires_grad for p in model.target.parameters())
    byol.update_target(model, 0, 10)
    assert all(
        torch.equal(a, b)
        for a, b in zip(model.target[0].buffers(), model.encoder.buffers(), strict=True)
    )


@pytest.mark.parametrize(("name", "network"), [("simclr", "Contrastive"), ("byol", "Bootstrap")])
def test_features_do_not_collapse(root, name, network):
    """T3-13: features of other windows stay apart after a short pretraining."""
    from methods.kit.network.augment import view

    method = load(name)
    method.pretraining(call(root, name, steps=6))
    model = getattr(method, network)(pretraining.transformer(call(root, name), channels_of(LEADS)))
    load_checkpoint(root / "model/model.safetensors", model)
    held = view(
        pretraining.scaled(windows(np.random.default_rng(5), 16), RATE), np.random.default_rng(6)
    )
    with torch.inference_mode():
        features = model.projector(
            model.encoder(held, torch.ones(16, LEADS, dtype=torch.long)).mean(1)
        )
    assert functional.normalize(features, dim=1).std(0).mean() > 0.1 / features.shape[1] ** 0.5


def test_views_keep_length_and_differ():
    from methods.kit.network.augment import view

    given = pretraining.scaled(windows(np.random.default_rng(0), 4), RATE)
    one, other = view(given, np.random.default_rng(1)), view(given, np.random.default_rng(2))
    assert one.shape == other.shape == (4, channels_of(LEADS), 1250)
    assert torch.isfinite(one).all() and not torch.equal(one, other)
    assert torch.equal(one, view(given, np.random.default_rng(1))), "X-13"
