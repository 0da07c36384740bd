import type { Duplex } from "node:stream";
import type { PlainReply } from "./listener.ts";
import { isBodiless, replyBody, replyHeaders, statusText } from "./reply-parts.ts";

/** How long a client may take to read a reply and hang up. */
const lingerMsMax = 3_000;

/**
 * Answers on a connection that Node has already handed over as an upgrade, and ends it. What the client still sends is thrown
 * away: hanging up on unread bytes would reset the connection under the reply.
 */
export function writeRawReply(stream: Duplex, method: string, reply: PlainReply): void {
  const body = replyBody(reply);
  const lines = [`HTTP/1.1 ${statusText(reply.status)}`, "connection: close"];
  if (!isBodiless(reply.status)) lines.push(`content-length: ${body.byteLength}`);
  for (const [name, value] of replyHeaders(reply)) lines.push(`${name}: ${value}`);
  const linger = setTimeout(() => stream.destroy(), lingerMsMax).unref();
  stream.once("close", () => clearTimeout(linger));
  stream.resume();
  stream.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  stream.end(isBodiless(reply.status) || method === "HEAD" ? undefined : body);
}
