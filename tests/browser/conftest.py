"""One browser for all tests of a process, and a page to open in it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from leaderboard.page.build import write_page
from tests.browser import boards
from tests.browser.chromium import Browser, executable


@pytest.fixture(scope="session")
def chromium(tmp_path_factory) -> Iterator[Browser]:
    if not executable():
        if os.environ.get("PQRST_CI") == "1":
            pytest.fail("Chromium must be here where PQRST_CI=1: apt-get install chromium")
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    found = Browser(tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


@pytest.fixture
def browser(chromium) -> Browser:
    """The browser, as wide as a screen, in light colours, and with nothing gone wrong yet."""
    chromium.trouble.clear()
    chromium.requests.clear()
    chromium.size(1280, 900)
    chromium.media("light")
    return chromium


@pytest.fixture(scope="session")
def page(tmp_path_factory) -> Path:
    """The page of a small board."""
    return write_page(boards.BOARD, boards.write(tmp_path_factory.mktemp("board")))
