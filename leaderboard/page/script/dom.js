// Elements from names, attributes and children. Text only ever becomes text nodes: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An HTML element; an attribute that is a function is a listener. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** An SVG element, in the same way. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

/** Text that a method may have written, kept from turning its neighbours around. */
export function bdi(text) {
  return el("bdi", {}, text);
}

/** A figure with a heading that says what it shows. */
export function figure(title, caption, ...content) {
  return el("figure", {}, el("h3", {}, title), caption && el("p", { class: "caption" }, caption), content);
}

/** A box that scrolls sideways where its content is wide. */
export function scroll(...content) {
  return el("div", { class: "scroll", tabindex: "-1" }, content);
}

/** Radio buttons in a row; `change` is called with the value chosen. */
export function choice(label, name, options, chosen, change) {
  const radio = ([value, text]) =>
    el(
      "label",
      { class: "chip" },
      el("input", { type: "radio", name, value, checked: value === chosen, change: () => change(value) }),
      el("span", {}, text),
    );
  return el("fieldset", { class: "choice" }, el("legend", {}, label), options.map(radio));
}

/** A labelled select; `options` are [value, text]. */
export function select(label, options, chosen, change) {
  const option = ([value, text]) => el("option", { value, selected: value === chosen }, text);
  return el(
    "label",
    { class: "select" },
    label,
    " ",
    el("select", { change: (event) => change(event.target.value) }, options.map(option)),
  );
}
