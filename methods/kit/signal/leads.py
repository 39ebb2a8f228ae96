"""Leads by name: a number for each of the twelve, so that a network can know which lead it sees."""

import numpy as np

NAMES = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
ALIASES = {"MLI": "I", "MLII": "II", "MLIII": "III"}  # electrodes on the torso (Mason & Likar 1966)
OTHER = len(NAMES)  # a lead of another name
COUNT = len(NAMES) + 1  # of the numbers that a lead can have
NUMBERS = {name.upper(): number for number, name in enumerate(NAMES)}
NUMBERS |= {alias: NUMBERS[name] for alias, name in ALIASES.items()}


def lead_ids(leads: list[list[str]]) -> np.ndarray:
    """Names of the leads of windows to (windows, leads) int64, whatever the names' case; OTHER
    where unknown."""
    return np.array(
        [[NUMBERS.get(name.upper(), OTHER) for name in names] for names in leads], np.int64
    )
