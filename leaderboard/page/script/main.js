// The page: its tabs, its filter, what is drawn when, and the address that says where one is.

import { drawAcross } from "./across.js";
import { cellView } from "./cell.js";
import { drawConfusion } from "./confusion.js";
import { drawCost } from "./cost.js";
import { drawCurves } from "./curves.js";
import { drawDifference } from "./difference.js";
import { choice } from "./dom.js";
import { strip, turnTo } from "./ecg.js";
import { line } from "./focus.js";
import { putMarks } from "./marks.js";
import { drawPatients } from "./patients.js";
import { cellOf, choose, data, rows, state, subscribe, tasks, update } from "./state.js";
import { filter, liven } from "./table.js";
import { themeSwitch } from "./theme.js";
import { trace } from "./unpack.js";

const DRAW = {
  difference: drawDifference,
  patients: drawPatients,
  curves: drawCurves,
  cost: drawCost,
  confusion: drawConfusion,
  across: drawAcross,
};
const tabs = [...document.querySelectorAll("[role=tab]")];
const names = tabs.map((tab) => tab.id.slice("tab-".length));
const panel = (name) => document.getElementById(`panel-${name}`);
const tables = [...document.querySelectorAll("table.sortable")];
const dialog = document.querySelector("dialog.cell");
const form = document.querySelector("[data-filter]");
const stale = new Set(names);

/** Draw a panel's figures, if they are not what the reader has chosen. */
function draw(name) {
  if (!stale.delete(name)) return;
  const scenario = state.scenario[name];
  for (const place of panel(name).querySelectorAll("[data-figure]")) {
    const redraw = () => {
      const held = document.activeElement?.dataset?.key;
      const found = DRAW[place.dataset.figure](name, scenario, open, redraw, place);
      place.replaceChildren(...(found ? [found] : []));
      if (held) place.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus();
    };
    redraw();
  }
  const chooser = panel(name).querySelector("[data-scenarios]");
  const all = Object.keys(data.tasks[name] ?? {});
  if (chooser && !chooser.hasChildNodes() && all.length > 1) {
    chooser.append(
      choice(
        "Scenario",
        `scenario-${name}`,
        all.map((each) => [each, each]),
        scenario,
        (value) => choose(name, value),
      ),
    );
  }
}

function showTab() {
  for (const [k, tab] of tabs.entries()) {
    const mine = names[k] === state.tab;
    tab.setAttribute("aria-selected", String(mine));
    tab.tabIndex = mine ? 0 : -1;
    panel(names[k]).hidden = !mine;
    // On a phone there is no room for all of them.
    if (mine) tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.clientWidth) / 2;
  }
  form.hidden = state.tab === "reading";
  draw(state.tab);
}

function showFilter() {
  const shown = tables.map((table) => [table, filter(table)]);
  const here = shown.find(([table]) => panel(state.tab).contains(table));
  form.querySelector("output").textContent = here ? `${here[1]} of ${here[0].tBodies[0].rows.length} rows` : "";
}

// --- A cell, opened. Where one is stands in the address: #task/scenario/row.

function address(...parts) {
  history.replaceState(null, "", `#${parts.map(encodeURIComponent).join("/")}`);
}

function show(row, task, scenario) {
  const go = (...where) => show(...where);
  const view = cellView(row, task, scenario, go, () => dialog.close());
  dialog.firstElementChild.replaceChildren(...view.filter(Boolean));
  dialog.dataset.row = row;
  address(task, scenario, row);
  if (!dialog.open) dialog.showModal();
  const chosen = dialog.querySelector("input:checked");
  (chosen && dialog.contains(document.activeElement) && document.activeElement.name === chosen.name
    ? chosen
    : dialog.querySelector("#cell-title")
  ).focus();
  dialog.scrollTop = 0;
  turnTo(dialog);
}

function open(row, task, scenario) {
  if (cellOf(row, task)) show(row, task, scenario ?? state.scenario[task]);
}

dialog.addEventListener("close", () =>
  address(state.tab, ...(state.scenario[state.tab] ? [state.scenario[state.tab]] : [])),
);
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("keydown", (event) => {
  if (!["ArrowLeft", "ArrowRight"].includes(event.key) || event.target.closest("input, select, .scroll")) return;
  dialog.querySelector(event.key === "ArrowLeft" ? "button.before" : "button.after").click();
});

/** Go where the address says; what it names and the page does not know is passed over. */
function follow() {
  let parts = [];
  try {
    parts = location.hash.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return; // a % that codes nothing
  }
  const [tab, scenario, row] = parts;
  if (!names.includes(tab)) return;
  const known = Object.hasOwn(data.tasks[tab] ?? {}, scenario);
  if (known) choose(tab, scenario);
  update({ tab });
  if (known && rows.has(row) && cellOf(row, tab)) show(row, tab, scenario);
}

// --- What is done when something is chosen.

let waiting = 0;
subscribe((changed) => {
  if (changed.has("scenario")) for (const name of tasks) stale.add(name);
  if (changed.has("text") || changed.has("families")) {
    showFilter();
    for (const name of names) stale.add(name);
  }
  if (changed.has("tab")) {
    showTab();
    showFilter();
    if (!dialog.open) address(state.tab);
    return;
  }
  // Typing may be faster than drawing.
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => draw(state.tab));
});

document.documentElement.classList.add("live");
putMarks(document);
for (const table of tables) liven(table, open);
for (const [k, tab] of tabs.entries()) tab.addEventListener("click", () => update({ tab: names[k] }));
themeSwitch(document.querySelector("[data-theme-switch]"));
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => {
  const chosen = new FormData(form);
  update({ text: chosen.get("text"), families: new Set(chosen.getAll("family")) });
});
const first = Object.values(data.questions).find((question) => question.traces);
if (first) document.querySelector("[data-strip]").append(strip(trace(first.traces[0].truth)));

showTab();
line(document.querySelector("[role=tablist]"), "[role=tab]", (tab) => tab.click());
showFilter();
follow();
addEventListener("hashchange", follow);
addEventListener("resize", () => {
  for (const name of names) stale.add(name);
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => draw(state.tab));
});
// Paper has no tabs: everything is drawn before it is printed.
addEventListener("beforeprint", () => names.forEach(draw));
