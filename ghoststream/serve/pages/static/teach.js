// Classes, trainings and heads.

import "./archive.js";
import { attempt, call } from "./api.js";
import { follow } from "./feed.js";

document.querySelector("[data-add-class]")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  if ((await attempt("POST", "/api/classes", { name: event.target.elements.name.value.trim() })) !== undefined) location.reload();
});

document.querySelector("[data-train]")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const problem = document.querySelector("[data-train-problem]");
  try {
    await call("POST", "/api/trainings", { name: event.target.elements.name.value.trim() });
    location.reload();
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const training = button.closest("[data-training]");
  if (button.matches("[data-delete-class]")) {
    const name = button.closest("[data-class]").dataset.class;
    if ((await attempt("DELETE", `/api/classes/${encodeURIComponent(name)}`)) !== undefined) location.reload();
  } else if (button.matches("[data-delete-example]")) {
    const example = button.closest("[data-example]");
    if ((await attempt("DELETE", `/api/examples/${example.dataset.example}`)) !== undefined) location.reload();
  } else if (button.matches("[data-switch-on]")) {
    const answer = await attempt("PUT", "/api/heads/active", { name: button.dataset.switchOn || null });
    if (answer !== undefined) location.assign("/teach#heads");
    if (answer !== undefined && location.pathname === "/teach") location.reload();
  } else if (button.matches("[data-cancel]")) {
    await attempt("POST", `/api/trainings/${training.dataset.training}/cancel`);
  }
});

follow("training", (training) => {
  const line = document.querySelector(`[data-training="${training.id}"]`);
  if (!line) return;
  const isOver = !["waiting", "running"].includes(training.state);
  if (isOver && line.dataset.state !== training.state) return location.reload();
  line.dataset.state = training.state;
  line.querySelector("[data-state-name]").textContent = training.state;
  line.querySelector("[data-message]").textContent = training.message ?? "";
  const bar = line.querySelector("progress");
  if (bar) {
    bar.max = training.of || 1;
    bar.value = training.done ?? 0;
  }
});
