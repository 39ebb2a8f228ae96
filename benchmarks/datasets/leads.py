"""The one order in which every data set gives its leads."""

from collections.abc import Sequence

ORDER = ("I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6")
# A modified limb lead (electrodes on the trunk, as Holter recorders have them) stands where the
# limb lead does.
MODIFIED = {"MLI": "I", "MLII": "II", "MLIII": "III"}


def canonical_order(leads: Sequence[str]) -> list[int]:
    """Indices that put `leads` in the order I, II (or MLII), III, aVR, aVL, aVF, V1..V6.

    Upper and lower case count alike; names that are not of the twelve come last, in the order
    given."""

    def place(index: int) -> int:
        name = leads[index].upper()
        name = MODIFIED.get(name, name)
        return ORDER.index(name) if name in ORDER else len(ORDER)

    return sorted(range(len(leads)), key=place)
