// The timeline, drawn.

function context(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.font = `12.5px ${getComputedStyle(document.body).fontFamily}`;
  pen.textBaseline = "middle";
  return pen;
}

function fitted(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && pen.measureText(`${letters.join("")}…`).width > width) letters.pop();
  return `${letters.join("")}…`;
}

function draw() {
  if (byId("source").hidden || timeline.clientWidth === 0) return;
  const width = timeline.clientWidth;
  const height = chartTop() + (hasChart() ? CHART + TRACK : TRACK);
  const pen = context(canvas, width, height);
  const ink = shade("--ink"), soft = shade("--soft"), line = shade("--line");
  drawTicks(pen, soft, line, height);
  drawLaneNames(pen, ink, soft);
  if (hasChart()) drawScale(pen, soft);
  pen.save();
  pen.beginPath();
  pen.rect(gutter(), 0, right() - gutter(), height);
  pen.clip();
  drawOutages(pen);
  drawLanes(pen, ink);
  if (hasChart()) drawScores(pen, soft);
  drawNow(pen, ink, height);
  pen.restore();
  drawTrack(pen, soft, line, height);
}

function drawTicks(pen, soft, line, height) {
  const [found, step] = ticks();
  pen.strokeStyle = line;
  pen.fillStyle = soft;
  pen.textAlign = "center";
  for (const seconds of found) {
    const x = Math.round(xOf(seconds)) + 0.5;
    pen.beginPath();
    pen.moveTo(x, AXIS - 4);
    pen.lineTo(x, height - TRACK);
    pen.stroke();
    const text = tickText(seconds, step);
    const half = pen.measureText(text).width / 2;
    pen.fillText(text, clamp(x, gutter() + half, timeline.clientWidth - half), 10);
  }
}

function drawLaneNames(pen, ink, soft) {
  pen.textAlign = "left";
  view.lanes.forEach((lane, row) => {
    const y = lanesTop + row * LANE + LANE / 2;
    pen.fillStyle = shade(colourOf(lane, view.source));
    pen.fillRect(0, y - 5, 10, 10);
    pen.fillStyle = ink;
    pen.fillText(fitted(pen, data.lanes[lane], gutter() - 28), 17, y);
  });
  pen.fillStyle = soft;
  if (!view.lanes.length) pen.fillText("no events", 0, lanesTop + LANE / 2);
}

function drawOutages(pen) {
  pen.fillStyle = shade("--away");
  for (const [start, end] of source().outages) {
    const from = xOf(start), to = xOf(end ?? whole()[1]);
    if (to > 0 && from < timeline.clientWidth) pen.fillRect(from, lanesTop, Math.max(2, to - from), lanesEnd() - lanesTop);
  }
}

function drawLanes(pen, ink) {
  const rows = new Map(view.lanes.map((lane, row) => [lane, row]));
  const colours = new Map(view.lanes.map((lane) => [lane, shade(colourOf(lane, view.source))]));
  for (const event of bySource[view.source]) {
    const row = rows.get(event.lane);
    const end = endOf(event);
    if (row === undefined || end < view.from || event.start > view.to) continue;
    const x = xOf(event.start), y = lanesTop + row * LANE + 4;
    const width = Math.max(3, xOf(end) - x);
    pen.globalAlpha = event === view.chosen ? 1 : 0.78;
    pen.fillStyle = colours.get(event.lane);
    pen.beginPath();
    pen.roundRect(x, y, width, LANE - 8, Math.min(4, width / 2));
    pen.fill();
    if (event === view.chosen) {
      pen.strokeStyle = ink;
      pen.lineWidth = 2;
      pen.stroke();
      pen.lineWidth = 1;
    }
  }
  pen.globalAlpha = 1;
}

const yOf = (score) => chartTop() + (1 - score / source().most) * (CHART - 6);

function drawScale(pen, soft) {
  const { most } = source();
  pen.fillStyle = soft;
  pen.textAlign = "right";
  for (const score of [0, most / 2, most]) pen.fillText(score.toFixed(most < 0.5 ? 2 : 1), gutter() - 8, yOf(score));
  pen.textAlign = "left";
  pen.fillText("score", 0, chartTop());
}

function drawScores(pen, soft) {
  if (source().enter !== null) {
    pen.strokeStyle = soft;
    pen.setLineDash([5, 4]);
    pen.beginPath();
    pen.moveTo(gutter(), yOf(source().enter));
    pen.lineTo(right(), yOf(source().enter));
    pen.stroke();
    pen.setLineDash([]);
  }
  for (const [lane, scores] of [...source().lines].reverse()) drawLine(pen, shade(colourOf(lane, view.source)), scores);
}

// Two clips are joined where nothing is missing between them, and a clip alone is a point.
function drawLine(pen, colour, scores) {
  const times = source().times;
  const joined = (step) => (scores[step] ?? null) !== null && (scores[step + 1] ?? null) !== null &&
    source().clips && times[step + 1] - times[step] <= 3 * source().gap;
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 2;
  pen.lineJoin = "round";
  pen.beginPath();
  const alone = [];
  const first = Math.max(0, nearestStep(view.from) - 1);
  for (let step = first; step < times.length && times[Math.max(0, step - 1)] <= view.to; step++) {
    const score = scores[step];
    if (score === null || score === undefined) continue;
    const x = xOf(times[step]), y = yOf(score);
    if (joined(step - 1)) pen.lineTo(x, y);
    else if (joined(step)) pen.moveTo(x, y);
    else alone.push([x, y]);
  }
  pen.stroke();
  for (const [x, y] of alone) {
    pen.beginPath();
    pen.arc(x, y, 2.5, 0, 7);
    pen.fill();
  }
  pen.lineWidth = 1;
}

function drawNow(pen, ink, height) {
  const x = xOf(view.now);
  pen.strokeStyle = pen.fillStyle = ink;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.moveTo(x, AXIS - 6);
  pen.lineTo(x, height - TRACK);
  pen.stroke();
  pen.beginPath();
  pen.moveTo(x - 5, AXIS - 8);
  pen.lineTo(x + 5, AXIS - 8);
  pen.lineTo(x, AXIS - 1);
  pen.fill();
  pen.lineWidth = 1;
}

// How much of the whole is in view.
function drawTrack(pen, soft, line, height) {
  const [first, last] = whole();
  if (view.to - view.from > (last - first) * 0.999) return;
  const width = right() - gutter();
  pen.fillStyle = line;
  pen.fillRect(gutter(), height - 6, width, 4);
  pen.fillStyle = soft;
  const shown = Math.max(8, ((view.to - view.from) / (last - first)) * width);
  pen.fillRect(Math.min(gutter() + ((view.from - first) / (last - first)) * width, right() - shown), height - 6, shown, 4);
}
