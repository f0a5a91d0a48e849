"use strict";

// ---- what there is ---------------------------------------------------------------------------

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const COLOURS = 8;
const PAGE_ROWS = 25;
const PRINTED_ROWS = 1000;
const SOURCE_ROWS = 20;
const FEW_LANES = 10;
const STREAM_WORDS = { codec: "codec", container: "container", pixel_format: "pixel format", bit_depth: "bit depth", time_base: "time base", average_rate: "frames a second, on average", declared_frames: "frames, as declared", duration: "duration, as declared", rotation: "rotation", sample_aspect_ratio: "shape of a pixel", color_matrix: "colour matrix", color_range: "colour range", interlaced: "interlaced" };

const events = data.events.map((row, place) => ({
  place, source: row[0], lane: row[1], start: row[2], end: row[3], best: row[4], score: row[5],
  image: row[6], clip: row[7], clipStart: row[8],
}));
const bySource = data.sources.map(() => []);
for (const event of events) bySource[event.source].push(event);
for (const source of data.sources) source.gap = usualGap(source.times);

// ---- small tools -----------------------------------------------------------------------------

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// A name from elsewhere keeps its own direction of writing, and does not turn the text around it.
const isolated = (text) => element("bdi", {}, text);
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

// The labels with the most events look the same everywhere; others take what a source leaves free.
const palettes = data.sources.map(() => null);
function colourOf(lane, index) {
  palettes[index] ??= palette(index);
  return palettes[index].get(lane) ?? "--c-other";
}

function palette(index) {
  const used = new Set([...data.sources[index].lines.map(([lane]) => lane), ...bySource[index].map((event) => event.lane)]);
  const lanes = [...used].sort((a, b) => a - b);
  const free = [...Array(COLOURS).keys()].filter((number) => !used.has(number));
  return new Map(lanes.map((lane) => [lane, lane < COLOURS ? lane : free.shift()])
    .filter(([, number]) => number !== undefined).map(([lane, number]) => [lane, `--c${number}`]));
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

function marked(made, lane, index) {
  made.style.setProperty("--mark", `var(${colourOf(lane, index)})`);
  return made;
}

const dot = (lane, index) => marked(element("span", { class: "dot", "aria-hidden": "true" }), lane, index);

function bar(lane, index, score) {
  const level = element("i");
  level.style.width = `${clamp(score, 0, 1) * 100}%`;
  return marked(element("span", { class: "bar", "aria-hidden": "true" }, level), lane, index);
}

function endOf(event) {
  return event.end ?? Math.max(event.start, data.sources[event.source].last ?? event.start);
}

// ---- times -----------------------------------------------------------------------------------

const two = (number) => String(number).padStart(2, "0");

function playerTime(seconds, decimals = 1) {
  const sign = seconds < 0 ? "−" : "";
  const scale = 10 ** decimals;
  const whole = Math.round(Math.abs(seconds) * scale);
  const rest = (whole % (60 * scale)) / scale;
  const minutes = Math.floor(whole / (60 * scale));
  const shown = rest.toFixed(decimals).padStart(decimals ? 3 + decimals : 2, "0");
  const hours = Math.floor(minutes / 60);
  return sign + (hours ? `${hours}:${two(minutes % 60)}:${shown}` : `${minutes}:${shown}`);
}

function wallTime(seconds, utc, decimals = 1) {
  const time = new Date(Math.round(seconds * 1000));
  if (Number.isNaN(time.getTime())) return `${seconds} s`;
  const part = (name) => time[`get${utc ? "UTC" : ""}${name}`]();
  const date = `${part("FullYear")}-${two(part("Month") + 1)}-${two(part("Date"))}`;
  const rest = `.${String(part("Milliseconds")).padStart(3, "0").slice(0, decimals)}`;
  return `${date} ${two(part("Hours"))}:${two(part("Minutes"))}:${two(part("Seconds"))}${decimals ? rest : ""}`;
}

const mainTime = (source, seconds) =>
  source.live ? wallTime(seconds, false) : playerTime(seconds - source.origin);
const ownClock = (source, seconds) =>
  source.live ? `${wallTime(seconds, true)} UTC` : `${seconds.toFixed(3)} s on its clock`;

function lengthText(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86400).toFixed(1)} days`;
}

// ---- colours ---------------------------------------------------------------------------------

const theme = byId("theme");

// Pages that are opened from a disk have no storage in some browsers.
function remembered(value) {
  try {
    if (value !== undefined) localStorage.setItem("ghoststream-theme", value);
    return localStorage.getItem("ghoststream-theme");
  } catch {
    return null;
  }
}

function setTheme(value) {
  theme.value = ["auto", "light", "dark"].includes(value) ? value : "auto";
  document.documentElement.dataset.theme = theme.value;
}

setTheme(remembered());
theme.addEventListener("change", () => {
  setTheme(theme.value);
  remembered(theme.value);
  drawAll();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());

const shade = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function context(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.font = `12.5px ${getComputedStyle(document.body).fontFamily}`;
  pen.textBaseline = "middle";
  return pen;
}

// ---- pages of rows ---------------------------------------------------------------------------

function showPager(nav, page, rows, perPage, go) {
  const last = Math.max(0, Math.ceil(rows / perPage) - 1);
  if (last === 0) return nav.replaceChildren();
  const step = (text, to, off) => {
    const button = element("button", { type: "button", onclick: () => go(to, text) }, text);
    button.disabled = off;
    return button;
  };
  nav.replaceChildren(
    step("First", 0, page === 0), step("Previous", page - 1, page === 0),
    element("span", {}, `Page ${page + 1} of ${(last + 1).toLocaleString("en")}`),
    step("Next", page + 1, page === last), step("Last", last, page === last),
  );
}

function keepFocus(nav, text) {
  const buttons = [...nav.querySelectorAll("button:not(:disabled)")];
  (buttons.find((button) => button.textContent === text) ?? buttons[0])?.focus();
}

// ---- the view of one source ------------------------------------------------------------------

const timeline = byId("timeline");
const canvas = timeline.querySelector("canvas");
const tip = byId("tip");
const video = byId("video");
const AXIS = 24, LANE = 24, CHART = 130, GAP = 18, TRACK = 12, PAD = 10;

const view = { source: 0, from: 0, to: 1, now: 0, chosen: null, allLanes: false, lanes: [], playing: null };

const source = () => data.sources[view.source];
const whole = () => {
  const first = source().first ?? 0;
  const last = Math.max(source().last ?? first, first);
  return [first, last > first ? last : first + 1];
};

function showSource(index, { scroll = false } = {}) {
  view.source = index;
  [view.from, view.to] = whole();
  view.now = view.from;
  view.chosen = null;
  view.allLanes = false;
  byId("source").hidden = source().first === null;
  byId("source-title").replaceChildren("Timeline", ...(data.sources.length > 1 ? [" of ", isolated(source().name)] : []));
  findLanes();
  showFacts();
  load(source().live ? null : source().video, 0);
  update();
  for (const row of byId("sources").tBodies[0].rows) row.classList.toggle("chosen", Number(row.dataset.source) === index);
  if (scroll) byId("source").scrollIntoView({ block: "start" });
}

function findLanes() {
  const counts = new Map();
  for (const event of bySource[view.source]) counts.set(event.lane, (counts.get(event.lane) ?? 0) + 1);
  const ranked = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || a - b);
  const kept = view.allLanes ? ranked : ranked.slice(0, FEW_LANES);
  const firsts = new Map();
  for (const event of bySource[view.source]) if (!firsts.has(event.lane)) firsts.set(event.lane, event.start);
  view.lanes = kept.sort((a, b) => firsts.get(a) - firsts.get(b) || a - b);
  const button = byId("all-lanes");
  button.hidden = ranked.length <= FEW_LANES;
  button.textContent = view.allLanes ? "Fewer labels" : `All ${ranked.length} labels`;
}

function showFacts() {
  const facts = [["name", source().name], ["clock", source().clock], ["first frame at", source().live ? null : `${source().origin} s`]];
  const stream = source().stream ?? {};
  if (stream.width) facts.push(["picture", `${stream.width} × ${stream.height}, coded ${stream.coded_width} × ${stream.coded_height}`]);
  for (const [key, words] of Object.entries(STREAM_WORDS)) facts.push([words, stream[key]]);
  const shown = facts.filter(([, value]) => value !== null && value !== undefined);
  byId("stream").querySelector("dl").replaceChildren(...shown.map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, isolated(typeof value === "boolean" ? (value ? "yes" : "no") : String(value))))));
  byId("scores-note").textContent = scoresNote();
}

function scoresNote() {
  const lines = source().lines.length;
  if (!lines) return "The log holds no scores of this source.";
  const whence = source().clips ? "Below: scores of clips" : "Below: scores as events told them, since the log has no clips";
  const reduced = source().reduced ? ", the best of each stretch of time" : "";
  const enter = source().enter === null ? "" : `; the dashed line is where events begin (${source().enter})`;
  return `${whence}${reduced}${enter}.`;
}

// ---- playing ---------------------------------------------------------------------------------

function load(address, startsAt) {
  view.playing = address === null ? null : { address, startsAt };
  video.hidden = address === null;
  byId("no-video").hidden = address !== null;
  if (address === null) {
    video.removeAttribute("src");
    byId("no-video").textContent = source().live
      ? "Choose an event to see its clip, where one was kept."
      : "The video is not where the log says, so there is nothing to play.";
  } else if (video.getAttribute("src") !== address) {
    video.src = address;
  }
}

video.addEventListener("error", () => {
  if (view.playing === null) return;
  const { address } = view.playing;
  video.hidden = true;
  byId("no-video").hidden = false;
  const codec = source().stream?.codec ?? "its format";
  byId("no-video").replaceChildren(
    `This browser cannot play the video (${codec}). `, element("a", { href: address }, "Open it"), " in a player.");
});

video.addEventListener("timeupdate", () => {
  if (view.playing === null) return;
  view.now = video.currentTime + (source().live ? view.playing.startsAt : source().origin);
  showNow();
  draw();
});

function goTo(seconds) {
  view.now = clamp(seconds, ...whole());
  if (!source().live && view.playing !== null) video.currentTime = Math.max(0, view.now - source().origin);
  showNow();
  draw();
}

function choose(event, { play = false, scroll = false } = {}) {
  if (event.source !== view.source) showSource(event.source);
  view.chosen = event;
  if (source().live) load(event.clip ?? null, event.clipStart ?? 0);
  const [from, to] = [view.from, view.to];
  if (event.best < from || event.best > to) setWindow(event.best - (to - from) / 2, event.best + (to - from) / 2);
  const seconds = event.best;
  view.now = seconds;
  if (view.playing !== null) {
    video.currentTime = Math.max(0, seconds - (source().live ? view.playing.startsAt : source().origin));
    // A browser may refuse to play before the reader has done anything on the page.
    if (play) video.play().catch(() => {});
  }
  for (const row of byId("list").tBodies[0].rows) row.classList.toggle("chosen", Number(row.dataset.event) === event.place);
  if (scroll) byId("source").scrollIntoView({ block: "start" });
  update();
}

function nearestStep(seconds) {
  const times = source().times;
  let low = 0, high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < seconds) low = middle + 1; else high = middle;
  }
  return low > 0 && seconds - times[low - 1] < times[low] - seconds ? low - 1 : low;
}

function showNow() {
  byId("now-time").textContent = mainTime(source(), view.now);
  byId("now-clock").textContent = ownClock(source(), view.now);
  byId("now-title").textContent = source().clips ? "Scores at this moment" : "Events at this moment";
  byId("now-scores").replaceChildren(...scoresNow().map(([lane, score]) => {
    return element("li", {},
      element("span", { class: "name" }, dot(lane, view.source), isolated(data.lanes[lane])),
      bar(lane, view.source, score ?? 0),
      element("span", { class: "score" }, score === null ? "–" : score.toFixed(2)));
  }));
}

function scoresNow() {
  if (!source().clips) {
    const open = bySource[view.source].filter((event) => event.start <= view.now && view.now < endOf(event));
    return open.sort((a, b) => b.score - a.score).slice(0, FEW_LANES).map((event) => [event.lane, event.score]);
  }
  const step = nearestStep(view.now);
  const isNear = Math.abs(source().times[step] - view.now) <= Math.max(1, 1.5 * source().gap);
  return source().lines.map(([lane, scores]) => [lane, isNear ? scores[step] ?? null : null]);
}

// ---- the timeline ----------------------------------------------------------------------------

const gutter = () => (timeline.clientWidth < 560 ? 96 : 170);
const right = () => timeline.clientWidth - PAD;
const xOf = (seconds) => gutter() + ((seconds - view.from) / (view.to - view.from)) * (right() - gutter());
const secondsAt = (x) => view.from + ((x - gutter()) / (right() - gutter())) * (view.to - view.from);
const lanesTop = AXIS;
const lanesEnd = () => AXIS + Math.max(1, view.lanes.length) * LANE;
const chartTop = () => lanesEnd() + GAP;
const hasChart = () => source().lines.length > 0;

function setWindow(from, to) {
  const [first, last] = whole();
  const shortest = Math.min(0.5, last - first);
  const length = clamp(to - from, shortest, last - first);
  const middle = (from + to) / 2;
  view.from = clamp(middle - length / 2, first, last - length);
  view.to = view.from + length;
}

function zoom(factor, around = clamp(view.now, view.from, view.to)) {
  const length = (view.to - view.from) * factor;
  const share = (around - view.from) / (view.to - view.from);
  setWindow(around - share * length, around + (1 - share) * length);
  update();
}

function pan(share) {
  const by = (view.to - view.from) * share;
  setWindow(view.from + by, view.to + by);
  update();
}

function steps() {
  const wanted = (view.to - view.from) / Math.max(2, (right() - gutter()) / (source().live ? 150 : 90));
  const nice = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
  return nice.find((step) => step >= wanted) ?? Math.ceil(wanted / 604800) * 604800;
}

function ticks() {
  const step = steps();
  // Days and hours of cameras begin where the clock on the wall says so.
  const zero = source().live ? new Date(view.from * 1000).getTimezoneOffset() * 60 : source().origin;
  const found = [];
  for (let n = Math.ceil((view.from - zero) / step); zero + n * step <= view.to; n++) found.push(zero + n * step);
  return [found, step];
}

function tickText(seconds, step) {
  if (!source().live) return playerTime(seconds - source().origin, step < 1 ? 1 : 0);
  const text = wallTime(seconds, false, step < 1 ? 1 : 0);
  return step >= 86400 ? text.slice(0, 10) : view.to - view.from > 86400 ? text.slice(5, 16) : text.slice(11);
}

function fitted(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && pen.measureText(`${letters.join("")}…`).width > width) letters.pop();
  return `${letters.join("")}…`;
}

function draw() {
  if (byId("source").hidden || timeline.clientWidth === 0) return;
  const width = timeline.clientWidth;
  const height = chartTop() + (hasChart() ? CHART + TRACK : TRACK);
  const pen = context(canvas, width, height);
  const ink = shade("--ink"), soft = shade("--soft"), line = shade("--line");
  drawTicks(pen, soft, line, height);
  drawLaneNames(pen, ink, soft);
  pen.save();
  pen.beginPath();
  pen.rect(gutter(), 0, right() - gutter(), height);
  pen.clip();
  drawOutages(pen);
  drawLanes(pen, ink);
  if (hasChart()) drawScores(pen, soft);
  drawNow(pen, ink, height);
  pen.restore();
  drawTrack(pen, soft, line, height);
}

function drawTicks(pen, soft, line, height) {
  const [found, step] = ticks();
  pen.strokeStyle = line;
  pen.fillStyle = soft;
  pen.textAlign = "center";
  for (const seconds of found) {
    const x = Math.round(xOf(seconds)) + 0.5;
    pen.beginPath();
    pen.moveTo(x, AXIS - 4);
    pen.lineTo(x, height - TRACK);
    pen.stroke();
    const text = tickText(seconds, step);
    const half = pen.measureText(text).width / 2;
    pen.fillText(text, clamp(x, gutter() + half, timeline.clientWidth - half), 10);
  }
}

function drawLaneNames(pen, ink, soft) {
  pen.textAlign = "left";
  view.lanes.forEach((lane, row) => {
    const y = lanesTop + row * LANE + LANE / 2;
    pen.fillStyle = shade(colourOf(lane, view.source));
    pen.fillRect(0, y - 5, 10, 10);
    pen.fillStyle = ink;
    pen.fillText(fitted(pen, data.lanes[lane], gutter() - 28), 17, y);
  });
  pen.fillStyle = soft;
  if (!view.lanes.length) pen.fillText("no events", 0, lanesTop + LANE / 2);
}

function drawOutages(pen) {
  pen.fillStyle = shade("--away");
  for (const [start, end] of source().outages) {
    const from = xOf(start), to = xOf(end ?? whole()[1]);
    if (to > 0 && from < timeline.clientWidth) pen.fillRect(from, lanesTop, Math.max(2, to - from), lanesEnd() - lanesTop);
  }
}

function drawLanes(pen, ink) {
  const rows = new Map(view.lanes.map((lane, row) => [lane, row]));
  const colours = new Map(view.lanes.map((lane) => [lane, shade(colourOf(lane, view.source))]));
  for (const event of bySource[view.source]) {
    const row = rows.get(event.lane);
    const end = endOf(event);
    if (row === undefined || end < view.from || event.start > view.to) continue;
    const x = xOf(event.start), y = lanesTop + row * LANE + 4;
    const width = Math.max(3, xOf(end) - x);
    pen.globalAlpha = event === view.chosen ? 1 : 0.78;
    pen.fillStyle = colours.get(event.lane);
    pen.beginPath();
    pen.roundRect(x, y, width, LANE - 8, Math.min(4, width / 2));
    pen.fill();
    if (event === view.chosen) {
      pen.strokeStyle = ink;
      pen.lineWidth = 2;
      pen.stroke();
      pen.lineWidth = 1;
    }
  }
  pen.globalAlpha = 1;
}

function highest() {
  let most = source().enter ?? 0;
  for (const [, scores] of source().lines) for (const score of scores) if (score > most) most = score;
  return most > 0.5 ? 1 : most > 0.2 ? 0.5 : 0.2;
}

function drawScores(pen, soft) {
  const top = chartTop(), bottom = top + CHART - 6, most = highest();
  const yOf = (score) => bottom - (score / most) * (bottom - top);
  pen.restore();
  pen.save();
  pen.fillStyle = soft;
  pen.textAlign = "right";
  for (const score of [0, most / 2, most]) pen.fillText(score.toFixed(most < 0.5 ? 2 : 1), gutter() - 8, yOf(score));
  pen.textAlign = "left";
  pen.fillText("score", 0, top);
  pen.beginPath();
  pen.rect(gutter(), 0, right() - gutter(), bottom + 4);
  pen.clip();
  if (source().enter !== null) {
    pen.strokeStyle = soft;
    pen.setLineDash([5, 4]);
    pen.beginPath();
    pen.moveTo(gutter(), yOf(source().enter));
    pen.lineTo(right(), yOf(source().enter));
    pen.stroke();
    pen.setLineDash([]);
  }
  for (const [lane, scores] of [...source().lines].reverse()) drawLine(pen, shade(colourOf(lane, view.source)), scores, yOf);
}

// The usual time from one clip to the next; nothing is known of what lies between those further apart.
function usualGap(times) {
  const gaps = times.slice(1).map((time, index) => time - times[index]).sort((a, b) => a - b);
  return gaps.length ? gaps[gaps.length >> 1] : 0;
}

// Two clips are joined where nothing is missing between them, and a clip alone is a point.
function drawLine(pen, colour, scores, yOf) {
  const times = source().times;
  const joined = (step) => (scores[step] ?? null) !== null && (scores[step + 1] ?? null) !== null &&
    source().clips && times[step + 1] - times[step] <= 3 * source().gap;
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 2;
  pen.lineJoin = "round";
  pen.beginPath();
  const alone = [];
  const first = Math.max(0, nearestStep(view.from) - 1);
  for (let step = first; step < times.length && times[step - 1 < 0 ? 0 : step - 1] <= view.to; step++) {
    const score = scores[step];
    if (score === null || score === undefined) continue;
    const x = xOf(times[step]), y = yOf(score);
    if (joined(step - 1)) pen.lineTo(x, y);
    else if (joined(step)) pen.moveTo(x, y);
    else alone.push([x, y]);
  }
  pen.stroke();
  for (const [x, y] of alone) {
    pen.beginPath();
    pen.arc(x, y, 2.5, 0, 7);
    pen.fill();
  }
  pen.lineWidth = 1;
}

function drawNow(pen, ink, height) {
  const x = xOf(view.now);
  pen.strokeStyle = pen.fillStyle = ink;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.moveTo(x, AXIS - 6);
  pen.lineTo(x, height - TRACK);
  pen.stroke();
  pen.beginPath();
  pen.moveTo(x - 5, AXIS - 8);
  pen.lineTo(x + 5, AXIS - 8);
  pen.lineTo(x, AXIS - 1);
  pen.fill();
  pen.lineWidth = 1;
}

// How much of the whole is in view.
function drawTrack(pen, soft, line, height) {
  const [first, last] = whole();
  if (view.to - view.from > (last - first) * 0.999) return;
  const width = right() - gutter();
  pen.fillStyle = line;
  pen.fillRect(gutter(), height - 6, width, 4);
  pen.fillStyle = soft;
  const shown = Math.max(8, ((view.to - view.from) / (last - first)) * width);
  pen.fillRect(Math.min(gutter() + ((view.from - first) / (last - first)) * width, right() - shown), height - 6, shown, 4);
}

function update() {
  const everything = view.to - view.from > (whole()[1] - whole()[0]) * 0.999;
  byId("window").textContent = everything ? `all of ${lengthText(view.to - view.from)}` : `${lengthText(view.to - view.from)} from ${mainTime(source(), view.from)}`;
  byId("zoom-out").disabled = byId("zoom-fit").disabled = everything;
  const shown = view.lanes.slice(0, FEW_LANES).map((lane) => data.lanes[lane]).join(", ");
  timeline.setAttribute("aria-label", `Timeline of ${count(bySource[view.source].length, "event")}${shown ? `: ${shown}` : ""}; the table below has all of them`);
  showNow();
  draw();
}

function fit() {
  [view.from, view.to] = whole();
  update();
}

function eventAt(x, y) {
  const lane = view.lanes[Math.floor((y - lanesTop) / LANE)];
  if (lane === undefined || x < gutter()) return null;
  const near = bySource[view.source].filter((event) => event.lane === lane && xOf(event.start) - 3 <= x && x <= Math.max(xOf(endOf(event)), xOf(event.start) + 3) + 3);
  return near.reduce((best, event) => (best === null || event.score > best.score ? event : best), null);
}

function neighbour(direction) {
  const all = bySource[view.source];
  if (!all.length) return;
  const at = view.chosen === null ? -1 : all.indexOf(view.chosen);
  choose(all[at < 0 ? 0 : clamp(at + direction, 0, all.length - 1)]);
}

const KEYS = {
  "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: fit, Home: () => pan(-1e9), End: () => pan(1e9),
  ArrowLeft: () => pan(-0.15), ArrowRight: () => pan(0.15), PageUp: () => pan(-0.9), PageDown: () => pan(0.9),
  ArrowUp: () => neighbour(-1), ArrowDown: () => neighbour(1),
  Enter: () => (view.chosen ? choose(view.chosen, { play: true }) : video.play().catch(() => {})),
};
timeline.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});
byId("zoom-in").addEventListener("click", () => zoom(0.5));
byId("zoom-out").addEventListener("click", () => zoom(2));
byId("zoom-fit").addEventListener("click", fit);
byId("all-lanes").addEventListener("click", () => {
  view.allLanes = !view.allLanes;
  findLanes();
  update();
});

const place = (event) => {
  const box = timeline.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};
let drag = null;
timeline.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  drag = { x: place(event)[0], from: view.from, to: view.to, moved: false };
  timeline.setPointerCapture(event.pointerId);
});
timeline.addEventListener("pointermove", (event) => {
  const [x, y] = place(event);
  if (drag === null) return showTip(x, y);
  if (Math.abs(x - drag.x) > 4) drag.moved = true;
  if (!drag.moved) return;
  tip.hidden = true;
  timeline.classList.add("dragging");
  const by = ((drag.x - x) / (right() - gutter())) * (drag.to - drag.from);
  setWindow(drag.from + by, drag.to + by);
  update();
});
timeline.addEventListener("pointerup", (event) => {
  const [x, y] = place(event);
  const clicked = drag !== null && !drag.moved;
  drag = null;
  timeline.classList.remove("dragging");
  if (!clicked || x < gutter()) return;
  const hit = eventAt(x, y);
  if (hit !== null) choose(hit);
  goTo(secondsAt(x));
});
timeline.addEventListener("pointercancel", () => { drag = null; });
timeline.addEventListener("pointerleave", () => { tip.hidden = true; });
timeline.addEventListener("dblclick", (event) => zoom(0.5, secondsAt(place(event)[0])));
timeline.addEventListener("wheel", (event) => {
  const [x] = place(event);
  const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
  // Who only scrolls the page past it is not held up.
  if (!sideways && !event.ctrlKey && document.activeElement !== timeline) return;
  event.preventDefault();
  if (sideways) pan(Math.sign(event.deltaX || event.deltaY) * 0.08);
  else zoom(event.deltaY > 0 ? 1.25 : 0.8, clamp(secondsAt(x), view.from, view.to));
}, { passive: false });

function showTip(x, y) {
  const hit = eventAt(x, y);
  tip.hidden = x < gutter() || x > right();
  if (tip.hidden) return;
  const at = mainTime(source(), secondsAt(x));
  tip.textContent = hit === null ? at : `${data.lanes[hit.lane]} ${hit.score.toFixed(2)}\n${mainTime(source(), hit.start)}, ${lengthText(endOf(hit) - hit.start)}\n${at}`;
  tip.style.left = `${clamp(x + 14, 0, timeline.clientWidth - tip.offsetWidth)}px`;
  tip.style.top = `${y + 18}px`;
}

// ---- the table of events ---------------------------------------------------------------------

const list = byId("list");
const text = byId("text"), labelChoice = byId("label"), fromChoice = byId("from"), order = byId("order");
const table = { rows: events, page: 0, perPage: PAGE_ROWS };
const names = data.lanes.map((lane) => lane.toLowerCase());
const sourceNames = data.sources.map((each) => each.name.toLowerCase());
const ORDERS = {
  time: (a, b) => a.place - b.place,
  score: (a, b) => b.score - a.score || a.place - b.place,
  length: (a, b) => endOf(b) - b.start - (endOf(a) - a.start) || a.place - b.place,
  label: (a, b) => names[a.lane].localeCompare(names[b.lane]) || a.place - b.place,
};

function fillChoices() {
  const counts = new Map();
  for (const event of events) counts.set(event.lane, (counts.get(event.lane) ?? 0) + 1);
  const lanes = [...counts.keys()].sort((a, b) => names[a].localeCompare(names[b]));
  labelChoice.replaceChildren(element("option", { value: "" }, "all"),
    ...lanes.map((lane) => element("option", { value: lane }, `${data.lanes[lane]} (${counts.get(lane).toLocaleString("en")})`)));
  const told = data.sources.map((each, index) => index).filter((index) => bySource[index].length);
  fromChoice.replaceChildren(element("option", { value: "" }, "all"),
    ...told.map((index) => element("option", { value: index }, data.sources[index].name)));
  list.classList.toggle("plain", data.images.length === 0);
  const many = data.sources.length > 1;
  byId("source-field").hidden = !many;
  list.classList.toggle("many", many);
}

function filter() {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const lane = labelChoice.value === "" ? null : Number(labelChoice.value);
  const from = fromChoice.value === "" ? null : Number(fromChoice.value);
  table.rows = events.filter((event) =>
    (lane === null || event.lane === lane) && (from === null || event.source === from) &&
    words.every((word) => names[event.lane].includes(word) || sourceNames[event.source].includes(word)));
  if (order.value !== "time") table.rows.sort(ORDERS[order.value]);
  table.page = 0;
  showRows();
}

function showRows(focused = null) {
  const { rows, page, perPage } = table;
  const all = rows.length === events.length;
  byId("found").textContent = all ? count(events.length, "event") : `${rows.length.toLocaleString("en")} of ${count(events.length, "event")}`;
  const first = page * perPage;
  list.tBodies[0].replaceChildren(...rows.slice(first, first + perPage).map(row));
  list.hidden = rows.length === 0;
  showPager(byId("pager"), page, rows.length, perPage, (to, label) => {
    table.page = to;
    showRows(label);
    byId("events").scrollIntoView({ block: "start" });
  });
  if (focused !== null) keepFocus(byId("pager"), focused);
}

function row(event) {
  const from = data.sources[event.source];
  const made = element("tr", { "data-event": event.place, class: event === view.chosen ? "chosen" : "" },
    element("td", {}, momentButton(event, from)),
    element("td", {}, dot(event.lane, event.source), isolated(data.lanes[event.lane])),
    element("td", { class: "of" }, isolated(from.name)),
    element("td", {}, timeLink(event, from), element("small", {}, ownClock(from, event.start))),
    element("td", {}, event.end === null ? "goes on" : lengthText(event.end - event.start)),
    element("td", {}, element("span", { class: "level" }, event.score.toFixed(2), bar(event.lane, event.source, event.score))));
  return made;
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

// ---- many sources ----------------------------------------------------------------------------

const sourceText = byId("source-text");
const shelf = { rows: data.sources.map((each, index) => index), page: 0 };

function filterSources() {
  const words = sourceText.value.toLowerCase().split(/\s+/).filter(Boolean);
  shelf.rows = data.sources.map((each, index) => index).filter((index) => words.every((word) =>
    sourceNames[index].includes(word) || bySource[index].some((event) => names[event.lane].includes(word))));
  shelf.page = 0;
  showSources();
}

function showSources(focused = null) {
  const first = shelf.page * SOURCE_ROWS;
  byId("sources").tBodies[0].replaceChildren(...shelf.rows.slice(first, first + SOURCE_ROWS).map(sourceRow));
  showPager(byId("source-pager"), shelf.page, shelf.rows.length, SOURCE_ROWS, (to, label) => {
    shelf.page = to;
    showSources(label);
  });
  if (focused !== null) keepFocus(byId("source-pager"), focused);
  drawStrips();
}

function sourceRow(index) {
  const each = data.sources[index];
  const length = each.first === null ? "" : lengthText(each.last - each.first);
  return element("tr", { "data-source": index, class: index === view.source ? "chosen" : "", onclick: () => showSource(index, { scroll: true }) },
    element("td", {}, element("button", { type: "button" }, isolated(each.name)),
      ...each.losses.map((sentence) => element("small", { class: "bad" }, isolated(sentence)))),
    element("td", {}, length), element("td", {}, each.begun.toLocaleString("en")),
    element("td", {}, element("canvas", { "data-strip": index, role: "img", "aria-label": `Labels: ${topLanes(index)}` }), element("small", {}, isolated(topLanes(index)))));
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

// ---- everything ------------------------------------------------------------------------------

function drawAll() {
  draw();
  drawStrips();
}

let printing = false;
addEventListener("beforeprint", () => {
  if (printing) return;
  printing = true;
  document.documentElement.dataset.theme = "light";
  [table.page, table.perPage] = [0, PRINTED_ROWS];
  showRows();
  if (table.rows.length > PRINTED_ROWS) byId("found").textContent += `, of which ${PRINTED_ROWS.toLocaleString("en")} are printed`;
  drawAll();
});
addEventListener("afterprint", () => {
  printing = false;
  setTheme(theme.value);
  table.perPage = PAGE_ROWS;
  showRows();
  drawAll();
});
new ResizeObserver(drawAll).observe(timeline);

fillChoices();
filter();
byId("overview").hidden = data.sources.length < 2;
showSource(Math.max(0, bySource.findIndex((own) => own.length > 0)));
if (data.sources.length > 1) showSources();
