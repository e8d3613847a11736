// Making elements, and the colours of seats.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

function make(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, call] of Object.entries(value)) element.addEventListener(event, call);
    else if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** An HTML element with attributes and children; `on` takes listeners, `style` custom properties too. */
export const h = (tag, properties, ...children) => make(document.createElement(tag), properties, children);

/** An SVG element likewise. */
export const s = (tag, properties, ...children) => make(document.createElementNS(SVG, tag), properties, children);

const ICONS = {
  first: "M4 4h3v16H4zM20 4v16L8 12z",
  back: "M18 4v16L6 12z",
  play: "M6 4l14 8-14 8z",
  pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  step: "M6 4l12 8L6 20z",
  last: "M17 4h3v16h-3zM4 4l12 8-12 8z",
};

/** A picture that says nothing by itself: what it means stands in a label. */
export const icon = (name) => s("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: ICONS[name] }));

const PALETTE = ["#1f6a99", "#b4532a", "#3f7a35", "#7a4fa3", "#a23e6f", "#00756d", "#8a6508", "#566273"];

/** The colour of a seat, dark enough for white letters. */
export const colour = (seat) => PALETTE[seat] ?? `hsl(${(seat * 137.5) % 360} 45% 36%)`;

export const swatch = (seat) => h("span", { class: "swatch", style: { "--seat": colour(seat) }, "aria-hidden": "true" });
