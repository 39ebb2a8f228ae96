"""The contract between the harness and a method, as pydantic models; their JSON Schema is in
`benchmarks/schema/`.

A method never imports this module: it reads and writes the files that the models describe
(`methods/kit/contract` is a reader of numpy and the standard library alone).
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.errors import UserError, hint
from benchmarks.files import write_if_changed, write_text

CONTRACT_VERSION = 1
# Of heartbeats, AAMI EC57: normal, supraventricular, ventricular, fusion, other.
CLASSES = ("N", "S", "V", "F", "Q")
COMPLETION = ("interpolation", "reconstruction", "forecasting")
TASKS = (*COMPLETION, "classification")

Task = Literal["interpolation", "reconstruction", "forecasting", "classification"]
Hides = Literal["points", "gap", "patches", "block", "lead", "noise", "future", "labels"]
FailureKind = Literal[
    "timeout",
    "out-of-memory",
    "crashed",
    "invalid-output",
    "over-quota",
    "refused",
    "not-applicable",
    "infrastructure",
]
Verb = Literal["pretrain", "fit", "predict"]


class ContractError(UserError):
    """A file that does not say what the contract asks for; the message names the file, the key and
    the way out."""


class Model(BaseModel):
    """A model that refuses keys it does not know and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Versioned(Model):
    """A file that says by which version of the contract it was written."""

    contract_version: Literal[1] = CONTRACT_VERSION


class Scenario(Model):
    """One way of hiding or spoiling a signal. Fields that a kind has no use for are null."""

    name: str
    task: Task
    hides: Hides
    fraction: float | None = Field(default=None, description="share of samples or patches hidden")
    seconds: float | None = Field(default=None, description="length of what is hidden, in s")
    lead: int | None = Field(default=None, description="the lead that falls off, counted from 0")
    snr: float | None = Field(default=None, description="signal-to-noise ratio in dB")


class WindowSet(Versioned):
    """`windows.json` beside `windows.npy`, float32 (windows, leads, samples) in mV. Hidden samples
    are NaN."""

    rate: float = Field(description="Hz")
    leads: list[list[str]] = Field(description="lead names of each window")
    patients: list[int] | None = Field(
        default=None, description="one number per person; null in a case"
    )
    scenario: Scenario | None = Field(
        default=None, description="what a case hides; null in a training set"
    )


class RecordEntry(Model):
    """One record of a record set."""

    leads: list[str]
    samples: int
    beats: int
    patient: int | None = Field(default=None, description="one number per person; null in a case")


class RecordSet(Versioned):
    """`records.json` beside `signal_NNN.npy` float32 (leads, samples) in mV, `beats_NNN.npy` int64
    (beats,) and, in a training set, `labels_NNN.npy` uint8 (beats,)."""

    rate: float
    classes: tuple[str, ...] = CLASSES
    records: list[RecordEntry]


class ScenarioSet(Versioned):
    """`scenarios.json`: how a completion task will hide; a method may hide training windows the
    same way."""

    scenarios: list[Scenario]


class Budget(Model):
    """How much a learned method may train. A board's budget, the same on every machine."""

    steps: Annotated[
        int, Field(gt=0, description="gradient steps of one fit or pretraining, at most")
    ]
    windows: Annotated[
        int, Field(gt=0, description="windows seen in one fit or pretraining, at most")
    ]


class Call(Versioned):
    """`call.json`: what is asked of the method."""

    verb: Verb
    task: Task | None
    params: dict[str, Any]
    seed: int
    budget: Budget


class Reference(Model):
    """Where a method comes from."""

    citation: str
    url: str = ""
    licence: str


class Limits(Model):
    """What one call may use. Past it, it is killed and the cell has failed."""

    minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 10
    memory_gb: Annotated[float, Field(gt=0)] = 4
    output_gb: Annotated[float, Field(gt=0)] = 1


Family = Literal[
    "classical completion",
    "classical classification",
    "supervised",
    "masked",
    "predictive",
    "contrastive",
    "generative",
]
CLASSICAL: tuple[Family, ...] = ("classical completion", "classical classification")


def is_classical(family: str) -> bool:
    """Whether rows of this family are made without gradient descent: what learned rows are
    measured against."""
    return family in CLASSICAL


class MethodCard(Model):
    """`method.yaml`. Which rows are controls is for the harness to say, so `control` is no family
    here."""

    name: str
    family: Family
    summary: str
    reference: Reference
    tasks: dict[Task, Literal["all"] | list[Hides]] = Field(
        description="task: all, or the kinds that it answers"
    )
    verbs: list[Verb]
    probes: dict[str, str] = Field(
        default={},
        description=(
            "row: the row whose pretraining it is fitted on, to classify heartbeats and nothing"
            " else"
        ),
    )
    boards: list[str] | None = Field(
        default=None, description="the boards that its rows stand on; null: every board"
    )
    deterministic: bool
    learning_curves: bool = Field(
        default=False, description="whether its models hold history.json, the checks of a training"
    )
    limits: Limits = Limits()
    entry: list[str] = ["python", "main.py"]
    departures: str = ""


class CallRecord(Model):
    """What one call of a method cost and how it ended."""

    verb: Verb
    scenario: str | None
    exit_code: int | None
    wall_s: float
    cpu_s: float
    peak_memory_mb: float
    energy_j: float | None = Field(
        default=None, description="of the whole processor meanwhile, where it can be read"
    )
    command: str = Field(description="the command line, so that the call can be repeated by hand")


class Status(Versioned):
    """`status.json` of a cell and seed: how it went. `kind` is `ok` or the kind of failure."""

    kind: Literal["ok"] | FailureKind
    reason: str = ""
    seed: int
    runner: str
    hardware: dict[str, str | int | float]
    image: dict[str, str] = Field(
        default={}, description="the image that the calls ran in, and the engine"
    )
    parameters: int | None = Field(
        default=None, description="numbers in the model's safetensors, where it has some"
    )
    steps: int | None = Field(
        default=None, description="of the training, by the model's history.json"
    )
    calls: list[CallRecord]
    log_tail: str = Field(
        default="", description="the last lines that the method printed, when it failed"
    )


FILES: dict[str, type[BaseModel]] = {
    "windows.json": WindowSet,
    "records.json": RecordSet,
    "scenarios.json": ScenarioSet,
    "call.json": Call,
    "method.yaml": MethodCard,
    "status.json": Status,
}

M = TypeVar("M", bound=BaseModel)


def parse(model: type[M], data: Any, source: str) -> M:
    """`data` as `model`, or a ContractError that names `source`, each wrong key and the nearest
    known one."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ContractError(
            f"{source}: " + "; ".join(_explain(model, item) for item in error.errors())
        ) from None


def _explain(model: type[BaseModel], error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] != "extra_forbidden":
        return f"{where}: {error['msg']}, found {error['input']!r:.80}"
    return f"unknown key {where!r}{hint(str(error['loc'][-1]), sorted(_field_names(model)))}"


def _field_names(model: type[BaseModel]) -> set[str]:
    """Every field name of `model` and of the models inside it."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return {name for part in parts for name in part.get("properties", {})}


def load(model: type[M], path: Path) -> M:
    """Read a JSON or YAML file as `model`; raises ContractError naming the file."""
    try:
        text = path.read_text()
        data = yaml.load(text, yaml.CSafeLoader) if path.suffix == ".yaml" else json.loads(text)
    except FileNotFoundError:
        raise ContractError(f"{path}: there is no such file") from None
    except (ValueError, yaml.YAMLError) as error:
        raise ContractError(f"{path}: not readable as {path.suffix[1:]} ({error})") from None
    return parse(model, data, str(path))


def write_model(path: Path, model: BaseModel) -> None:
    """Write a model as JSON, whole."""
    write_text(path, model.model_dump_json(indent=1) + "\n")


def write_schema(folder: Path) -> list[Path]:
    """Write the JSON Schema of every file of the contract; returns those that changed."""
    texts = {
        folder / f"{name}.schema.json": (
            json.dumps(model.model_json_schema(), indent=1, sort_keys=True) + "\n"
        )
        for name, model in FILES.items()
    }
    return [path for path, text in texts.items() if write_if_changed(path, text)]
