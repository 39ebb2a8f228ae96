// ECG paper: 25 mm/s and 10 mm/mV, small squares of 1 mm, large ones of 5 mm. All lengths here are mm of that paper.

import { el, svg } from "./dom.js";

const SPEED = 25; // mm per s
const GAIN = 0.1; // mm per unit of 10 µV
const RATE = 125; // Hz, of what was kept for drawing
const GUTTER = 15; // for the calibration pulse
const END = 5;
const LETTERS = 10; // room for the classes of beats
const MANY = 20; // hidden stretches: then they are single samples, and those that are shown are dots
let papers = 0; // patterns are found by an id of their own

const across = (sample) => GUTTER + (sample * SPEED) / RATE;
const short = (value) => Math.round(value * 100) / 100;

/** The path of a trace; a break where a value is null. */
function pathOf(values, height) {
  return d3
    .line(
      (_, k) => short(across(k)),
      (value) => short(height(value)),
    )
    .defined((value) => value !== null)
    .digits(2)(values);
}

/** The estimate where it was asked for, joined to what is shown at both ends of each stretch. */
function joined(estimate, lead) {
  return estimate.map((value, k) => {
    if (value !== null) return value;
    return lead.asked[k - 1] || lead.asked[k + 1] ? lead.truth[k] : null;
  });
}

function stretches(mask) {
  const found = [];
  for (const [k, hidden] of mask.entries()) {
    if (hidden && !mask[k - 1]) found.push([k, k]);
    if (hidden) found.at(-1)[1] = k;
  }
  return found;
}

/** The highest and lowest line of a lead's paper, in units, whole large squares around its signal. */
function extent(lead) {
  const [low, high] = d3.extent(lead.truth);
  const spread = Math.max(high - low, 50);
  const noise = lead.shown ? d3.extent(lead.shown) : [low, high];
  const least = Math.max(noise[0], low - 0.6 * spread) - 15;
  const most = Math.min(noise[1], high + 0.6 * spread) + 15;
  const [bottom, top] = [50 * Math.floor(least / 50), 50 * Math.ceil(most / 50)];
  return [Math.min(bottom, top - 200), top];
}

function grid(id, width, height) {
  const pattern = (name, size, line) =>
    svg("pattern", { id: `${name}-${id}`, width: size, height: size, patternUnits: "userSpaceOnUse" }, line);
  return [
    svg(
      "defs",
      {},
      pattern("small", 1, svg("path", { class: "small", d: "M1 0H0V1" })),
      pattern("large", 5, [
        svg("rect", { width: 5, height: 5, fill: `url(#small-${id})` }),
        svg("path", { class: "large", d: "M5 0H0V5" }),
      ]),
      pattern("hatch", 3, svg("path", { class: "hatch", d: "M-1 1L1 -1M0 3L3 0M2 4L4 2" })),
    ),
    svg("rect", { class: "paper", width, height }),
    svg("rect", { width, height, fill: `url(#large-${id})` }),
  ];
}

function leadGroup(lead, top, id) {
  const [low, high] = extent(lead);
  const tall = (high - low) * GAIN;
  const height = (value) => (high - value) * GAIN;
  const mid = Math.min(Math.max(height(0), 11), tall - 6); // of the calibration pulse, and its lead's name below
  const runs = lead.spoilt ? [] : stretches(lead.asked);
  const single = runs.length > MANY;
  const box = ([from, to]) => {
    const place = { x: across(from - 0.5), width: across(to + 0.5) - across(from - 0.5), y: 0, height: tall };
    return [svg("rect", { class: "hidden", ...place }), svg("rect", { ...place, fill: `url(#hatch-${id})` })];
  };
  const dot = (value, k) =>
    !lead.asked[k] && svg("circle", { class: "visible", cx: short(across(k)), cy: short(height(value)), r: 0.38 });
  const estimates = (lead.estimates ?? []).map(({ name, values }) =>
    svg("path", { class: name, d: pathOf(joined(values, lead), height) }),
  );
  return svg(
    "g",
    { transform: `translate(0,${top})` },
    svg(
      "clipPath",
      { id: `clip-${id}` },
      svg("rect", { x: 0, y: 0, width: across(lead.truth.length) + END, height: tall }),
    ),
    svg("path", { class: "calibration", d: `M4 ${mid}h1.5v-10h4v10h1.5` }),
    svg("text", { class: "lead", x: 4, y: mid + 5 }, lead.name),
    svg(
      "g",
      { "clip-path": `url(#clip-${id})` },
      !single && runs.map(box),
      lead.shown && svg("path", { class: "shown", d: pathOf(lead.shown, height) }),
      estimates,
      svg("path", { class: "truth", d: pathOf(lead.truth, height) }),
      single && lead.truth.map(dot),
    ),
  );
}

function letters(beats, top) {
  const each = ({ at, truth, decided }) => {
    const wrong = decided && decided !== truth;
    const x = across(at);
    return svg(
      "g",
      { class: wrong ? "beat wrong" : "beat" },
      svg("text", { x, y: top + 4 }, truth),
      decided && svg("text", { class: "decided", x, y: top + 8.6 }, decided),
      wrong && svg("rect", { x: x - 2.2, y: top + 0.4, width: 4.4, height: 9.2, rx: 1 }),
    );
  };
  return beats.map(each);
}

/**
 * Leads on ECG paper: {name, truth, asked, shown, spoilt, estimates: [{name, values}]}, values in units of 10 µV at
 * 125 Hz; and beats {at, truth, decided} at samples. `words` says it to who can't see it.
 */
export function paper(leads, beats, words) {
  const id = (papers += 1);
  const width = across(leads[0].truth.length) + END;
  let top = beats ? LETTERS : 0;
  const groups = [];
  for (const [k, lead] of leads.entries()) {
    groups.push(leadGroup(lead, top, `${id}-${k}`));
    const [low, high] = extent(lead);
    top += (high - low) * GAIN;
  }
  // A lead's hatch is found by its own id, the paper's by the first's.
  const hatches = leads.map((_, k) =>
    svg(
      "pattern",
      { id: `hatch-${id}-${k}`, width: 3, height: 3, patternUnits: "userSpaceOnUse" },
      svg("path", { class: "hatch", d: "M-1 1L1 -1M0 3L3 0M2 4L4 2" }),
    ),
  );
  const seconds = d3
    .range(0, leads[0].truth.length / RATE + 1e-9)
    .map((s) => svg("text", { class: "second", x: across(s * RATE), y: top + 3.6 }, s % 1 ? "" : `${s} s`));
  const picture = svg(
    "svg",
    { class: "ecg", viewBox: `0 0 ${width} ${top + 5}`, role: "img", "aria-label": words },
    grid(id, width, top),
    svg("defs", {}, hatches),
    groups,
    beats && letters(beats, 0),
    seconds,
  );
  const first = Math.min(
    ...leads.map((lead) => (lead.spoilt ? 0 : Math.max(0, lead.asked.indexOf(true)))).filter(Boolean),
    Infinity,
  );
  const from = Number.isFinite(first) ? across(first) / width : 0;
  return el(
    "div",
    { class: "scroll paper", tabindex: "0", role: "region", "aria-label": words, "data-from": from },
    picture,
  );
}

/** Where a paper is wider than its place: show where something is hidden. */
export function turnTo(place) {
  for (const each of place.querySelectorAll(".paper[data-from]"))
    each.scrollLeft = each.dataset.from * each.scrollWidth - 0.35 * each.clientWidth;
}

/** The strip at the head of the page: a lead of this board, without a word. */
export function strip(truth) {
  const [low, high] = d3.extent(truth);
  const tall = Math.max(30, (high - low) * GAIN + 6);
  const width = across(truth.length);
  const id = (papers += 1);
  const height = (value) => tall / 2 + ((high + low) / 2 - value) * GAIN;
  return svg(
    "svg",
    { class: "ecg", viewBox: `${GUTTER} 0 ${width - GUTTER} ${tall}`, preserveAspectRatio: "xMidYMid slice" },
    grid(id, width, tall),
    svg("path", { class: "truth", d: pathOf(truth, height) }),
  );
}
