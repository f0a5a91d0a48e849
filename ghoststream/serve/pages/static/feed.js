// One connection to the feed for the whole page; it comes back by itself.

import { tell } from "./api.js";

const feed = new EventSource("/api/feed");
let wasOpen = false;
feed.addEventListener("error", () => feed.readyState === EventSource.CLOSED && tell("Nothing new is told here any more; load the page anew."));
addEventListener("pagehide", () => feed.close());
feed.addEventListener("lost", (event) => tell(`${JSON.parse(event.data).count} news were too many at once; load the page anew to see all.`));
feed.addEventListener("open", () => {
  if (wasOpen) tell("The server did not answer for a while; load the page anew to see what has happened since.");
  wasOpen = true;
});

export function follow(kind, hear) {
  feed.addEventListener(kind, (event) => hear(JSON.parse(event.data)));
}
