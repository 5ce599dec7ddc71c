// The imports as a picture: all of a small project, else the neighbourhood of the file that is looked at.

const MOST_NODES = 60;
const [NODE_WIDTH, NODE_HEIGHT, GAP_X, GAP_Y] = [210, 28, 70, 12];

function neighbours(report) {
  const [imports, importers] = [report.files.map(() => []), report.files.map(() => [])];
  for (const [from, to] of report.imports) {
    imports[from].push(to);
    importers[to].push(from);
  }
  return { imports, importers };
}

// The files to show: those tied to this one, nearest first.
function around(links, start) {
  const found = new Set([start]);
  for (const one of found) {
    for (const next of [...links.imports[one], ...links.importers[one]]) {
      if (found.size >= MOST_NODES) return found;
      found.add(next);
    }
  }
  return found;
}

// Column of each: one more than the furthest of those that it imports; a cycle ends where it is met again.
function columns(links, shown) {
  const depth = new Map();
  const visit = (one, path) => {
    if (depth.has(one)) return depth.get(one);
    if (path.has(one)) return 0;
    path.add(one);
    const below = links.imports[one].filter((next) => shown.has(next) && next !== one).map((next) => visit(next, path) + 1);
    path.delete(one);
    depth.set(one, Math.max(0, ...below));
    return depth.get(one);
  };
  for (const one of shown) visit(one, new Set());
  return depth;
}

// Where each lies: columns from left to right, in a column near those that it imports.
function places(links, shown) {
  const depth = columns(links, shown);
  const found = new Map();
  const most = Math.max(0, ...depth.values());
  for (let column = 0; column <= most; column += 1) {
    const here = [...shown].filter((one) => depth.get(one) === column);
    const pull = (one) => {
      const below = links.imports[one].filter((next) => found.has(next)).map((next) => found.get(next)[1]);
      return below.length ? below.reduce((sum, y) => sum + y, 0) / below.length : Infinity;
    };
    here.sort((one, other) => pull(one) - pull(other) || one - other);
    here.forEach((one, at) => found.set(one, [column * (NODE_WIDTH + GAP_X), at * (NODE_HEIGHT + GAP_Y)]));
  }
  return found;
}

function shortened(path) {
  return path.length > 27 ? `…${path.slice(-26)}` : path;
}

function drawGraph(report, index, links, chosen, open) {
  const tied = report.files.map((_, at) => at).filter((at) => links.imports[at].length || links.importers[at].length);
  const whole = tied.length <= MOST_NODES;
  const told = document.getElementById("graph-told");
  const box = document.getElementById("graph");
  box.replaceChildren();
  box.hidden = !tied.length;
  if (!tied.length) {
    told.textContent = "No file imports another.";
    return;
  }
  const start = chosen ?? tied.reduce((best, at) => (links.importers[at].length > links.importers[best].length ? at : best), tied[0]);
  const shown = whole ? new Set(tied) : around(links, start);
  const name = report.files[start][index.path];
  told.textContent = whole
    ? "What is imported stands left of what imports it. Files that are tied to no other are left out."
    : `${counted(tied.length)} files are tied by imports: here are ${shown.size} around ${name}${chosen === undefined ? ", which most import" : ""}. Open another file to see those around it.`;
  const at = places(links, shown);
  const [width, height] = [0, 1].map((axis) => Math.max(...[...at.values()].map((place) => place[axis])));
  const svg = make("svg", { width: width + NODE_WIDTH + 32, height: height + NODE_HEIGHT + 32, viewBox: `-16 -16 ${width + NODE_WIDTH + 32} ${height + NODE_HEIGHT + 32}`, role: "img", "aria-label": "imports" });
  for (const one of shown) {
    for (const next of links.imports[one].filter((to) => shown.has(to))) {
      const [[x1, y1], [x2, y2]] = [at.get(one), at.get(next)];
      const [fromX, toX] = x1 >= x2 ? [x1, x2 + NODE_WIDTH] : [x1 + NODE_WIDTH, x2];
      const [fromY, toY] = [y1 + NODE_HEIGHT / 2, y2 + NODE_HEIGHT / 2];
      const bend = (fromX + toX) / 2;
      svg.append(make("path", { class: "edge", d: `M${fromX} ${fromY}C${bend} ${fromY} ${bend} ${toY} ${toX} ${toY}` }));
    }
  }
  for (const [one, [x, y]] of at) {
    const row = report.files[one];
    const node = make("g", { class: `node ${groupOf(row[index.state])}${one === chosen ? " here" : ""}`, transform: `translate(${x} ${y})` },
      make("rect", { width: NODE_WIDTH, height: NODE_HEIGHT, rx: 6 }),
      make("circle", { cx: 13, cy: NODE_HEIGHT / 2, r: 4 }),
      make("text", { x: 25, y: NODE_HEIGHT / 2 + 4 }, shortened(row[index.path])),
      make("title", {}, `${row[index.path]}: ${row[index.state]}`));
    node.addEventListener("click", () => open(one));
    svg.append(node);
  }
  box.append(svg);
}
