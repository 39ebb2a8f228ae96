"""Joules between two readings of the processor's meters."""

import pytest

from containers.calls import energy


@pytest.fixture
def meter(tmp_path, monkeypatch):
    """A processor's meter as Linux shows it; call it to set its microjoules."""
    package = tmp_path / "intel-rapl:0"
    package.mkdir()
    (package / "max_energy_range_uj").write_text("9000000\n")
    monkeypatch.setattr(energy, "METERS", tmp_path)
    return lambda value: (package / "energy_uj").write_text(f"{value}\n")


def test_joules_since_a_reading(meter):
    meter(1_000_000)
    begin = energy.read()
    meter(4_500_000)
    assert energy.since(begin) == 3.5
    meter(500_000)  # it began again from zero
    assert energy.since(begin) == 8.5


def test_what_can_not_be_read_is_not_known(meter, tmp_path, monkeypatch):
    meter(1)
    begin = energy.read()
    meter("garbled")
    assert energy.read() == {} and energy.since(begin) is None
    monkeypatch.setattr(energy, "METERS", tmp_path / "nowhere")
    assert energy.read() == {} and energy.since({}) is None
