"""SimCLR: its loss, alone and over processes."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.helpers.launch import launch
from tests.helpers.load_method import load


def test_nt_xent_is_the_double_loop():
    """The loss is that of a double loop over all pairs, the same for exchanged views, and refused
    for one window (T3-8)."""
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
    """Gradients of two processes are those of one that has all windows (T3-10)."""
    (tmp_path / "program.py").write_text(PROCESSES)
    for number in range(2):
        done = launch(
            tmp_path / "program.py", str(tmp_path / f"{number}.npy"), processes=number + 1
        )
        assert done.returncode == 0, done.stderr
    alone, together = (np.load(tmp_path / f"{number}.npy") for number in range(2))
    assert np.abs(alone).max() > 0.01
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)
