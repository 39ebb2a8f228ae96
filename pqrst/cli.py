"""PQRST: make boards of ECG methods, look at them, and make any of their numbers again."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.errors import UserError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)


def known_board(name: str) -> str:
    """`name`, if it is a board's; raises UserError naming those that there are."""
    from benchmarks.settings import board

    board(name)
    return name


def known_row(name: str) -> str:
    """`name`, if it is a row's, controls from the truth included; raises UserError if it is not."""
    from benchmarks.settings import family

    family(name)
    return name


BoardName = Annotated[str, typer.Argument(help="a board of params.yaml", callback=known_board)]
RowName = Annotated[str, typer.Argument(help="a row of methods/*/params.json", callback=known_row)]


def main() -> None:
    """Run the command line; an error that we foresaw is one message, not a traceback."""
    try:
        app()
    except (UserError, OSError) as error:
        from pqrst.trouble import message

        sys.exit(f"pqrst: {message(error)}")


def at_once(jobs: int) -> int:
    """How many stages run at once: `jobs`, or one for each core in reach where it is 0."""
    return jobs or len(os.sched_getaffinity(0))


@app.command()
def fetch(name: str) -> None:
    """Bring a data set to data/raw/NAME: from $PQRST_MIRROR where that is set, else from its
    publisher."""
    from benchmarks import places
    from benchmarks.datasets import fetch as fetcher
    from benchmarks.settings import ROOT

    mirror = os.environ.get("PQRST_MIRROR")
    fetcher.fetch(name, ROOT / places.raw(name), Path(mirror) if mirror else None)


@app.command()
def records(dataset: str) -> None:
    """Prepare a data set: whole records at 250 Hz in data/records/DATASET."""
    from benchmarks.cases.prepare import prepare_records

    prepare_records(dataset)


@app.command()
def cases(board: BoardName) -> None:
    """Cut a board's cases and its truth into data/boards/BOARD."""
    from benchmarks.cases.prepare import build_cases

    build_cases(board)


@app.command()
def pretrain(board: BoardName, row: RowName) -> None:
    """Pretrain a row on a board's unlabelled windows."""
    from containers.runner import make

    make(board, row)


@app.command()
def run(board: BoardName, row: RowName, task: str) -> None:
    """Make a run: fit and predict, every seed and scenario of one task of a row."""
    from containers.runner import make

    make(board, row, task)


@app.command()
def score(board: BoardName, row: RowName) -> None:
    """Score a row into leaderboard/scores/BOARD/ROW."""
    from leaderboard.scoring.score import write_scores

    write_scores(board, row)


@app.command()
def history(board: BoardName, row: RowName) -> None:
    """Keep how the trainings of a row went, in leaderboard/curves/BOARD/ROW.json."""
    from leaderboard.records.histories import write_histories

    write_histories(board, row)


@app.command()
def leaderboard(board: BoardName) -> None:
    """Write leaderboard/boards/BOARD from the scores, after checking that none is missing."""
    from leaderboard.board import write_board

    write_board(board)


@app.command()
def show(board: BoardName) -> None:
    """Print a board and the path of what to open."""
    from leaderboard.views.terminal import show_board

    show_board(board)


@app.command()
def export(
    board: BoardName,
    latex: Annotated[bool, typer.Option(help="as LaTeX tables with intervals and ties")] = False,
    task: Annotated[list[str] | None, typer.Option(help="only this task; may be repeated")] = None,
) -> None:
    """Print a board for a paper or a program: tidy CSV, or LaTeX tables."""
    from leaderboard.views.export import export_csv, export_latex

    typer.echo((export_latex if latex else export_csv)(board, task or []), nl=False)


@app.command()
def diff(
    board: BoardName, against: Annotated[str, typer.Option(help="a git revision")] = "HEAD"
) -> None:
    """Print what changed in a board since a revision, as Markdown."""
    from leaderboard.views.changes import board_difference

    typer.echo(board_difference(board, against), nl=False)


@app.command()
def rotation(
    board: BoardName,
    date: Annotated[str, typer.Option(help="YYYY-MM-DD; today if it is not given")] = "",
) -> None:
    """Print the run BOARD/ROW/TASK that is to be made again on a day: each comes once before any
    comes a second time."""
    from leaderboard.reproduce.rotation import day, run_of_the_day

    typer.echo(run_of_the_day(board, day(date)))


@app.command()
def archive(
    board: BoardName,
    out: Annotated[Path, typer.Argument(help="the zip to write")],
    url: Annotated[str, typer.Option(help="where the board can be read")] = "",
    models: Annotated[
        bool, typer.Option(help="with predictions and models, as far as DVC's cache has them")
    ] = False,
) -> None:
    """Write a board with all that it was made from as a zip to deposit, with Croissant metadata."""
    from leaderboard.archive.archive import write_archive

    written = write_archive(board, out, url, models)
    absent = f", {len(written.absent)} outputs were not in DVC's cache" if written.absent else ""
    typer.echo(f"{written.path}: {written.files} files, sha256 {written.sha256}{absent}")


@app.command()
def curves(board: BoardName, row: RowName) -> None:
    """Draw how the trainings of a row went, in runs/BOARD/ROW/curves.png."""
    from leaderboard.views.curves import write_curves

    typer.echo(write_curves(board, row))


@app.command()
def sync(
    prune: Annotated[
        bool, typer.Option(help="also take records of stages that are gone out of dvc.lock")
    ] = False,
) -> None:
    """Bring source digests, the methods' dvc.yaml and the JSON Schema up to date."""
    from benchmarks.settings import ROOT
    from pipeline.mend import prune_locks
    from pipeline.stages import sync as write

    for path in write():
        typer.echo(f"wrote {path}")
    for address in prune_locks(ROOT) if prune else []:
        typer.echo(f"took out {address}")


@app.command()
def status(
    board: Annotated[str | None, typer.Argument(help="all boards if none is named")] = None,
) -> None:
    """Say what is not up to date, in a second; exit status 1 if anything is."""
    from pipeline.report import print_status

    if board:
        known_board(board)
    raise typer.Exit(0 if print_status(board) else 1)


@app.command()
def repro(
    board: BoardName,
    jobs: Annotated[int, typer.Option(help="stages at once, one thread each")] = 0,
    again: Annotated[
        str,
        typer.Option(
            help="make again too: `missing`, what is recorded but not here; `failed`, runs that"
            " failed by the harness's own trouble; `failures`, all that failed; or a number, rows"
            " that took at most so many CPU minutes"
        ),
    ] = "",
    spot_check: Annotated[
        bool, typer.Option(help="then make one run again under plain dvc and compare")
    ] = False,
) -> None:
    """Make a board: run what is stale, several stages at once, and record it in DVC."""
    from containers.runner import ready
    from pipeline import repro as runner
    from pipeline.again import FAILED, FAILURES, MISSING, asked, parsed
    from pipeline.report import print_failures, print_report, print_spot_check

    stages = partial(asked, board, parsed(again))
    report = runner.repro(board, at_once(jobs), again == MISSING, ready=ready, again=stages)
    good = print_report(board, report)
    if again in (FAILED, FAILURES):
        good = print_failures(board, again == FAILURES) and good
    if good and spot_check:
        good = print_spot_check(board)
    raise typer.Exit(0 if good else 1)


@app.command()
def reproduce(
    targets: Annotated[
        list[str],
        typer.Argument(help="runs BOARD/ROW/TASK; BOARD/ROW or BOARD for all of its runs"),
    ],
    pretraining: Annotated[
        bool, typer.Option("--pretraining", help="make pretrainings again too")
    ] = False,
    only_new: Annotated[
        bool, typer.Option("--new", help="only runs that nobody made again yet")
    ] = False,
    runner: Annotated[
        str | None, typer.Option(help="docker or host; the board's own if none is named")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="write the verdict into leaderboard/reproduced.json")
    ] = False,
) -> None:
    """Make published runs again and compare: exit status 0 identical, 3 within tolerance, 4
    drifted (of several the highest), 1 trouble."""
    from leaderboard.reproduce import reproduce as maker
    from leaderboard.reproduce.verdict import print_verdict

    worst = 0
    for verdict in maker.reproduce(targets, pretraining, only_new, runner=runner):
        print_verdict(verdict)
        if record:
            board = verdict.target.split("/")[0]
            typer.echo(
                f"recorded in {maker.record(verdict)}; the board shows it after: pqrst repro"
                f" {board}"
            )
        worst = max(worst, verdict.exit_status)
    raise typer.Exit(worst)


@app.command()
def verify() -> None:
    """Say what is not current of all that is committed, without any data; exit status 1 if anything
    is."""
    from pqrst.verify import print_verification

    raise typer.Exit(0 if print_verification() else 1)


@app.command()
def new(
    name: str, like: Annotated[str, typer.Option(help="the method to start from")] = "mean"
) -> None:
    """Write a working method folder methods/NAME to start from."""
    from pqrst.author import new_method

    typer.echo(f"wrote {new_method(name, like)}; next: edit main.py, then pqrst check {name}")


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="methods")] = None,
    against: Annotated[
        str, typer.Option(help="also those that changed since this git revision")
    ] = "",
) -> None:
    """Run the contract of methods on the synthetic board and say in plain words what is wrong."""
    from pipeline.revisions import changed_methods
    from pqrst.author import check_method

    chosen = [*(names or []), *(changed_methods(against) if against else [])]
    if not chosen:
        typer.echo(
            f"no method changed since {against}"
            if against
            else "name a method, or a revision: --against REV"
        )
    good = bool(chosen or against)
    for name in dict.fromkeys(chosen):
        findings = check_method(name)
        for finding in findings:
            typer.echo(f"- {finding}")
        typer.echo(
            f"{name}: {'keeps the contract' if not findings else f'{len(findings)} to mend'}"
        )
        good = good and not findings
    raise typer.Exit(0 if good else 1)


@app.command()
def images(
    names: Annotated[list[str] | None, typer.Argument(help="methods; all if none is named")] = None,
    build: Annotated[
        bool, typer.Option(help="bring those that are missing: pulled by digest, or built")
    ] = False,
    push: Annotated[
        str, typer.Option(help="push them to this registry and pin them in published.json")
    ] = "",
) -> None:
    """Show the methods' images: which are here, from which sources, how large."""
    from containers.images import catalogue

    raise typer.Exit(0 if catalogue.show(names or [], build, push) else 1)


@app.command()
def shell(
    row: RowName,
    case: Annotated[str, typer.Argument(help="BOARD/TASK/SCENARIO, as below data/boards")],
) -> None:
    """Open a shell in the sandbox of a call: the same image, mounts and limits; what is written is
    not kept."""
    from containers.sandbox.shell import open_shell

    raise typer.Exit(open_shell(row, case))


@app.command()
def escape(
    names: Annotated[
        list[str] | None, typer.Argument(help="cheaters of tests/docker/cheaters; all if none")
    ] = None,
    publish: Annotated[bool, typer.Option(help="write the whole table to docs/escape.md")] = False,
) -> None:
    """Let hostile scripts loose in the sandbox of this machine's engine and say what each got."""
    from containers.sandbox.escape import show

    raise typer.Exit(0 if show(names or [], publish) else 1)


@app.command()
def doctor() -> None:
    """Say what this machine has and lacks, and what follows."""
    from pqrst.doctor import print_report

    print_report()


if __name__ == "__main__":
    main()
