"""Windows to look at, packed for the page: a trace is the differences of its values, each in base64
VLQ (the numbers of JavaScript's source maps: five bits a character, the lowest bit of the first is
the sign). `script/unpack.js` reads it. A trace takes a third of its JSON, and every character is
safe in HTML."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
BEATS = "heartbeat"


def vlq(numbers: Iterable[int]) -> str:
    """Integers as base64 VLQ."""
    text = []
    for number in numbers:
        rest = number << 1 if number >= 0 else (-number << 1) | 1
        while rest > 31:
            text.append(ALPHABET[(rest & 31) | 32])
            rest >>= 5
        text.append(ALPHABET[rest])
    return "".join(text)


def trace(values: Sequence[int]) -> str:
    """A trace (samples,) as the differences of its values, the first one against 0."""
    return vlq(value - before for before, value in zip([0, *values], values, strict=False))


def runs(hidden: Iterable[bool]) -> str:
    """Lengths of the runs that are shown, hidden, shown, …; the first may be 0. Nothing hidden: no
    text."""
    groups = [(key, sum(1 for _ in group)) for key, group in groupby(hidden)]
    if not any(key for key, _ in groups):
        return ""
    return vlq([*([0] if groups[0][0] else []), *(length for _, length in groups)])


def pack_questions(questions: dict[str, Any]) -> dict[str, Any]:
    """The questions that the row `oracle` keeps in its examples.json, by scenario.

    A lead is {truth, hidden, shown}: `shown` stands only where noise was added, and then every
    sample is asked for; else the samples that are `hidden`."""
    packed: dict[str, Any] = {}
    for scenario, question in questions.items():
        if scenario == BEATS:
            packed[scenario] = [
                {
                    **stretch,
                    "truth": [trace(lead) for lead in stretch["truth"]],
                    "beats": vlq(stretch["beats"]),
                }
                for stretch in question
            ]
            continue
        leads = []
        for truth, shown in zip(question["truth"], question["shown"], strict=True):
            spoilt = None not in shown and shown != truth
            hidden = runs(value is None for value in shown)
            leads.append(
                {"truth": trace(truth), "hidden": hidden, "shown": trace(shown) if spoilt else ""}
            )
        packed[scenario] = {
            "patient": question["patient"],
            "leads": question["leads"],
            "traces": leads,
        }
    return packed


def pack_answers(answers: dict[str, Any]) -> dict[str, Any]:
    """A row's answers, by scenario: a trace per lead; letters for beats."""
    return {
        name: answer if name == BEATS else [trace(lead) for lead in answer]
        for name, answer in answers.items()
    }
