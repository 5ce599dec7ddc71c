// The page itself: numbers, the table, one file, keys.

const ROW_HEIGHT = 34;
const COLUMNS = [
  ["path", "file", ""], ["state", "state", ""], ["attempts", "attempts", "right"], ["tokens", "tokens", "right"],
  ["cost", "cost", "right"], ["cpu_ms", "time", "right"], ["assumptions", "given", "right"], ["reason", "why", ""],
];

class Table {
  constructor(report, index, open) {
    Object.assign(this, { report, index, open });
    this.order = ["path", 1];
    this.states = new Set();
    this.here = -1;
    this.body = document.getElementById("body");
    this.space = document.getElementById("space");
    this.texts = report.files.map((row) => [row[index.path], row[index.state], row[index.reason], row[index.author], row[index.language]].join("\n").toLowerCase());
    this.body.addEventListener("scroll", () => this.draw(), { passive: true });
    window.addEventListener("resize", () => this.draw());
    this.head();
    this.apply();
  }

  head() {
    document.getElementById("head").replaceChildren(...COLUMNS.map(([name, label, side]) => {
      const [by, way] = this.order;
      const sorted = by === name ? (way > 0 ? "ascending" : "descending") : "none";
      const button = make("button", { type: "button" }, `${label}${by === name ? (way > 0 ? " ↑" : " ↓") : ""}`);
      button.addEventListener("click", () => {
        this.order = [name, by === name ? -way : ["path", "state", "reason"].includes(name) ? 1 : -1];
        this.head();
        this.apply();
      });
      return make("div", { role: "columnheader", class: side, "aria-sort": sorted }, button);
    }));
  }

  value(at, name) {
    const found = this.report.files[at][this.index[name]];
    if (name === "cost") return Number.parseFloat(found) || (found === "unknown" ? 1e-9 : 0);
    return Array.isArray(found) ? found.length : found;
  }

  apply() {
    const words = document.getElementById("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const [name, way] = this.order;
    const chosen = [];
    this.texts.forEach((text, at) => {
      const state = this.report.files[at][this.index.state];
      if ((!this.states.size || this.states.has(state)) && words.every((one) => text.includes(one))) chosen.push(at);
    });
    if (name !== "path" || way < 0) {
      const values = new Map(chosen.map((at) => [at, this.value(at, name)]));
      chosen.sort((one, other) => {
        const [a, b] = [values.get(one), values.get(other)];
        return (a < b ? -way : a > b ? way : 0) || one - other;
      });
    }
    this.rows = chosen;
    this.here = -1;
    document.getElementById("shown").textContent = chosen.length === this.texts.length ? "" : `${counted(chosen.length)} of ${counted(this.texts.length)}`;
    this.space.style.height = `${chosen.length * ROW_HEIGHT}px`;
    this.body.style.height = `${Math.max(chosen.length, 3) * ROW_HEIGHT}px`;
    this.body.scrollTop = 0;
    this.draw();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.body.scrollTop / ROW_HEIGHT) - 5);
    const last = Math.min(this.rows.length, first + Math.ceil(this.body.clientHeight / ROW_HEIGHT) + 10);
    this.space.replaceChildren(...this.rows.slice(first, last).map((at, offset) => this.row(at, first + offset)));
  }

  row(at, place) {
    const cell = (name) => this.report.files[at][this.index[name]];
    const made = make("div", { role: "row", class: place === this.here ? "row here" : "row", style: `top:${place * ROW_HEIGHT}px`, "data-path": cell("path") },
      make("span", { class: "path", title: cell("path") }, cell("path")),
      make("span", { class: `state ${groupOf(cell("state"))}` }, cell("state")),
      make("span", { class: "right" }, cell("attempts") || ""),
      make("span", { class: "right" }, cell("tokens") ? counted(cell("tokens")) : ""),
      make("span", { class: "right" }, dollars(cell("cost"))),
      make("span", { class: "right" }, seconds(cell("cpu_ms"))),
      make("span", { class: "right", title: cell("assumptions").join("\n") }, cell("assumptions").length || ""),
      make("span", { class: "why", title: cell("reason") }, cell("reason")));
    made.addEventListener("click", () => { this.here = place; this.draw(); this.open(at); });
    return made;
  }

  move(step) {
    if (!this.rows.length) return;
    this.here = Math.min(this.rows.length - 1, Math.max(0, this.here + step));
    const top = this.here * ROW_HEIGHT;
    if (top < this.body.scrollTop) this.body.scrollTop = top;
    if (top + ROW_HEIGHT > this.body.scrollTop + this.body.clientHeight) this.body.scrollTop = top + ROW_HEIGHT - this.body.clientHeight;
    this.draw();
  }
}

function drawNumbers(report, index, table) {
  const states = new Map();
  for (const row of report.files) states.set(row[index.state], (states.get(row[index.state]) ?? 0) + 1);
  const sum = (name) => report.files.reduce((total, row) => total + row[index[name]], 0);
  const costs = report.files.map((row) => row[index.cost]);
  const cost = costs.reduce((total, one) => total + (Number.parseFloat(one) || 0), 0);
  const unknown = costs.filter((one) => one === "unknown").length;
  const asked = costs.some((one) => one !== "");
  const given = report.files.reduce((total, row) => total + row[index.assumptions].length, 0);
  const order = ["verified", ...[...states.keys()].filter((one) => one !== "verified").sort()];
  const numbers = [
    ["files", counted(report.files.length), ""],
    ...order.map((state) => [state, counted(states.get(state) ?? 0), states.get(state) ? groupOf(state) : ""]),
    ["requests, still on record", counted(report.batches.length), ""],
    ["tokens", counted(sum("tokens")), ""],
    ["cost", asked ? (unknown ? `≥ ${dollars(`${cost}`)}` : dollars(`${cost}`)) : "–", ""],
    ["given assumptions", counted(given), given ? "wait" : ""],
  ];
  document.getElementById("numbers").append(...numbers.map(([label, value, kind]) =>
    make("div", { class: `number ${kind}` }, make("b", {}, value), make("span", {}, label))));
  document.getElementById("states").append(...order.filter((one) => states.get(one)).map((state) => {
    const button = make("button", { type: "button", "aria-pressed": "false" }, `${state} ${counted(states.get(state))}`);
    button.addEventListener("click", () => {
      const on = !table.states.delete(state);
      if (on) table.states.add(state);
      button.setAttribute("aria-pressed", `${on}`);
      table.apply();
    });
    return button;
  }));
}

function attemptOf(one) {
  const said = one.said.length ? make("pre", { class: "said" }, one.said.join("\n")) : null;
  return make("details", {}, make("summary", {}, `${one.number}. ${one.model || "unknown model"}: ${one.verdict}`),
    one.reason ? make("p", { class: "quiet" }, one.reason) : null, said);
}

async function showDetail(report, index, at, close) {
  const row = report.files[at];
  const details = await detailsOf(report, at);
  const fact = (label, value) => (value === "" || value === 0 || value === undefined ? null : make("span", {}, make("b", {}, `${value}`), ` ${label}`));
  const shut = make("button", { type: "button", class: "close" }, "close");
  shut.addEventListener("click", close);
  const filled = details.text.some(([, fill]) => fill);
  const box = document.getElementById("detail");
  box.replaceChildren(...[
    shut, make("h2", {}, row[index.path]),
    make("div", { class: "facts" }, make("span", { class: `state ${groupOf(row[index.state])}` }, row[index.state]),
      fact("holes", row[index.holes]), fact("obligations proved", row[index.proved]), fact("attempts", row[index.attempts]),
      fact("tokens", row[index.tokens] ? counted(row[index.tokens]) : ""), fact("", dollars(row[index.cost])),
      fact("of processor time", seconds(row[index.cpu_ms])), fact("", row[index.author])),
    row[index.reason] ? make("p", {}, row[index.reason]) : null,
    row[index.assumptions].length ? make("p", { class: "wait" }, `relies on given assumptions: ${row[index.assumptions].join("; ")}`) : null,
    row[index.remarks].length ? make("p", { class: "quiet" }, row[index.remarks].join("; ")) : null,
    details.said.length ? make("pre", { class: "said" }, details.said.join("\n")) : null,
    make("h3", {}, filled ? "Implementation (what was filled in is marked)" : "Source"),
    make("pre", { tabindex: "0" }, ...details.text.map(([text, fill]) => (fill ? make("mark", {}, text) : text))),
    details.tried.length ? make("h3", {}, "Attempts") : null, ...details.tried.map(attemptOf),
  ].filter(Boolean));
  box.hidden = false;
  return box;
}

function listenToKeys(table, filter, open, close) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = document.activeElement === filter;
    if (event.key === "Escape") {
      if (typing) filter.blur();
      else close();
    } else if (event.key === "/" && !typing) {
      filter.focus();
      filter.select();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      table.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && table.here >= 0 && document.activeElement?.tagName !== "BUTTON") {
      open(table.rows[table.here]);
    } else return;
    event.preventDefault();
  });
}

async function main() {
  const report = await unpacked("data");
  const index = Object.fromEntries(report.columns.map((name, at) => [name, at]));
  const links = neighbours(report);
  const filter = document.getElementById("filter");
  const redraw = (at) => drawGraph(report, index, links, at, open);
  async function open(at) {
    const box = await showDetail(report, index, at, close);
    redraw(at);
    box.scrollIntoView({ block: "nearest" });
  }
  function close() {
    document.getElementById("detail").hidden = true;
    redraw(undefined);
  }
  document.title = `${report.title}: s2c report`;
  document.getElementById("title").textContent = report.title;
  const tools = Object.entries(report.tools).map(([name, version]) => `${name} ${version}`);
  document.getElementById("made").textContent = [`made ${report.made} by s2c ${report.version}`, ...tools].join(" · ");
  const table = new Table(report, index, open);
  filter.addEventListener("input", () => table.apply());
  drawNumbers(report, index, table);
  drawPlots(report, index);
  redraw(undefined);
  listenToKeys(table, filter, open, close);
  document.documentElement.dataset.ready = "yes";
}

main();
