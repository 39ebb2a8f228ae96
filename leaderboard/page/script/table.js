// The tables that are in the page already: sorted by their heads, filtered, their cells opened.

import { grid, keepTabStop } from "./focus.js";
import { passes } from "./state.js";

const NEXT = { none: "ascending", ascending: "descending", descending: "ascending" };

// A failure's reason spans the columns of the scores: such a row has nothing there to be sorted by.
function cellAt(row, column, width) {
  const spanned = width - row.cells.length;
  if (!spanned || column < 2) return row.cells[column];
  return column - spanned > 2 ? row.cells[column - spanned] : null;
}

function key(row, column, width, kind) {
  const cell = cellAt(row, column, width);
  if (!cell) return null;
  if (kind === "text") return cell.textContent.trim().toLowerCase();
  return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
}

function compare(one, other) {
  if (one === null || other === null) return (one === null) - (other === null);
  return typeof one === "string" ? one.localeCompare(other, "en", { numeric: true }) : one - other;
}

function sort(table, head) {
  const column = head.cellIndex;
  const kind = head.querySelector("button").dataset.sort;
  const direction = NEXT[head.getAttribute("aria-sort")];
  for (const each of table.tHead.querySelectorAll("[aria-sort]")) each.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  const width = head.parentElement.cells.length;
  const keyed = [...table.tBodies[0].rows].map((row) => [key(row, column, width, kind), row]);
  // What has no value comes last, whichever the direction.
  keyed.sort(([one], [other]) => (one === null || other === null ? compare(one, other) : sign * compare(one, other)));
  table.tBodies[0].append(...keyed.map(([, row]) => row));
}

/** Make a table sortable, and its numbers reachable with arrow keys; `open(row, task, scenario)` shows a cell. */
export function liven(table, open) {
  const body = table.tBodies[0];
  table.tHead.addEventListener("click", (event) => {
    const head = event.target.closest("th[aria-sort]");
    if (head) sort(table, head);
  });
  body.addEventListener("click", (event) => {
    const button = event.target.closest("button.open");
    if (!button) return;
    const row = button.closest("tr").dataset;
    open(row.row, button.dataset.task ?? row.task, button.dataset.scenario);
  });
  grid(table, "button.open");
}

/** Show the rows that pass the filter; returns how many do. */
export function filter(table) {
  let shown = 0;
  for (const row of table.tBodies[0].rows) {
    row.hidden = !passes(row.dataset.row);
    shown += !row.hidden;
  }
  keepTabStop(table, "button.open");
  return shown;
}
