"""How every view of a board shows a metric, a number with its interval, and a cost."""

from typing import Any

Cell = dict[str, Any]
NAMES = {"nrmse": "nRMSE", "warped_nrmse": "warped nRMSE", "macro_f1": "macro-F1"}
APPROXIMATE = {"macro_f1": "<br>(interval approximate)"}
CLASSIFICATION = {
    "f1_N": "F1 N",
    "f1_S": "F1 S",
    "f1_V": "F1 V",
    "f1_F": "F1 F",
    "macro_f1_argmax": "F1 at argmax",
    "macro_average_precision": "macro AP",
    "macro_auroc": "macro AUROC",
    "accuracy": "accuracy",
    "kappa": "κ",
    "calibration_error": "ECE",
}


def number(summary: dict[str, Any] | None) -> str:
    """A value with its interval, as far as there is one."""
    if not summary or summary.get("value") is None:
        return "–"
    if summary.get("low") is None:
        return f"{summary['value']:.3f}"
    return f"{summary['value']:.3f} ({summary['low']:.2f}–{summary['high']:.2f})"


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
