// Rows × patients: which single record decides.

import { bdi, choice, el, figure, scroll } from "./dom.js";
import { byDifference } from "./difference.js";
import { grid } from "./focus.js";
import { change, fixed, percent, signed } from "./format.js";
import { mark } from "./marks.js";
import { analysed, family, label, passes } from "./state.js";

const STEPS = { lower: [0.05, 0.2, 0.5], higher: [0.02, 0.1, 0.25] }; // of a difference, in its unit
const SHADES = 7;
let compared = true;

/** How a patient's value compares with the reference's: a log-ratio of errors, or a difference of F1. */
function against(value, reference, better) {
  if (value === null || reference === null || reference === undefined) return null;
  if (better === "higher") return value - reference;
  return value > 0 && reference > 0 ? Math.log(reference / value) : null;
}

/** −3 to 3: how far a difference is from nothing. */
function step(gap, better) {
  const passed = STEPS[better].filter((each) => Math.abs(gap) >= each).length;
  return Math.sign(gap) * passed;
}

function words(gap, better) {
  return better === "higher" ? signed(gap) : percent(change(gap));
}

function short(gap, better) {
  if (better === "higher") return signed(gap).replace("0.", ".");
  const percents = Math.round(change(gap));
  return `${percents > 0 ? "+" : ""}${percents > 999 ? "›999" : String(percents).replace("-", "−")}`;
}

/** The legend: each shade with what it stands for. */
function legend(better) {
  const entry = (name, text) => el("span", { class: "entry" }, el("span", { class: `swatch ${name}` }), text);
  if (!compared)
    return el(
      "p",
      { class: "caption key" },
      entry("v0", "best"),
      entry("v3", ""),
      entry("v6", "worst of the scenario"),
    );
  const [, some, much] = STEPS[better];
  const side = (gap) => (better === "higher" ? signed(gap) : percent(change(gap)));
  return el(
    "p",
    { class: "caption key" },
    entry("up3", `beyond ${side(much)}`),
    entry("up2", `beyond ${side(some)}`),
    entry("up1", "a little better"),
    entry("same", "alike"),
    entry("down1", "a little worse"),
    entry("down2", `beyond ${side(-some)}`),
    entry("down3", `beyond ${side(-much)}`),
  );
}

const CLASSES = new Map([
  [3, "up3"],
  [2, "up2"],
  [1, "up1"],
  [0, "same"],
  [-1, "down1"],
  [-2, "down2"],
  [-3, "down3"],
]);

function shade(value, [least, most], better) {
  const share = most > least ? (value - least) / (most - least) : 0;
  const worst = Math.min(
    SHADES - 1,
    Math.floor(SHADES * Math.min(1, Math.max(0, better === "lower" ? share : 1 - share))),
  );
  return `v${worst}`;
}

export function drawPatients(task, scenario, open, redraw) {
  const found = analysed(scenario);
  if (!found) return null;
  const reference = found.rows[found.reference]?.per_patient ?? [];
  compared &&= reference.length > 0;
  const names = byDifference(scenario).filter((row) => passes(row) && (compared ? found.ranks_of.includes(row) : true));
  const values = names
    .filter((row) => family(row) !== "control")
    .flatMap((row) => found.rows[row].per_patient.filter((v) => v !== null));
  const range = d3.extent(values);
  const influence = found.influence;
  const readout = el(
    "output",
    { class: "readout", "aria-live": "polite" },
    "Point at a field, or go there with arrow keys, to read it.",
  );
  const say = (row, k) => () => {
    const value = found.rows[row].per_patient[k];
    const gap = against(value, reference[k], found.better);
    const rest =
      row === found.reference || gap === null
        ? ""
        : `; ${label(found.reference)} ${fixed(reference[k])}: ${words(gap, found.better)}`;
    readout.replaceChildren(bdi(label(row)), `, patient ${found.patients[k]}: ${fixed(value)}${rest}`);
  };
  const field = (row) => (value, k) => {
    const gap = against(value, reference[k], found.better);
    const about = { tabindex: "-1", pointerenter: say(row, k), focus: say(row, k) };
    const marked = found.patients[k] === influence?.patient ? " decides" : "";
    if (value === null) return el("td", { ...about, class: `field none${marked}` }, "–");
    if (!compared)
      return el(
        "td",
        { ...about, class: `field ${shade(value, range, found.better)}${marked}` },
        fixed(value, 2).replace("0.", "."),
      );
    if (row === found.reference || gap === null)
      return el("td", { ...about, class: `field same${marked}` }, row === found.reference ? "◆" : "–");
    return el(
      "td",
      { ...about, class: `field ${CLASSES.get(step(gap, found.better))}${marked}` },
      short(gap, found.better),
    );
  };
  const table = el(
    "table",
    { class: "patients", role: "grid", "aria-label": `Patients of ${scenario}` },
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("th", { scope: "col" }, "row"),
        found.patients.map((patient) =>
          el(
            "th",
            { scope: "col", class: patient === influence?.patient ? "decides" : null },
            el("span", {}, patient, patient === influence?.patient && " ▾"),
          ),
        ),
      ),
    ),
    el(
      "tbody",
      {},
      names.map((row) =>
        el(
          "tr",
          {},
          el("th", { scope: "row" }, mark(family(row)), bdi(label(row))),
          found.rows[row].per_patient.map(field(row)),
        ),
      ),
    ),
  );
  if (names.length) grid(table, "td.field");
  const mode = choice(
    "Fields show",
    `fields-${task}`,
    [
      ["compared", "the difference to the reference"],
      ["values", "values"],
    ],
    compared ? "compared" : "values",
    (value) => {
      compared = value === "compared";
      redraw();
    },
  );
  const caption = influence
    ? [
        "Patient ",
        el("b", {}, influence.patient),
        " (▾) decides who leads: without them it would be ",
        bdi(label(influence.leader)),
        " instead of ",
        bdi(label(found.leader)),
        ".",
      ]
    : "No single patient's removal changes who leads.";
  const unit = compared && found.better === "lower" ? " Numbers are the change of the error in %." : "";
  return figure(
    "Patient by patient",
    [caption, unit],
    reference.length > 0 && mode,
    legend(found.better),
    scroll(table),
    readout,
  );
}
