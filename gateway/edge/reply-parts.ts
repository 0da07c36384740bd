import { STATUS_CODES } from "node:http";
import type { PlainReply } from "./listener.ts";

/** What listeners write by themselves, from the body and the connection's fate. */
const ownHeaders: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "connection"]);
const namePattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Tab and everything that is visible: a line break would begin a header of somebody else's choice. */
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;

/** `404 Not Found`. */
export function statusText(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? "Unknown"}`;
}

/** The headers to write. One that would break the reply's form is left out. */
export function replyHeaders(reply: PlainReply): [name: string, value: string][] {
  return Object.entries(reply.headers).filter(
    ([name, value]) => !ownHeaders.has(name.toLowerCase()) && namePattern.test(name) && valuePattern.test(value),
  );
}

export function replyBody(reply: PlainReply): Uint8Array {
  return typeof reply.body === "string" ? Buffer.from(reply.body, "utf8") : reply.body;
}

/** Whether a reply of that status has no body and no word about its length. */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}
