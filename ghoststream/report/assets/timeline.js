// Time to pixels, and which part of it is in view.

const timeline = byId("timeline");
const canvas = timeline.querySelector("canvas");
const AXIS = 24, LANE = 24, CHART = 130, GAP = 18, TRACK = 12, PAD = 10;

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
