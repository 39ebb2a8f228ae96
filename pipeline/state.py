"""The fast checker: what is up to date, by the rules of DVC, without importing it.

Reads every dvc.yaml and dvc.lock, hashes each file once (and remembers its hash with its time
stamp), and agrees with `dvc status`. Understands what our own dvc.yaml files use: `foreach`,
`matrix`, `wdir: ../..`."""

import functools
import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from benchmarks.errors import UserError
from benchmarks.settings import ROOT
from pipeline.hashes import Hashes


class Yaml12(yaml.CSafeLoader):
    """YAML 1.2 as DVC reads and writes it: `1e-05` is a number there, and `no` is text."""

    yaml_implicit_resolvers: ClassVar[dict] = {}


for tag, pattern, starts in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    Yaml12.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(starts)
    )


PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True)
class Stage:
    """One stage as DVC resolves it; paths are relative to the repository."""

    address: str  # as DVC takes it: methods/mean/dvc.yaml:score@synthetic-mean
    cmd: str
    deps: tuple[str, ...]
    params: tuple[tuple[str, tuple[str, ...]], ...]
    outs: tuple[str, ...]
    cached: bool  # False where the outputs live in git

    @property
    def name(self) -> str:
        """The name of the stage in its file."""
        return self.address.rsplit(":", 1)[-1]

    @property
    def file(self) -> str:
        """The dvc.yaml that the stage is in."""
        return self.address.rsplit(":", 1)[0] if ":" in self.address else "dvc.yaml"


@dataclass(frozen=True)
class Condition:
    """What keeps a stage from being up to date. Only what is `missing` can be brought back from a
    cache."""

    changes: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def current(self) -> bool:
        """Whether the stage is up to date and its outputs are here."""
        return not self.changes and not self.missing


def read_stages(root: Path = ROOT) -> dict[str, Stage]:
    """Every stage of the project by its address."""
    files = [root / "dvc.yaml", *sorted((root / "methods").glob("*/dvc.yaml"))]
    stages: dict[str, Stage] = {}
    for file in files:
        relative = file.relative_to(root).as_posix()
        prefix = "" if relative == "dvc.yaml" else f"{relative}:"
        for name, definition in _read_yaml(file)["stages"].items():
            for suffix, resolved in _expand(definition):
                stages[f"{prefix}{name}{suffix}"] = _stage(f"{prefix}{name}{suffix}", resolved)
    return stages


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        found = yaml.load(file.read_bytes(), Yaml12)
    except yaml.YAMLError as error:
        found = error
    if not isinstance(found, dict) or not isinstance(found.get("stages"), dict):
        way_out = f"git checkout -- {file.name}" if file.suffix == ".lock" else "pqrst sync"
        raise UserError(
            f"{file}: cut short or not YAML ({str(found)[:120]}); bring it back: {way_out}"
        )
    return found


def _expand(definition: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """A `foreach` or `matrix` stage as (suffix of the name, resolved definition) pairs."""
    if "foreach" in definition:
        items = definition["foreach"]
        chosen = (
            {str(item): {"item": item} for item in items}
            if isinstance(items, list)
            else {key: {"key": key, **_below("item", values)} for key, values in items.items()}
        )
        return [(f"@{key}", _filled(definition["do"], names)) for key, names in chosen.items()]
    if "matrix" in definition:
        matrix = definition["matrix"]
        rest = {key: value for key, value in definition.items() if key != "matrix"}
        return [
            (
                "@" + "-".join(map(str, values)),
                _filled(rest, _below("item", dict(zip(matrix, values, strict=True)))),
            )
            for values in itertools.product(*matrix.values())
        ]
    return [("", definition)]


def _below(name: str, values: dict[str, Any]) -> dict[str, Any]:
    return {f"{name}.{key}": value for key, value in values.items()}


def _filled(value: Any, names: dict[str, Any]) -> Any:
    """A part of a definition with each placeholder `${NAME}` replaced by its value."""
    if isinstance(value, dict):
        return {_filled(key, names): _filled(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, names) for each in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    return PLACEHOLDER.sub(lambda found: str(names.get(found[1], found[0])), value)


def _stage(address: str, definition: dict[str, Any]) -> Stage:
    outs = definition.get("outs", [])
    params = [
        (file, tuple(keys))
        for entry in definition.get("params", [])
        for file, keys in _param(entry).items()
    ]
    return Stage(
        address=address,
        cmd=definition["cmd"],
        deps=tuple(definition.get("deps", [])),
        params=tuple(params),
        outs=tuple(next(iter(out)) if isinstance(out, dict) else out for out in outs),
        cached=not any(isinstance(out, dict) for out in outs),
    )


def _param(entry: Any) -> dict[str, list[str]]:
    return entry if isinstance(entry, dict) else {"params.yaml": [entry]}


def read_locks(root: Path = ROOT) -> dict[str, dict[str, Any]]:
    """What each stage was made from, by its address; raises UserError for a dvc.lock that was cut
    short."""
    locks: dict[str, dict[str, Any]] = {}
    for file in [root / "dvc.lock", *sorted((root / "methods").glob("*/dvc.lock"))]:
        if file.exists():
            prefix = (
                ""
                if file.parent == root
                else f"{file.parent.relative_to(root).as_posix()}/dvc.yaml:"
            )
            locks |= {
                f"{prefix}{name}": entry for name, entry in _read_yaml(file)["stages"].items()
            }
    return locks


def read_params(root: Path, file: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """The values of dotted `keys` of a params file; a key that is not there is left out."""
    data = _params_file(
        root / file, (root / file).stat().st_mtime_ns if (root / file).exists() else 0
    )
    found: dict[str, Any] = {}
    for key in keys:
        value = data
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            found[key] = value
    return found


@functools.lru_cache(maxsize=1000)
def _params_file(path: Path, stamp: int) -> Any:
    if not path.exists():
        return {}
    text = path.read_text()
    return json.loads(text) if path.suffix == ".json" else yaml.load(text, Yaml12)


def condition(stage: Stage, lock: dict[str, Any] | None, hashes: Hashes) -> Condition:
    """Why a stage is not up to date, in DVC's terms."""
    missing = tuple(out for out in stage.outs if not (hashes.root / out).exists())
    if lock is None:
        return Condition(("it never ran",), missing)
    changes = []
    if lock["cmd"] != stage.cmd:
        changes.append("its command changed")
    deps = {dep["path"]: dep["md5"] for dep in lock.get("deps", [])}
    if set(deps) != set(stage.deps):
        changes.append("its list of dependencies changed")
    for dep in stage.deps:
        found = hashes.of(dep)
        # What is not here can't have changed: `dvc repro --allow-missing` says the same.
        if found is not None and found != deps.get(dep):
            changes.append(f"{dep} changed")
    changes += [f"params changed in {file}" for file in changed_params(stage, lock, hashes.root)]
    outs = {out["path"]: out["md5"] for out in lock.get("outs", [])}
    for out in stage.outs:
        if out not in missing and hashes.of(out) != outs.get(out):
            changes.append(f"{out} is not what the stage made")
    return Condition(tuple(changes), missing)


def changed_params(stage: Stage, lock: dict[str, Any], root: Path) -> list[str]:
    """The files whose params of a stage are not those that its lock records."""
    recorded = lock.get("params", {})
    return [
        file
        for file, keys in stage.params
        if read_params(root, file, keys) != recorded.get(file, {})
    ]


def makers(stages: dict[str, Stage]) -> dict[str, str]:
    """The address of the stage that makes an output, by its path."""
    return {out: address for address, stage in stages.items() for out in stage.outs}


def upstream(stages: dict[str, Stage]) -> dict[str, list[str]]:
    """For each stage the stages whose outputs it depends on, in a folder or as part of one."""
    made_by = makers(stages)
    makers_of: dict[str, list[str]] = {}
    for address, stage in stages.items():
        before: set[str] = set()
        for dep in stage.deps:
            parents = [parent.as_posix() for parent in (Path(dep), *Path(dep).parents)]
            before |= {made_by[parent] for parent in parents if parent in made_by}
            before |= {maker for out, maker in made_by.items() if out.startswith(f"{dep}/")}
        makers_of[address] = sorted(before)
    return makers_of


def needed(target: str, before: dict[str, list[str]]) -> list[str]:
    """`target` and all that it depends on, each after what it needs; raises UserError if there is
    none such."""
    if target not in before:
        raise UserError(f"dvc.yaml: no stage {target!r}")
    order: dict[str, None] = {}

    def visit(address: str) -> None:
        if address not in order:
            for maker in before[address]:
                visit(maker)
            order[address] = None

    visit(target)
    return list(order)
