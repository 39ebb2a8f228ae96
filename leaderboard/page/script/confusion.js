// What was taken for what.

import { bdi, el, figure, scroll, select } from "./dom.js";
import { byDifference } from "./difference.js";
import { fixed } from "./format.js";
import { analysed, cellOf, data, label, passes } from "./state.js";

const ALL = "";
let picked = null;
let patient = ALL;

function matrix(row) {
  const found = data.confusions[row];
  const mine = patient === ALL ? Object.values(found) : [found[patient]].filter(Boolean);
  return d3.range(25).map((k) => d3.sum(mine, (counts) => counts[k]));
}

function heat(share) {
  return share === 0 ? "c0" : `c${Math.min(5, 1 + Math.floor(share * 5))}`;
}

function table(row) {
  const counts = matrix(row);
  const classes = data.classes;
  const at = (truth, decided) => counts[truth * classes.length + decided];
  const share = (part, whole) => (whole ? fixed(part / whole, 2) : "–");
  const all = d3.range(classes.length);
  const line = (truth) => {
    const total = d3.sum(all, (decided) => at(truth, decided));
    const cell = (decided) =>
      el(
        "td",
        { class: `${heat(total ? at(truth, decided) / total : 0)}${truth === decided ? " hit" : ""}` },
        at(truth, decided) ? at(truth, decided).toLocaleString("en") : "·",
        at(truth, decided) > 0 &&
          el("small", {}, `${(100 * (at(truth, decided) / total)).toPrecision(2).replace(/\.0$/, "")} %`),
      );
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, classes[truth]),
      all.map(cell),
      el("td", { class: "rate" }, share(at(truth, truth), total)),
    );
  };
  const precision = (decided) =>
    share(
      at(decided, decided),
      d3.sum(all, (truth) => at(truth, decided)),
    );
  return el(
    "table",
    { class: "confusion" },
    el(
      "caption",
      {},
      bdi(label(row)),
      cellOf(row, "classification")?.tau !== null && ` (τ = ${cellOf(row, "classification").tau})`,
    ),
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("th", { scope: "col" }, "true ↓ decided →"),
        classes.map((name) => el("th", { scope: "col" }, name)),
        el("th", { scope: "col" }, "Se"),
      ),
    ),
    el(
      "tbody",
      {},
      all.map(line),
      el(
        "tr",
        {},
        el("th", { scope: "row" }, "+P"),
        all.map((k) => el("td", { class: "rate" }, precision(k))),
        el("td", {}),
      ),
    ),
  );
}

export function drawConfusion(task, scenario, open, redraw) {
  if (task !== "classification") return null;
  const known = Object.keys(data.confusions).filter(passes);
  if (!known.length) return null;
  const found = analysed(scenario);
  const best = found ? byDifference(scenario).filter((row) => row !== found.reference) : [];
  const preferred = [picked, found?.leader === found?.reference ? null : found?.leader, ...best, known[0]].find((row) =>
    known.includes(row),
  );
  const reference = known.includes(found?.reference) && found.reference !== preferred ? found.reference : null;
  const people = Object.keys(data.confusions[preferred]).sort();
  if (!people.includes(patient)) patient = ALL;
  const choices = el(
    "div",
    { class: "choices" },
    select(
      "Row:",
      known.map((row) => [row, label(row)]),
      preferred,
      (value) => ((picked = value), redraw()),
    ),
    select(
      "Patient:",
      [[ALL, "all test patients"], ...people.map((each) => [each, each])],
      patient,
      (value) => ((patient = value), redraw()),
    ),
  );
  const caption =
    "Beats by their true class (a line each) and the class decided; shaded and in % by the share of the line. Se: sensitivity, +P: positive predictivity.";
  const shown = [preferred, reference].filter(Boolean).map((row) => scroll(table(row)));
  return figure("What was taken for what", caption, choices, el("div", { class: "side-by-side" }, shown));
}
