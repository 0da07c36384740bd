import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from "yjs";
import { compact } from "../../../demo-editor/server/compaction.ts";
import { DeletedRanges } from "../../../demo-editor/server/deleted-ranges.ts";
import { DocumentLog } from "../../../demo-editor/server/document-log.ts";
import { isSealed, mayWrite, sealName, toBase64Url } from "../../../demo-editor/server/rules/sealed-name.ts";
import { decodeDocument, encodeDocument } from "../../../demo-editor/server/saved-document.ts";

const textOf = (doc: Doc): string => doc.getText("text").toString();

/** What whoever has nothing, or `doc`, gets to see. */
function readFrom(log: DocumentLog, doc = new Doc()): string {
  for (const update of log.missingFor(encodeStateVector(doc)) ?? []) applyUpdate(doc, update);
  return textOf(doc);
}

const edit = fc.record({
  writer: fc.nat({ max: 2 }),
  place: fc.nat(),
  erases: fc.boolean(),
  text: fc.string({ minLength: 1, maxLength: 6, unit: "grapheme" }),
  after: fc.constantFrom("nothing", "save", "ask", "compact", "begin", "end"),
});

describe("the log of a document", () => {
  it("EDIT-1: gives everybody what the writers have, whatever happens to it between their edits", () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 40 }), (edits) => {
        let log = new DocumentLog();
        let begun: readonly Uint8Array[] | undefined;
        const writers = [new Doc(), new Doc(), new Doc()];
        const late = new Doc();
        for (const [index, doc] of writers.entries()) doc.clientID = index + 1;
        for (const { writer, place, erases, text, after } of edits) {
          const doc = writers[writer] ?? new Doc();
          const content = doc.getText("text");
          const before = encodeStateVector(doc);
          if (erases && content.length > 0) content.delete(place % content.length, 1);
          else content.insert(place % (content.length + 1), text);
          const update = encodeStateAsUpdate(doc, before);
          expect(log.judge(update, false).kind).toBe("new");
          log.add(update);
          expect(log.judge(encodeStateAsUpdate(doc), true).kind).toBe("known");
          if (after === "save") {
            const { log: saved } = decodeDocument(encodeDocument(log.save(), { present: [], gone: [] }));
            log = new DocumentLog();
            log.restore(saved);
            begun = undefined;
          }
          if (after === "ask") readFrom(log, late);
          if (after === "compact" && begun === undefined) log.compactNow();
          if (after === "begin") begun ??= log.beginCompaction();
          if (after === "end" && begun !== undefined) {
            log.endCompaction(compact(begun));
            begun = undefined;
          }
        }
        const truth = new Doc();
        for (const doc of writers) applyUpdate(truth, encodeStateAsUpdate(doc));
        expect(readFrom(log)).toBe(textOf(truth));
        expect(readFrom(log, late)).toBe(textOf(truth));
        for (const doc of writers) expect(readFrom(log, doc)).toBe(textOf(truth));
      }),
      { numRuns: 300 },
    );
  });

  it("gets rid of what was deleted", () => {
    const doc = new Doc();
    doc.getText("text").insert(0, "x".repeat(10_000));
    const log = new DocumentLog();
    log.add(encodeStateAsUpdate(doc));
    doc.getText("text").delete(0, 10_000);
    log.add(encodeStateAsUpdate(doc, encodeStateVector(doc)));
    log.compactNow();
    expect(log.bytes).toBeLessThan(100);
    expect(readFrom(log)).toBe("");
  });

  it("keeps the base in its place while more comes: what was copied ahead of a move stays valid", () => {
    const doc = new Doc();
    doc.getText("text").insert(0, "x".repeat(300_000));
    const log = new DocumentLog();
    log.add(encodeStateAsUpdate(doc));
    log.compactNow();
    const before = encodeDocument(log.save(), { present: [], gone: [] });
    for (let edits = 0; edits < 100; edits += 1) {
      const known = encodeStateVector(doc);
      doc.getText("text").insert(edits, "y");
      log.add(encodeStateAsUpdate(doc, known));
    }
    const now = encodeDocument(log.save(), { present: [], gone: [] });
    expect(Buffer.compare(now.subarray(0, 300_000), before.subarray(0, 300_000))).toBe(0);
  });

  it("refuses what is no journal of a document", () => {
    expect(() => new DocumentLog().add(Uint8Array.of(1, 2, 3))).toThrow(RangeError);
    expect(new DocumentLog().missingFor(Uint8Array.of(250))).toBeUndefined();
  });
});

describe("a saved document", () => {
  it("is read as it was written, and nothing else is", () => {
    const log = { base: Uint8Array.of(0, 0), pending: [Uint8Array.of(0, 0)], known: Uint8Array.of(0) };
    const presence = {
      present: [{ client: 2 ** 40, clock: 3, state: '{"a":"ü"}', session: "g1.7" }],
      gone: [[4, 5]] as const,
    };
    const bytes = encodeDocument(log, presence);
    expect(decodeDocument(bytes)).toEqual({ log, presence });
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeDocument(bytes.subarray(0, length))).toThrow();
    }
    expect(() => decodeDocument(Uint8Array.of(...bytes, 0))).toThrow();
    expect(() => decodeDocument(Uint8Array.of(0, 255, 255, 255, 255, 15))).toThrow(RangeError);
  });
});

describe("deleted ranges", () => {
  it("cover exactly what was added", () => {
    const ranges = fc.array(fc.tuple(fc.nat({ max: 60 }), fc.integer({ min: 1, max: 8 })), { maxLength: 20 });
    fc.assert(
      fc.property(ranges, fc.nat({ max: 70 }), fc.integer({ min: 1, max: 8 }), (added, clock, len) => {
        const deleted = new DeletedRanges();
        const places = new Set<number>();
        for (const [from, length] of added) {
          deleted.add({ clients: new Map([[1, [{ clock: from, len: length }]]]) });
          for (let place = from; place < from + length; place += 1) places.add(place);
        }
        const asked = Array.from({ length: len }, (_, index) => clock + index);
        const all = asked.every((place) => places.has(place));
        expect(deleted.covers({ clients: new Map([[1, [{ clock, len }]]]) })).toBe(all);
        expect(deleted.covers({ clients: new Map([[2, [{ clock, len }]]]) })).toBe(false);
      }),
    );
  });
});

describe("EDIT-5: a sealed name", () => {
  it("is opened by its key alone", () => {
    const name = sealName("amber-fjord", "key");
    expect(name).toMatch(/^amber-fjord~[A-Za-z0-9_-]{22}$/);
    expect(isSealed(name)).toBe(true);
    expect([mayWrite(name, "key"), mayWrite(name, "Key"), mayWrite(name, null)]).toEqual([true, false, false]);
    expect([mayWrite("amber-fjord", null), mayWrite("amber~fjord", null)]).toEqual([true, true]);
  });

  it("is written in base64url", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString("base64url"));
      }),
    );
  });
});
