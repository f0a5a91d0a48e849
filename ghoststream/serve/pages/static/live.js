// Tiles of cameras. Previews cost the machine something, so a page that nobody sees asks for none.

import "./review.js";
import "./arriving.js";
import { follow } from "./feed.js";

const grid = document.querySelector(".cameras");
const button = document.querySelector("[data-previews]");
const images = [...document.querySelectorAll("[data-preview]")];
const timers = new Map();
const RETRY_MILLISECONDS = 3000;
// A browser opens six connections to a server, and has to have some for all else.
const STREAMS = 3;
const POLL_MILLISECONDS = 1000;
let isWanted = true;

const isStream = (image) => images.indexOf(image) < STREAMS;

function show(image) {
  clearTimeout(timers.get(image));
  if (isWanted && !document.hidden) image.src = `${image.dataset.preview}.${isStream(image) ? "mjpeg" : "jpg"}?at=${Date.now()}`;
  else image.removeAttribute("src");
}

function showLater(image, milliseconds) {
  clearTimeout(timers.get(image));
  timers.set(image, setTimeout(show, milliseconds, image));
}

function tileOf(name) {
  return [...document.querySelectorAll(".camera")].find((tile) => tile.dataset.camera === name);
}

function update(camera) {
  const tile = tileOf(camera.name);
  if (!tile) return;
  if (tile.dataset.state !== "running" && camera.state === "running") show(tile.querySelector("[data-preview]"));
  tile.dataset.state = camera.state;
  tile.querySelector("[data-state-name]").textContent = camera.state;
  tile.querySelector("[data-cause]").textContent = camera.cause ?? camera.state;
  tile.querySelector("[data-fps]").textContent = `${camera.fps.toFixed(1)} fps`;
  tile.querySelector("[data-label]").textContent = camera.labels[0]?.label ?? "nothing yet";
  tile.querySelector("[data-score]").value = camera.labels[0]?.score ?? 0;
  tile.querySelector("[data-facts]").textContent = `${camera.reconnects} reconnects · ${camera.stalls} stalls · ${camera.dropped} dropped`;
}

if (grid) {
  for (const image of images) {
    image.addEventListener("load", () => isStream(image) || showLater(image, POLL_MILLISECONDS));
    image.addEventListener("error", () => image.getAttribute("src") && showLater(image, RETRY_MILLISECONDS));
  }
  button.addEventListener("click", () => {
    isWanted = !isWanted;
    button.setAttribute("aria-pressed", String(isWanted));
    images.forEach(show);
  });
  document.querySelector("[data-tile-size]").addEventListener("input", (event) => {
    grid.dataset.size = event.target.value;
  });
  document.addEventListener("visibilitychange", () => images.forEach(show));
  images.forEach(show);
  follow("camera", update);
}
