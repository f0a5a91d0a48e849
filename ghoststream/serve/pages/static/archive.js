// How far the archive is.

import { follow } from "./feed.js";

const line = document.querySelector("[data-archive]");

function show({ done, of }, sentence) {
  const bar = line.querySelector("progress");
  if (!bar) return;
  line.hidden = false;
  bar.max = of || 1;
  bar.value = done;
  line.querySelector("[data-archive-progress]").textContent = sentence;
}

follow("archive", (news) => {
  if (!line) return;
  const isNaming = news.naming !== undefined;
  const isOver = isNaming ? news.naming !== "naming" : news.state !== (line.dataset.archiveState ?? news.state);
  if (isNaming && news.naming === "failed") return show(news, news.message);
  if (isOver) return location.reload();
  show(news, `${news.done} of ${news.of} videos are ${isNaming ? `named by ${news.head ?? "the archive's own head"}` : "labelled"}`);
});
