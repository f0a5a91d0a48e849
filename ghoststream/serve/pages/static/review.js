// Cards of events and moments: verdicts, selection, classes, all of it with the keyboard.

import { attempt, drawn, tell } from "./api.js";
import { localize } from "./page.js";

const walked = () => [...document.querySelectorAll("[data-walk] .card")];
const bar = document.querySelector("[data-class-bar]");
const correct = document.getElementById("correct");
let corrected = null;
let lastPicked = null;

async function redraw(card) {
  const fresh = await drawn(`/events/${encodeURIComponent(card.dataset.event)}/card`);
  if (!fresh) return;
  const hadFocus = card.contains(document.activeElement);
  fresh.querySelector("[data-pick]").checked = card.querySelector("[data-pick]").checked;
  card.replaceWith(fresh);
  localize(fresh);
  if (hadFocus) fresh.focus();
}

const verdictOf = (card) => `/api/events/${encodeURIComponent(card.dataset.event)}/verdict`;

async function judge(card, verdict, label) {
  const answer = await attempt("PUT", verdictOf(card), label === undefined ? { verdict } : { verdict, label });
  if (answer !== undefined) await redraw(card);
}

async function undo(card) {
  if ((await attempt("DELETE", verdictOf(card))) !== undefined) await redraw(card);
}

function askForLabel(card) {
  corrected = card;
  correct.querySelector("input").value = "";
  correct.showModal();
}

correct?.querySelector("[data-close]").addEventListener("click", () => correct.close());
correct?.querySelector("[data-correct-form]").addEventListener("submit", (event) => {
  judge(corrected, "corrected", event.target.label.value);
});
correct?.addEventListener("close", () => corrected?.focus());

const picked = () => walked().filter((card) => card.querySelector("[data-pick]")?.checked);

function showPicked() {
  if (!bar) return;
  const count = picked().length;
  bar.hidden = count === 0;
  bar.querySelector("[data-picked]").textContent = String(count);
}

function pick(card, isRange) {
  const box = card.querySelector("[data-pick]");
  const cards = walked();
  const [from, to] = [cards.indexOf(lastPicked), cards.indexOf(card)].sort((a, b) => a - b);
  if (isRange && from >= 0) for (const each of cards.slice(from, to + 1)) each.querySelector("[data-pick]").checked = true;
  else box.checked = !box.checked;
  lastPicked = card;
  showPicked();
}

function pickAll() {
  for (const card of walked()) card.querySelector("[data-pick]").checked = true;
  showPicked();
}

function pickNone() {
  for (const card of picked()) card.querySelector("[data-pick]").checked = false;
  showPicked();
}

const itemOf = (card) =>
  card.dataset.event
    ? { event: card.dataset.event }
    : { video: card.dataset.stretchVideo, start_seconds: Number(card.dataset.start), end_seconds: Number(card.dataset.end) };

const chosen = () => (picked().length ? picked() : [document.activeElement.closest?.(".card")].filter(Boolean));

async function collect(name, cards = chosen()) {
  if (!cards.length) {
    tell("Select moments first: x selects the one in focus.");
    return false;
  }
  const answer = await attempt("POST", "/api/examples", { class: name, items: cards.map(itemOf) });
  if (answer === undefined) return false;
  tell(`${cards.length} into ${name}.`);
  for (const card of cards) card.querySelector("[data-pick]").checked = false;
  showPicked();
  return true;
}

/** Each into the class of its label, or of what people have corrected it to. */
async function collectAsNamed() {
  const named = Map.groupBy(chosen().filter((card) => card.dataset.label), (card) => card.dataset.label);
  if (!named.size) tell("Select moments with a label first: x selects the one in focus.");
  for (const [label, cards] of named) await collect(label, cards);
}

bar?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-into-class]");
  if (button) collect(button.dataset.intoClass);
  if (event.target.closest("[data-as-named]")) collectAsNamed();
  if (event.target.closest("[data-pick-none]")) pickNone();
});
bar?.querySelector("[data-new-class]").addEventListener("submit", async (event) => {
  event.preventDefault();
  // The server makes the class.
  if (await collect(event.target.elements.name.value.trim())) location.reload();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick]")) {
    lastPicked = event.target.closest(".card");
    showPicked();
  }
});

document.addEventListener("click", (event) => {
  const card = event.target.closest(".card[data-event]");
  if (!card) return;
  const button = event.target.closest("button");
  if (button?.dataset.verdictSet) judge(card, button.dataset.verdictSet);
  else if (button?.matches("[data-verdict-correct]")) askForLabel(card);
  else if (button?.matches("[data-verdict-undo]")) undo(card);
});

function move(step) {
  const cards = walked();
  const here = cards.indexOf(document.activeElement.closest?.(".card"));
  cards[Math.min(cards.length - 1, Math.max(0, here + step))]?.focus();
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  ArrowRight: () => move(1),
  ArrowLeft: () => move(-1),
  x: (card, event) => card && pick(card, event.shiftKey),
  X: (card) => card && pick(card, true),
  a: () => pickAll(),
  0: () => bar && collectAsNamed(),
  c: (card) => card?.dataset.event && judge(card, "confirmed"),
  d: (card) => card?.dataset.event && judge(card, "dismissed"),
  e: (card) => card?.dataset.event && askForLabel(card),
  u: (card) => card?.dataset.event && undo(card),
  p: (card) => card?.querySelector("[data-play], a.picture")?.click(),
  Enter: (card) => card?.querySelector("[data-play], a.picture")?.click(),
  Escape: () => pickNone(),
};

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input:not([type=checkbox]), select, textarea, dialog");
  const isOnButton = event.key === "Enter" && event.target.closest("button, a");
  if (isTyping || isOnButton || event.ctrlKey || event.metaKey || event.altKey) return;
  const digit = /^[1-9]$/.test(event.key) ? bar?.querySelectorAll("[data-into-class]")[Number(event.key) - 1] : null;
  if (digit) collect(digit.dataset.intoClass);
  else if (keys[event.key]) keys[event.key](event.target.closest(".card"), event);
  else return;
  event.preventDefault();
});
