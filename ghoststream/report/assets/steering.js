// The timeline under keys, buttons, mouse and finger.

const tip = byId("tip");

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
  const told = hit === null ? outageText(secondsAt(x)) : eventText(hit);
  tip.textContent = [...told, mainTime(source(), secondsAt(x))].join("\n");
  tip.style.left = `${clamp(x + 14, 0, timeline.clientWidth - tip.offsetWidth)}px`;
  tip.style.top = `${y + 18}px`;
}

const eventText = (event) => [
  `${data.lanes[event.lane]} ${event.score.toFixed(2)}`,
  `${mainTime(source(), event.start)}, ${lengthText(endOf(event) - event.start)}`,
];

function outageText(seconds) {
  const found = source().outages.find(([start, end]) => start <= seconds && seconds < (end ?? Infinity));
  if (found === undefined) return [];
  const [, , state, cause] = found;
  return [cause === null ? state : `${state}: ${cause}`];
}
