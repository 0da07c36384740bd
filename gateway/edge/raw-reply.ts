import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { PlainReply } from "./listener.ts";

/** How long a client may take to read a reply and hang up. */
const lingerMsMax = 3_000;
const ownHeaders = new Set(["content-length", "transfer-encoding", "connection"]);

/**
 * Answers on a connection that Node has already handed over as an upgrade, and ends it. What the client still sends is thrown
 * away: hanging up on unread bytes would reset the connection under the reply.
 */
export function writeRawReply(stream: Duplex, method: string, reply: PlainReply): void {
  const body = typeof reply.body === "string" ? Buffer.from(reply.body, "utf8") : reply.body;
  const isBodiless = reply.status === 304 || reply.status === 204;
  const lines = [`HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? "Unknown"}`, "connection: close"];
  if (!isBodiless) lines.push(`content-length: ${body.byteLength}`);
  for (const [name, value] of Object.entries(reply.headers)) {
    if (!ownHeaders.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
  }
  const linger = setTimeout(() => stream.destroy(), lingerMsMax).unref();
  stream.once("close", () => clearTimeout(linger));
  stream.resume();
  stream.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  stream.end(isBodiless || method === "HEAD" ? undefined : body);
}
