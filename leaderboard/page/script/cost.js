// What skill costs.

import { bdi, el, figure, select, svg } from "./dom.js";
import { line } from "./focus.js";
import { change, changeMarks, difference, duration, fixed, interval, large, percent, signed } from "./format.js";
import { mark, symbol } from "./marks.js";
import { apart, frame, widthOf } from "./plot.js";
import { analysed, cellOf, data, family, label, metricOf, passes, rows } from "./state.js";

const COSTS = {
  cpu_s: ["CPU time of the task's calls, fitting included", duration],
  wall_s: ["wall time", duration],
  peak_memory_mb: ["peak memory", (value) => `${large(value * 1e6)}B`],
  parameters: ["parameters", large],
  energy_j: ["energy", (value) => `${large(value)}J`],
};
let counted = "cpu_s";

/** What is drawn upwards: the difference to the reference where there is one, else the value. */
function skill(task, scenario) {
  const found = analysed(scenario);
  if (found?.reference) {
    const errors = found.better === "lower";
    return {
      title: errors ? "change of error against the reference, less upwards" : `${data.metrics[found.metric].label} against the reference`,
      format: errors ? (value) => percent(change(value)) : (value) => signed(value),
      marks: errors && ((y) => changeMarks(...y.domain()).map(([value]) => value)),
      of: (row) => {
        if (row === found.reference) return [0];
        const each = found.rows[row]?.difference;
        return each ? [each.value, each.low ?? each.value, each.high ?? each.value] : null;
      },
      words: (row) =>
        row === found.reference ? "the reference" : difference(found.rows[row].difference, found.better),
    };
  }
  const metric = data.tasks[task][scenario];
  const { label: name, better } = data.metrics[metric];
  const sign = better === "higher" ? 1 : -1;
  return {
    title: sign > 0 ? name : "error, less upwards",
    format: (value) => fixed(sign * value, 2),
    of: (row) => metricOf(row, task, scenario, metric)?.map((value) => sign * value) ?? null,
    words: (row) => interval(metricOf(row, task, scenario, metric)),
  };
}

/** Rows than which none is both cheaper and better, from cheap to dear. */
function frontier(points) {
  const sorted = [...points].sort((one, other) => one.cost - other.cost || other.value[0] - one.value[0]);
  let best = -Infinity;
  return sorted.filter((point) => point.value[0] > best && ((best = point.value[0]), true));
}

const ROUND_TIMES = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 36000, 86400,
];

/** The marks of a logarithmic axis, as far apart as their texts need: round times, or 1, 2 and 5 of each decade. */
function roundMarks(key) {
  return (x) => {
    const [least, most] = x.domain();
    const digit = (value) => Math.round(value / 10 ** Math.floor(Math.log10(value) + 1e-9));
    const all = key.endsWith("_s")
      ? ROUND_TIMES.filter((value) => value >= least && value <= most)
      : x.ticks(4).filter((value) => [1, 2, 5].includes(digit(value)));
    let last = -Infinity;
    return all.filter((value) => x(value) - last > 55 && ((last = x(value)), true));
  };
}

export function drawCost(task, scenario, open, redraw, place) {
  const upwards = skill(task, scenario);
  const known = Object.keys(COSTS).filter((key) => [...rows.keys()].some((row) => cellOf(row, task)?.cost[key] > 0));
  if (!known.length)
    return figure("Cost against skill", "No row of this board has a costs.json that says what it cost.");
  const key = known.includes(counted) ? counted : known[0];
  const points = [...rows.keys()]
    .filter((row) => passes(row) && family(row) !== "control")
    .map((row) => ({ row, cost: cellOf(row, task)?.cost[key], value: upwards.of(row) }))
    .filter((point) => point.cost > 0 && point.value);
  const chooser = select(
    "Cost:",
    known.map((each) => [each, COSTS[each][0]]),
    key,
    (value) => {
      counted = value;
      redraw();
    },
  );
  if (!points.length) return figure("Cost against skill", "No row that passes the filter has both.", chooser);
  const width = widthOf(place);
  const [cheap, dear] = d3.extent(points, (point) => point.cost);
  const low = Math.max(
    -1.6,
    d3.min(points, (point) => Math.min(...point.value)),
  );
  const high = d3.max(points, (point) => Math.max(...point.value));
  const x = d3.scaleLog().domain([cheap / 1.4, dear * 1.4]);
  const y = d3
    .scaleLinear()
    .domain([low, high + 0.08 * (high - low || 1)])
    .clamp(true);
  const titles = {
    x: `${COSTS[key][0]} (logarithmic)`,
    y: upwards.title,
    xTicks: roundMarks(key),
    yTicks: upwards.marks,
    xFormat: COSTS[key][1],
    yFormat: upwards.format,
    role: "group",
  };
  const plot = frame(width, 400, x, y, titles, { left: 60, right: width > 560 ? 130 : 20, top: 30 });
  const edge = frontier(points);
  plot.group.append(
    svg("path", {
      class: "frontier",
      d: d3
        .line(
          (p) => x(p.cost),
          (p) => y(p.value[0]),
        )
        .curve(d3.curveStepAfter)(edge),
    }),
  );
  const readout = el(
    "output",
    { class: "readout", "aria-live": "polite" },
    "Point at a mark, or go there with arrow keys, to read it; Enter opens it.",
  );
  const say = (point) => () =>
    readout.replaceChildren(
      mark(family(point.row)),
      bdi(label(point.row)),
      `: ${COSTS[key][1](point.cost)}; ${upwards.words(point.row)}`,
    );
  for (const point of points) {
    const show = () => open(point.row, task, scenario);
    const at = `translate(${x(point.cost)},${y(point.value[0])})`;
    const bar =
      point.value.length > 1 &&
      svg("line", {
        class: "whisker",
        x1: x(point.cost),
        x2: x(point.cost),
        y1: y(point.value[1]),
        y2: y(point.value[2]),
      });
    plot.group.append(
      bar || "",
      svg(
        "g",
        {
          class: "point",
          transform: at,
          tabindex: "0",
          role: "button",
          "aria-label": `${label(point.row)}: ${COSTS[key][1](point.cost)}; ${upwards.words(point.row)}`,
          pointerenter: say(point),
          focus: say(point),
          click: show,
          keydown: (event) => event.key === "Enter" && show(),
        },
        svg("circle", { class: "reach", r: 12 }),
        symbol(family(point.row), 90),
      ),
    );
  }
  line(plot.root, ".point");
  const reference = points.find((point) => point.row === analysed(scenario)?.reference);
  const named = width > 560 ? [...new Set([...edge, reference])].filter(Boolean) : edge.slice(-1);
  const heights = apart(
    named.map((point) => y(point.value[0])),
    14,
    plot.height,
  );
  for (const [k, point] of named.entries()) {
    plot.group.append(svg("text", { class: "name", x: x(point.cost) + 9, y: heights[k] - 6 }, label(point.row)));
  }
  const families = [...new Set(points.map((point) => family(point.row)))];
  const legend = el(
    "p",
    { class: "caption key" },
    families.map((each) => el("span", { class: "entry" }, mark(each), each)),
  );
  return figure(
    "Cost against skill",
    `On ${scenario}. The line joins the rows than which none is both cheaper and better.`,
    chooser,
    plot.root,
    legend,
    readout,
  );
}
