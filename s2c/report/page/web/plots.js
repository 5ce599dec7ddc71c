// Plots: small bar charts, drawn as SVG.

// bars: [label, value, told]; at most as many labels are shown as there is room for.
function barPlot(title, note, bars, kind = "") {
  const [width, height, foot] = [420, 150, 20];
  const most = Math.max(...bars.map(([, value]) => value), 0) || 1;
  const step = width / bars.length;
  const every = Math.ceil(bars.length / 10);
  const svg = make("svg", { viewBox: `0 0 ${width} ${height + foot}`, role: "img", "aria-label": title });
  bars.forEach(([label, value, told], at) => {
    const tall = Math.max((value / most) * (height - 18), value > 0 ? 1.5 : 0);
    const gap = Math.max(Math.min(step * 0.2, 6), step - 64);
    const bar = make("rect", { class: `bar ${kind}`, x: at * step + gap / 2, y: height - tall, width: Math.max(step - gap, 1), height: tall, rx: 2 });
    bar.append(make("title", {}, `${label}: ${told ?? counted(value)}`));
    svg.append(bar);
    if (at % every === 0) svg.append(make("text", { x: at * step + step / 2, y: height + 14, "text-anchor": "middle" }, label));
    if (bars.length <= 12 && value > 0) svg.append(make("text", { x: at * step + step / 2, y: height - tall - 4, "text-anchor": "middle" }, told ?? counted(value)));
  });
  svg.append(make("line", { class: "axis", x1: 0, x2: width, y1: height, y2: height }));
  return make("figure", {}, make("figcaption", {}, title), make("div", { class: "quiet" }, note), svg);
}

function runLabel(run) {
  return new Date(run.began * 1000).toISOString().slice(5, 16).replace("T", " ");
}

// Verification times in classes that double.
function timeBars(files, index) {
  const times = files.map((row) => row[index.cpu_ms]).filter((one) => one > 0);
  const classes = [...new Set(times.map((one) => Math.max(0, Math.ceil(Math.log2(one / 1000)))))].sort((a, b) => a - b);
  if (!classes.length) return [];
  const [low, high] = [classes[0], classes[classes.length - 1]];
  return Array.from({ length: high - low + 1 }, (_, at) => {
    const power = low + at;
    return [`≤ ${2 ** power} s`, times.filter((one) => Math.max(0, Math.ceil(Math.log2(one / 1000))) === power).length];
  });
}

// How much of requests of so many specs was solved.
function batchBars(batches) {
  const known = new Map();
  for (const [specs, good] of batches) {
    const [all, right] = known.get(specs) ?? [0, 0];
    known.set(specs, [all + specs, right + good]);
  }
  return [...known].sort(([one], [other]) => one - other)
    .map(([specs, [all, right]]) => [`${specs}`, (100 * right) / all, `${Math.round((100 * right) / all)} %`]);
}

function drawPlots(report, index) {
  const runs = report.runs.slice(-40);
  const cost = (run) => Number.parseFloat(run.cost) || 0;
  const priced = runs.some((run) => run.cost !== "unknown" && cost(run) > 0);
  const found = [
    ["Verified at which attempt", "specs, by the attempt that was verified", Object.entries(report.by_attempt), "good"],
    ["Tokens by run", "prompt and answer", runs.map((run) => [runLabel(run), run.prompt_tokens + run.completion_tokens]), ""],
    ["Cost by run", "US dollars; a run with a price that is not known shows none", priced ? runs.map((run) => [runLabel(run), cost(run), run.cost]) : [], ""],
    ["Verified by run", "files that were verified when it ended", runs.map((run) => [runLabel(run), run.verified]), "good"],
    ["Size of a request and success", "share of its specs that it solved, by how many it held", batchBars(report.batches), ""],
    ["Time of a verification", "files, by processor time with the impossible twin", timeBars(report.files, index), ""],
  ];
  const drawn = found.filter(([, , bars]) => bars.some(([, value]) => value > 0)).map((one) => barPlot(...one));
  document.getElementById("plots").append(...(drawn.length ? drawn : [make("p", { class: "quiet" }, "No run left anything to plot yet.")]));
}
