import { Packr, Unpackr } from "msgpackr";
import { RoomgateError } from "./errors.ts";
import { isPlainKey, type PlainLimits, scanPlain } from "./plain-scan.ts";

/** MessagePack of plain data: what goes in comes out, and nothing else can come out. */

export const plainLimitsDefault: PlainLimits = {
  bytesMax: 16 * 1024 * 1024,
  depthMax: 32,
  itemsMax: 1_000_000,
};

export type PlainDecoded =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "fault"; readonly rule: string };

const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true, moreTypes: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: "number", copyBuffers: true });

/**
 * Encodes `null`, booleans, numbers, strings, `Uint8Array`s, arrays and plain objects of these, into bytes of its own. `undefined`
 * becomes `null`. Throws a `RoomgateError` (`not-plain-data`, which names the place; `too-big`) for anything else.
 */
export function encodePlain(value: unknown, limits: Partial<PlainLimits> = {}): Uint8Array {
  const full = { ...plainLimitsDefault, ...limits };
  checkPlain(value, full, { items: 0 }, "value", 0);
  const packed = packr.pack(value);
  if (packed.length > full.bytesMax) {
    throw new RoomgateError("too-big", `the value takes ${packed.length} bytes, at most ${full.bytesMax} are allowed`);
  }
  // What `pack` gives is a part of a larger buffer of the library, which would be kept with it.
  return new Uint8Array(packed);
}

/** Decodes one value, if it is plain data within `limits`; otherwise says which rule it breaks. Never throws. Binaries are copies. */
export function decodePlain(bytes: Uint8Array, limits: Partial<PlainLimits> = {}): PlainDecoded {
  const rule = scanPlain(bytes, { ...plainLimitsDefault, ...limits });
  if (rule !== undefined) return { kind: "fault", rule };
  // A view of its own, so that binaries become Uint8Arrays also where `bytes` is a Buffer, and `bytes` stays untouched.
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return { kind: "value", value: unpackr.unpack(view) };
  } catch (error) {
    return { kind: "fault", rule: error instanceof Error ? error.message : "not decodable" };
  }
}

function checkPlain(value: unknown, limits: PlainLimits, count: { items: number }, path: string, depth: number): void {
  count.items += 1;
  if (count.items > limits.itemsMax) throw new RoomgateError("too-big", `more than ${limits.itemsMax} items`);
  if (isPlainScalar(value)) return;
  if (typeof value !== "object" || value === null) throw notPlain(path, `a ${typeof value}`);
  if (depth >= limits.depthMax) throw notPlain(path, `nested deeper than ${limits.depthMax}`);
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      checkPlain(item, limits, count, `${path}[${index}]`, depth + 1);
    });
    return;
  }
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== Object.prototype && prototype !== null) throw notPlain(path, "an object of a class");
  for (const [key, item] of Object.entries(value)) {
    if (!isPlainKey(key)) throw notPlain(path, `an object with a key ${key}`);
    count.items += 1;
    checkPlain(item, limits, count, `${path}.${key}`, depth + 1);
  }
}

function isPlainScalar(value: unknown): boolean {
  if (value === null || value === undefined || value instanceof Uint8Array) return true;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function notPlain(path: string, what: string): RoomgateError {
  return new RoomgateError("not-plain-data", `${path} is ${what}; only plain data can be stored or sent`);
}
