// Making elements, writing numbers, and the colours of seats.

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
  locked: "M7 10V8a5 5 0 0 1 10 0v2h1.5v11h-13V10zm2.2 0h5.6V8a2.8 2.8 0 0 0-5.6 0z",
  open: "M7 10V8a5 5 0 0 1 9.7-1.6l-2.1.7A2.8 2.8 0 0 0 9.2 8v2h9.3v11h-13V10z",
  speaks: "M3 4h18v12H11l-5 5v-5H3z",
  yes: "M9 16.2L4.8 12 3 13.8l6 6L21 7.8 19.2 6z",
  no: "M18.4 4L12 10.4 5.6 4 4 5.6 10.4 12 4 18.4 5.6 20l6.4-6.4 6.4 6.4 1.6-1.6-6.4-6.4L20 5.6z",
};

/** A picture that says nothing by itself: whatever it means stands beside it or in a label. */
export const icon = (name) => s("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: ICONS[name] }));

const PALETTE = ["#1f6a99", "#b4532a", "#3f7a35", "#7a4fa3", "#a23e6f", "#00756d", "#8a6508", "#566273"];

/** The colour of a seat, dark enough for white letters. */
export const colour = (seat) => PALETTE[seat] ?? `hsl(${(seat * 137.5) % 360} 45% 36%)`;

export const swatch = (seat) => h("span", { class: "swatch", style: { "--seat": colour(seat) }, "aria-hidden": "true" });

/** A number as the server's sentences write it: three decimals at most, fewer the greater it is. */
export function number(value) {
  const size = Math.abs(value);
  const digits = size < 100 ? 3 : size < 10_000 ? 2 : 1;
  const text = new Intl.NumberFormat("en", { maximumFractionDigits: digits }).format(value).replace("-", "−");
  return text === "−0" ? "0" : text;
}

export const percent = (value) => `${new Intl.NumberFormat("en", { maximumFractionDigits: 1 }).format(100 * value)}%`;

/** An amount of money, in units of cost; exactly, in wei, where one points at it. */
export const money = (amount, properties) => h("span", { title: `${amount.wei} wei`, "data-wei": amount.wei, ...properties }, number(amount.cost));

/** A linear map from [low, high] to [from, to]. */
export const scale = (low, high, from, to) => (value) => from + ((value - low) / (high - low || 1)) * (to - from);
