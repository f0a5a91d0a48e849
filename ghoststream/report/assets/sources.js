// The table of sources.

const SOURCE_ROWS = 20;

const sourceText = byId("source-text");
const shelf = { rows: sourceNumbers, page: 0 };

function filterSources() {
  const words = wordsIn(sourceText);
  shelf.rows = sourceNumbers.filter((index) => words.every((word) =>
    sourceNames[index].includes(word) || bySource[index].some((event) => names[event.lane].includes(word))));
  shelf.page = 0;
  showSources();
}

function showSources() {
  const first = shelf.page * SOURCE_ROWS;
  byId("sources").tBodies[0].replaceChildren(...shelf.rows.slice(first, first + SOURCE_ROWS).map(sourceRow));
  showPager(byId("source-pager"), shelf.page, shelf.rows.length, SOURCE_ROWS, (to) => {
    shelf.page = to;
    showSources();
  });
  drawStrips();
}

function sourceRow(index) {
  const each = data.sources[index];
  const length = each.first === null ? "" : lengthText(each.last - each.first);
  const lanes = topLanes(index);
  return element("tr", { "data-source": index, class: index === view.source ? "chosen" : "", onclick: () => showSource(index, { scroll: true }) },
    element("td", {}, element("button", { type: "button" }, isolated(each.name)),
      ...each.losses.map((sentence) => element("small", { class: "bad" }, isolated(sentence)))),
    element("td", {}, length), element("td", {}, each.begun.toLocaleString("en")),
    element("td", {}, element("canvas", { "data-strip": index, role: "img", "aria-label": `Labels: ${lanes}` }), element("small", {}, isolated(lanes))));
}

function topLanes(index) {
  const best = new Map();
  for (const event of bySource[index]) best.set(event.lane, Math.max(best.get(event.lane) ?? 0, event.score));
  const lanes = [...best.keys()].sort((a, b) => best.get(b) - best.get(a)).slice(0, 4);
  return lanes.map((lane) => data.lanes[lane]).join(", ") || "no events";
}

function drawStrips() {
  for (const strip of document.querySelectorAll("canvas[data-strip]")) {
    const index = Number(strip.dataset.strip), each = data.sources[index];
    const width = strip.clientWidth, height = 30;
    const pen = context(strip, width, height);
    pen.fillStyle = shade("--sunk");
    pen.fillRect(0, 0, width, height);
    if (each.first === null || each.last <= each.first) continue;
    const scale = width / (each.last - each.first);
    const rows = [...new Set(bySource[index].map((event) => event.lane))].sort((a, b) => a - b).slice(0, 6);
    for (const event of bySource[index]) {
      const at = rows.indexOf(event.lane);
      if (at < 0) continue;
      pen.fillStyle = shade(colourOf(event.lane, index));
      const tall = height / rows.length;
      pen.fillRect((event.start - each.first) * scale, at * tall + 1, Math.max(2, (endOf(event) - event.start) * scale), Math.min(tall - 1, 12));
    }
  }
}

sourceText.addEventListener("input", filterSources);
