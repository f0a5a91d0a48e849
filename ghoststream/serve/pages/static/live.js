// Tiles of cameras. Previews cost the machine something, so a page that nobody sees asks for none.

import "./review.js";
import "./arriving.js";
import { follow } from "./feed.js";

const grid = document.querySelector(".cameras");
const button = document.querySelector("[data-previews]");
const RETRY_MILLISECONDS = 3000;
let isWanted = true;

function show() {
  for (const image of document.querySelectorAll("[data-preview]")) {
    if (isWanted && !document.hidden) image.src = `${image.dataset.preview}?at=${Date.now()}`;
    else image.removeAttribute("src");
  }
}

function tileOf(name) {
  return [...document.querySelectorAll(".camera")].find((tile) => tile.dataset.camera === name);
}

function update(camera) {
  const tile = tileOf(camera.name);
  if (!tile) return;
  if (tile.dataset.state !== "running" && camera.state === "running" && isWanted) {
    const image = tile.querySelector("[data-preview]");
    image.src = `${image.dataset.preview}?at=${Date.now()}`;
  }
  tile.dataset.state = camera.state;
  tile.querySelector("[data-state-name]").textContent = camera.state;
  tile.querySelector("[data-cause]").textContent = camera.cause ?? camera.state;
  tile.querySelector("[data-fps]").textContent = `${camera.fps.toFixed(1)} fps`;
  tile.querySelector("[data-label]").textContent = camera.labels[0]?.label ?? "nothing yet";
  tile.querySelector("[data-score]").value = camera.labels[0]?.score ?? 0;
  tile.querySelector("[data-facts]").textContent = `${camera.reconnects} reconnects · ${camera.stalls} stalls · ${camera.dropped} dropped`;
}

if (grid) {
  for (const image of document.querySelectorAll("[data-preview]")) {
    image.addEventListener("error", () => {
      if (image.getAttribute("src")) setTimeout(() => isWanted && !document.hidden && (image.src = `${image.dataset.preview}?at=${Date.now()}`), RETRY_MILLISECONDS);
    });
  }
  button.addEventListener("click", () => {
    isWanted = !isWanted;
    button.setAttribute("aria-pressed", String(isWanted));
    show();
  });
  document.querySelector("[data-tile-size]").addEventListener("input", (event) => {
    grid.dataset.size = event.target.value;
  });
  document.addEventListener("visibilitychange", show);
  show();
  follow("camera", update);
}
