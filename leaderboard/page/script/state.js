// What the page knows (`content.py` wrote it) and what its reader has chosen.

export const data = JSON.parse(document.getElementById("data").textContent);
export const rows = new Map(data.rows.map((row) => [row.name, row]));
export const tasks = Object.keys(data.tasks);

export const state = {
  tab: "overview",
  scenario: Object.fromEntries(tasks.map((task) => [task, Object.keys(data.tasks[task])[0]])),
  text: "",
  families: new Set(data.families),
};

const listeners = [];

/** Call `listener` with the names of what changed, after each change. */
export function subscribe(listener) {
  listeners.push(listener);
}

export function update(changes) {
  Object.assign(state, changes);
  for (const listener of listeners) listener(new Set(Object.keys(changes)));
}

export function choose(task, scenario) {
  update({ scenario: { ...state.scenario, [task]: scenario } });
}

/** Whether a row passes the filter: every word of it in the row's name, family or method. */
export function passes(name) {
  const row = rows.get(name);
  if (!row || !state.families.has(row.family)) return false;
  const about = `${row.name} ${row.family} ${row.method ?? ""}`.toLowerCase();
  return state.text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => about.includes(word));
}

export function label(name) {
  return rows.get(name)?.label ?? name;
}

export function family(name) {
  return rows.get(name)?.family ?? "control";
}

export function cellOf(row, task) {
  return data.cells[`${row}/${task}`];
}

/** The analysis of a scenario, or null. */
export function analysed(scenario) {
  return data.analysis?.scenarios[scenario] ?? null;
}

/** [value, low, high] of a metric of a cell's scenario, or null. */
export function metricOf(row, task, scenario, metric) {
  return cellOf(row, task)?.metrics[scenario]?.[metric] ?? null;
}
