import { element } from "./element.ts";

const linesMax = 5;
const lineMs = 6_000;

/** What has just happened in the arena, a line each, for a while. */
export function addToFeed(text: string): void {
  const feed = element("feed");
  const line = Object.assign(document.createElement("li"), { textContent: text });
  feed.append(line);
  while (feed.childElementCount > linesMax) feed.firstElementChild?.remove();
  window.setTimeout(() => line.remove(), lineMs);
}
