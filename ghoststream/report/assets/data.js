"use strict";

// What the page was given: times are seconds on the clock of their source.

const data = JSON.parse(document.getElementById("data").textContent);

const events = data.events.map((row, place) => ({
  place, source: row[0], lane: row[1], start: row[2], end: row[3], best: row[4], score: row[5],
  image: row[6], clip: row[7], clipStart: row[8],
}));
const bySource = data.sources.map(() => []);
for (const event of events) bySource[event.source].push(event);
for (const source of data.sources) {
  source.gap = usualGap(source.times);
  source.most = mostShown(source);
}

const sourceNumbers = [...data.sources.keys()];
const names = data.lanes.map((lane) => lane.toLowerCase());
const sourceNames = data.sources.map((each) => each.name.toLowerCase());

function countsByLane(some) {
  const counts = new Map();
  for (const event of some) counts.set(event.lane, (counts.get(event.lane) ?? 0) + 1);
  return counts;
}

function endOf(event) {
  return event.end ?? Math.max(event.start, data.sources[event.source].last ?? event.start);
}

// The usual time from one clip to the next; nothing is known of what lies between those further apart.
function usualGap(times) {
  const gaps = times.slice(1).map((time, index) => time - times[index]).sort((a, b) => a - b);
  return gaps.length ? gaps[gaps.length >> 1] : 0;
}

// Up to where the chart of scores goes.
function mostShown({ enter, lines }) {
  let most = enter ?? 0;
  for (const [, scores] of lines) for (const score of scores) if (score > most) most = score;
  return most > 0.5 ? 1 : most > 0.2 ? 0.5 : 0.2;
}
