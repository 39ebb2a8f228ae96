"""What a method prints can't act on the reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.text import markdown_cell, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07end", "red end"),
        ("bell\x07 back\x08 null\x00", "bell\ufffd back\ufffd null\ufffd"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("right\u202eto left", "right\ufffdto left"),
    ],
)
def test_terminal_escapes_and_controls_are_taken_out(text, shown):
    assert printable(text) == shown


def test_a_cell_of_a_table_is_one_cell_and_no_html():
    shown = markdown_cell("<script>alert(1)</script> | [a](javascript:b)\n**bold** `code`")
    assert (
        shown
        == "&lt;script>alert(1)&lt;/script> \\| \\[a](javascript:b) \\*\\*bold\\*\\* \\`code\\`"
    )


@given(st.text(max_size=300))
def test_no_text_breaks_a_table(text):
    shown = markdown_cell(text)
    assert "\n" not in shown and "<" not in shown and "\x1b" not in shown
    assert not shown.replace("\\\\", "").replace("\\|", "").count("|")
