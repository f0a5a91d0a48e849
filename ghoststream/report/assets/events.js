// The table of events.

const PAGE_ROWS = 25;
const PRINTED_ROWS = 1000;

const list = byId("list");
const text = byId("text"), labelChoice = byId("label"), fromChoice = byId("from"), order = byId("order");
const table = { rows: events, page: 0, perPage: PAGE_ROWS };
const ORDERS = {
  time: (a, b) => a.place - b.place,
  score: (a, b) => b.score - a.score || a.place - b.place,
  length: (a, b) => endOf(b) - b.start - (endOf(a) - a.start) || a.place - b.place,
  label: (a, b) => names[a.lane].localeCompare(names[b.lane]) || a.place - b.place,
};

function fillChoices() {
  const counts = countsByLane(events);
  const lanes = [...counts.keys()].sort((a, b) => names[a].localeCompare(names[b]));
  labelChoice.replaceChildren(element("option", { value: "" }, "all"),
    ...lanes.map((lane) => element("option", { value: lane }, `${data.lanes[lane]} (${counts.get(lane).toLocaleString("en")})`)));
  const told = sourceNumbers.filter((index) => bySource[index].length);
  fromChoice.replaceChildren(element("option", { value: "" }, "all"),
    ...told.map((index) => element("option", { value: index }, data.sources[index].name)));
  list.classList.toggle("plain", data.images.length === 0);
  const many = data.sources.length > 1;
  byId("source-field").hidden = !many;
  list.classList.toggle("many", many);
}

function filter() {
  const words = wordsIn(text);
  const lane = labelChoice.value === "" ? null : Number(labelChoice.value);
  const from = fromChoice.value === "" ? null : Number(fromChoice.value);
  table.rows = events.filter((event) =>
    (lane === null || event.lane === lane) && (from === null || event.source === from) &&
    words.every((word) => names[event.lane].includes(word) || sourceNames[event.source].includes(word)));
  if (order.value !== "time") table.rows.sort(ORDERS[order.value]);
  table.page = 0;
  showRows();
}

function showRows() {
  const { rows, page, perPage } = table;
  const all = rows.length === events.length;
  byId("found").textContent = all ? count(events.length, "event") : `${rows.length.toLocaleString("en")} of ${count(events.length, "event")}`;
  const first = page * perPage;
  list.tBodies[0].replaceChildren(...rows.slice(first, first + perPage).map(row));
  list.hidden = rows.length === 0;
  showPager(byId("pager"), page, rows.length, perPage, (to) => {
    table.page = to;
    showRows();
    byId("events").scrollIntoView({ block: "start" });
  });
}

function row(event) {
  const from = data.sources[event.source];
  return element("tr", { "data-event": event.place, class: event === view.chosen ? "chosen" : "" },
    element("td", {}, momentButton(event, from)),
    element("td", {}, dot(event.lane, event.source), isolated(data.lanes[event.lane])),
    element("td", { class: "of" }, isolated(from.name)),
    element("td", {}, timeLink(event, from), element("small", {}, ownClock(from, event.start))),
    element("td", {}, event.end === null ? "goes on" : lengthText(event.end - event.start)),
    element("td", {}, element("span", { class: "level" }, event.score.toFixed(2), bar(event.lane, event.source, event.score))));
}

function momentButton(event, from) {
  const plays = from.live ? event.clip !== undefined : Boolean(from.video);
  const name = `${plays ? "Play" : "Show"} ${data.lanes[event.lane]} at ${mainTime(from, event.best)}`;
  const inside = event.image < 0 ? [plays ? "Play" : data.images.length ? "no picture" : "Show"] : [element("img", { src: `data:image/jpeg;base64,${data.images[event.image]}`, alt: "", width: 112 })];
  return element("button", {
    type: "button", class: plays ? "moment plays" : "moment", "aria-label": name, title: name,
    onclick: () => choose(event, { play: true, scroll: true }),
  }, ...inside);
}

// For other players, and for who wants to hand the moment on.
function timeLink(event, from) {
  const address = from.live ? event.clip : from.video;
  const shown = mainTime(from, event.start);
  if (!address) return shown;
  const at = Math.max(0, event.start - (from.live ? event.clipStart : from.origin));
  return element("a", { href: `${address}#t=${Math.round(at * 1000) / 1000}` }, shown);
}

byId("filters").addEventListener("submit", (event) => event.preventDefault());
text.addEventListener("input", filter);
for (const choice of [labelChoice, fromChoice, order]) choice.addEventListener("change", filter);
