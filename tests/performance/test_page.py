"""A page of 45 rows x 4 tasks: how long it takes to write, to be seen, to be sorted. Prints
figures; never fails.

make performance
"""

import time

import pytest

from leaderboard.page.build import write_page
from tests.browser import boards
from tests.browser.chromium import Browser, executable

SORT = """(() => {
  const begin = performance.now();
  document.querySelectorAll("#panel-reconstruction .sort")[3].click();
  document.body.offsetHeight;
  return performance.now() - begin;
})()"""
DRAW = """(() => {
  const begin = performance.now();
  document.getElementById("tab-reconstruction").click();
  document.body.offsetHeight;
  return performance.now() - begin;
})()"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def test_writing_a_page(benchmark, tmp_path):
    root = boards.write(tmp_path, boards.many(45), patients=22)
    page = benchmark.pedantic(write_page, (boards.BOARD, root), rounds=3, warmup_rounds=1)
    print(f"\nthe page: {page.stat().st_size / 1e6:.2f} MB (at most 3)")


@pytest.mark.skipif(not executable(), reason="no Chromium on this machine")
def test_seeing_and_sorting_a_page(benchmark, tmp_path):
    page = write_page(boards.BOARD, boards.write(tmp_path / "board", boards.many(45), patients=22))
    browser = Browser(tmp_path / "profile")
    try:
        browser.open(page)
        benchmark.pedantic(browser.open, (page,), rounds=3)
        time.sleep(0.5)  # an entry is made after the paint
        paint, draw = browser.run(PAINT), browser.run(DRAW)
        sort = [browser.run(SORT) for _ in range(5)]
        print(
            f"\nfirst paint {paint:.0f} ms (at most 1000), a task drawn in {draw:.0f} ms, sorted in"
            f" {max(sort):.0f} ms"
        )
    finally:
        browser.close()
