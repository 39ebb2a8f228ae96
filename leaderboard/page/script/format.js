// Numbers and names as people read them.

export function fixed(value, digits = 3) {
  return value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−");
}

/** Two digits that count. */
export function significant(value) {
  return String(Number(value.toPrecision(2))).replace("-", "−");
}

export function signed(value, digits = 2) {
  return `${value > 0 ? "+" : ""}${fixed(value, digits)}`;
}

export function interval([value, low, high], digits = 3) {
  return low === undefined || low === null
    ? fixed(value, digits)
    : `${fixed(value, digits)} (${fixed(low, digits)}–${fixed(high, digits)})`;
}

/** A log-ratio of errors, log(reference / row), as the change of the row's error in %. */
export function change(skill) {
  return 100 * (Math.exp(-skill) - 1);
}

export function percent(value) {
  const rounded = Math.round(value);
  return rounded > 999 ? ">+999 %" : `${rounded > 0 ? "+" : ""}${String(rounded).replace("-", "−")} %`;
}

const CHANGES = [-90, -80, -65, -50, -33, -20, -10, 0, 11, 25, 50, 100, 200, 400]; // % of error

/** The marks of an axis of log-ratios of errors: [value, text], the nearer to nothing the earlier. */
export function changeMarks(least, most) {
  return CHANGES.map((each) => [-Math.log(1 + each / 100), percent(each)])
    .filter(([value]) => value >= least && value <= most)
    .sort(([one], [other]) => Math.abs(one) - Math.abs(other));
}

/** A difference to the reference with its interval, in words of the scenario: % of error, or F1. */
export function difference({ value, low, high }, better) {
  if (low === null) return better === "higher" ? signed(value) : percent(change(value));
  if (better === "higher") return `${signed(value)} (${signed(low)} to ${signed(high)})`;
  return `${percent(change(value))} (${percent(change(high))} to ${percent(change(low))})`;
}

export function pValue(p) {
  return p === null || p === undefined ? "–" : p < 0.001 ? "<0.001" : p.toFixed(3);
}

export function duration(seconds) {
  const [value, unit] = seconds < 60 ? [seconds, "s"] : seconds < 3600 ? [seconds / 60, "min"] : [seconds / 3600, "h"];
  return `${value < 10 ? Number(value.toPrecision(2)) : Math.round(value)} ${unit}`;
}

export function large(value) {
  for (const [size, unit] of [
    [1e9, " G"],
    [1e6, " M"],
    [1e3, " k"],
  ]) {
    if (value >= size) return `${(value / size).toPrecision(3)}${unit}`;
  }
  return String(value);
}

export function ranks([low, high]) {
  return low === high ? `${low}` : `${low}–${high}`;
}
