"""Metadata of an archive in the form of Croissant 1.0 (JSON-LD,
http://mlcommons.org/croissant/1.0)."""

from typing import Any

from leaderboard.records.tidy import COLUMNS

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
# Every term of Croissant that is used here, by its name in that vocabulary; all others are
# schema.org's.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    **{
        term: f"cr:{term}"
        for term in ("citeAs", "column", "extract", "field", "fileObject", "key", "recordSet")
    },
    "source": "cr:source",
}
LICENCES = {
    "Apache-2.0": "https://spdx.org/licenses/Apache-2.0.html",
    "ODC-By 1.0": "https://spdx.org/licenses/ODC-By-1.0.html",
}
FORMATS = {
    "md": "text/markdown",
    "yaml": "application/yaml",
    "cff": "application/yaml",
    "json": "application/json",
    "csv": "text/csv",
    "html": "text/html",
}
FIELDS = {
    "board": ("sc:Text", "data set, split and budgets"),
    "row": ("sc:Text", "method with the parameters of one variant"),
    "family": ("sc:Text", "kind of method; control: a row with a known answer"),
    "task": ("sc:Text", "interpolation, reconstruction, forecasting or classification"),
    "scenario": (
        "sc:Text",
        "way of hiding or spoiling a signal; empty where the whole cell failed",
    ),
    "seed": ("sc:Integer", "seed of the training, counted from 0"),
    "metric": ("sc:Text", "name of the metric"),
    "value": ("sc:Float", "the metric over the test patients"),
    "low": ("sc:Float", "lower end of its 95 % interval over patients"),
    "high": ("sc:Float", "upper end of its 95 % interval over patients"),
    "patients": ("sc:Integer", "test patients"),
    "status": ("sc:Text", "scored, or the kind of failure"),
}
KEY = ("row", "task", "scenario", "seed", "metric")


def describe(
    about: dict[str, str],
    licences: list[str],
    sources: list[dict[str, str]],
    files: dict[str, tuple[str, int]],
    table: str,
) -> dict[str, Any]:
    """The document. `about` has name, description, url, version, date, creator and citation,
    `licences` are names of LICENCES, `sources` the data sets (name, version, licence, url,
    citation) that the archive is derived from, `files` each file's sha256 and size by its path in
    the archive, `table` the path of board.csv."""
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": about["name"],
        "description": about["description"],
        "license": [LICENCES[licence] for licence in licences],
        "url": about["url"],
        "version": about["version"],
        "datePublished": about["date"],
        "creator": {"@type": "sc:Organization", "name": about["creator"]},
        "citeAs": about["citation"],
        "keywords": ["electrocardiogram", "benchmark", "reproducibility"],
        "isBasedOn": [
            {
                "@type": "sc:Dataset",
                "name": source["name"],
                "version": source["version"],
                "license": LICENCES[source["licence"]],
                "url": source["url"],
                "citation": source["citation"],
            }
            for source in sources
        ],
        "distribution": [file_object(path, *files[path]) for path in sorted(files)],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "board",
                "name": "board",
                "description": "One record per number of the board, and one per cell that failed.",
                "key": [{"@id": f"board/{column}"} for column in KEY],
                "field": [field(column, table) for column in COLUMNS],
            }
        ],
    }


def file_object(path: str, sha256: str, size: int) -> dict[str, Any]:
    """A file of the archive; its address is relative to the document's own."""
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{size} B",
        "encodingFormat": encoding_format(path),
        "sha256": sha256,
    }


def encoding_format(path: str) -> str:
    """The media type of a file of the archive by its name; below cache/files names are digests."""
    if path.startswith("cache/files/"):
        return "application/octet-stream"
    return FORMATS.get(path.rpartition(".")[2], "text/plain")


def field(column: str, table: str) -> dict[str, Any]:
    """A column of board.csv."""
    kind, description = FIELDS[column]
    return {
        "@type": "cr:Field",
        "@id": f"board/{column}",
        "name": column,
        "description": description,
        "dataType": kind,
        "source": {"fileObject": {"@id": table}, "extract": {"column": column}},
    }
