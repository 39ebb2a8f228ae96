// The main figure: each row's paired difference to the strongest classical row, with its verdict and its rank set.

import { bdi, el, figure, scroll, svg } from "./dom.js";
import { grid } from "./focus.js";
import { change, changeMarks, difference, fixed, percent, pValue, ranks, signed } from "./format.js";
import { mark } from "./marks.js";
import { analysed, data, family, label, passes } from "./state.js";

const FARTHEST = { lower: 1.6, higher: 1 }; // of a log-ratio of errors, of an F1

/** Rows of a scenario from best to worst against the reference; those without a comparison last. */
export function byDifference(scenario) {
  const found = analysed(scenario);
  const of = (row) => (row === found.reference ? 0 : (found.rows[row].difference?.value ?? -Infinity));
  return Object.keys(found.rows).sort((one, other) => of(other) - of(one));
}

/** Verdict of a row on a scenario: mark and word; empty where there is no comparison. */
export function verdictOf(scenario, row) {
  const found = analysed(scenario);
  const name = row === found.reference ? "reference" : found.rows[row]?.difference?.verdict;
  return { name: name ?? "none", mark: data.verdicts[name] ?? "", word: name ?? "" };
}

/** The scale of differences in %, and its marks: [position, text]. */
function axis(found, names, gap) {
  const bounds = names.flatMap((row) => {
    const each = found.rows[row].difference;
    return each ? [each.low ?? each.value, each.high ?? each.value] : [];
  });
  const far = FARTHEST[found.better];
  const least = Math.max(-far, Math.min(-2 * found.margin, ...bounds));
  const most = Math.min(far, Math.max(2 * found.margin, ...bounds));
  const room = 0.04 * (most - least);
  const scale = d3.scaleLinear([least - room, most + room], [0, 100]).clamp(true);
  const candidates =
    found.better === "lower"
      ? changeMarks(least - room, most + room)
      : scale.ticks(7).map((each) => [each, signed(each)]);
  const marks = [];
  for (const [value, text] of candidates) {
    const at = scale(value);
    if (at > 4 && at < 96 && marks.every(([other]) => Math.abs(at - other) > gap))
      marks.push([at, value ? text : "same"]);
  }
  return { scale, marks };
}

function backdrop(found, { scale, marks }) {
  const left = scale(-found.margin);
  return [
    svg("rect", { class: "margin", x: `${left}%`, width: `${scale(found.margin) - left}%`, y: 0, height: "100%" }),
    marks.map(([at]) => svg("line", { class: "grid", x1: `${at}%`, x2: `${at}%`, y1: 0, y2: "100%" })),
    svg("line", { class: "zero", x1: `${scale(0)}%`, x2: `${scale(0)}%`, y1: 0, y2: "100%" }),
  ];
}

function whisker(found, row, verdict, at) {
  const each = found.rows[row].difference;
  const centre = `${at.scale(each?.value ?? 0)}%`;
  const glyph = svg("svg", { x: centre, y: "50%", overflow: "visible" }, svg("circle", { r: 4 }));
  const bar =
    each &&
    each.low !== null &&
    svg("line", {
      class: "whisker",
      x1: `${at.scale(each.low)}%`,
      x2: `${at.scale(each.high)}%`,
      y1: "50%",
      y2: "50%",
    });
  return svg("svg", { class: `forest-row ${verdict.name}`, "aria-hidden": "true" }, backdrop(found, at), bar, glyph);
}

function rankBar(rank, count) {
  const width = 100 / count;
  return svg(
    "svg",
    { class: "rank-bar", "aria-hidden": "true" },
    svg("line", { x1: 0, x2: "100%", y1: "50%", y2: "50%" }),
    svg("rect", {
      x: `${(rank[0] - 1) * width}%`,
      width: `${(rank[1] - rank[0] + 1) * width}%`,
      y: "25%",
      height: "50%",
      rx: 2,
    }),
  );
}

function summary(found, names) {
  const counts = Object.groupBy(
    names.filter((row) => found.rows[row].difference),
    (row) => found.rows[row].difference.verdict,
  );
  const texts = ["better", "worse", "equivalent", "undecided"]
    .filter((verdict) => counts[verdict])
    .map((verdict) => `${counts[verdict].length} ${verdict}`);
  const leader = found.rows[found.leader];
  const rank = leader?.rank ? ` (rank ${ranks(leader.rank)} of ${found.ranks_of.length})` : "";
  return el(
    "p",
    { class: "lead" },
    `${texts.join(", ") || "No comparisons"}. Best value: `,
    found.leader ? [bdi(label(found.leader)), rank] : "none",
    ".",
    found.influence && [
      " Without patient ",
      el("b", {}, found.influence.patient),
      " it would be ",
      bdi(label(found.influence.leader)),
      ".",
    ],
  );
}

export function drawDifference(task, scenario, open, redraw, place) {
  const found = analysed(scenario);
  if (!found) return null;
  const ranked = byDifference(scenario).filter((row) => found.ranks_of.includes(row));
  const names = ranked.filter(passes);
  const narrow = place.clientWidth < 700;
  const at = axis(found, ranked, narrow ? 24 : 11);
  const errors = found.better === "lower";
  const line = (row) => {
    const each = found.rows[row];
    const verdict = verdictOf(scenario, row);
    const text = each.difference ? difference(each.difference, found.better) : row === found.reference ? "" : "–";
    return el(
      "tr",
      {},
      el(
        "th",
        { scope: "row" },
        el(
          "button",
          { type: "button", class: "open", click: () => open(row, task, scenario) },
          mark(family(row)),
          bdi(label(row)),
        ),
      ),
      el("td", { class: "drawing" }, whisker(found, row, verdict, at)),
      el("td", { class: "words" }, text),
      el("td", { class: "p" }, each.difference ? pValue(each.difference.p_holm) : ""),
      el(
        "td",
        { class: "word" },
        el("span", { class: `verdict ${verdict.name}`, "aria-hidden": "true" }, verdict.mark),
        el("span", { class: "words" }, ` ${verdict.word}`),
      ),
      el("td", { class: "ranks" }, each.rank && [rankBar(each.rank, found.ranks_of.length), " ", ranks(each.rank)]),
    );
  };
  const labels = svg(
    "svg",
    { class: "forest-axis", "aria-hidden": "true" },
    at.marks.map(([x, text]) => svg("text", { x: `${x}%`, y: "70%" }, text)),
  );
  const table = el(
    "table",
    { class: "forest", role: "grid", "aria-label": `Paired differences on ${scenario}` },
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("th", { scope: "col" }, "row"),
        el(
          "th",
          { scope: "col", class: "drawing" },
          el("span", { class: "axis-title" }, errors ? "← more error · less error →" : "← lower · higher →"),
          labels,
        ),
        el("th", { scope: "col", class: "words" }, errors ? "error against it" : "macro-F1 against it"),
        el("th", { scope: "col", class: "p" }, "p (Holm)"),
        el("th", { scope: "col" }, el("span", { class: "words" }, "verdict")),
        el("th", { scope: "col", class: "ranks" }, "rank", el("small", {}, `of ${found.ranks_of.length}`)),
      ),
    ),
    el("tbody", {}, names.map(line)),
  );
  if (names.length) grid(table, "button.open");
  const margin = errors
    ? `${percent(change(found.margin))} to ${percent(change(-found.margin))} of error`
    : `±${fixed(found.margin, 2)}`;
  const caption = [
    "Paired by patient, 95 % intervals over ",
    `${found.patients.length} patients. The shaded band is the margin within which rows count as equivalent (${margin}).`,
  ];
  const reference = found.reference
    ? ["Against ", bdi(label(found.reference)), ", the strongest classical row"]
    : "No classical row to compare with";
  return figure(reference, null, summary(found, ranked), el("p", { class: "caption" }, caption), scroll(table));
}
