// How the error grows with the horizon of a forecast, or with noise.

import { bdi, el, figure, scroll, svg } from "./dom.js";
import { line } from "./focus.js";
import { fixed } from "./format.js";
import { apart, frame, widthOf } from "./plot.js";
import { analysed, cellOf, data, label, metricOf, passes, rows } from "./state.js";

const COLOURS = 7;
const chosen = new Map(); // task: the rows that are told apart

function horizon(task, scenario) {
  const curve = (row) =>
    Object.entries(cellOf(row, task)?.metrics[scenario] ?? {})
      .map(([metric, summary]) => [data.metrics[metric].horizon, summary[0]])
      .filter(([horizon]) => horizon !== undefined)
      .filter(([, value]) => value !== undefined && value !== null);
  return {
    title: `The error by horizon, ${scenario}`,
    caption:
      "Plain nRMSE in each half second of the forecast (the board ranks by the warped one). The dotted line is what a flat line scores.",
    x: "horizon (s)",
    order: 1,
    curve,
    limit: () => 1,
    scale: d3.scaleLinear,
    marks: (y) => y.ticks(6),
  };
}

function noise(task) {
  const curve = (row) =>
    Object.entries(data.snr)
      .map(([scenario, snr]) => [snr, metricOf(row, task, scenario, "nrmse")?.[0]])
      .filter(([, value]) => value !== undefined && value !== null)
      .sort(([one], [other]) => other - one);
  return {
    title: "The error by noise level",
    caption:
      "nRMSE at each signal-to-noise ratio. The dotted line is the noisy signal left as it is: a row above it does harm.",
    x: "signal-to-noise ratio (dB), more noise to the right",
    order: -1,
    curve,
    limit: (snr) => 10 ** (-snr / 20),
    scale: d3.scaleLog,
    marks: (y) =>
      [0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2].filter(
        (value) => value >= y.domain()[0] && value <= y.domain()[1],
      ),
  };
}

function first(curves, scenario) {
  const found = analysed(scenario);
  const last = ([, points]) => points.at(-1)[1];
  const best = curves
    .filter(([row]) => rows.get(row).family !== "control")
    .sort((one, other) => last(one) - last(other));
  const picked = [found?.leader, found?.reference, ...best.map(([row]) => row)];
  return new Set(
    picked.filter((row, k) => curves.some(([each]) => each === row) && picked.indexOf(row) === k).slice(0, 5),
  );
}

export function drawCurves(task, scenario, open, redraw, place) {
  if (task !== "forecasting" && task !== "reconstruction") return null;
  const about = task === "forecasting" ? horizon(task, scenario) : noise(task);
  const all = [...rows.keys()].map((row) => [row, about.curve(row)]).filter(([, points]) => points.length > 1);
  const curves = all.filter(([row]) => passes(row));
  if (!all.length) return null;
  if (!chosen.has(task)) chosen.set(task, first(all, scenario));
  const picked = chosen.get(task);
  const told = [...picked].filter((row) => curves.some(([each]) => each === row));
  const shade = (row) => told.indexOf(row) % COLOURS;

  const width = widthOf(place);
  const wide = width > 560;
  const heads = [...new Set(all.flatMap(([, each]) => each.map(([at]) => at)))].sort(
    (one, other) => about.order * (one - other),
  );
  const [near, far] = d3.extent(heads);
  const judged = all
    .filter(([row]) => rows.get(row).family !== "control")
    .flatMap(([, each]) => each.map(([, value]) => value));
  const [low, high] = d3.extent([...(judged.length ? judged : [1]), about.limit(near), about.limit(far)]);
  const x = d3.scaleLinear().domain([heads[0], heads.at(-1)]);
  const y = about.scale().domain([low / 1.08, high * 1.08]);
  const minus = (at) => String(at).replace("-", "−");
  const titles = { x: about.x, y: "nRMSE", xTicks: () => heads, xFormat: minus, yTicks: about.marks, yFormat: String };
  const plot = frame(width, 340, x, y, titles, { top: 30, right: wide ? 150 : 16 });
  const inside = (value) => value <= y.domain()[1] && value >= y.domain()[0];
  const path = d3
    .line(
      ([at]) => x(at),
      ([, value]) => y(value),
    )
    .defined(([, value]) => inside(value));
  const steps = d3.range(near, far + 1e-9, (far - near) / 60).map((at) => [at, about.limit(at)]);
  plot.group.append(svg("path", { class: "limit", d: path(steps) }));
  for (const [row, each] of curves.filter(([row]) => !picked.has(row))) {
    plot.group.append(svg("path", { class: "faint", d: path(each) }, svg("title", {}, label(row))));
  }
  const ends = told.map((row) => curves.find(([each]) => each === row)[1].at(-1));
  const heights = apart(
    ends.map(([, value]) => y(value)),
    15,
    plot.height,
  );
  for (const [k, row] of told.entries()) {
    const each = curves.find(([name]) => name === row)[1];
    plot.group.append(
      svg("path", { class: `told s${shade(row)}`, d: path(each) }),
      svg(
        "g",
        { class: `dots s${shade(row)}` },
        each.map(([at, value]) => inside(value) && svg("circle", { cx: x(at), cy: y(value), r: 2.5 })),
      ),
      wide && svg("text", { class: `end s${shade(row)}`, x: x(ends[k][0]) + 8, y: heights[k] + 4 }, label(row)),
    );
  }
  const chip = ([row]) => {
    const on = picked.has(row);
    const flip = () => {
      if (on) picked.delete(row);
      else picked.add(row);
      redraw();
    };
    const sample = svg(
      "svg",
      { class: "sample", viewBox: "0 0 24 8", "aria-hidden": "true" },
      svg("path", { class: on ? `told s${shade(row)}` : "faint", d: "M0 4H24" }),
    );
    return el(
      "button",
      { type: "button", class: "chip", "aria-pressed": String(on), "data-key": `${task}-${row}`, click: flip },
      sample,
      bdi(label(row)),
    );
  };
  const chips = el(
    "div",
    { class: "chips", role: "toolbar", "aria-label": "Rows that are told apart" },
    curves.map(chip),
  );
  if (curves.length) line(chips, "button");
  const numbers = el(
    "details",
    {},
    el("summary", {}, "The numbers"),
    scroll(
      el(
        "table",
        { class: "numbers" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            el("th", { scope: "col" }, "row"),
            heads.map((at) => el("th", { scope: "col" }, minus(at))),
          ),
        ),
        el(
          "tbody",
          {},
          curves.map(([row, each]) =>
            el(
              "tr",
              {},
              el("th", { scope: "row" }, bdi(label(row))),
              heads.map((at) => el("td", {}, fixed(each.find(([x]) => x === at)?.[1]))),
            ),
          ),
        ),
      ),
    ),
  );
  return figure(about.title, about.caption, plot.root, chips, numbers);
}
