// One video: playing at a moment, its timeline, and stretches that become examples.
// Times of the server are on the video's own clock; a player counts from zero.

import { attempt, call, tell } from "./api.js";
import { clock, draw } from "./timeline.js";

const STEP_SECONDS = 1;
const STRETCH_SECONDS = 60;
const video = document.getElementById("video");
const place = document.getElementById("timeline");
const start = Number(video.dataset.start);
const end = Number(video.dataset.end);
const isDirect = video.dataset.isDirect === "yes";
const marked = { start: null, end: null };
let offset = start;
let until = end;
let line = null;

const here = () => offset + video.currentTime;

/** What the browser cannot play is converted, a stretch at a time. */
function load(seconds) {
  if (isDirect) {
    if (!video.getAttribute("src")) video.src = video.dataset.playback;
    return;
  }
  if (video.getAttribute("src") && seconds >= offset && seconds < until) return;
  offset = Math.max(start, seconds);
  until = Math.min(end, offset + STRETCH_SECONDS);
  video.src = `${video.dataset.playback}?start=${offset}&end=${until}`;
}

function seek(seconds, isPlayed) {
  const wanted = Math.min(Math.max(seconds, start), end);
  load(wanted);
  const go = () => {
    video.currentTime = Math.max(0, wanted - offset);
    if (isPlayed) video.play().catch(() => {});
  };
  if (video.readyState >= 1) go();
  else video.addEventListener("loadedmetadata", go, { once: true });
  show(wanted);
}

function show(seconds) {
  line?.moveTo(seconds);
  place.setAttribute("aria-valuenow", seconds.toFixed(1));
  place.setAttribute("aria-valuetext", clock(seconds - start));
  document.querySelector("[data-like]").href = `/search?like=${video.dataset.id}@${seconds.toFixed(3)}`;
}

video.addEventListener("timeupdate", () => show(here()));
video.addEventListener("ended", () => !isDirect && until < end && seek(until, true));
video.addEventListener("error", () => video.getAttribute("src") && tell("This video cannot be played; its file may have changed or gone."));

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-seek]");
  if (button) seek(Number(button.dataset.seek), true);
});

for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => line?.zoom(Number(button.dataset.zoom)));

place.addEventListener("click", (event) => line && seek(line.secondsAt(event), false));

function mark(which) {
  marked[which] = here();
  const isWhole = marked.start !== null && marked.end !== null && marked.end > marked.start;
  document.querySelector("[data-marked]").textContent = [marked.start, marked.end].map((at) => (at === null ? "…" : clock(at - start))).join(" – ");
  document.querySelector("[data-mark-form]").hidden = !isWhole;
  line?.markStretch(marked.start ?? marked.end, isWhole ? marked.end : (marked.start ?? marked.end));
}

for (const button of document.querySelectorAll("[data-mark]")) button.addEventListener("click", () => mark(button.dataset.mark));

document.querySelector("[data-mark-form]").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = event.target.elements.class.value.trim();
  const item = { video: video.dataset.id, start_seconds: marked.start, end_seconds: marked.end };
  if ((await attempt("POST", "/api/examples", { class: name, items: [item] })) !== undefined) tell(`One more example of ${name}.`);
});

const keys = {
  ArrowLeft: () => seek(here() - STEP_SECONDS, false),
  ArrowRight: () => seek(here() + STEP_SECONDS, false),
  " ": () => (video.paused ? (load(here()), video.play().catch(() => {})) : video.pause()),
  Home: () => seek(start, false),
  End: () => seek(end, false),
  "+": () => line?.zoom(2),
  "-": () => line?.zoom(0.5),
  0: () => line?.zoom(0),
  i: () => mark("start"),
  o: () => mark("end"),
};
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea, button, a, video, summary") || event.ctrlKey || event.metaKey || event.altKey) return;
  // Elsewhere these two scroll the page.
  if (["Home", "End"].includes(event.key) && event.target !== place) return;
  if (!keys[event.key]) return;
  keys[event.key]();
  event.preventDefault();
});

const asked = new URLSearchParams(location.search).get("t");
if (asked === null && isDirect) load(start);
else seek(asked === null ? start : Number(asked), false);

call("GET", place.dataset.timeline)
  .then((data) => {
    line = draw(place, data);
    show(asked === null ? start : Number(asked));
  })
  .catch((error) => tell(error.message));
