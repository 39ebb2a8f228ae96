"""A seeded simulator of ECG records, for the `synthetic` board: nothing to download, every beat and
wave known.

The heart is a moving dipole in Frank's axes (x left, y down, z to the back; mV): each wave is a sum
of Gaussians with a vector each (McSharry et al. 2003, doi:10.1109/TBME.2003.808805, in the three
dimensions of Sameni et al. 2007, doi:10.1155/2007/43407). A lead is its projection (Dower, Machado
and Osborne 1980, Clin. Cardiol. 3:87), moved a little by the placement of the person's electrodes.
All figures of templates are in ms after the R wave and mV."""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.datasets import CLASSES, Record
from benchmarks.seeds import generator

NAME = "synthetic"
TITLE = "Simulated two-lead ambulatory ECG with AAMI beat classes"
VERSION = "1.0.0"
LICENCE = "Apache-2.0"
CITATION = (
    "Simulated by PQRST (sum of Gaussians of a dipole, after McSharry et al. 2003 and Sameni et al."
    " 2007)"
)
URL = "https://doi.org/10.1109/TBME.2003.808805"
RATE = 250.0  # Hz
LEADS = ("MLII", "V1")
Spectrum = Callable[[np.ndarray], np.ndarray]  # Hz to power
SECONDS = 180
SEED = 2003

N, S, V, F, Q = range(len(CLASSES))


class Person(NamedTuple):
    """What is wrong with somebody. The rest (morphology, rate, noise) is drawn."""

    split: str
    conduction: str = "normal"  # or lbbb, rbbb
    rhythm: str = "sinus"  # or af
    s: int = 0  # premature beats and the like in the record
    v: int = 0
    f: int = 0
    q: int = 0
    pattern: str = "single"  # of V: single, couplets, bigeminy, multifocal


LEAD_VECTORS = {  # (x, y, z). MLII is lead II with electrodes on the torso: a little larger.
    "I": (0.632, -0.235, 0.059),
    "II": (0.235, 1.066, -0.132),
    "MLII": (0.300, 1.150, -0.100),
    "V1": (-0.515, 0.157, -0.917),
    "V2": (0.044, 0.164, -1.387),
    "V3": (0.882, 0.098, -1.277),
    "V4": (1.213, 0.127, -0.601),
    "V5": (1.125, 0.127, -0.086),
    "V6": (0.831, 0.076, 0.230),
}
PEOPLE = {
    "p01": Person("train", s=3, v=2),
    "p02": Person("train", s=24, v=3),
    "p03": Person("train", v=28, f=12, pattern="bigeminy"),
    "p04": Person("train", "lbbb", s=5, v=12, f=4),
    "p05": Person("train", "rbbb", s=10, v=8, f=4),
    "p06": Person("train", rhythm="af", v=10),
    "p07": Person("train", v=16, f=16, pattern="couplets"),
    "p08": Person("train", s=18, v=8, f=3, pattern="multifocal"),
    "p09": Person("train", s=6, v=6, f=4, q=5),
    "p10": Person("train", "rbbb", v=14, f=6, pattern="bigeminy"),
    "p11": Person("train", "lbbb", s=12, v=6),
    "p12": Person("train", rhythm="af", v=14, pattern="multifocal"),
    "p13": Person("validation", s=22, v=4),
    "p14": Person("validation", v=24, f=16, q=2, pattern="bigeminy"),
    "p15": Person("validation", "lbbb", s=8, v=10, f=8, pattern="couplets"),
    "p16": Person("validation", rhythm="af", v=10),
    "p17": Person("test", s=3, v=2),
    "p18": Person("test", s=24, v=3, f=2),
    "p19": Person("test", v=28, f=12, pattern="bigeminy"),
    "p20": Person("test", "rbbb", s=12, v=8, f=4),
    "p21": Person("test", rhythm="af", v=14, pattern="couplets"),
    "p22": Person("test", s=4, v=16, f=18, pattern="multifocal"),
    "p23": Person("test", "lbbb", s=6, v=10, f=4),
    "p24": Person("test", s=6, v=8, f=4, q=6),
}
PATIENTS = len(PEOPLE)
SPLITS = {
    split: [n for n, p in PEOPLE.items() if p.split == split]
    for split in ("train", "validation", "test")
}

# Templates: rows of (time, width, x, y, z). Time 0 is about the R wave.
P_WAVE = [(-168, 17, 0.03, 0.09, -0.06), (-138, 19, 0.07, 0.05, 0.05)]  # right atrium, then left
# Signs of a P wave from elsewhere.
ATRIAL_FOCI = [(-1.0, -0.9, -0.6), (0.6, -1.0, 0.8), (-0.8, 0.9, 0.9)]
QRS = {
    "normal": [
        (-27, 8, -0.13, -0.06, -0.32),
        (0, 10.5, 0.95, 0.88, 0.22),
        (21, 9, 0.12, -0.10, 0.62),
        (37, 8, -0.14, -0.16, 0.18),
    ],
    "rbbb": [
        (-27, 8, -0.13, -0.06, -0.34),
        (0, 11, 0.90, 0.82, 0.15),
        (26, 13, 0.05, -0.10, 0.25),
        (66, 20, -0.42, -0.08, -0.52),
    ],
    "lbbb": [(-34, 14, 0.22, 0.10, 0.08), (0, 20, 0.72, 0.48, 0.72), (44, 19, 0.74, 0.26, 0.55)],
    "paced": [(-42, 16, 0.25, -0.2, 0.25), (0, 25, 0.8, -0.9, 0.7), (45, 22, 0.4, -0.7, 0.5)],
}
PACING_SPIKE = (-92, 2.5, 0.6, 1.1, 0.3)
T_VECTOR = {  # of the T wave; wide beats repolarise against their QRS
    "normal": (0.34, 0.28, -0.14),
    "rbbb": (0.32, 0.24, 0.16),
    "lbbb": (-0.26, -0.10, -0.38),
    "paced": (-0.35, 0.35, -0.4),
}
# Where ventricular beats come from: right outflow tract, right apex, left posterior wall,
# left anterior wall.
FOCI = [(0.15, 0.90, 0.42), (0.45, -0.75, 0.50), (-0.30, -0.60, -0.75), (-0.40, 0.75, -0.55)]
# Boundaries lie where a wave's own dipole falls below this share of its largest value.
EDGE = {"P": 0.10, "QRS": 0.05, "T": 0.10}


class Heart(NamedTuple):
    """One person's templates. Each is float64 (Gaussians, 5) in s and mV; `owner` says whose beat a
    Gaussian is of."""

    # "between" is what has no boundaries: the ST segment, a pacing spike.
    waves: dict[str, np.ndarray]
    owner: dict[str, np.ndarray]
    mean: float  # s between beats
    breath: float  # Hz
    vectors: np.ndarray  # (9, 3): LEAD_VECTORS with this person's electrodes
    coupling: float  # of V, share of the interval


def _rotation(rng: np.random.Generator, degrees: float) -> np.ndarray:
    """A turn by normal angles of this deviation about the axes (Rodrigues' formula): (3, 3)."""
    angles = np.deg2rad(rng.normal(0, degrees, 3))
    angle = math.sqrt((angles**2).sum())
    k = np.cross(np.eye(3), angles / angle)
    return np.eye(3) + math.sin(angle) * k + (1 - math.cos(angle)) * k @ k


def _vary(
    rng: np.random.Generator, rows: Sequence, turn: np.ndarray, gain: float, stretch: float
) -> np.ndarray:
    """A person's own copy of a template (Gaussians, 5), in s and mV: turned, scaled, each Gaussian
    varied."""
    own, n = np.array(rows, float), len(rows)
    own[:, :2] *= 1e-3 * stretch
    own[:, 1] *= rng.uniform(0.9, 1.12, n)
    own[:, 2:] = own[:, 2:] * (gain * rng.lognormal(0, 0.16, (n, 1))) @ turn.T
    return own


def _ventricular(rng: np.random.Generator, focus: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """QRS, ST and T rows in ms and mV of a beat from a ventricular focus: slow, large, T against
    the QRS."""
    way = _rotation(rng, 14) @ np.array(FOCI[focus])
    way *= rng.uniform(1.2, 1.9) / np.linalg.norm(way)
    aside, later = np.cross(way, _rotation(rng, 40)[0]), _rotation(rng, 22) @ way
    width = rng.uniform(0.9, 1.2)
    early = (-46 * width, 17 * width, *(0.35 * way + 0.25 * aside))
    late = (50 * width, 22 * width, *(rng.uniform(0.1, 0.65) * later - 0.2 * aside))
    qrs = [early, (0, 25 * width, *way), late]
    back = -_rotation(rng, 18) @ way * rng.uniform(0.28, 0.42)
    return np.array(qrs), np.array([(150, 45, *(0.45 * back))]), _t_rows(back, 285)


def _t_rows(vector: np.ndarray, peak: float) -> np.ndarray:
    """A T wave at an RR interval of 1 s: slow rise, faster fall. (2, 5) in ms and mV."""
    return np.array(
        [(peak - 42, 46, *(0.5 * np.asarray(vector))), (peak, 31, *(0.75 * np.asarray(vector)))]
    )


def draw_heart(rng: np.random.Generator, person: Person) -> Heart:
    """Everything about a person that stays the same from beat to beat."""
    turn, gain, stretch = _rotation(rng, 13), rng.lognormal(0.05, 0.2), rng.uniform(0.92, 1.1)
    t_vector = (
        _rotation(rng, 15)
        @ turn
        @ np.array(T_VECTOR[person.conduction])
        * rng.lognormal(-0.1, 0.35)
    )
    peak = rng.uniform(275, 310) + (18 if person.conduction != "normal" else 0)
    st = t_vector * rng.uniform(0.02, 0.3) + rng.normal(0, 0.02, 3)
    paced = np.array(T_VECTOR["paced"])
    beats = [  # (QRS, between, T) of: conducted, first focus, second focus, paced
        (QRS[person.conduction], [(125, 45, *st)], _t_rows(t_vector, peak)),
        *(_ventricular(rng, focus) for focus in rng.permutation(len(FOCI))[:2]),
        (QRS["paced"], [PACING_SPIKE, (140, 45, *(0.4 * paced))], _t_rows(paced, 300)),
    ]
    waves, owner = {}, {}
    for k, wave in enumerate(("QRS", "between", "T")):
        own = [
            _vary(rng, beat[k], turn if i == k == 0 else np.eye(3), gain, stretch)
            for i, beat in enumerate(beats)
        ]
        waves[wave] = np.concatenate(own)
        owner[wave] = np.repeat(np.arange(len(beats)), [len(rows) for rows in own])
    sinus = _vary(rng, P_WAVE, _rotation(rng, 12), gain * rng.lognormal(0, 0.2), 1)
    sinus[:, 0] -= rng.normal(0, 0.018)
    # From elsewhere in the atria: another shape, and nearer to the ventricles.
    ectopic = sinus.copy()
    ectopic[:, 0] += rng.uniform(0.01, 0.05)
    ectopic[:, 2:] *= np.array(ATRIAL_FOCI[rng.integers(len(ATRIAL_FOCI))]) * rng.uniform(0.8, 1.3)
    waves["P"], owner["P"] = np.concatenate([sinus, ectopic]), np.repeat([0, 1], len(sinus))
    mean = rng.uniform(0.62, 0.85) if person.rhythm == "af" else rng.uniform(0.68, 1.0)
    vectors = np.array(list(LEAD_VECTORS.values())) + rng.normal(0, 0.05, (len(LEAD_VECTORS), 3))
    return Heart(waves, owner, mean, rng.uniform(0.18, 0.32), vectors, rng.uniform(0.52, 0.68))


def coloured(
    rng: np.random.Generator, channels: int, samples: int, rate: float, power: Spectrum
) -> np.ndarray:
    """Gaussian noise of unit deviation whose spectrum is `power(f in Hz)`: (channels, samples)."""
    f = np.fft.rfftfreq(samples, 1 / rate)
    shape = np.sqrt(power(np.maximum(f, f[1])))
    shape[0] = 0  # no offset
    x = np.fft.irfft(np.fft.rfft(rng.standard_normal((channels, samples))) * shape, samples)
    return x / x.std(axis=-1, keepdims=True)


def _variability(rng: np.random.Generator, seconds: float, breath: float) -> np.ndarray:
    """Deviation of the sinus interval, unit variance, 4 Hz: LF at 0.1 Hz, HF at the breath, and a
    slow 1/f drift."""
    ratio = rng.uniform(0.5, 3)  # LF over HF

    def power(f):
        lf, hf = (
            np.exp(-((f - c) ** 2) / (2 * w**2)) / w for c, w in ((0.1, 0.015), (breath, 0.02))
        )
        return ratio * lf + hf + 0.25 / f * (f < 0.05)

    return coloured(rng, 1, math.ceil(4 * seconds), 4.0, power)[0]


def _plan(rng: np.random.Generator, person: Person, cycles: int) -> dict[int, int]:
    """Which sinus cycle becomes which kind of beat; never two in a row. Half of the V of a
    bigeminus are in one run."""
    slots = np.arange(4, cycles, 2)
    kinds = np.repeat([S, V, F, Q], [person.s, person.v, person.f, person.q])
    run = person.v // 2 if person.pattern == "bigeminy" else 0
    start = int(rng.integers(0, len(slots) - run + 1))
    plan = dict.fromkeys(slots[start : start + run].tolist(), V)
    free = np.delete(slots, slice(start, start + run))
    rest = np.concatenate([kinds[kinds != V], np.full(person.v - run, V)])
    return plan | dict(
        zip(
            rng.permutation(free)[: len(rest)].tolist(), rng.permutation(rest).tolist(), strict=True
        )
    )


def draw_rhythm(rng: np.random.Generator, person: Person, heart: Heart) -> tuple[np.ndarray, ...]:
    """Times (s), classes and intervals before (s) of all beats, a little beyond both ends: three
    arrays (beats,).

    S comes early and resets the sinus node: its pause is shorter than compensatory. V comes early
    and the node goes on: the interval before it and the pause after are two cycles together. F is
    at the sinus time, Q (paced) after a pause."""
    sdnn = rng.uniform(0.025, 0.06) * heart.mean
    drift = _variability(rng, SECONDS + 8, heart.breath) * sdnn
    plan = _plan(rng, person, int(0.93 * SECONDS / heart.mean))
    beats: list[tuple[float, int, float]] = []
    last, due, cycle = -2.0 - heart.mean, -2.0, 0

    def interval(time: float) -> float:
        if person.rhythm == "af":
            return max(0.36, heart.mean * rng.lognormal(-0.025, 0.23))
        return max(0.4, heart.mean + drift[int(4 * (time + 4)) % len(drift)])

    def beat(time: float, kind: int) -> None:
        nonlocal last
        beats.append((time, kind, time - last))
        last = time

    while due < SECONDS + 1:
        kind = plan.get(cycle, N)
        rr = heart.mean if kind == V and person.rhythm == "af" else due - last
        if kind in (N, F):
            beat(due - (kind == F) * rng.uniform(0, 0.05) * rr, kind)
            due += interval(due)
        elif kind == S:
            beat(last + max(0.36, rr * rng.uniform(0.58, 0.86)), S)
            due = last + interval(due) * rng.uniform(1.0, 1.15)
        elif kind == V:
            early = last + max(0.36, rr * np.clip(rng.normal(heart.coupling, 0.025), 0.45, 0.75))
            due = max(due, last + rr) + interval(due)
            beat(early, V)
            if person.pattern == "couplets" and plan.get(cycle + 2) == V and rng.random() < 0.7:
                del plan[cycle + 2]
                beat(last + max(0.36, rr * rng.uniform(0.5, 0.62)), V)
                due = last + interval(due) * rng.uniform(1.1, 1.3)
        else:
            beat(last + rr * rng.uniform(1.3, 1.5), Q)
            due = last + interval(due)
        cycle += 1
    return tuple(np.array(column) for column in zip(*beats, strict=True))


def _render(
    at: np.ndarray, width: np.ndarray, way: np.ndarray, samples: int, edge: float
) -> tuple[np.ndarray, ...]:
    """Sum Gaussians `at` (beats, Gaussians) in s with vectors `way` (beats, Gaussians, 3): dipole
    (3, samples) and boundaries (beats, 3), -1 where the wave is absent or not whole."""
    low, high = (at - 4 * width).min(axis=1), (at + 4 * width).max(axis=1)
    start = np.floor(low * RATE).astype(np.int64)
    grid = start[:, None] + np.arange(math.ceil((high - low).max() * RATE) + 2)
    z = (grid[:, None, :] / RATE - at[..., None]) / width[..., None]
    wave = np.einsum("bgt,bgd->dbt", np.exp(-0.5 * z * z), way)
    inside = (grid >= 0) & (grid < samples)
    dipole = np.stack([np.bincount(grid[inside], axis[inside], samples) for axis in wave])
    size = np.sqrt((wave**2).sum(axis=0))
    above = size >= edge * size.max(axis=1, keepdims=True)
    last = above.shape[1] - 1 - above[:, ::-1].argmax(axis=1)
    found = start[:, None] + np.stack([above.argmax(axis=1), size.argmax(axis=1), last], axis=1)
    whole = (size.max(axis=1) > 0) & (found[:, 0] >= 0) & (found[:, 2] < samples)
    return dipole, np.where(whole[:, None], found, -1)


def _fibrillation(rng: np.random.Generator, samples: int) -> np.ndarray:
    """Fibrillatory waves: a saw tooth of 5 to 7 Hz, whose rate and size wander, strongest in V1.
    (3, samples) in mV."""
    rate, size = coloured(rng, 2, samples, RATE, lambda f: 1 / (1 + (f / 0.5) ** 4))
    phase = 2 * np.pi * np.cumsum(rng.uniform(5.2, 6.8) + 0.6 * rate) / RATE
    saw = sum(np.sin(k * phase + 0.3 * k) / k**1.5 for k in (1, 2, 3))
    way = np.array([0.15, 0.55, -0.8]) + rng.normal(0, 0.15, 3)
    return way[:, None] * rng.uniform(0.04, 0.09) * (1 + 0.35 * size) * saw


def draw_noise(rng: np.random.Generator, samples: int, breath: float) -> np.ndarray:
    """Wander, muscle and mains noise in each of LEAD_VECTORS: (9, samples) in mV."""
    k, turns = len(LEAD_VECTORS), 2 * np.pi * np.arange(samples) / RATE
    wander = coloured(rng, k, samples, RATE, lambda f: 1 / (f**2 + 0.03**2) / (1 + (f / 0.5) ** 6))
    wander *= rng.lognormal(math.log(0.06), 0.5) * rng.uniform(0.6, 1.4, (k, 1))
    breathing = np.sin(breath * turns + rng.uniform(0, 2 * np.pi, (k, 1))) * rng.uniform(
        0, 0.05, (k, 1)
    )
    muscle = coloured(rng, k, samples, RATE, muscle_power)
    tension = np.exp(0.5 * coloured(rng, 1, samples, RATE, lambda f: 1 / (1 + (f / 0.2) ** 4)))
    muscle *= tension * rng.lognormal(math.log(0.011), 0.4)
    hum = np.sin(50 * turns + rng.uniform(0, 2 * np.pi, (k, 1))) * rng.uniform(0.2, 1, (k, 1))
    return wander + breathing + muscle + hum * rng.lognormal(math.log(0.004), 0.5)


def muscle_power(f: np.ndarray) -> np.ndarray:
    """Surface electromyogram under an ECG amplifier: broad, from 10 Hz to 60 Hz."""
    return 1 / ((1 + (10 / f) ** 4) * (1 + (f / 60) ** 4))


def project(volume: np.ndarray, leads: Sequence[str]) -> np.ndarray:
    """Leads (leads, samples) float32 in mV from those of LEAD_VECTORS, in whole microvolts like a
    converter's.

    Whole microvolts make the limb leads obey Einthoven (III = II - I) and Goldberger to the last
    bit before they are scaled, and hide the last bits in which processors differ."""
    known = dict(zip(LEAD_VECTORS, np.round(volume * 1000), strict=True))
    i, ii = known["I"], known["II"]
    known |= {"III": ii - i, "aVR": -(i + ii) / 2, "aVL": i - ii / 2, "aVF": ii - i / 2}
    unknown = [lead for lead in leads if lead not in known]
    if unknown:
        raise ValueError(f"no lead {', '.join(unknown)}; known: {', '.join(known)}")
    return (np.stack([known[lead] for lead in leads]) / 1000).astype(np.float32)


def simulate(
    name: str, *, seed: int = SEED, leads: Sequence[str] = LEADS, noisy: bool = True
) -> Record:
    """The record of patient `name`. Leads, and whether it is noisy, change nothing else about
    it."""
    person = PEOPLE[name]
    heart = draw_heart(generator(NAME, VERSION, seed, name, "heart"), person)
    times, kinds, before = draw_rhythm(
        generator(NAME, VERSION, seed, name, "rhythm"), person, heart
    )
    rng = generator(NAME, VERSION, seed, name, "beats")
    n, samples = len(times), round(SECONDS * RATE)

    share = np.where(kinds == F, rng.uniform(0.3, 0.7, n), np.isin(kinds, (V, Q)))
    other = (kinds == V) & (rng.random(n) < 0.4) & (person.pattern == "multifocal")
    # Conducted, first focus, second focus, paced.
    origin = np.eye(4)[np.select([kinds == Q, other], [3, 2], 1)]
    weights = (1 - share)[:, None] * np.eye(4)[0] + share[:, None] * origin
    # P waves from the sinus node, and from elsewhere: of S, some have none, those from the
    # junction.
    atrial = np.stack([np.isin(kinds, (N, F)), (kinds == S) & (rng.random(n) < 0.75)], 1) * (
        person.rhythm == "sinus"
    )

    wild = np.where(np.isin(kinds, (V, F)), 2.0, 1.0)
    lung = 2 * np.pi * heart.breath * times[:, None] + np.array([0, 0.9, 2.1])
    gain = (1 + 0.05 * np.sin(lung)) * (1 + 0.03 * wild * rng.standard_normal(n))[:, None]
    # In a fusion the two fronts meet and put each other out: it is over sooner.
    stretch = np.where(kinds == F, 0.85, 1) * (1 + 0.015 * wild * rng.standard_normal(n))
    # Repolarisation follows the interval with Fridericia's cube root, and remembers those before.
    slow = np.cbrt(np.clip(0.35 * before + 0.65 * heart.mean, 0.4, 1.5)) * (
        1 + 0.01 * rng.standard_normal(n)
    )

    dipole, waves = np.zeros((3, samples)), {}
    for wave in ("P", "QRS", "between", "T"):
        rows, owner = heart.waves[wave], heart.owner[wave]
        pace = {"P": np.ones(n), "QRS": stretch}.get(wave, slow)[:, None]
        weight = (atrial if wave == "P" else weights)[:, owner]
        centres, widths = times[:, None] + rows[:, 0] * pace, rows[:, 1] * pace
        vectors = rows[:, 2:] * weight[..., None] * gain[:, None]
        part, bounds = _render(centres, widths, vectors, samples, EDGE.get(wave, 0))
        dipole += part
        if wave in EDGE:
            waves[wave] = bounds
    if person.rhythm == "af":
        dipole += _fibrillation(generator(NAME, VERSION, seed, name, "fibrillation"), samples)

    kept = waves["QRS"][:, 1] >= 0
    waves = _bordered({wave: bounds[kept] for wave, bounds in waves.items()})
    added = (
        draw_noise(generator(NAME, VERSION, seed, name, "noise"), samples, heart.breath)
        if noisy
        else 0
    )
    signal = project(heart.vectors @ dipole + added, leads)
    beats, labels = waves["QRS"][:, 1].copy(), kinds[kept].astype(np.uint8)
    text = report(person, heart, beats, labels)
    return Record(name, name, tuple(leads), signal, RATE, beats, labels, text, waves)


def _bordered(waves: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Boundaries (beats, 3) of each wave where none reaches into another: neighbouring waves run
    into each other, and the QRS, the sharper one, has the border."""
    qrs, p, t = waves["QRS"], waves["P"].copy(), waves["T"].copy()
    p[:, 2] = np.where(p[:, 2] >= 0, np.minimum(p[:, 2], qrs[:, 0]), -1)
    t[:, 0] = np.where(t[:, 0] >= 0, np.maximum(t[:, 0], qrs[:, 2]), -1)
    return waves | {"P": p, "T": t}


def report(person: Person, heart: Heart, beats: np.ndarray, kinds: np.ndarray) -> str:
    """What a cardiologist would write, from what was simulated."""
    share = [float(np.mean(kinds == kind)) for kind in range(len(CLASSES))]
    often = ["frequent" if part > 0.05 else "occasional" for part in share]
    # The electrical axis is that of its areas in I and aVF.
    conducted = heart.waves["QRS"][heart.owner["QRS"] == 0]
    i, ii = heart.vectors[:2] @ (conducted[:, 2:] * conducted[:, 1:2]).sum(axis=0)
    angle = math.degrees(math.atan2((ii - i / 2) * 2 / math.sqrt(3), i))
    said = {
        "atrial fibrillation" if person.rhythm == "af" else "sinus rhythm": True,
        f"heart rate {60 * (len(beats) - 1) * RATE / (beats[-1] - beats[0]):.0f}/min": True,
        "left bundle branch block": person.conduction == "lbbb",
        "right bundle branch block": person.conduction == "rbbb",
        "left axis deviation"
        if angle < -30
        else "right axis deviation"
        if angle > 90
        else "normal axis": True,
        f"{often[S]} supraventricular premature beats": share[S],
        f"{often[V]} ventricular premature beats": share[V],
        f"ventricular ectopy: {person.pattern}": person.pattern != "single",
        "fusion beats": share[F],
        "demand pacing after pauses": share[Q],
    }
    return " ".join(f"{words[0].upper()}{words[1:]}." for words, true in said.items() if true)


def records(folder: Path | None = None, *, seed: int = SEED) -> Iterator[Record]:
    """Every person's record, in order. There is no folder to read."""
    for name in PEOPLE:
        yield simulate(name, seed=seed)


def noise(folder: Path | None = None, *, seed: int = SEED) -> np.ndarray:
    """Baseline wander, electrode motion, muscle noise, in this order, for 10 min: float32 (3, 2,
    samples) in mV."""
    rng, samples = generator(NAME, VERSION, seed, "noise"), round(600 * RATE)
    wander = 0.3 * coloured(
        rng, 2, samples, RATE, lambda f: 1 / (f**2 + 0.05**2) / (1 + (f / 0.8) ** 6)
    )
    # An electrode that moves: its potential jumps and settles, and it rubs in bursts within the
    # band of the ECG.
    rub = coloured(rng, 2, samples, RATE, lambda f: 1 / (1 + (f / 4) ** 3) * (f > 0.4))
    burst = np.exp(coloured(rng, 1, samples, RATE, lambda f: 1 / (1 + (f / 0.3) ** 4)))
    jumps = np.where(rng.random((2, samples)) < 0.35 / RATE, rng.normal(0, 0.45, (2, samples)), 0)
    decay = np.exp(-np.arange(round(4 * RATE)) / (0.5 * RATE))
    settle = np.stack([np.convolve(row, decay)[:samples] for row in jumps])
    muscle = 0.06 * coloured(rng, 2, samples, RATE, muscle_power)
    muscle *= np.exp(0.5 * coloured(rng, 1, samples, RATE, lambda f: 1 / (1 + (f / 0.3) ** 4)))
    return np.stack([wander, 0.12 * rub * burst + settle, muscle]).astype(np.float32)
