"""A method's modules, loaded as its own script would load them."""

import importlib.util
import sys

from benchmarks.settings import ROOT


def load(name, module="main"):
    """`methods/<name>/<module>.py`, imported as its own script would: its folder is first on
    sys.path."""
    folder = ROOT / "methods" / name
    own = {path.stem for path in folder.glob("*.py")}
    before = {stem: sys.modules.pop(stem) for stem in own if stem in sys.modules}
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location(
            f"{name.replace('-', '_')}_{module}", folder / f"{module}.py"
        )
        assert spec is not None and spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        return loaded
    finally:
        sys.path.remove(str(folder))
        for stem in own:
            sys.modules.pop(stem, None)
        sys.modules.update(before)
