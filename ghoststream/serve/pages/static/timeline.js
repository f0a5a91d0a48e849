// Labels over the time of a video, drawn as SVG.

const SVG = "http://www.w3.org/2000/svg";
const NAMES_WIDTH = 150;
const ROW_HEIGHT = 22;
const WIDTH = 1000;

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

/** Draws `data` into `place`; gives what moves the line of the present, and what marks a stretch. */
export function draw(place, data) {
  const { start_seconds: start, end_seconds: end, labels, clips, events } = data;
  const duration = Math.max(end - start, 0.001);
  const height = labels.length * ROW_HEIGHT + 24;
  const x = (seconds) => NAMES_WIDTH + ((seconds - start) / duration) * (WIDTH - NAMES_WIDTH);
  const svg = made("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "presentation" });
  labels.forEach((label, row) => {
    const y = row * ROW_HEIGHT;
    svg.append(made("line", { class: "rule", x1: 0, x2: WIDTH, y1: y + ROW_HEIGHT, y2: y + ROW_HEIGHT }));
    svg.append(made("text", { class: "row-name", x: 0, y: y + 15 }, label.length > 22 ? `${label.slice(0, 21)}…` : label));
    for (const clip of clips) {
      const found = clip.labels.find((each) => each.label === label);
      if (!found) continue;
      const bar = made("rect", { class: "clip", x: x(clip.start), y: y + 4, width: Math.max(1, x(clip.end) - x(clip.start)), height: ROW_HEIGHT - 8, opacity: Math.min(1, 0.08 + found.score) });
      bar.append(made("title", {}, `${label} ${Math.round(100 * found.score)} %, ${clock(clip.start - start)} – ${clock(clip.end - start)}`));
      svg.append(bar);
    }
    for (const event of events.filter((each) => each.label === label)) {
      const stop = event.end_time ?? end;
      svg.append(made("rect", { class: "span", x: x(event.start_time), y: y + 2, width: Math.max(2, x(stop) - x(event.start_time)), height: ROW_HEIGHT - 4, rx: 4 }));
    }
  });
  const step = tickSeconds(duration);
  for (let tick = 0; tick <= duration; tick += step) {
    const anchor = tick === 0 ? "start" : tick + step / 4 > duration ? "end" : "middle";
    svg.append(made("text", { class: "tick", x: x(start + tick), y: height - 6, "text-anchor": anchor }, clock(tick)));
  }
  const mark = made("rect", { class: "mark", x: 0, y: 0, width: 0, height: height - 20 });
  const now = made("line", { class: "now", x1: x(start), x2: x(start), y1: 0, y2: height - 20 });
  svg.append(mark, now);
  place.replaceChildren(svg);
  return {
    secondsAt(event) {
      const box = svg.getBoundingClientRect();
      const inside = ((event.clientX - box.left) / box.width) * WIDTH;
      return start + Math.min(1, Math.max(0, (inside - NAMES_WIDTH) / (WIDTH - NAMES_WIDTH))) * duration;
    },
    moveTo(seconds) {
      now.setAttribute("x1", x(seconds));
      now.setAttribute("x2", x(seconds));
    },
    markStretch(from, to) {
      mark.setAttribute("x", x(from));
      mark.setAttribute("width", Math.max(0, x(to) - x(from)));
    },
  };
}
