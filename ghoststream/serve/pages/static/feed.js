// One connection to the feed for the whole page; it comes back by itself.

const feed = new EventSource("/api/feed");
addEventListener("pagehide", () => feed.close());

export function follow(kind, hear) {
  feed.addEventListener(kind, (event) => hear(JSON.parse(event.data)));
}
