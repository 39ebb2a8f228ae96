// What the drawings with two axes share.

import { svg } from "./dom.js";

const MARGIN = { top: 12, right: 16, bottom: 42, left: 52 };

/** An empty plot of a width in px: a group to draw into, its size, and scales that fill it. */
export function frame(width, height, x, y, titles, margin = {}) {
  const edge = { ...MARGIN, ...margin };
  const size = { width: width - edge.left - edge.right, height: height - edge.top - edge.bottom };
  x.range([0, size.width]);
  y.range([size.height, 0]);
  const group = svg("g", { transform: `translate(${edge.left},${edge.top})` });
  const below = svg("g", { class: "axis", transform: `translate(0,${size.height})` });
  const beside = svg("g", { class: "axis" });
  const places = titles.xTicks?.(x) ?? x.ticks(Math.max(3, size.width / 90));
  d3.select(below).call(
    d3
      .axisBottom(x)
      .tickValues(places)
      .tickFormat(titles.xFormat ?? String)
      .tickSizeOuter(0),
  );
  d3.select(beside).call(
    d3
      .axisLeft(y)
      .tickValues(titles.yTicks ? titles.yTicks(y) : y.ticks(6))
      .tickFormat(titles.yFormat ?? null)
      .tickSize(-size.width),
  );
  group.append(
    beside,
    below,
    svg("text", { class: "axis-name", x: size.width, y: size.height + 36, "text-anchor": "end" }, titles.x),
    svg("text", { class: "axis-name", x: -edge.left + 2, y: -14 }, titles.y),
  );
  const root = svg(
    "svg",
    {
      class: "plot",
      viewBox: `0 0 ${width} ${height}`,
      role: titles.role ?? "img",
      "aria-label": `${titles.y} by ${titles.x}`,
    },
    group,
  );
  return { root, group, ...size };
}

/** Heights, kept in their order, moved apart until each has `room`, within 0 to `height`. */
export function apart(heights, room, height) {
  const order = heights.map((_, k) => k).sort((one, other) => heights[one] - heights[other]);
  const moved = [...heights];
  let least = 0;
  for (const k of order) least = (moved[k] = Math.max(heights[k], least)) + room;
  let most = height;
  for (const k of order.reverse()) most = (moved[k] = Math.min(moved[k], most)) - room;
  return moved;
}

const PAGE = 1040; // px, for what is drawn to be printed while it is hidden

/** How wide a drawing may be in `place`, in px. */
export function widthOf(place) {
  return Math.max(320, Math.min(1100, place.clientWidth || PAGE));
}
