import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closeReason } from "../../../gateway/edge/close-reason.ts";
import { headerMapOf } from "../../../gateway/edge/header-map.ts";
import { isBodiless, replyBody, replyHeaders, statusText } from "../../../gateway/edge/reply-parts.ts";
import { addressOfBytes, addressOfText } from "../../../gateway/wire/remote-address.ts";

describe("the reason of a close", () => {
  it("is always valid UTF-8, the longest beginning of the text that fits", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 200 });
    fc.assert(
      fc.property(text, (reason) => {
        const bytes = closeReason(reason);
        const cut = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
        expect(bytes.length).toBeLessThanOrEqual(123);
        expect(reason.startsWith(cut)).toBe(true);
        const next = [...reason.slice(cut.length)][0];
        if (next !== undefined) expect(bytes.length + Buffer.byteLength(next)).toBeGreaterThan(123);
      }),
    );
  });
});

describe("a header map", () => {
  const headers = headerMapOf(["Cookie", "a=1", "X-One", "1", "cookie", "b=2", "x-one", "2", "Sec-WebSocket-Key", "k"]);

  it("joins what is repeated and knows names in small letters", () => {
    expect(headers.get("cookie")).toBe("a=1; b=2");
    expect(headers.get("x-one")).toBe("1, 2");
    expect(headers.get("sec-websocket-key")).toBe("k");
    expect(headers.get("constructor")).toBe("");
  });
});

describe("a client's address", () => {
  it.each([
    [[127, 0, 0, 1], "127.0.0.1"],
    [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3], "10.1.2.3"],
    [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "::1"],
    [[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd], "2001:db8::abcd"],
    [[], ""],
  ])("of bytes %j is %s", (bytes, text) => {
    expect(addressOfBytes(Uint8Array.from(bytes))).toBe(text);
  });

  it("is the same where Node wrote it down", () => {
    expect(addressOfText("::ffff:10.1.2.3")).toBe("10.1.2.3");
    expect(addressOfText("2001:db8::abcd")).toBe("2001:db8::abcd");
    expect(addressOfText(undefined)).toBe("");
  });
});

describe("a reply", () => {
  it("leaves out headers that would break its form, and those that belong to the listener", () => {
    const headers = {
      location: "/game/",
      "x-split": "a\r\nset-cookie: b",
      "x\nname": "a",
      "x-wide": "\u0100",
      "Content-Length": "7",
      connection: "close",
    };
    expect(replyHeaders({ status: 200, headers, body: "" })).toEqual([["location", "/game/"]]);
  });

  it("has bytes and a status line", () => {
    expect(replyBody({ status: 200, headers: {}, body: "é" })).toEqual(Buffer.from([0xc3, 0xa9]));
    expect(statusText(426)).toBe("426 Upgrade Required");
    expect(statusText(299)).toBe("299 Unknown");
    expect([200, 204, 304, 404].map(isBodiless)).toEqual([false, true, true, false]);
  });
});
