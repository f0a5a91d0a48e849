// What every page has: colours, signing in and out, times of this place, the player.

import { call, tell } from "./api.js";

const root = document.documentElement;

document.querySelector("[data-theme-switch]")?.addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
});

document.querySelector("[data-sign-out]")?.addEventListener("click", async () => {
  await call("DELETE", "/api/session").catch((error) => tell(error.message));
  location.assign("/sign-in");
});

/** An address of this page: "//elsewhere", and "/" with a tab behind it, would lead away from it. */
function within(address) {
  const isAddress = URL.canParse(address, location.href);
  return isAddress && new URL(address, location.href).origin === location.origin ? address : "/";
}

document.querySelector("[data-sign-in]")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const problem = document.querySelector("[data-problem]");
  try {
    await call("POST", "/api/session", { password: event.target.password.value });
    location.assign(within(new URLSearchParams(location.search).get("next") ?? "/"));
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    event.target.password.select();
  }
});

/** Times of cameras, as a clock on the wall here shows them. */
export function localize(within) {
  for (const time of within.querySelectorAll("time[data-local]")) {
    const moment = new Date(time.dateTime);
    const isToday = moment.toDateString() === new Date().toDateString();
    time.textContent = isToday ? moment.toLocaleTimeString() : moment.toLocaleString();
    time.title = time.dateTime;
  }
}
localize(document);

const player = document.getElementById("player");
const video = player.querySelector("video");
player.addEventListener("close", () => {
  video.pause();
  video.removeAttribute("src");
  video.load();
});
video.addEventListener("error", () => {
  if (video.getAttribute("src")) player.querySelector("[data-caption]").textContent = "The browser cannot play this; the file may have gone.";
});

export function play(address, caption) {
  player.querySelector("[data-caption]").textContent = caption;
  video.src = address;
  player.showModal();
  video.play().catch(() => {});
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-play]");
  if (button?.dataset.play) play(button.dataset.play, button.dataset.caption);
});

for (const field of document.querySelectorAll("input[data-unix]")) {
  if (field.dataset.unix) {
    const moment = new Date(1000 * Number(field.dataset.unix));
    field.value = new Date(moment - 60000 * moment.getTimezoneOffset()).toISOString().slice(0, 19);
  }
  // The server counts in Unix seconds, people in the time of this place.
  field.form.addEventListener("formdata", (event) => {
    const value = event.formData.get(field.name);
    if (value) event.formData.set(field.name, String(new Date(value).getTime() / 1000));
    else event.formData.delete(field.name);
  });
}
for (const form of document.querySelectorAll("form.filters")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
}
