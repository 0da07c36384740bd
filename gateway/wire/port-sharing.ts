/** First Node whose own servers can share a port between processes (`reusePort`). uWebSockets.js can on every Node. */
export const nodeThatSharesPorts = "22.12";

/** Whether Node's own servers share ports in this version of it, `22.12.0` or the like. */
export function nodeSharesPorts(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  // Of the odd line between them, 23.0 could not.
  return major === 22 ? minor >= 12 : major === 23 ? minor >= 1 : major > 23;
}
