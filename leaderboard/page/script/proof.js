// The proof card of a cell: what it was made from, and the command that makes it again.

import { bdi, el } from "./dom.js";
import { duration, large } from "./format.js";
import { cellOf, data, rows } from "./state.js";

function entry(name, ...value) {
  return [el("dt", {}, name), el("dd", {}, value)];
}

function hash(text) {
  return el("code", { class: "hash" }, text);
}

function plain(value) {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function listed(found) {
  return Object.entries(found)
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${plain(value)}`)
    .join(", ");
}

function command(text) {
  const button = el("button", { type: "button", class: "copy" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select it by hand";
    }
  });
  return el("p", { class: "command" }, el("code", {}, text), button);
}

function costs({ cost }) {
  const texts = [
    cost.wall_s !== undefined && `wall ${duration(cost.wall_s)}`,
    cost.cpu_s !== undefined && `CPU ${duration(cost.cpu_s)}`,
    cost.peak_memory_mb !== undefined && `peak memory ${large(cost.peak_memory_mb * 1e6)}B`,
    cost.parameters && `${large(cost.parameters)} parameters`,
    cost.steps && `${cost.steps} steps`,
    cost.energy_j && `${large(cost.energy_j)}J`,
  ];
  return texts.filter(Boolean).join(", ");
}

function reproduced(row, task, cell) {
  const last = data.reproduced[`${row}/${task}`];
  if (!last) return "not yet";
  const mark = data.remade[last.verdict];
  const old = last.key && !Object.values(cell.seeds).includes(last.key);
  const where = [last.runner, last.hardware].filter(Boolean).map(plain).join(", ");
  return `${mark} ${last.verdict}, ${last.date}${where && ` (${where})`}${old ? ", as an earlier version of this cell" : ""}`;
}

export function proofCard(row, task) {
  const cell = cellOf(row, task);
  const { provenance, image, hardware, seeds } = cell;
  const digests = Object.entries(provenance.data ?? {}).flatMap(([name, text]) => entry(`data: ${name}`, hash(text)));
  const pictures = [
    image.image_content && hash(image.image_content),
    image.image && ` ${image.image}`,
    image.image_base && `, base ${image.image_base}`,
    image.engine && `, engine ${image.engine}`,
  ];
  const address = `${data.board}/${row}/${task}`;
  return el(
    "section",
    { class: "proof" },
    el("h3", {}, "Proof"),
    command(`pqrst reproduce ${address}`),
    el(
      "dl",
      {},
      entry("last reproduced", reproduced(row, task, cell)),
      entry(
        "key of the cell",
        Object.entries(seeds).map(([seed, key]) => [
          Object.keys(seeds).length > 1 && `seed ${seed} `,
          hash(key ?? "–"),
          " ",
        ]),
      ),
      digests,
      entry("sources, with their lock and base", hash(provenance.source ?? "–")),
      entry("scorer", hash(provenance.scorer ?? "–")),
      entry("image", image.image_content ? pictures : cell.cost.runner === "host" ? "none: run on the host" : "–"),
      entry("parameters", el("code", {}, bdi(plain(provenance.params ?? {})))),
      provenance.pretraining && entry("pretraining", el("code", {}, bdi(plain(provenance.pretraining)))),
      entry("budget", provenance.budget ? listed(provenance.budget) : "none: it learns nothing step by step"),
      entry("seed", Object.keys(seeds).join(", ")),
      entry("versions", `contract ${provenance.contract ?? "–"}, harness ${provenance.harness ?? "–"}`),
      entry("run by", cell.cost.runner ?? "the scorer"),
      entry("hardware", Object.keys(hardware).length ? listed(hardware) : "–"),
      entry("cost", costs(cell) || "–"),
    ),
    cell.log && [el("h4", {}, "The end of its log"), el("pre", { class: "log" }, cell.log)],
  );
}

/** What a row is, by its card. */
export function about(row) {
  const card = rows.get(row);
  if (!card?.summary) return null;
  const link = /^https:\/\//.test(card.url ?? "") && el("a", { href: card.url, rel: "noreferrer" }, "source");
  return el(
    "section",
    { class: "about" },
    el("h3", {}, "The row"),
    el("p", {}, bdi(card.summary)),
    el("p", { class: "caption" }, bdi(card.citation), link && [" (", link, ")"], ". Licence: ", bdi(card.licence), "."),
    card.departures && el("p", { class: "caption" }, el("b", {}, "Departs from it: "), bdi(card.departures)),
  );
}
