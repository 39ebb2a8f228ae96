// A mark per family: a shape and a colour (Okabe and Ito), so that neither is needed alone.

import { svg } from "./dom.js";

const SHAPES = {
  control: "symbolTimes",
  "classical completion": "symbolCircle",
  "classical classification": "symbolCross",
  supervised: "symbolSquare",
  masked: "symbolTriangle",
  predictive: "symbolDiamond",
  contrastive: "symbolStar",
  generative: "symbolWye",
};

/** The class that colours a family. */
export function colour(family) {
  return `of-${family.replaceAll(" ", "-")}`;
}

/** The path of a family's mark around the origin, of an area in px². */
export function symbol(family, area = 60) {
  const shape = d3[SHAPES[family]] ?? d3.symbolCircle;
  return svg("path", { class: `symbol ${colour(family)}`, d: d3.symbol(shape, area)() });
}

/** A family's mark as a picture of its own. */
export function mark(family) {
  return svg("svg", { class: "family-mark", viewBox: "-7 -7 14 14", "aria-hidden": "true" }, symbol(family, 70));
}

/** Put the marks where the template left room for them. */
export function putMarks(root) {
  for (const place of root.querySelectorAll(".family[data-family]")) place.replaceChildren(mark(place.dataset.family));
}
