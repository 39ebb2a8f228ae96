"""The energy that the processor has used, by its own meters (RAPL), where this machine lets one
read them."""

from pathlib import Path

PACKAGES = "intel-rapl:[0-9]"  # one of each processor; the finer ones below are parts of it
METERS = Path("/sys/class/powercap")


def read() -> dict[Path, int]:
    """The meters in microjoules; none where there are none, or only root may read them."""
    found = {}
    for package in METERS.glob(PACKAGES):
        try:
            found[package] = int((package / "energy_uj").read_text())
        except (OSError, ValueError):
            continue
    return found


def since(begin: dict[Path, int]) -> float | None:
    """Joules since `begin` was read, of whatever ran on the processor; None where it can't be
    known. A meter that began again from zero meanwhile counts up to its maximum first."""
    now = read()
    if not begin or begin.keys() != now.keys():
        return None
    used = 0
    for package, then in begin.items():
        used += now[package] - then
        if now[package] < then:
            used += int((package / "max_energy_range_uj").read_text())
    return round(used / 1e6, 2)
