// Events as they come, on top of those that are there.

import { drawn } from "./api.js";
import { follow } from "./feed.js";
import { localize } from "./page.js";

const MOST = 200;
const list = document.querySelector("[data-follow]");

async function arrive(event) {
  const there = document.getElementById(`event-${event.id}`);
  if (there?.contains(document.activeElement) || there?.querySelector("[data-pick]:checked")) return;
  // It has come before, and stands further down, or on another page.
  if (!there && event.end_time !== null) return;
  const card = await drawn(`/events/${encodeURIComponent(event.id)}/card`);
  if (!card) return;
  const now = document.getElementById(`event-${event.id}`);
  if (now) now.replaceWith(card);
  else {
    card.classList.add("fresh");
    list.prepend(card);
    while (list.children.length > MOST) list.lastElementChild.remove();
  }
  document.querySelector("[data-none]")?.remove();
  localize(card);
}

if (list) {
  follow("event", arrive);
  follow("evidence", (event) => document.getElementById(`event-${event.id}`) && arrive(event));
}
