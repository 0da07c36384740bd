import { describe, expect, it } from "vitest";
import { checkRequest, hasBody } from "../../../gateway/edge/upgrade-check.ts";

const valid = {
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

function check(
  changes: Readonly<Record<string, string>> = {},
  line: { method?: string; path?: string; query?: string } = {},
) {
  const headers: Readonly<Record<string, string>> = { ...valid, ...changes };
  return checkRequest({
    method: "GET",
    path: "/rooms/echo/1",
    query: "",
    ...line,
    header: (name) => headers[name] ?? "",
  });
}

function refusalStatus(result: ReturnType<typeof check>): number | undefined {
  return result.kind === "refuse" ? result.reply.status : undefined;
}

describe("EDGE-1: the check of an upgrade", () => {
  it("lets a valid one through, with the protocols in the client's order", () => {
    expect(check({ "sec-websocket-protocol": " b,a , c" })).toEqual({
      kind: "upgrade",
      key: valid["sec-websocket-key"],
      protocols: ["b", "a", "c"],
    });
  });

  it.each([
    ["lists with other tokens", { connection: "keep-alive , uPgRaDe", upgrade: "h2c, WebSocket" }],
    ["a body of no bytes", { "content-length": "0" }],
  ])("lets %s through", (_what, changes) => {
    expect(check(changes).kind).toBe("upgrade");
  });

  it.each([
    ["an empty version", 426, { "sec-websocket-version": "" }],
    ["a version with something behind it", 426, { "sec-websocket-version": "13x" }],
    ["an empty key", 400, { "sec-websocket-key": "" }],
    ["two keys", 400, { "sec-websocket-key": `${valid["sec-websocket-key"]}, ${valid["sec-websocket-key"]}` }],
    ["a key whose last digit says more than 16 bytes", 400, { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZR==" }],
    ["another protocol and a key", 400, { upgrade: "h2c" }],
    ["a word that only begins like it", 400, { upgrade: "websockets" }],
    ["a body", 400, { "content-length": "1" }],
    ["a body of unknown length", 400, { "transfer-encoding": "gzip" }],
    ["an empty protocol in the list", 400, { "sec-websocket-protocol": "a,,b" }],
    ["a protocol that would break a header", 400, { "sec-websocket-protocol": "a\r\nx: y" }],
    ["a protocol that is too long", 400, { "sec-websocket-protocol": "a".repeat(257) }],
    ["too many protocols", 400, { "sec-websocket-protocol": Array.from({ length: 33 }, (_, i) => `p${i}`).join() }],
  ])("refuses %s with %i", (_what, status, changes) => {
    expect(refusalStatus(check(changes))).toBe(status);
  });

  it.each([
    ["POST", 400, { method: "POST" }],
    ["a method in small letters", 400, { method: "get" }],
    ["a target that is no path", 400, { path: "http://host/rooms/echo/1" }],
    ["path and query of 8 193 bytes", 414, { path: `/${"a".repeat(4_096)}`, query: "b".repeat(4_096) }],
  ])("refuses %s with %i", (_what, status, line) => {
    expect(refusalStatus(check({}, line))).toBe(status);
  });

  it("takes path and query of 8 192 bytes", () => {
    expect(check({}, { path: `/${"a".repeat(4_095)}`, query: "b".repeat(4_096) }).kind).toBe("upgrade");
  });

  it.each([
    ["no upgrade", { upgrade: "" }],
    ["an upgrade that no proxy would pass on", { connection: "keep-alive" }],
    ["no word about it in Connection", { connection: "" }],
    ["an offer of HTTP/2", { upgrade: "h2c", "sec-websocket-key": "", "sec-websocket-version": "" }],
  ])("takes %s for plain", (_what, changes) => {
    expect(check(changes).kind).toBe("plain");
  });

  it("repeats nothing of the request in its answer", () => {
    const result = check({ "sec-websocket-key": "<script>", "sec-websocket-protocol": "<script>" });
    expect(JSON.stringify(result)).not.toContain("script");
  });

  it("knows a body when one is announced", () => {
    const having = (headers: Readonly<Record<string, string>>) => hasBody((name) => headers[name] ?? "");
    expect(having({})).toBe(false);
    expect(having({ "content-length": "0" })).toBe(false);
    expect(having({ "content-length": "7" })).toBe(true);
    expect(having({ "transfer-encoding": "chunked" })).toBe(true);
  });
});
