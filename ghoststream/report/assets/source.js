// The source that is looked at.

const FEW_LANES = 10;
const STREAM_WORDS = { codec: "codec", container: "container", pixel_format: "pixel format", bit_depth: "bit depth", time_base: "time base", average_rate: "frames a second, on average", declared_frames: "frames, as declared", duration: "duration, as declared", rotation: "rotation", sample_aspect_ratio: "shape of a pixel", color_matrix: "colour matrix", color_range: "colour range", interlaced: "interlaced" };

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
  load(source().live ? null : source().video, source().origin);
  update();
  for (const row of byId("sources").tBodies[0].rows) row.classList.toggle("chosen", Number(row.dataset.source) === index);
  if (scroll) byId("source").scrollIntoView({ block: "start" });
}

function findLanes() {
  const counts = countsByLane(bySource[view.source]);
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
