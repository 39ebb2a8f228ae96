"""A call in the test's own process: the method's script as it is, without the second that importing
torch takes."""

import runpy
import shutil
import sys
import tempfile
import traceback
from pathlib import Path
from unittest.mock import patch

from benchmarks.settings import Row
from containers.calls.call import Invocation, Outcome, Runner, verdict
from containers.calls.host import environment, lay_out


def runner(row: Row, cases: Path) -> Runner:
    return Runner("inline", run)


def run(invocation: Invocation) -> Outcome:
    """Run `main.py` of the method with the environment and folders that the host runner gives
    it."""
    own = {path.stem for path in invocation.folder.glob("*.py")}
    with tempfile.TemporaryDirectory() as scratch:
        root, log, code = Path(scratch), "", 0
        lay_out(invocation, root)
        script = invocation.folder / invocation.entry[1]
        before = {stem: sys.modules.pop(stem) for stem in own if stem in sys.modules}
        try:
            with (
                patch.dict("os.environ", environment(root), clear=True),
                patch.object(sys, "argv", [str(script), *invocation.arguments]),
                patch.object(sys, "path", [str(script.parent), *sys.path]),
            ):
                runpy.run_path(str(script), run_name="__main__")
        except (Exception, SystemExit):
            log, code = traceback.format_exc(), 1
        finally:
            for stem in own:
                sys.modules.pop(stem, None)
            sys.modules.update(before)
        kind, reason = verdict(code, log)
        for path in (root / invocation.output_name).iterdir() if kind == "ok" else ():
            shutil.move(path, invocation.output / path.name)
    return Outcome(kind, reason, code, 0.0, 0.0, 0.0, " ".join(invocation.arguments), log)
