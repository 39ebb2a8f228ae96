"""What a classifier measures on the beats of one whole record: rhythm and shape, relative to the
record's own.

Beat positions are given and the whole record is visible, so every reference (the median interval,
the median beat) is taken from the record itself and nothing depends on a lead's name, gain or
polarity. Any number of beats and of leads from one up gives finite numbers: a missing neighbour
counts as the median interval, a flat lead as a beat like all."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from methods.kit.contract.records import Record

RR_S = 0.8  # s, the interval of a record that has none: 75 beats a minute
# Intervals beyond are artefacts or interruptions: 400 beats a minute, and a pause of 4 s.
SHORTEST, LONGEST = 0.15, 4.0  # s
FLOOR = 0.02  # mV, amplitudes below are noise of the amplifier: four steps of mitdb's converter
# Windows in s around the mark, which lies on the R wave. A normal QRS lasts up to 0.11 s (Surawicz
# et al. 2009, doi:10.1161/CIRCULATIONAHA.108.191095), a PR interval 0.12 to 0.20 s, a QT interval
# up to 0.45 s (Rautaharju et al. 2009, doi:10.1161/CIRCULATIONAHA.108.191096).
QRS = (-0.08, 0.12)
P = (-0.26, -0.08)
T = (0.14, 0.42)
BEAT = (-0.28, 0.42)
ALIKE = 0.9  # correlation with the median QRS from which a beat is of the record's main shape


def clean(signal: np.ndarray, rate: float) -> np.ndarray:
    """Baseline (medians of 200 and 600 ms) taken away, 35-Hz low-pass: the filters of de Chazal et
    al. 2004, II-B.

    (leads, samples) in mV -> the same in float32.
    """
    from scipy.ndimage import median_filter
    from scipy.signal import butter, sosfiltfilt

    signal = np.nan_to_num(np.asarray(signal, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    step = max(1, round(rate / 60))  # wander is slow: its medians need no more than 60 Hz
    coarse = signal[:, ::step]
    thinned = np.arange(coarse.shape[1]) * step
    every = np.arange(signal.shape[1])
    smooth = butter(2, min(35.0, 0.45 * rate), fs=rate, output="sos")
    cleaned = np.empty_like(signal)
    for lead, (fine, thin) in enumerate(zip(signal, coarse, strict=True)):
        short = median_filter(thin, max(1, round(0.2 * rate / step)), mode="nearest")
        baseline = median_filter(short, max(1, round(0.6 * rate / step)), mode="nearest")
        rest = fine - np.interp(every, thinned, baseline)
        cleaned[lead] = sosfiltfilt(smooth, rest, padlen=min(15, rest.size - 1))
    return cleaned


def cut(
    signal: np.ndarray, beats: np.ndarray, rate: float, window: tuple[float, float]
) -> np.ndarray:
    """(samples,) -> (beats, width): `window` in s around each beat, edges repeated beyond the
    record's ends."""
    offsets = np.arange(round(window[0] * rate), round(window[1] * rate))
    return signal[np.clip(beats[:, None] + offsets, 0, signal.size - 1)]


def intervals(beats: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """RR intervals before and after each beat, (beats,) each, in s; the first and last take the
    record's median."""
    between = np.clip(np.diff(beats) / rate, SHORTEST, LONGEST)
    median = np.median(between) if between.size else RR_S
    return np.r_[median, between][: beats.size], np.r_[between, median][: beats.size]


def around(values: np.ndarray, half: int) -> np.ndarray:
    """(beats,) -> (beats, 2 half + 1): each value with its neighbours, mirrored at the record's
    ends."""
    return np.lib.stride_tricks.sliding_window_view(
        np.pad(values, half, mode="symmetric"), 2 * half + 1
    )


def similarity(beats: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Correlation of each row of (beats, width) with (width,); 1 where the template is flat."""
    beats = beats - beats.mean(1, keepdims=True)
    template = template - template.mean()
    size = np.linalg.norm(template)
    if size < FLOOR:
        return np.ones(len(beats), np.float32)
    return beats @ template / (size * np.maximum(np.linalg.norm(beats, axis=1), FLOOR))


def log_ratio(
    over: np.ndarray | float, under: np.ndarray | np.floating | float, floor: float = FLOOR
) -> np.ndarray:
    """log(over / under), either of them at least `floor`."""
    return np.log(np.maximum(over, floor) / np.maximum(under, floor))


def align(signal: np.ndarray, beats: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Beats moved by at most 40 ms to where all leads' QRS are most like the record's median beat.

    (leads, samples), (beats,) -> positions (beats,), similarity (beats,) averaged over leads.
    """
    most = round(0.04 * rate)
    best = np.full(beats.size, -2.0)
    place = beats.copy()
    templates = [np.median(cut(lead, beats, rate, QRS), 0) for lead in signal]
    alike = np.mean(
        [similarity(cut(x, beats, rate, QRS), t) for x, t in zip(signal, templates, strict=True)], 0
    )
    kept = beats[alike >= np.median(alike)]
    templates = [np.median(cut(lead, kept, rate, QRS), 0) for lead in signal]
    for shift in sorted(range(-most, most + 1, 2), key=abs):
        moved = beats + shift
        alike = np.mean(
            [
                similarity(cut(x, moved, rate, QRS), t)
                for x, t in zip(signal, templates, strict=True)
            ],
            0,
        )
        better = alike > best + 1e-3
        best[better], place[better] = alike[better], moved[better]
    return place, best


def width(beats: np.ndarray, rate: float) -> np.ndarray:
    """(beats, samples) -> (beats,) in s: for how long the slope is more than a sixth of the
    steepest, first to last."""
    slope = np.abs(np.diff(beats, axis=1))
    steep = slope > np.maximum(slope.max(1, keepdims=True) / 6, FLOOR / 10)
    first = steep.argmax(1)
    last = steep.shape[1] - steep[:, ::-1].argmax(1)
    return np.where(steep.any(1), (last - first) / rate, 0.0)


def rhythm(pre: np.ndarray, post: np.ndarray, alike: np.ndarray) -> dict[str, np.ndarray]:
    """Intervals relative to the record's: (beats,) each, logarithms of ratios.

    The references are the record's median, its upper quantiles (in a record whose ectopic beats
    come in runs the median interval is an ectopic one) and the intervals between beats of the
    record's main shape."""
    main = alike > ALIKE
    sinus = main & np.r_[True, main[:-1]][: main.size]
    normal = pre[sinus] if sinus.any() else pre
    before = np.r_[pre[:1], pre[:-1]]
    later = np.r_[post[1:], post[-1:]]
    near, far = around(pre, 5), around(pre, 50)
    jump = np.abs(np.diff(np.log(pre), prepend=np.log(pre[:1])))
    out = {
        "pre/record": np.log(pre / np.median(pre)),
        "post/record": np.log(post / np.median(pre)),
        "pre/normal": np.log(pre / np.median(normal)),
        "pre/normal-q80": np.log(pre / np.quantile(normal, 0.8)),
        "pre/normal-q95": np.log(pre / np.quantile(normal, 0.95)),
        "pre/near": np.log(pre / np.median(near, 1)),
        "pre/far": np.log(pre / np.median(far, 1)),
        "pre/far-q80": np.log(pre / np.quantile(far, 0.8, axis=1)),
        "near/normal-q80": np.log(np.median(near, 1) / np.quantile(normal, 0.8)),
        "pre/post": np.log(pre / post),
        "pre/before": np.log(pre / before),
        "before/normal": np.log(before / np.median(normal)),
        "post/later": np.log(post / later),
        "both/normal": np.log((pre + post) / (2 * np.median(normal))),
        "irregular-near": np.median(around(jump, 8), 1),
        "irregular-far": np.median(around(jump, 50), 1),
        "irregular-record": np.full(pre.size, np.median(jump)),
        "spread-record": np.full(
            pre.size, np.log(np.quantile(normal, 0.9) / np.quantile(normal, 0.1))
        ),
        "pre": pre,
    }
    return out


def qrs_likeness(qrs: np.ndarray, median: np.ndarray) -> dict[str, np.ndarray]:
    """How like the median QRS (samples,) each of (beats, samples) is, and how far from it in units
    of its size."""
    far = np.sqrt(np.mean((qrs - median) ** 2, 1))
    return {
        "qrs-alike": similarity(qrs, median),
        "qrs-rest": log_ratio(far, max(float(np.ptp(median)), FLOOR)),
    }


def shape(
    lead: np.ndarray, beats: np.ndarray, rate: float, main: np.ndarray, sinus: np.ndarray
) -> dict:
    """The wave of each beat in one lead relative to the record's: (beats,) each.

    `main` marks the beats of the record's main shape, `sinus` those among them that come late:
    their P is the sinus node's even where most beats of the record are ectopic."""
    import pywt

    qrs, p, t, whole = (cut(lead, beats, rate, window) for window in (QRS, P, T, BEAT))
    median_qrs, median_t, median_whole = (np.median(x[main], 0) for x in (qrs, t, whole))
    median_p = np.median(p[sinus], 0)
    scale = max(float(np.ptp(median_qrs)), FLOOR)
    centred = p - p.mean(1, keepdims=True)
    wave = median_p - median_p.mean()
    widths = width(cut(lead, beats, rate, (-0.14, 0.18)), rate)
    median_width = max(float(np.median(widths[main])), 0.02)
    out = {
        **qrs_likeness(qrs, median_qrs),
        "qrs-size": log_ratio(np.ptp(qrs, 1), scale),
        "qrs-top": (qrs.max(1) - median_qrs.max()) / scale,
        "qrs-bottom": (qrs.min(1) - median_qrs.min()) / scale,
        "qrs-slope": log_ratio(
            np.abs(np.diff(qrs, axis=1)).max(1), np.abs(np.diff(median_qrs)).max(), FLOOR / 10
        ),
        "qrs-area": log_ratio(
            np.abs(qrs).sum(1), np.abs(median_qrs).sum(), FLOOR * len(median_qrs)
        ),
        "width": widths,
        "width/usual": np.log(np.maximum(widths, 0.02) / median_width),
        "t-alike": similarity(t, median_t),
        "t-rest": log_ratio(np.sqrt(np.mean((t - median_t) ** 2, 1)), scale),
        "p-alike": similarity(p, median_p),
        "p-rest": log_ratio(np.std(p - median_p, axis=1), scale),
        "p-wave": centred @ wave / max(float(wave @ wave), FLOOR**2 * wave.size),
        "p-size": log_ratio(np.ptp(p, 1), np.ptp(median_p)),
        "p-usual": np.full(beats.size, log_ratio(np.ptp(median_p), scale)),
    }
    most = pywt.dwt_max_level(whole.shape[1], "db4")
    levels = pywt.wavedec(whole, "db4", mode="periodization", level=min(4, most), axis=1)
    ours = pywt.wavedec(median_whole, "db4", mode="periodization", level=min(4, most))
    for number, (level, own) in enumerate(zip(levels, ours, strict=True)):
        out[f"wavelet-size-{number}"] = log_ratio(
            np.linalg.norm(level, axis=1), np.linalg.norm(own)
        )
        out[f"wavelet-rest-{number}"] = log_ratio(np.linalg.norm(level - own, axis=1), scale)
    for place in range(levels[0].shape[1]):
        out[f"wavelet-{place}"] = (levels[0][:, place] - ours[0][place]) / scale
    return out


def rhythm_by_stretch(
    pre: np.ndarray, post: np.ndarray, alike: np.ndarray, stretch: int | None
) -> dict[str, np.ndarray]:
    """`rhythm` of each piece of about `stretch` beats as if it were a whole record; of the whole
    one for None."""
    pieces = 1 if stretch is None else max(1, round(pre.size / stretch))
    parts = [
        rhythm(*(values[place] for values in (pre, post, alike)))
        for place in np.array_split(np.arange(pre.size), pieces)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@dataclass(frozen=True)
class Beats:
    """The beats of a record beside its median one; arrays are (beats,)."""

    signal: np.ndarray  # (2, samples) mV, `clean`: the first two leads, or the only one twice
    place: np.ndarray  # the marks, aligned, in samples
    alike: np.ndarray  # likeness to the median QRS, -1 to 1
    main: np.ndarray  # bool: of the record's main shape
    pre: np.ndarray  # s since the beat before
    post: np.ndarray  # s to the beat after


def measure(record: Record) -> Beats:
    """The beats of a record, of which there is at least one."""
    marks = np.asarray(record.beats)
    signal = clean(np.asarray(record.signal)[[0, min(1, len(record.signal) - 1)]], record.rate)
    place, alike = align(signal, marks, record.rate)
    main = alike >= min(ALIKE, float(np.median(alike)))
    return Beats(signal, place, alike, main, *intervals(marks, record.rate))


def context(beats: Beats, stretches: tuple[int | None, ...] = (None,)) -> dict[str, np.ndarray]:
    """The rhythm around each beat and its likeness to the median one, by name, (beats,) float32
    each.

    With several `stretches` the beats come once for each of them, one after the other, the rhythm
    relative to pieces of that many beats (None: the record)."""
    alike = beats.alike
    relative = [rhythm_by_stretch(beats.pre, beats.post, alike, stretch) for stretch in stretches]
    likeness = {
        "alike": alike,
        "alike-before": np.r_[alike[:1], alike[:-1]],
        "alike-after": np.r_[alike[1:], alike[-1:]],
        "usual-near": around(beats.main.astype(np.float32), 5).mean(1),
        "usual-record": np.full(alike.size, beats.main.mean()),
    }
    out = {name: np.concatenate([one[name] for one in relative]) for name in relative[0]}
    return finite(
        out | {name: np.tile(values, len(stretches)) for name, values in likeness.items()}
    )


def by_lead(
    beats: Beats,
    of_lead: Callable[[np.ndarray], dict[str, np.ndarray]],
    stretches: tuple[int | None, ...],
) -> dict[str, np.ndarray]:
    """`context`, then what `of_lead` finds in each lead (samples,), by name, (beats,) float32 each,
    the same for each of the `stretches`."""
    out = context(beats, stretches)
    for number, lead in enumerate(beats.signal):
        found = of_lead(lead)
        out |= finite(
            {f"{number}:{name}": np.tile(values, len(stretches)) for name, values in found.items()}
        )
    return out


def relative(record: Record, stretches: tuple[int | None, ...] = (None,)) -> dict[str, np.ndarray]:
    """`by_lead` with the likeness to the median QRS: what of a beat means the same in every
    record."""
    beats = measure(record)

    def likeness(lead: np.ndarray) -> dict[str, np.ndarray]:
        qrs = cut(lead, beats.place, record.rate, QRS)
        return qrs_likeness(qrs, np.median(qrs[beats.main], 0))

    return by_lead(beats, likeness, stretches)


def features(record: Record, stretches: tuple[int | None, ...] = (None,)) -> dict[str, np.ndarray]:
    """`by_lead` with the shape of each beat: every feature of every beat of a record."""
    beats = measure(record)
    low, high = np.quantile(beats.pre[beats.main], [0.7, 0.97])
    sinus = beats.main & (beats.pre >= low) & (beats.pre <= max(low, high))
    return by_lead(
        beats, lambda lead: shape(lead, beats.place, record.rate, beats.main, sinus), stretches
    )


def finite(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Features as float32, 0 where one is not finite."""
    return {name: np.nan_to_num(np.asarray(array, np.float32)) for name, array in values.items()}
