import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate, mergeUpdates, UpdateEncoderV1 } from "yjs";
import { compact } from "../../../demo-editor/server/compaction.ts";
import { DocumentLog } from "../../../demo-editor/server/document-log.ts";
import { readUpdate } from "../../../demo-editor/server/update-check.ts";

/** What a client of our making has written into a document: text, and all else that Yjs has. */
function sampleUpdates(): Uint8Array[] {
  const doc = new Doc();
  doc.clientID = 5;
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  const text = doc.getText("text");
  text.insert(0, "hello 🙂 world");
  text.insert(5, ", dear");
  text.format(0, 5, { bold: true });
  text.delete(3, 4);
  text.insertEmbed(2, { image: "x" });
  const list = doc.getArray<unknown>("list");
  list.insert(0, [1, "two", { three: [3, null, true] }, new Uint8Array([1, 2])]);
  doc.getMap<unknown>("map").set("key", "value");
  doc.getMap<unknown>("map").set("key", { other: 1 });
  list.delete(1, 2);
  return updates;
}

const updates = sampleUpdates();
const whole = mergeUpdates(updates);

/** One item of a client, as bytes that no honest client writes. */
function itemUpdate(change: { origin?: number; parent?: number; content?: string }): Uint8Array {
  const encoder = new UpdateEncoderV1();
  const rest = encoder.restEncoder;
  for (const number of [1, 1, 9, 0]) writeByte(rest, number);
  const hasOrigin = change.origin !== undefined;
  writeByte(rest, 4 | (hasOrigin ? 128 : 0));
  if (hasOrigin) {
    writeByte(rest, 9);
    writeByte(rest, change.origin ?? 0);
  } else if (change.parent === undefined) {
    writeByte(rest, 1);
    encoder.writeString("text");
  } else {
    for (const number of [0, 9, change.parent]) writeByte(rest, number);
  }
  encoder.writeString(change.content ?? "x");
  writeByte(rest, 0);
  return encoder.toUint8Array();
}

function writeByte(rest: UpdateEncoderV1["restEncoder"], byte: number): void {
  rest.cbuf[rest.cpos] = byte;
  rest.cpos += 1;
}

describe("EDIT-2: an update is read strictly", () => {
  it("takes whatever Yjs writes", () => {
    for (const update of [...updates, whole, compact([whole]), Uint8Array.of(0, 0)]) {
      expect(readUpdate(update)).toBeDefined();
    }
    expect(readUpdate(itemUpdate({}))).toBeDefined();
  });

  it("says what it brings", () => {
    expect(readUpdate(updates[0] ?? new Uint8Array())?.pieces).toEqual([{ client: 5, from: 0, to: 14 }]);
    expect(readUpdate(updates[3] ?? new Uint8Array())?.deletes).toBe(true);
  });

  it.each([
    ["an item that follows itself", itemUpdate({ origin: 0 })],
    ["an item that follows a later one of its client", itemUpdate({ origin: 7 })],
    ["an item within itself", itemUpdate({ parent: 0 })],
    ["an item of no length", itemUpdate({ content: "" })],
    ["a piece of no length", Uint8Array.of(1, 1, 9, 0, 0, 0, 0)],
    ["a client twice", Uint8Array.of(2, 1, 9, 0, 0, 1, 1, 9, 0, 0, 1, 0)],
    ["a deletion of no length", Uint8Array.of(0, 1, 9, 1, 0, 0)],
  ])("refuses %s", (_, update) => {
    expect(readUpdate(update)).toBeUndefined();
  });

  it("refuses what Yjs would break on: some of the above does, so the check can fail", () => {
    expect(() => applyUpdate(new Doc(), itemUpdate({ origin: 7 }))).toThrow();
  });

  const damaged = fc
    .tuple(
      fc.constantFrom(...updates, whole),
      fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 5, 127, 128, 255))), {
        minLength: 1,
        maxLength: 4,
      }),
    )
    .map(([update, changes]) => {
      const bytes = update.slice();
      for (const [place, value] of changes) bytes[place % bytes.length] = value;
      return bytes;
    });

  it("what it takes can be applied by every replica, whatever else it has, merged, compacted and asked for", () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.array(damaged, { minLength: 1, maxLength: 3 }), fc.boolean(), (strange, isBehind) => {
        const sound = strange.filter((update) => readUpdate(update) !== undefined);
        taken += sound.length;
        const all = isBehind ? [...updates, ...sound] : [...sound, ...updates];
        const replica = new Doc();
        for (const update of all) applyUpdate(replica, update);
        applyUpdate(new Doc(), encodeStateAsUpdate(replica));
        applyUpdate(new Doc(), mergeUpdates(all));
        compact(all);
        const log = new DocumentLog();
        for (const update of all) if (log.judge(update, true).kind === "new") log.add(update);
        for (const update of log.missingFor(Uint8Array.of(0)) ?? []) applyUpdate(new Doc(), update);
      }),
      { numRuns: 600 },
    );
    expect(taken).toBeGreaterThan(50);
  });
});
