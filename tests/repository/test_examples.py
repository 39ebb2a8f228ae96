"""The examples in docstrings give what they say."""

import doctest
import importlib

import pytest

from benchmarks.settings import ROOT

PACKAGES = ("benchmarks", "pipeline", "containers", "leaderboard", "pqrst", "methods/kit")
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if ">>> " in path.read_text()
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted and not result.failed
