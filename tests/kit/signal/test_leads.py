"""Leads by name."""

from methods.kit.signal.leads import OTHER, lead_ids


def test_leads_are_numbered_by_name():
    """Leads are addressed by name, whatever their order and case; a lead of the torso is that of
    the limb (X-10)."""
    assert lead_ids([["MLII", "V1"], ["v1", "II"], ["I", "ECG"]]).tolist() == [
        [1, 6],
        [6, 1],
        [0, OTHER],
    ]
