"""`pqrst images`: the methods' images as a table, brought or pushed where that is asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.errors import UserError
from benchmarks.settings import method_folders
from containers.calls.call import InfrastructureError
from containers.images import build as images
from containers.images.engine import connect, engine_errors
from pipeline.recipes import base_of
from pipeline.sources import method_digest


def show(names: list[str], build: bool, push: str, console: Console | None = None) -> bool:
    """Print the images of the methods `names` (all if empty); True if each is here and from its
    sources."""
    console = console or Console()
    folders = {folder.name: folder for folder in method_folders()}
    if unknown := set(names) - set(folders):
        raise UserError(f"no method {', '.join(sorted(unknown))}; known: {', '.join(folders)}")
    chosen = [folders[name] for name in names or folders]
    if build or push:
        for trouble in bring(chosen, console):
            console.print(f"[red]{trouble}[/]", highlight=False)
    for folder in chosen if push else []:
        console.print(f"{folder.name}: pushed as {images.push(folder, push)}")
    table = Table("method", "base", "sources", "image", "content", "MB", "", box=None)
    good = True
    with engine_errors():
        connect().ping()
        for folder in chosen:
            source, base = method_digest(folder), base_of(folder)
            reference = images.tag(folder.name, source, base)
            found = images.find(reference)
            held = images.describe(found, reference) if found else None
            here = (
                "not here"
                if held is None
                else "current"
                if held.source == source
                else "[red]other sources[/]"
            )
            good = good and here == "current"
            shown = (
                [held.id.removeprefix("sha256:")[:12], held.content[:12], str(held.megabytes)]
                if held
                else [""] * 3
            )
            table.add_row(folder.name, base or "its own", source[:12], *shown, here)
    console.print(table)
    return good


def bring(folders: list[Path], console: Console) -> list[str]:
    """Pull or build the images of `folders` that are missing, with a bar and the builder's last
    line; returns what went wrong."""
    troubles = []
    with _progress(console, len(folders)) as (step, say):
        for folder in folders:
            try:
                images.ensure(folder, say=say)
            except (InfrastructureError, UserError) as error:
                troubles.append(f"{folder.name}: {error}")
            step()
    return troubles


@contextmanager
def _progress(console: Console, total: int) -> Iterator[tuple]:
    columns = (
        TextColumn("images"),
        BarColumn(20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[line]}"),
    )
    with Progress(
        *columns, console=console, refresh_per_second=2, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("images", total=total, line="")
        yield (
            lambda: progress.advance(task),
            lambda line: progress.update(task, line=line.replace("[", "\\[")[:100]),
        )
