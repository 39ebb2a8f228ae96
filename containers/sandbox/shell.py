"""`pqrst shell ROW BOARD/TASK/SCENARIO`: a shell where a call would run, to look around by hand."""

import subprocess
import tempfile
from pathlib import Path

from benchmarks import places
from benchmarks.contract import Call, write_model
from benchmarks.errors import UserError
from benchmarks.settings import ROOT, board, row
from containers.calls.call import Invocation
from containers.images.build import builder, ensure
from containers.images.engine import connect, engine_errors
from containers.sandbox.options import sandbox, shell_words


def invocation(row_name: str, case: str, root: Path = ROOT) -> Invocation:
    """The predict call of a row for `BOARD/TASK/SCENARIO`; raises UserError where the case or the
    model that the call would see is not here."""
    found = row(row_name, root)
    try:
        board_name, task, scenario = case.split("/")
    except ValueError:
        raise UserError(
            f"{case!r}: expected BOARD/TASK/SCENARIO, such as synthetic/forecasting/forecast-20"
        ) from None
    asked = board(board_name, root)
    if task not in found.tasks:
        raise UserError(
            f"row {row_name!r} does not do {task!r}; its tasks: {', '.join(found.tasks)}"
        )
    folder = root / places.cases(board_name, "predict", task, scenario)
    if not folder.is_dir():
        here = (
            ", ".join(path.name for path in sorted(folder.parent.glob("*")))
            or f"none yet: pqrst cases {board_name}"
        )
        raise UserError(f"{folder}: there is no such case; here: {here}")
    inputs = {"case": folder}
    if "fit" in found.card.verbs:
        inputs["model"] = root / places.run(board_name, row_name, task, "model", places.seed(0))
        if not inputs["model"].is_dir():
            raise UserError(
                f"{inputs['model']}: the model is not here; make it: pqrst repro {board_name}"
                " --again missing"
            )
    call = Call(verb="predict", task=task, params=found.params, seed=0, budget=asked.budget)  # type: ignore[arg-type]
    return Invocation(found.folder, found.card.entry, call, inputs, Path(), found.card.limits)


def open_shell(row_name: str, case: str) -> int:
    """Open the shell and wait until it is left; its exit status."""
    asked = invocation(row_name, case)
    image = ensure(asked.folder)
    with engine_errors(), tempfile.TemporaryDirectory(prefix="pqrst-") as scratch:
        connect().ping()
        call = Path(scratch) / "call.json"
        write_model(call, asked.call)
        options = sandbox(asked, image, call, "output")
        print(f"the call would run: {' '.join([*options['entrypoint'], *options['command']])}")
        return subprocess.run(
            [builder(), *shell_words(asked, image, options)], check=False
        ).returncode
