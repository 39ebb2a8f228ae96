"""Which beats of which windows a classifier of heartbeats learns from, and how much each counts."""

import numpy as np
import torch

from methods.kit.network.record_inputs import WINDOW_S, Question, RecordInputs, batch_of, judged

# Chosen, not measured: so small that a beat keeps its shape.
GAIN = 0.15  # deviation of the logarithm of a lead's gain
JITTER = 0.02  # white noise that is added, in units of a lead's deviation


def loss_weights(labels: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Share (beats,) of each beat in the loss: classes by the root of their size, and so the
    patients within a class.

    The root lies half way between counting all beats alike and all classes alike: square-root
    sampling (Mahajan et al. 2018, arXiv:1805.00932; Kang et al. 2020, arXiv:1910.09217, section 3).
    """
    share = np.zeros(len(labels))
    for label in np.unique(labels):
        among = labels == label
        _, where, counts = np.unique(patients[among], return_inverse=True, return_counts=True)
        share[among] = np.sqrt(among.sum()) * (counts**-0.5)[where] / np.sqrt(counts).sum()
    return share / share.sum()


class BeatSampler:
    """Draws batches of windows of training records.

    The law, with s_i the `loss_weights`:

    1. Beat i is the centre of a window with probability q_i, proportional to the root of s_i: rare
       beats are drawn often, but not as often as they count.
    2. The window is moved off its centre by up to a third of its length, evenly, and learns every
       beat j that it judges, not its centre alone.
    3. So beat j is met with a chance proportional to r_j, the sum of q_i over the beats i of its
       record within half a window of it, and counts s_j / r_j in the loss: on average s_j.
    4. Its rhythm is relative to the record or to the piece around it, by a coin.
    5. Each lead's gain is lognormal (GAIN), and white noise (JITTER) is added."""

    def __init__(
        self, records: list[RecordInputs], labels: np.ndarray, patients: np.ndarray, rate: float
    ) -> None:
        """`labels` and `patients` (beats,) are those of all records' beats, in order; rate in
        Hz."""
        self.records, self.labels, self.rate = records, labels, rate
        self.window = round(WINDOW_S * rate)
        self.share = loss_weights(labels, patients)
        self.centre = np.sqrt(self.share)
        self.centre /= self.centre.sum()
        self.firsts = np.cumsum([0, *(len(record.beats) for record in records)])
        chances = np.split(self.centre, self.firsts[1:-1])
        self.weight = self.share / np.concatenate(
            [
                met(record.beats, chance, self.window)
                for record, chance in zip(records, chances, strict=True)
            ]
        )

    def batch(self, size: int, rng: np.random.Generator) -> tuple:
        """`size` windows: what `batch_of` gives, then the classes and the weights (beats,) of the
        beats that they judge."""
        questions, weights, targets = [], [], []
        for beat in rng.choice(len(self.labels), size=size, p=self.centre):
            question = self.question(int(beat), rng)
            beats = self.firsts[question.record] + question.beats
            questions.append(question)
            weights.append(self.weight[beats])
            targets.append(self.labels[beats])
        windows, *others = batch_of(self.records, questions, self.rate)
        leads = others[0].shape[1]
        gain = torch.from_numpy(rng.lognormal(0, GAIN, (size, leads, 1)).astype(np.float32))
        windows[:, : 2 * leads] *= gain.repeat(1, 2, 1)
        windows[:, :leads] += torch.from_numpy(
            rng.normal(0, JITTER, (size, leads, self.window)).astype(np.float32)
        )
        return windows, *others, np.concatenate(targets), np.concatenate(weights).astype(np.float32)

    def question(self, beat: int, rng: np.random.Generator) -> Question:
        """A window around `beat`, counted over all records."""
        number = int(np.searchsorted(self.firsts, beat, side="right")) - 1
        record, third = self.records[number], (-self.window // 3, self.window // 3)
        middle = record.beats[beat - self.firsts[number]] + rng.integers(*third)
        last = record.channels.shape[1] - self.window
        start = int(np.clip(middle - self.window // 2, 0, last))
        beats = judged(record, start, self.rate)
        return Question(number, start, beats, int(rng.integers(2)))


def met(beats: np.ndarray, chance: np.ndarray, window: int) -> np.ndarray:
    """The sum of `chance` (beats,) over the beats of a record within half a `window` of each: all
    in samples."""
    sums = np.concatenate([[0], np.cumsum(chance)])
    low = np.searchsorted(beats, beats - window // 2)
    high = np.searchsorted(beats, beats + window // 2, side="right")
    return sums[high] - sums[low]
