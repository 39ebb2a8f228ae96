"""MIT-BIH Noise Stress Test Database: half-hour recordings of real ambulatory noise without an ECG.

Its other records are made from mitdb 118 and 119 and are no data here.
"""

from pathlib import Path

import numpy as np

from benchmarks.settings import RATE as TARGET

NAME = "nstdb"
TITLE = "MIT-BIH Noise Stress Test Database"
VERSION = "1.0.0"
LICENCE = "ODC-By 1.0"
CITATION = (
    "G. B. Moody, W. E. Muldrow, R. G. Mark. A noise stress test for arrhythmia detectors."
    " Computers in Cardiology 11:381-384, 1984. PhysioNet, doi:10.13026/C2HS3T"
)
URL = "https://physionet.org/files/nstdb/1.0.0/"
RATE = 360.0  # Hz
KINDS = ("bw", "em", "ma")  # baseline wander, electrode motion, muscle artefact


def noise(folder: Path) -> np.ndarray:
    """The three noises in `folder`, float32 (kinds, 2, samples) at the boards' rate, each channel
    of mean 0 and sd 1.

    The headers' gain is 0, that is: uncalibrated. Raises UserError naming a wrong or missing file.
    """
    from scipy.signal import resample_poly

    from benchmarks.datasets.fetch import listed, verify
    from benchmarks.datasets.wfdb_files import read_waveforms

    verify(NAME, folder, listed(NAME))
    digital = np.stack([read_waveforms(folder / kind, digital=True).signal for kind in KINDS])
    noise = resample_poly(
        digital.astype(np.float64), round(TARGET), round(RATE), axis=-1, padtype="line"
    )
    noise -= noise.mean(axis=-1, keepdims=True)
    return (noise / noise.std(axis=-1, keepdims=True)).astype(np.float32)
