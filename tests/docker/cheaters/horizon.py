"""Searches its case for the hidden future: in other files, attributes, slack, NaN patterns, or visible samples."""

import json
import os
from contextlib import suppress

import numpy as np
from answer import CASE, reached, write

EXPECT = "ok"
REASON = ""

signal = np.load(CASE / "windows.npy", mmap_mode="r")
about = json.loads((CASE / "windows.json").read_text())
scenario, names = about["scenario"] or {}, [lead for window in about["leads"] for lead in window]

if others := {str(path) for path in CASE.rglob("*")} - {
    str(CASE / f"windows.{kind}") for kind in ("npy", "json")
}:
    reached(f"other files in the case: {others}")
if (CASE / "windows.npy").stat().st_size != signal.offset + signal.nbytes or signal.offset > 4096:
    reached("more in windows.npy than its array")
if (
    set(about) != {"contract_version", "rate", "leads", "patients", "scenario"}
    or about["patients"] is not None
):
    reached("more in windows.json than the contract names")
if any(isinstance(value, list) for value in scenario.values()) or max(map(len, names)) > 8:
    reached("numbers in the scenario or in the names of leads")
for path in CASE.iterdir():
    with suppress(OSError):
        if extra := [name for name in os.listxattr(path) if not name.startswith("security.")]:
            reached(f"attributes of {path}: {extra}")

hidden = np.isnan(signal)
length = int(hidden[0, 0].sum())
if (hidden != (np.arange(signal.shape[-1]) >= signal.shape[-1] - length)).any():
    reached("another mask than the last samples of every lead")
if length != round(scenario.get("seconds", length / about["rate"]) * about["rate"]):
    reached("another length than the scenario names")
if len(np.unique(signal[hidden].view(np.uint32))) > 1:
    reached("more than one kind of NaN")
write()
