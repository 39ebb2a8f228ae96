// Row against row over all scenarios: wins, ties and losses.

import { bdi, el, figure, scroll } from "./dom.js";
import { mark } from "./marks.js";
import { data, family, label, passes } from "./state.js";

function kind(wins, losses) {
  if (wins + losses === 0) return "even";
  const share = (wins - losses) / (wins + losses);
  return share > 0.34 ? "won" : share < -0.34 ? "lost" : "even";
}

export function drawAcross() {
  const matrix = data.analysis?.matrix;
  if (!matrix) return null;
  const shown = matrix.rows.map((row, k) => [row, k]).filter(([row]) => passes(row));
  const field = (i, j) => {
    const [wins, ties, losses] = [matrix.wins[i][j], matrix.ties[i][j], matrix.losses[i][j]];
    if (i === j) return el("td", { class: "self" }, "");
    if (wins + ties + losses === 0) return el("td", { class: "none" }, "–");
    return el(
      "td",
      { class: kind(wins, losses) },
      el("b", {}, wins),
      " ",
      ties,
      " ",
      el("b", { class: "losses" }, losses),
    );
  };
  const table = el(
    "table",
    { class: "across" },
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("td", {}),
        shown.map(([row]) => el("th", { scope: "col" }, el("span", {}, bdi(label(row))))),
      ),
    ),
    el(
      "tbody",
      {},
      shown.map(([row, i]) =>
        el(
          "tr",
          {},
          el("th", { scope: "row" }, mark(family(row)), bdi(label(row))),
          shown.map(([, j]) => field(i, j)),
        ),
      ),
    ),
  );
  const caption =
    "On how many scenarios the row at the left wins, ties and loses against the row above; a tie is a difference whose interval holds nothing. Scenarios that one of the two does not do are left out.";
  return figure("Row against row", caption, scroll(table));
}
