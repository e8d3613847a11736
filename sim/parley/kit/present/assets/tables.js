"use strict";
// Tables, and how numbers are written. Everything that comes from data becomes text, never markup.

const parley = { charts: {} };

parley.element = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

// A value of a table is text, a number, null, or an object: its number v, and the exact one x or a text t.
parley.value = (entry) => (entry !== null && typeof entry === "object" ? entry.v : entry);

{
  const grouped = (least, most) =>
    new Intl.NumberFormat("en-GB", { minimumFractionDigits: least, maximumFractionDigits: most });
  const whole = grouped(0, 0);
  const tenth = grouped(1, 1);
  const twoPlaces = grouped(2, 2);

  // Decimals that give the largest of some numbers four significant digits, and two at least, but no more than are
  // needed: a column is written with as many throughout. None where all are whole.
  const decimals = (values) => {
    const known = values.filter((value) => typeof value === "number");
    const most = Math.max(...known.map(Math.abs), 0);
    if (known.every(Number.isInteger)) return 0;
    const places = Math.min(12, Math.max(2, 3 - Math.floor(Math.log10(most))));
    return Math.max(...known.map((value) => value.toFixed(places).replace(/0+$/, "").split(".")[1].length));
  };

  // What is not zero is not written as zero.
  const number = (value, places = decimals([value])) => {
    const least = 10 ** -places;
    if (value !== 0 && Math.abs(value) < 0.5 * least) return (value > 0 ? "< " : "> -") + grouped(places, places).format(least);
    return grouped(places, places).format(value === 0 ? 0 : value);
  };

  // A function that writes the values of a column.
  parley.writer = (format, values) => {
    const places = format === "number" || format === "exact" ? decimals(values.map(parley.value)) : undefined;
    return (entry) => {
      if (entry !== null && typeof entry === "object" && entry.t !== undefined) return entry.t;
      const value = parley.value(entry);
      return value === null || value === undefined ? "–" : parley.formats[format](value, places);
    };
  };

  parley.formats = {
    text: String,
    verdict: String,
    cell: String,
    count: (value) => whole.format(value),
    number,
    exact: number,
    percent: (value) => `${tenth.format(100 * value)}%`,
    z: (value) => (value < 0 ? "" : "+") + twoPlaces.format(value),
    p: (value) => (value < 1e-6 ? "< 0.000001" : value >= 0.001 ? grouped(3, 3).format(value) : value.toExponential(1)),
  };
}

{
  const isText = (format) => format === "text" || format === "cell" || format === "verdict";
  const order = new Intl.Collator("en", { numeric: true });

  // A p-value that the command line's --check would not let pass; unless some differ from theory on purpose.
  const off = (key, value) => key === "p" && value < 1e-6;

  const cell = (entry, [key, , format], write, first, apart) => {
    const value = parley.value(entry);
    const node = parley.element(first ? "th" : "td", first ? { scope: "row" } : {});
    if (!isText(format)) node.classList.add("number");
    if (value === null || value === undefined) node.classList.add("none");
    else if (typeof value === "number" && !apart && off(key, value)) node.classList.add("off");
    const [verdict] = format === "verdict" && value ? value.split(":") : [];
    if (verdict === "holds" || verdict === "fails") node.classList.add(verdict);
    if (format === "cell" && entry.i !== undefined) {
      const link = parley.element("a", { href: "#cell", "data-cell": entry.i }, write(entry));
      node.append(link);
      return node;
    }
    node.append(write(entry));
    if (entry !== null && typeof entry === "object" && entry.x !== undefined) node.title = `exactly ${entry.x}`;
    return node;
  };

  // What is missing comes last, whichever way the rest goes.
  const compare = (a, b, sign) => {
    const [missingA, missingB] = [a, b].map((value) => value === null || value === undefined);
    if (missingA || missingB) return missingA - missingB;
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : order.compare(a, b));
  };

  const sort = (table, rows, column, heading) => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const sorted = rows
      .map((row, k) => ({ row, k }))
      .sort((a, b) => compare(parley.value(a.row.values[column]), parley.value(b.row.values[column]), down ? -1 : 1) || a.k - b.k);
    table.tBodies[0].append(...sorted.map((entry) => entry.row.node));
  };

  parley.table = (figure) => {
    const table = parley.element("table", {}, parley.element("caption", figure.chart ? {} : { class: "unseen" }, figure.chart ? `${figure.title}: the numbers` : figure.title));
    if (figure.columns.length > 9) table.classList.add("wide");
    if (figure.columns.length > 16) table.classList.add("widest");
    const headings = table.createTHead().insertRow();
    const body = table.createTBody();
    const alike = figure.options.alike ?? figure.options.parts ?? figure.options.steps ?? [];
    const same = (one, other) => one === other || (alike.includes(one) && alike.includes(other));
    const values = (key) => figure.columns.flatMap(([other], k) => (same(key, other) ? figure.rows.map((row) => row[k]) : []));
    const writers = figure.columns.map(([key, , format]) => parley.writer(format, values(key)));
    const rows = figure.rows.map((values) => {
      const node = body.insertRow();
      node.append(...values.map((entry, k) => cell(entry, figure.columns[k], writers[k], k === 0, figure.options.apart)));
      return { values, node };
    });
    figure.columns.forEach(([, label, format], k) => {
      const heading = parley.element("th", { scope: "col" });
      if (!isText(format)) heading.classList.add("number");
      const button = parley.element("button", { type: "button" }, label);
      button.addEventListener("click", () => sort(table, rows, k, heading));
      heading.append(button);
      headings.append(heading);
    });
    // Wider than a phone: then it scrolls by itself, by keyboard too.
    return parley.element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": figure.title }, table);
  };
}
