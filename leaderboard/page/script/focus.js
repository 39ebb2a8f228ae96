// One tab stop for a group of things, arrow keys within it.

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

function hold(item, items) {
  for (const each of items) each.tabIndex = each === item ? 0 : -1;
}

/** Roving focus in a line of items, as `selector` finds them now; `moved` is told where it went. */
export function line(container, selector, moved = () => {}) {
  const items = () => [...container.querySelectorAll(selector)];
  hold(items().find((item) => item.getAttribute("aria-selected") === "true") ?? items()[0], items());
  container.addEventListener("keydown", (event) => {
    const all = items();
    const at = all.indexOf(event.target.closest(selector));
    const last = all.length - 1;
    const step = STEPS[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? last : step ? at + step[0] + step[1] : -1;
    if (at < 0 || (to < 0 && !step)) return;
    event.preventDefault();
    const item = all[(to + all.length) % all.length];
    hold(item, all);
    item.focus();
    moved(item);
  });
}

/** Roving focus in the body of a table: what `selector` finds in each cell, row by row, hidden rows left out. */
export function grid(table, selector) {
  const lines = () =>
    [...table.tBodies[0].rows]
      .filter((row) => !row.hidden)
      .map((row) => [...row.cells].map((cell) => (cell.matches(selector) ? cell : cell.querySelector(selector))))
      .filter((cells) => cells.some(Boolean));
  const all = () => [...table.tBodies[0].querySelectorAll(selector)];
  hold(all()[0], all());
  table.addEventListener("focusin", (event) => {
    const item = event.target.closest(selector);
    if (item && table.tBodies[0].contains(item)) hold(item, all());
  });
  table.addEventListener("keydown", (event) => {
    const item = event.target.closest(selector);
    const step = STEPS[event.key];
    if (!step || !item || !table.tBodies[0].contains(item)) return;
    event.preventDefault();
    const found = lines();
    let row = found.findIndex((cells) => cells.includes(item));
    let column = found[row].indexOf(item);
    do {
      row += step[0];
      column += step[1];
    } while (found[row] && column >= 0 && column < found[row].length && !found[row][column]);
    const next = found[row]?.[column];
    if (!next) return;
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}

/** After rows were hidden: the one tab stop of a table must be one that is seen. */
export function keepTabStop(table, selector) {
  const all = [...table.tBodies[0].querySelectorAll(selector)];
  const seen = all.filter((item) => !item.closest("tr").hidden);
  if (seen.length && !seen.some((item) => item.tabIndex === 0)) hold(seen[0], all);
}
