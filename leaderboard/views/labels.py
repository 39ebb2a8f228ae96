"""How every view of a board shows a metric, a number with its interval, and a cost."""

from typing import Any

from benchmarks.metrics.table import Metric

Cell = dict[str, Any]


def number(summary: dict[str, Any] | None, metric: Metric) -> str:
    """A value with its interval, as far as there is one."""
    if not summary or summary.get("value") is None:
        return "–"
    value = f"{summary['value']:.{metric.digits}f}"
    if summary.get("low") is None:
        return value
    digits = metric.digits - 1  # a bound is less sure than the value
    return f"{value} ({summary['low']:.{digits}f}–{summary['high']:.{digits}f})"


def cost(cell: Cell) -> list[str]:
    """Wall time, peak memory and runner of a cell."""
    spent = cell["cost"]
    return (
        [f"{spent['wall_s']:.0f} s", f"{spent['peak_memory_mb']:.0f} MB", spent["runner"]]
        if spent
        else ["–"] * 3
    )


def signed(value: float | None) -> str:
    """A difference with its sign and two digits."""
    return "–" if value is None else f"{value:+z.2f}".replace("-", "−")
