"""An archive holds what it says, each file by its sha256, in the same bytes; its Croissant metadata
has what the specification (1.0) requires. What no test here does: expand the JSON-LD and read the
record set with Croissant's own library, which is not among the locked packages."""

import csv
import datetime
import hashlib
import io
import json
import shutil
import zipfile

import pytest

from benchmarks.errors import UserError
from benchmarks.settings import ROOT
from leaderboard.archive.archive import sources, write_archive
from leaderboard.archive.croissant import CONFORMS_TO, CONTEXT, FIELDS
from leaderboard.records.tidy import COLUMNS
from tests.helpers.board_documents import document, failed, heartbeat

URL = "https://example.org/pqrst"
CELLS = [
    heartbeat("forest", "classical classification", 0.5),
    failed("slow", "masked", "forecasting", "timeout", "x"),
]
LINES = [
    (
        "mitdb,forest,classical"
        " classification,classification,heartbeat,0,macro_f1,0.5,0.4,0.6,22,scored"
    ),
    "mitdb,forest,classical classification,classification,heartbeat,0,accuracy,0.9,,,22,scored",
    "mitdb,slow,masked,forecasting,,0,,,,,,timeout",
]


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


@pytest.fixture
def project(tmp_path):
    """A small board with what it was made from, and DVC's cache with one of its two outputs."""
    for name in ("params.yaml", "CITATION.cff", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    unwanted = shutil.ignore_patterns("__pycache__", "dvc.*")
    shutil.copytree(ROOT / "methods/mean", tmp_path / "methods/mean", ignore=unwanted)
    board = tmp_path / "leaderboard/boards/mitdb"
    board.mkdir(parents=True)
    (board / "board.json").write_text(json.dumps(document(*CELLS)))
    (board / "board.csv").write_text("\n".join([",".join(COLUMNS), *LINES]) + "\n")
    (board / "board.csv.1.tmp").write_text("half")
    for path in (
        "scores/mitdb/forest/classification-0.json",
        "scores/synthetic/forest/classification-0.json",
    ):
        (tmp_path / "leaderboard" / path).parent.mkdir(parents=True)
        (tmp_path / "leaderboard" / path).write_text("{}")
    weights = b"weights"
    index = json.dumps([{"md5": md5(weights), "relpath": "seed-0/model.safetensors"}]).encode()
    for data, suffix in ((weights, ""), (index, ".dir")):
        name = md5(data) + suffix
        place = tmp_path / ".dvc/cache/files/md5" / name[:2] / name[2:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    outs = [
        {"path": "runs/mitdb/forest/classification/model", "md5": f"{md5(index)}.dir"},
        {"path": "runs/mitdb/forest/classification/predictions", "md5": f"{'0' * 32}.dir"},
        {"path": "runs/synthetic/forest/classification/model", "md5": f"{'1' * 32}.dir"},
    ]
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "dvc.lock").write_text(json.dumps({"stages": {"cell": {"cmd": "x", "outs": outs}}}))
    return tmp_path


@pytest.fixture
def opened(project, tmp_path_factory):
    """The names and bytes of an archive of the small board, models included."""
    out = tmp_path_factory.mktemp("out") / "board.zip"
    write_archive("mitdb", out, URL, models=True, root=project)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_files(opened):
    assert list(opened) == sorted(opened)
    assert {
        "CITATION.cff",
        "LICENSE",
        "README.md",
        "SHA256SUMS",
        "croissant.json",
        "dvc.lock",
        "params.yaml",
        "leaderboard/boards/mitdb/board.csv",
        "leaderboard/boards/mitdb/board.json",
        "leaderboard/scores/mitdb/forest/classification-0.json",
        "methods/mean/method.yaml",
        "methods/mean/params.json",
        "methods/mean/source.json",
    } <= set(opened)
    assert not [
        name
        for name in opened
        if "synthetic" in name or name.endswith(".tmp") or name.endswith(".py")
    ]


def test_every_file_is_listed_with_its_sha256(opened):
    lines = [line.split("  ") for line in opened["SHA256SUMS"].decode().splitlines()]
    sums = {name: digest for digest, name in lines}
    assert sums == {
        name: hashlib.sha256(data).hexdigest()
        for name, data in opened.items()
        if name != "SHA256SUMS"
    }
    listed = {
        each["contentUrl"]: each for each in json.loads(opened["croissant.json"])["distribution"]
    }
    assert set(listed) == set(opened) - {"SHA256SUMS", "croissant.json"}
    for name, each in listed.items():
        assert each["sha256"] == sums[name]
        assert each["contentSize"] == f"{len(opened[name])} B"


def test_models_by_digest_and_what_the_cache_lacks(opened, project):
    held = {
        name.rsplit("/", 2)[-2] + name.rsplit("/", 1)[-1]: data
        for name, data in opened.items()
        if "cache/files" in name
    }
    assert {name.removesuffix(".dir"): md5(data) for name, data in held.items()} == {
        name.removesuffix(".dir"): name.removesuffix(".dir") for name in held
    }
    assert b"weights" in held.values() and len(held) == 2
    assert opened["cache/absent.txt"] == b"runs/mitdb/forest/classification/predictions\n"
    assert "`cache/` holds 2 objects" in opened["README.md"].decode()
    broken = project / ".dvc/cache/files/md5" / md5(b"weights")[:2] / md5(b"weights")[2:]
    broken.write_bytes(b"rubbish")
    with pytest.raises(
        UserError, match=r"its md5 is .*, of runs/mitdb/forest/classification/model"
    ):
        write_archive("mitdb", project / "x.zip", URL, models=True, root=project)
    assert not (project / "x.zip").exists()


def test_the_same_bytes_whenever_and_wherever(project, tmp_path_factory):
    first = write_archive("mitdb", project / "a.zip", URL, root=project)
    (project / "LICENSE").touch()
    (project / "params.yaml").chmod(0o600)
    second = write_archive("mitdb", tmp_path_factory.mktemp("else") / "b.zip", URL, root=project)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert first.absent == []


def test_croissant_has_what_is_required(opened):
    """Sections Required, FileObject, RecordSet and Field of the specification."""
    found = json.loads(opened["croissant.json"])
    assert found["@type"] == "sc:Dataset" and found["conformsTo"] == CONFORMS_TO
    for key in ("name", "description", "url", "version", "citeAs"):
        assert isinstance(found[key], str) and found[key]
    datetime.date.fromisoformat(found["datePublished"])
    assert (
        found["creator"]["@type"] in ("sc:Organization", "sc:Person") and found["creator"]["name"]
    )
    assert all(each.startswith("https://spdx.org/licenses/") for each in found["license"])
    for each in found["distribution"]:
        assert {"@type", "@id", "name", "contentUrl", "encodingFormat", "sha256"} <= set(each)
        assert each["@type"] == "cr:FileObject"
    (table,) = found["recordSet"]
    assert table["@type"] == "cr:RecordSet"
    files, fields = (
        {each["@id"] for each in found["distribution"]},
        {each["@id"] for each in table["field"]},
    )
    for each in table["field"]:
        assert {"@type", "@id", "name", "dataType", "source"} <= set(each) and each[
            "@type"
        ] == "cr:Field"
        assert each["source"]["fileObject"]["@id"] in files
    assert {key["@id"] for key in table["key"]} <= fields
    identities = [*files, *fields, table["@id"]]
    assert len(identities) == len(set(identities))


def test_every_term_is_in_the_context_or_of_schema_org(opened):
    """A term that JSON-LD does not know is taken for schema.org's, whether or not that has it."""
    schema_org = {
        "name",
        "description",
        "license",
        "url",
        "version",
        "datePublished",
        "creator",
        "keywords",
        "isBasedOn",
        "citation",
        "distribution",
        "contentUrl",
        "contentSize",
        "encodingFormat",
        "sha256",
    }
    terms: set[str] = set()

    def visit(value: object) -> None:
        for each in (
            value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
        ):
            visit(each)
        if isinstance(value, dict):
            terms.update(key for key in value if not key.startswith("@"))

    found = json.loads(opened["croissant.json"])
    assert found.pop("@context") == CONTEXT
    visit(found)
    assert terms <= schema_org | set(CONTEXT)
    prefixes = {
        key
        for key, value in CONTEXT.items()
        if isinstance(value, str) and value.endswith(("/", "#"))
    }
    used = {
        value.split(":")[0]
        for value in CONTEXT.values()
        if isinstance(value, str) and value not in ("en",)
    }
    assert {each for each in used if not each.startswith("http")} <= prefixes


def test_the_record_set_is_the_table(opened):
    (table,) = json.loads(opened["croissant.json"])["recordSet"]
    place = table["field"][0]["source"]["fileObject"]["@id"]
    lines = list(csv.DictReader(io.StringIO(opened[place].decode())))
    columns = [each["source"]["extract"]["column"] for each in table["field"]]
    assert columns == list(lines[0]) == list(COLUMNS) == list(FIELDS)
    keys = [tuple(line[key["@id"].split("/")[1]] for key in table["key"]) for line in lines]
    assert len(keys) == len(set(keys))
    kinds = {"sc:Integer": int, "sc:Float": float, "sc:Text": str}
    for each in table["field"]:
        for line in lines:
            kinds[each["dataType"]](line[each["name"]] or 0)


def test_sources_are_cited_with_their_licences(opened):
    found = json.loads(opened["croissant.json"])
    assert [each["name"] for each in found["isBasedOn"]] == [
        each["name"] for each in sources("mitdb")
    ]
    assert len(found["isBasedOn"]) == 2  # the records and the noise
    assert "https://spdx.org/licenses/ODC-By-1.0.html" in found["license"]
    for each in sources("mitdb"):
        assert each["citation"] in opened["README.md"].decode()
    assert [each["licence"] for each in sources("synthetic")] == ["Apache-2.0"]


def test_what_keeps_an_archive_from_being_made(project):
    with pytest.raises(
        UserError, match=r"CITATION.cff: expected a url or repository-code, found neither.*--url"
    ):
        write_archive("mitdb", project / "x.zip", root=project)
    with pytest.raises(UserError, match=r"synthetic/board.json: not made yet"):
        write_archive("synthetic", project / "x.zip", URL, root=project)
    with (project / "CITATION.cff").open("a") as file:
        file.write(f"repository-code: {URL}\n")
    write_archive("mitdb", project / "x.zip", root=project)
    assert json.loads(zipfile.ZipFile(project / "x.zip").read("croissant.json"))["url"] == URL
