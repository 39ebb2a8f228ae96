// Windows as `pack.py` packed them: base64 VLQ numbers, traces as differences, hidden samples as lengths of runs.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const DIGITS = new Map([...ALPHABET].map((letter, value) => [letter, value]));

/** The numbers of a base64 VLQ text. */
export function numbers(text) {
  const found = [];
  let number = 0;
  let shift = 0;
  for (const letter of text) {
    const digit = DIGITS.get(letter);
    number += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    found.push(number & 1 ? -(number >> 1) : number >> 1);
    number = 0;
    shift = 0;
  }
  return found;
}

/** A trace (samples,) in units of 10 µV. */
export function trace(text) {
  let value = 0;
  return numbers(text).map((difference) => (value += difference));
}

/** Which of `length` samples are hidden. */
export function hiddenSamples(text, length) {
  const mask = numbers(text).flatMap((run, k) => Array(run).fill(k % 2 === 1));
  return mask.length ? mask : Array(length).fill(false);
}

/** The leads of a completion question: name, truth, which samples are asked for, and what was shown. */
export function leadsOf(question) {
  const spoilt = question.traces.some((lead) => lead.shown);
  return question.traces.map((lead, k) => {
    const truth = trace(lead.truth);
    const asked = spoilt ? truth.map(() => true) : hiddenSamples(lead.hidden, truth.length);
    return { name: question.leads[k], truth, asked, spoilt, shown: spoilt ? trace(lead.shown) : null };
  });
}

/** An answer put where it was asked for: (samples,), null elsewhere; null where it does not fit its question. */
export function placed(answer, lead) {
  const values = trace(answer);
  if (values.length !== lead.asked.filter(Boolean).length) return null;
  let next = 0;
  return lead.asked.map((asked) => (asked ? values[next++] : null));
}
