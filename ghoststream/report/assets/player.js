// The video, and what the model says of the moment that it shows.

const video = byId("video");

// `first` is the time of its first picture on the clock of the source.
function load(address, first) {
  if (address !== null && address === view.playing?.address) return;
  view.playing = address === null ? null : { address, zero: first, isWaiting: false, wanted: null };
  video.hidden = address === null;
  byId("no-video").hidden = address !== null;
  if (address === null) {
    video.removeAttribute("src");
    byId("no-video").textContent = source().live
      ? "Choose an event to see its clip, where one was kept."
      : "The video is not where the log says, so there is nothing to play.";
  } else {
    video.src = address;
    learnZero(view.playing);
  }
}

// Some browsers count from the first picture on, others as the file does; that picture tells which.
function learnZero(playing) {
  playing.isWaiting = "requestVideoFrameCallback" in video;
  if (playing.isWaiting) video.requestVideoFrameCallback((now, { mediaTime }) => {
    playing.zero -= mediaTime;
    playing.isWaiting = false;
    if (playing === view.playing && playing.wanted !== null) seek(playing.wanted);
  });
}

function seek(seconds) {
  if (view.playing.isWaiting) view.playing.wanted = seconds;
  else video.currentTime = Math.max(0, seconds - view.playing.zero);
}

video.addEventListener("error", () => {
  if (view.playing === null) return;
  const { address } = view.playing;
  video.hidden = true;
  byId("no-video").hidden = false;
  const codec = source().stream?.codec ?? "its format";
  byId("no-video").replaceChildren(
    `This browser cannot play the video (${codec}). `, element("a", { href: address }, "Open it"), " in a player.");
});

video.addEventListener("timeupdate", () => {
  if (view.playing === null || view.playing.isWaiting) return;
  view.now = video.currentTime + view.playing.zero;
  showNow();
  draw();
});

function goTo(seconds) {
  view.now = clamp(seconds, ...whole());
  if (!source().live && view.playing !== null) seek(view.now);
  showNow();
  draw();
}

function choose(event, { play = false, scroll = false } = {}) {
  if (event.source !== view.source) showSource(event.source);
  view.chosen = event;
  if (source().live) load(event.clip ?? null, event.clipStart ?? 0);
  const [from, to] = [view.from, view.to];
  if (event.best < from || event.best > to) setWindow(event.best - (to - from) / 2, event.best + (to - from) / 2);
  view.now = event.best;
  if (view.playing !== null) {
    seek(view.now);
    // A browser may refuse to play before the reader has done anything on the page.
    if (play) video.play().catch(() => {});
  }
  for (const row of byId("list").tBodies[0].rows) row.classList.toggle("chosen", Number(row.dataset.event) === event.place);
  if (scroll) byId("source").scrollIntoView({ block: "start" });
  update();
}

function nearestStep(seconds) {
  const times = source().times;
  let low = 0, high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < seconds) low = middle + 1; else high = middle;
  }
  return low > 0 && seconds - times[low - 1] < times[low] - seconds ? low - 1 : low;
}

function showNow() {
  byId("now-time").textContent = mainTime(source(), view.now);
  byId("now-clock").textContent = ownClock(source(), view.now);
  byId("now-title").textContent = source().clips ? "Scores at this moment" : "Events at this moment";
  byId("now-scores").replaceChildren(...scoresNow().map(([lane, score]) =>
    element("li", {},
      element("span", { class: "name" }, dot(lane, view.source), isolated(data.lanes[lane])),
      bar(lane, view.source, score ?? 0),
      element("span", { class: "score" }, score === null ? "–" : score.toFixed(2)))));
}

function scoresNow() {
  if (!source().clips) {
    const open = bySource[view.source].filter((event) => event.start <= view.now && view.now < endOf(event));
    return open.sort((a, b) => b.score - a.score).slice(0, FEW_LANES).map((event) => [event.lane, event.score]);
  }
  const step = nearestStep(view.now);
  const isNear = Math.abs(source().times[step] - view.now) <= Math.max(1, 1.5 * source().gap);
  return source().lines.map(([lane, scores]) => [lane, isNear ? scores[step] ?? null : null]);
}
