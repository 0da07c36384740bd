import type { PlainReply } from "./listener.ts";
import { listenerLimits } from "./listener-limits.ts";
import { problemReply } from "./problem-reply.ts";

/** What a request turned out to be. */
export type RequestCheck =
  | { readonly kind: "plain" }
  | { readonly kind: "upgrade"; readonly key: string; readonly protocols: readonly string[] }
  | { readonly kind: "refuse"; readonly reply: PlainReply };

export interface CheckedRequest {
  /** As sent: methods are case-sensitive. */
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly header: (lowerCaseName: string) => string;
}

/** 16 bytes in base64: the last digit before the padding carries two bits only. */
const keyPattern = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const plain: RequestCheck = { kind: "plain" };

/**
 * EDGE-1: only an upgrade that RFC 6455 (4.2.1) allows reaches the site.
 *
 * A request that asks for no upgrade is plain, and so is one that asks for another protocol and has nothing of a WebSocket about it:
 * clients that would like HTTP/2 ask on every request, and a server may ignore that.
 */
export function checkRequest(request: CheckedRequest): RequestCheck {
  const { method, path, query, header } = request;
  if (!path.startsWith("/")) return refuse(400, "the request target must be a path");
  if (path.length + query.length > listenerLimits.targetBytesMax) {
    return refuse(414, `path and query are longer than ${listenerLimits.targetBytesMax} bytes`);
  }
  if (header("upgrade") === "" || !listHas(header("connection"), "upgrade")) return plain;

  const key = header("sec-websocket-key");
  const version = header("sec-websocket-version");
  if (!listHas(header("upgrade"), "websocket")) {
    return key === "" && version === "" ? plain : refuse(400, "the Upgrade header must name websocket");
  }
  if (method !== "GET") return refuse(400, "a WebSocket upgrade must be a GET request");
  if (hasBody(header)) return refuse(400, "a WebSocket upgrade must have no body");
  if (version !== "13") {
    return refuse(426, "only WebSocket version 13 is spoken here", {
      "sec-websocket-version": "13",
      upgrade: "websocket",
    });
  }
  if (!keyPattern.test(key)) return refuse(400, "Sec-WebSocket-Key must be 16 bytes in base64");
  const protocols = parseProtocols(header("sec-websocket-protocol"));
  return protocols === undefined
    ? refuse(400, "Sec-WebSocket-Protocol must be a list of distinct tokens")
    : { kind: "upgrade", key, protocols };
}

/** Whether a request announces a body: it is never read, the connection ends with the reply. */
export function hasBody(header: (lowerCaseName: string) => string): boolean {
  const contentLength = header("content-length");
  return header("transfer-encoding") !== "" || (contentLength !== "" && contentLength !== "0");
}

function refuse(status: number, detail: string, headers?: Readonly<Record<string, string>>): RequestCheck {
  return { kind: "refuse", reply: problemReply(status, detail, headers) };
}

function listHas(list: string, lowerCaseToken: string): boolean {
  return list.split(",").some((item) => item.trim().toLowerCase() === lowerCaseToken);
}

/** `undefined` for a list that RFC 6455 forbids or that is beyond our limits. */
function parseProtocols(list: string): readonly string[] | undefined {
  if (list === "") return [];
  const offered = list.split(",").map((item) => item.trim());
  if (offered.length > listenerLimits.protocolsOfferedMax || new Set(offered).size !== offered.length) return undefined;
  const fits = (item: string) => item.length <= listenerLimits.protocolBytesMax && tokenPattern.test(item);
  return offered.every(fits) ? offered : undefined;
}
