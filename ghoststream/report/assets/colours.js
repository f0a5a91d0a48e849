// A colour for each label.

const COLOURS = 8;

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
