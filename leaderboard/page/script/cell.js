// A cell, opened: real windows on ECG paper, its numbers, its proof card.

import { bdi, choice, el, scroll, select } from "./dom.js";
import { verdictOf } from "./difference.js";
import { paper } from "./ecg.js";
import { difference, fixed, interval, ranks } from "./format.js";
import { mark } from "./marks.js";
import { about, proofCard } from "./proof.js";
import { analysed, cellOf, data, family, label, rows } from "./state.js";
import { trainingView } from "./training.js";
import { leadsOf, numbers, placed, trace } from "./unpack.js";

let beside = "";

/** The rows of a task that were asked for it, in the order of the board. */
function neighbours(task) {
  return [...rows.keys()].filter((row) => (cellOf(row, task)?.status ?? "not-applicable") !== "not-applicable");
}

function key(entries) {
  return el(
    "p",
    { class: "caption key" },
    entries
      .filter(Boolean)
      .map(([name, ...text]) => el("span", { class: "entry" }, el("span", { class: `line ${name}` }), text)),
  );
}

function windowView(row, scenario) {
  const question = data.questions[scenario];
  const answer = data.answers[row]?.[scenario];
  const other = beside && data.answers[beside]?.[scenario];
  const leads = leadsOf(question);
  const estimates = [other && ["beside", other], answer && ["estimate", answer]].filter(Boolean);
  for (const [k, lead] of leads.entries()) {
    lead.estimates = estimates
      .map(([name, traces]) => ({ name, values: placed(traces[k], lead) }))
      .filter(({ values }) => values?.some((value) => value !== null));
  }
  const spoilt = leads.some((lead) => lead.spoilt);
  const hides =
    data.tasks.interpolation?.[scenario] && scenario.startsWith("points")
      ? ["dots", "shown samples"]
      : ["hidden", "hidden from the method"];
  const words = `Ten seconds of patient ${question.patient} on ECG paper, ${scenario}: the truth, and what ${label(row)} made of what was ${spoilt ? "spoilt" : "hidden"}.`;
  return [
    el("h3", {}, `Patient ${question.patient}, ${scenario}`),
    key([
      ["truth", "truth"],
      spoilt ? ["shown", "as it was shown, with noise"] : hides,
      answer && ["estimate", bdi(label(row))],
      other && ["beside", bdi(label(beside))],
    ]),
    paper(leads, null, words),
    el(
      "p",
      { class: "caption" },
      "25 mm/s, 10 mm/mV: a small square is 40 ms by 0.1 mV, a large one 0.2 s by 0.5 mV. Drawn as the method gave it, before the scorer's filter takes offset and wander away. One window of a test patient, drawn by lot, the same for every row.",
    ),
    !answer &&
      el(
        "p",
        { class: "notice" },
        row === "oracle" ? "The oracle is the truth." : "No windows of this row were kept: score it again.",
      ),
  ];
}

function beatView(row) {
  const stretches = data.questions.heartbeat;
  const answer = data.answers[row]?.heartbeat;
  const view = (stretch, k) => {
    const at = numbers(stretch.beats);
    const leads = stretch.truth.map((text, lead) => ({ name: stretch.leads[lead], truth: trace(text), asked: [] }));
    const beats = at.map((sample, beat) => ({
      at: sample,
      truth: stretch.labels[beat],
      decided: answer?.[k]?.[beat] ?? null,
    }));
    const wrong = beats.filter(({ truth, decided }) => decided && decided !== truth).length;
    const classes = [...new Set(stretch.labels)].join(", ");
    const told = answer
      ? `${wrong ? wrong : "none"} of ${beats.length} beats decided wrongly`
      : `${beats.length} beats`;
    const words = `Ten seconds of patient ${stretch.patient} with beats of class ${classes}; ${told}.`;
    return [el("h4", {}, `Patient ${stretch.patient}: beats ${classes}; ${told}`), paper(leads, beats, words)];
  };
  return [
    el("h3", {}, "Ten seconds around one beat of each class"),
    el(
      "p",
      { class: "caption" },
      "Above each beat its true class",
      answer && [", below that the class decided by ", bdi(label(row)), "; where they differ they are framed"],
      ". 25 mm/s, 10 mm/mV.",
    ),
    stretches.map(view),
    !answer && row !== "oracle" && el("p", { class: "notice" }, "No decisions of this row were kept: score it again."),
  ];
}

function pictures(row, task, scenario, again) {
  if (cellOf(row, task).status !== "scored") return null;
  if (!data.questions[scenario])
    return el(
      "p",
      { class: "notice" },
      "No window of this scenario was kept to look at (examples.json of the row oracle).",
    );
  if (task === "classification") return el("section", { class: "windows" }, beatView(row));
  const others = neighbours(task).filter((each) => each !== row && data.answers[each]?.[scenario]);
  if (!others.includes(beside)) beside = "";
  const chooser =
    others.length > 0 &&
    select(
      "Draw beside it:",
      [["", "nothing"], ...others.map((each) => [each, label(each)])],
      beside,
      (value) => ((beside = value), again()),
    );
  return el("section", { class: "windows" }, windowView(row, scenario), chooser);
}

function standing(row, scenario) {
  const found = analysed(scenario);
  const mine = found?.rows[row];
  if (!mine) return null;
  const verdict = verdictOf(scenario, row);
  const lines = [
    mine.difference && [
      "against ",
      bdi(label(found.reference)),
      ": ",
      el("span", { class: `verdict ${verdict.name}` }, verdict.mark),
      ` ${verdict.word}, `,
      difference(mine.difference, found.better),
      found.better === "lower" ? " of error" : "",
    ],
    verdict.name === "reference" &&
      "This row is the reference: the strongest classical row on the validation patients.",
    mine.rank && `Rank ${ranks(mine.rank)} of ${found.ranks_of.length}.`,
    `Spread over patients (SD) ${fixed(mine.patient_sd)}; over seeds ${mine.seed_sd === null ? `not known (${mine.seeds} seed${mine.seeds > 1 ? "s" : ""})` : `${fixed(mine.seed_sd)} (${mine.seeds} seeds)`}.`,
  ];
  return el(
    "ul",
    { class: "standing" },
    lines.filter(Boolean).map((line) => el("li", {}, line)),
  );
}

function numbersOf(row, task, scenario) {
  const cell = cellOf(row, task);
  const metrics = Object.entries(cell.metrics[scenario] ?? {});
  if (!metrics.length) return null;
  const primary = data.tasks[task][scenario];
  const line = ([metric, summary]) =>
    el(
      "tr",
      { class: metric === primary ? "primary" : null },
      el("th", { scope: "row" }, data.metrics[metric].title, metric === primary && " (ranks)"),
      el("td", {}, interval(summary, data.metrics[metric].digits)),
    );
  const seeds = Object.keys(cell.seeds).length;
  return el(
    "section",
    { class: "metrics" },
    el("h3", {}, `Numbers on ${scenario}`),
    standing(row, scenario),
    scroll(el("table", { class: "numbers" }, el("tbody", {}, metrics.map(line)))),
    el(
      "p",
      { class: "caption" },
      `95 % intervals over patients, where a metric is a mean over them.${seeds > 1 ? " Of the first seed." : ""}`,
    ),
  );
}

/** The content of a cell's dialog; `go(row, task, scenario)` shows another one. */
export function cellView(row, task, scenario, go, close) {
  const cell = cellOf(row, task);
  const all = neighbours(task);
  const at = all.indexOf(row);
  const step = (by) => all[(at + by + all.length) % all.length];
  const again = () => go(row, task, scenario);
  const scenarios = Object.keys(data.tasks[task]);
  const jump = (name, by, text) =>
    el(
      "button",
      {
        type: "button",
        class: name,
        "aria-label": `${text}: ${label(step(by))}`,
        click: () => go(step(by), task, scenario),
      },
      by < 0 ? "←" : "→",
    );
  const failed = cell.status !== "scored";
  return [
    el(
      "header",
      {},
      jump("before", -1, "The row before"),
      el(
        "h2",
        { id: "cell-title", tabindex: "-1" },
        mark(family(row)),
        bdi(label(row)),
        el("small", {}, `${family(row)}, ${task}`),
      ),
      jump("after", 1, "The row after"),
      el("button", { type: "button", class: "close", "aria-label": "Close", click: close }, "×"),
    ),
    !failed &&
      scenarios.length > 1 &&
      choice(
        "Scenario",
        "cell-scenario",
        scenarios.map((name) => [name, name]),
        scenario,
        (name) => go(row, task, name),
      ),
    failed && el("p", { class: "failure" }, el("b", {}, cell.status), " ", bdi(cell.reason)),
    !failed && !cell.metrics[scenario]
      ? el("p", { class: "notice" }, `This row does not do ${scenario}.`)
      : pictures(row, task, scenario, again),
    el("div", { class: "columns" }, el("div", {}, numbersOf(row, task, scenario), about(row)), proofCard(row, task)),
    trainingView(row, task),
  ];
}
