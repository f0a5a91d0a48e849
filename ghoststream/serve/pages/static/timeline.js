// Labels over the time of a video, drawn as SVG.

const SVG = "http://www.w3.org/2000/svg";
const NAMES_WIDTH = 150;
const ROW_HEIGHT = 22;
const WIDTH = 1000;
const NEAREST_SECONDS = 1;

function made(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${rest}` : rest;
}

function tickSeconds(duration) {
  return [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200].find((step) => duration / step <= 10) ?? 14400;
}

/** The labels and events of the part of the video that `view` shows. */
function picture(data, view, height) {
  const { end_seconds: end, labels, clips, events } = data;
  const x = (seconds) => NAMES_WIDTH + ((seconds - view.from) / (view.to - view.from)) * (WIDTH - NAMES_WIDTH);
  const left = (seconds) => Math.max(NAMES_WIDTH, x(seconds));
  const width = (from, to) => Math.min(WIDTH, x(to)) - left(from);
  const isSeen = (from, to) => to >= view.from && from < view.to;
  const svg = made("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "presentation" });
  labels.forEach((label, row) => {
    const y = row * ROW_HEIGHT;
    svg.append(made("line", { class: "rule", x1: 0, x2: WIDTH, y1: y + ROW_HEIGHT, y2: y + ROW_HEIGHT }));
    svg.append(made("text", { class: "row-name", x: 0, y: y + 15 }, label.length > 22 ? `${label.slice(0, 21)}…` : label));
    for (const clip of clips.filter((each) => isSeen(each.start, each.end))) {
      const found = clip.labels.find((each) => each.label === label);
      if (!found) continue;
      const bar = made("rect", { class: "clip", x: left(clip.start), y: y + 4, width: Math.max(1, width(clip.start, clip.end)), height: ROW_HEIGHT - 8, opacity: Math.min(1, 0.08 + found.score) });
      bar.append(made("title", {}, `${label} ${Math.round(100 * found.score)} %, ${clock(clip.start - data.start_seconds)} – ${clock(clip.end - data.start_seconds)}`));
      svg.append(bar);
    }
    for (const event of events.filter((each) => each.label === label && isSeen(each.start_time, each.end_time ?? end))) {
      svg.append(made("rect", { class: "span", x: left(event.start_time), y: y + 2, width: Math.max(2, width(event.start_time, event.end_time ?? end)), height: ROW_HEIGHT - 4, rx: 4 }));
    }
  });
  ticks(svg, { from: view.from - data.start_seconds, to: view.to - data.start_seconds }, height);
  return { svg, x };
}

function ticks(svg, view, height) {
  const step = tickSeconds(view.to - view.from);
  for (let tick = Math.ceil(view.from / step) * step; tick <= view.to; tick += step) {
    const share = (tick - view.from) / (view.to - view.from);
    const anchor = share === 0 ? "start" : tick + step / 4 > view.to ? "end" : "middle";
    svg.append(made("text", { class: "tick", x: NAMES_WIDTH + share * (WIDTH - NAMES_WIDTH), y: height - 6, "text-anchor": anchor }, clock(tick)));
  }
}

/** Draws `data` into `place`; gives what moves the line of the present, marks a stretch, and zooms. */
export function draw(place, data) {
  const { start_seconds: start } = data;
  const whole = { from: start, to: Math.max(data.end_seconds, start + 0.001) };
  const height = data.labels.length * ROW_HEIGHT + 24;
  const mark = made("rect", { class: "mark", y: 0, height: height - 20 });
  const now = made("line", { class: "now", y1: 0, y2: height - 20 });
  let [view, here, marked, drawn] = [whole, start, null, null];

  function placeMarks() {
    const inside = (seconds) => drawn.x(Math.min(view.to, Math.max(view.from, seconds)));
    for (const end of ["x1", "x2"]) now.setAttribute(end, inside(here));
    mark.setAttribute("x", marked ? inside(marked.from) : 0);
    mark.setAttribute("width", marked ? Math.max(0, inside(marked.to) - inside(marked.from)) : 0);
  }

  function show(from, length) {
    const first = Math.max(whole.from, Math.min(from, whole.to - length));
    view = { from: first, to: first + length };
    drawn = picture(data, view, height);
    drawn.svg.append(mark, now);
    place.replaceChildren(drawn.svg);
    placeMarks();
  }

  show(whole.from, whole.to - whole.from);
  return {
    secondsAt(event) {
      const box = drawn.svg.getBoundingClientRect();
      const inside = ((event.clientX - box.left) / box.width) * WIDTH;
      return view.from + Math.min(1, Math.max(0, (inside - NAMES_WIDTH) / (WIDTH - NAMES_WIDTH))) * (view.to - view.from);
    },
    moveTo(seconds) {
      here = seconds;
      const length = view.to - view.from;
      if (here < view.from || here > view.to) show(here - length / 2, length);
      else placeMarks();
    },
    markStretch(from, to) {
      marked = { from, to };
      placeMarks();
    },
    /** As many times nearer, around the present; all of it for 0. */
    zoom(times) {
      const length = whole.to - whole.from;
      const wanted = times === 0 ? length : (view.to - view.from) / times;
      const next = Math.min(length, Math.max(Math.min(length, NEAREST_SECONDS), wanted));
      show(here - next / 2, next);
    },
  };
}
