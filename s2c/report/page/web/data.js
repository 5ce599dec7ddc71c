// The data of the page: compressed in it, unpacked when it is needed.

const GROUPS = {
  good: ["verified"],
  wait: ["waiting", "not verified yet"],
  stale: ["stale"],
};

// The colour group of a state: whatever is none of these is bad.
function groupOf(state) {
  return Object.keys(GROUPS).find((name) => GROUPS[name].includes(state)) ?? "bad";
}

// What `packed` in the Python beside this made: base64 of deflated JSON.
async function unpacked(id) {
  const text = document.getElementById(id).textContent;
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const chunks = new Map();

// Text, diagnostics and attempts of one file.
async function detailsOf(report, at) {
  const number = Math.floor(at / report.chunk);
  if (!chunks.has(number)) chunks.set(number, unpacked(`texts-${number}`));
  return (await chunks.get(number))[at % report.chunk];
}

// An element; what is text stays text, whatever it says.
function make(name, attributes = {}, ...children) {
  const space = ["svg", "g", "path", "rect", "circle", "text", "line", "title"].includes(name)
    ? "http://www.w3.org/2000/svg"
    : "http://www.w3.org/1999/xhtml";
  const made = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
}

function counted(number) {
  return Number(number).toLocaleString("en-US");
}

function dollars(text) {
  if (text === "" || text === "unknown") return text;
  const value = Number.parseFloat(text);
  return `$${value.toFixed(value !== 0 && value < 0.01 ? 4 : 2)}`;
}

function seconds(milliseconds) {
  return milliseconds ? `${(milliseconds / 1000).toFixed(1)} s` : "";
}
