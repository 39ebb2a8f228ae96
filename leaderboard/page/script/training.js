// How a cell's trainings went: loss on training and validation patients, check by check.

import { el, figure, svg } from "./dom.js";
import { significant } from "./format.js";
import { frame } from "./plot.js";
import { data, label } from "./state.js";

const WIDTH = 340; // px, two beside each other in a dialog

/** The trainings behind a cell: the pretraining, if its row has one, and that of the task. */
function trainings(row, task) {
  const found = data.histories[row] ?? {};
  return [
    ["Pretraining", found.pretrain],
    [`Training, ${task}`, found[task]],
  ].filter(([, seeds]) => seeds);
}

function plot(title, { step, training, validation }) {
  const lowest = d3.minIndex(validation);
  const x = d3.scaleLinear().domain([0, step.at(-1)]);
  const y = d3.scaleLinear().domain(d3.extent([...training, ...validation])).nice();
  const titles = { x: "step", y: "loss", yTicks: () => y.ticks(4), yFormat: significant };
  const drawn = frame(WIDTH, 200, x, y, titles, { top: 28, left: 56 });
  const path = d3.line((_, k) => x(step[k]), (value) => y(value));
  drawn.group.append(
    svg("path", { class: "faint learnt", d: path(training) }),
    svg("path", { class: "told s0", d: path(validation) }),
    svg("g", { class: "dots s0" }, svg("circle", { cx: x(step[lowest]), cy: y(validation[lowest]), r: 4 })),
  );
  const words = `${title}: validation loss ${significant(validation[0])} at step ${step[0]}, lowest ${significant(validation[lowest])} at step ${step[lowest]} of ${step.at(-1)}.`;
  drawn.root.setAttribute("aria-label", words);
  return el("div", {}, el("h4", {}, title), drawn.root);
}

/** The learning curves of a cell, or null where its row learns nothing step by step. */
export function trainingView(row, task) {
  const found = trainings(row, task);
  if (!found.length) return null;
  return figure(
    "How its training went",
    `${label(row)}: loss on training patients (grey) and on validation patients; the dot is where the weights were taken from. The two need not be the same loss.`,
    el("div", { class: "trainings" }, found.map(([title, seeds]) => plot(title, Object.values(seeds)[0]))),
  );
}
