"""Text that a method wrote, made harmless before people read it."""

import re

ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def printable(text: str) -> str:
    """`text` without terminal escapes; of other control characters, all but line ends and tabs are
    replaced."""
    text = ESCAPES.sub("", text)
    return "".join(
        each if each.isprintable() or each in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for each in text
    )


def markdown_cell(text: str, most: int = 160) -> str:
    """`text` as one cell of a Markdown table that shows it and does nothing else: no HTML, no link,
    no further cell."""
    shown = " ".join(printable(text).split())
    shown = shown if len(shown) <= most else shown[: most - 1] + "…"
    for each, harmless in (
        ("\\", "\\\\"),
        ("&", "&amp;"),
        ("<", "&lt;"),
        ("|", "\\|"),
        ("[", "\\["),
        ("`", "\\`"),
        ("*", "\\*"),
    ):
        shown = shown.replace(each, harmless)
    return shown
