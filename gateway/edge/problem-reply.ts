import { STATUS_CODES } from "node:http";
import type { PlainReply } from "./listener.ts";

/** An error as `application/problem+json` (RFC 9457). `detail` is one line for people and repeats nothing that the client sent. */
export function problemReply(
  status: number,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): PlainReply {
  return {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
    body: JSON.stringify({ type: "about:blank", title: STATUS_CODES[status] ?? "Error", status, detail }),
  };
}
