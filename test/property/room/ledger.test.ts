import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ledger } from "../../../load/ledger.ts";
import { createFakeRoom } from "../../support/fake-room.ts";

/** Bodies around the size up to which a ledger gathers them, and the odd thing between. */
const body = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.integer({ min: 4_000, max: 4_200 }).map((length) => "b".repeat(length)),
);
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("say" as const), body }) },
  fc.constantFrom(
    { kind: "join" } as const,
    { kind: "move" } as const,
    { kind: "save" } as const,
    {
      kind: "crash",
    } as const,
  ),
);

test("a ledger's digest is that of all its bodies, whatever it has lived through", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const fake = createFakeRoom((room) => ledger.create(room));
      const speaker = fake.join("", "speaker");
      const bodies: string[] = [];
      let disk = fake.save();
      for (const done of [...steps, { kind: "join" } as const]) {
        if (done.kind === "say") {
          bodies.push(done.body);
          fake.say(speaker, done.body);
          expect(speaker.received.at(-1)).toBe(JSON.stringify({ n: bodies.length, body: done.body }));
        } else if (done.kind === "join") {
          const hash = createHash("sha256");
          for (const said of bodies) hash.update(said).update("\n");
          const [welcome] = fake.join().received;
          expect(welcome).toBe(JSON.stringify({ total: bodies.length, digest: hash.digest("hex") }));
        } else if (done.kind === "move") fake.moved();
        else if (done.kind === "save") disk = fake.save();
        else fake.crashed(disk);
      }
    }),
  );
});
