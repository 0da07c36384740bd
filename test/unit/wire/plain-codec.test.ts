import { Packr, pack } from "msgpackr";
import { describe, expect, test } from "vitest";
import {
  decodeControl,
  decodeJoinInfo,
  decodePlain,
  encodeControl,
  encodeJoinInfo,
  encodePlain,
} from "../../../gateway/wire/control-codec.ts";
import { RoomgateError } from "../../../gateway/wire/errors.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const nested = (depth: number) => new Uint8Array([...new Array<number>(depth).fill(0x91), 0xc0]);

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return error instanceof RoomgateError ? error.code : "another error";
  }
  return undefined;
}

describe("WIRE-4: only plain data comes out, whatever the bytes", () => {
  const refused: Record<string, [bytes: Uint8Array, rule: string]> = {
    nothing: [bytes(), "truncated"],
    "0xc1": [bytes(0xc1), "byte 0xc1"],
    "0xc1 inside": [bytes(0x92, 1, 0xc1), "byte 0xc1"],
    "a date": [pack(new Date(0)), "extension type"],
    "a set": [new Packr({ moreTypes: true }).pack(new Set([1])), "extension type"],
    "a regular expression": [new Packr({ moreTypes: true }).pack(/a+/), "extension type"],
    "an error": [new Packr({ moreTypes: true }).pack(new Error("x")), "extension type"],
    "a record of the library": [new Packr().pack({ a: 1 }), "extension type"],
    "two values": [bytes(1, 2), "bytes behind the value"],
    "a megabyte of empty maps": [new Uint8Array(1_000_000).fill(0x80), "bytes behind the value"],
    "a string cut short": [bytes(0xa3, 0x61), "truncated"],
    "a length cut short": [bytes(0xda, 0), "truncated"],
    "a float cut short": [bytes(0xcb, 0, 0), "truncated"],
    "an array that announces 4 294 967 295": [bytes(0xdd, 255, 255, 255, 255, 1), "truncated"],
    "a map that announces 4 294 967 295": [bytes(0xdf, 255, 255, 255, 255, 0xa0, 1), "truncated"],
    "a map with a number as key": [bytes(0x81, 1, 2), "key is not a string"],
    "a map with a map as key": [bytes(0x81, 0x80, 2), "key is not a string"],
    "a map without its last value": [bytes(0x81, 0xa1, 0x61), "truncated"],
    "a key that reaches the prototype": [bytes(0x81, 0xa9, ...Buffer.from("__proto__"), 0x80), "key __proto__"],
    "an integer of 2^53": [bytes(0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0), "integer beyond 2^53"],
    "an integer below -2^53": [bytes(0xd3, 0xff, 0xdf, 255, 255, 255, 255, 255, 255), "integer beyond 2^53"],
    "nested 33 deep": [nested(33), "too deep"],
    "nested a million deep": [nested(1_000_000), "too deep"],
  };
  test.each(Object.entries(refused))("%s", (_name, [input, rule]) => {
    expect(decodePlain(input)).toEqual({ kind: "fault", rule });
  });

  test("an array of a million empty maps costs no more than looking at it", () => {
    const bomb = new Uint8Array(1_000_005).fill(0x80);
    bomb.set([0xdd, 0, 0x0f, 0x42, 0x40]);
    const heapBefore = process.memoryUsage().heapUsed;
    expect(decodePlain(bomb, { itemsMax: 1_000_000 })).toEqual({ kind: "fault", rule: "too many items" });
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(5_000_000);
  });

  test("limits of the caller hold", () => {
    expect(decodePlain(bytes(0x92, 1, 2), { bytesMax: 2 })).toEqual({ kind: "fault", rule: "too many bytes" });
    expect(decodePlain(bytes(0x92, 1, 2), { itemsMax: 2 })).toEqual({ kind: "fault", rule: "too many items" });
    expect(decodePlain(bytes(0x91, 0x90), { depthMax: 1 })).toEqual({ kind: "fault", rule: "too deep" });
    expect(decodePlain(nested(32))).toMatchObject({ kind: "value" });
  });

  test("integers of 8 bytes that fit are numbers", () => {
    expect(decodePlain(bytes(0xcf, 0, 0x1f, 255, 255, 255, 255, 255, 255))).toEqual({
      kind: "value",
      value: Number.MAX_SAFE_INTEGER,
    });
    expect(decodePlain(bytes(0xd3, 255, 255, 255, 255, 255, 255, 255, 255))).toEqual({ kind: "value", value: -1 });
  });

  test("binaries are copies, and Uint8Arrays", () => {
    const source = Buffer.from(encodePlain([Uint8Array.of(1, 2)]));
    const decoded = decodePlain(source);
    source.fill(0);
    expect(decoded).toEqual({ kind: "value", value: [Uint8Array.of(1, 2)] });
  });
});

describe("WIRE-4: what is not plain data is refused before it is written, with its place", () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const refused: Record<string, [value: unknown, code: string]> = {
    "a date": [{ a: [new Date()] }, "not-plain-data"],
    "a map": [new Map(), "not-plain-data"],
    "a class": [new (class Point {})(), "not-plain-data"],
    "a function": [() => 1, "not-plain-data"],
    "a symbol": [Symbol("s"), "not-plain-data"],
    "a bigint": [1n, "not-plain-data"],
    "another typed array": [new Float32Array(1), "not-plain-data"],
    "a cycle": [cyclic, "not-plain-data"],
    "a key that reaches the prototype": [JSON.parse('{"__proto__": 1}'), "not-plain-data"],
    "too many bytes": ["x".repeat(16 * 1024 * 1024 + 1), "too-big"],
  };
  test.each(Object.entries(refused))("%s", (_name, [value, code]) => {
    expect(codeOf(() => encodePlain(value))).toBe(code);
  });

  test("the error names the place", () => {
    expect(() => encodePlain({ players: [{ joined: new Date() }] })).toThrow("value.players[0].joined");
  });

  test("limits of the caller hold", () => {
    expect(codeOf(() => encodePlain("x".repeat(100), { bytesMax: 100 }))).toBe("too-big");
    expect(codeOf(() => encodePlain([1, 2, 3], { itemsMax: 3 }))).toBe("too-big");
    expect(codeOf(() => encodePlain([[1]], { depthMax: 1 }))).toBe("not-plain-data");
  });
});

test("undefined becomes null", () => {
  expect(decodePlain(encodePlain([undefined, { a: undefined }]))).toEqual({
    kind: "value",
    value: [null, { a: null }],
  });
});

test("what is encoded has bytes of its own", () => {
  const first = encodePlain({ a: 1 });
  expect(first.buffer.byteLength).toBe(first.byteLength);
});

describe("control messages", () => {
  test("keys that are undefined are left out", () => {
    const decoded = decodeControl(encodeControl({ t: "answer", id: 1, status: "ok", detail: undefined }));
    expect(decoded).toEqual({ kind: "message", message: { t: "answer", id: 1, status: "ok" } });
  });

  test("WIRE-4: a wrong shape is refused, and its content is not in the rule", () => {
    const decoded = decodeControl(encodePlain({ t: "redirect", channel: 1, room: "Secret Room", server: "s" }));
    expect(decoded.kind).toBe("fault");
    expect(JSON.stringify(decoded)).not.toContain("Secret");
  });

  test("WIRE-4: an unknown message is refused", () => {
    expect(decodeControl(encodePlain({ t: "shutdown" }))).toEqual({ kind: "fault", rule: "no control message" });
    expect(decodeControl(encodePlain(["bind"]))).toEqual({ kind: "fault", rule: "no control message" });
  });

  test("nested deeper than 16 is refused", () => {
    let value: unknown = 1;
    for (let depth = 0; depth < 20; depth += 1) value = [value];
    expect(codeOf(() => encodeControl({ t: "answer", id: 1, status: "ok", value }))).toBe("not-plain-data");
  });
});

describe("join info", () => {
  test("at its longest it fits", () => {
    const info = { query: "☃".repeat(8192), protocol: "☃".repeat(256) };
    expect(decodeJoinInfo(encodeJoinInfo(info))).toEqual(info);
  });

  test("anything else is refused", () => {
    expect(decodeJoinInfo(encodePlain({ query: "a" }))).toBeUndefined();
    expect(decodeJoinInfo(encodePlain({ query: "x".repeat(8193), protocol: "" }))).toBeUndefined();
    expect(decodeJoinInfo(bytes(0xc1))).toBeUndefined();
  });
});
