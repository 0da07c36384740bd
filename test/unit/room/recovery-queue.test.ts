import fc from "fast-check";
import { expect, test } from "vitest";
import { HottestFirst } from "../../../gateway/room/hottest-first.ts";
import { RecoveryQueue } from "../../../gateway/room/recovery-queue.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

const wanting = (sessions: number) => ({ sessions, changed: () => {} });

test("RECOVER-3: pieces of recoveries that go on at once have other rooms' turns between any two of them", async () => {
  const queue = new RecoveryQueue(8, { soon: (task) => void setImmediate(task) });
  const order: string[] = [];
  // A room that runs: it has something to do in each turn of the event loop.
  let isOver = false;
  const turn = (): void => {
    order.push("turn");
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const recoveries = ["a", "b", "c"].map((room) =>
    queue.run(wanting(0), async () => {
      order.push(`${room}1`);
      await queue.breathe();
      order.push(`${room}2`);
    }),
  );
  await Promise.all(recoveries);
  isOver = true;
  expect(order.filter((what) => what !== "turn")).toEqual(["a1", "b1", "c1", "a2", "b2", "c2"]);
  for (const [index, what] of order.entries()) expect(what === "turn").toBe(index % 2 === 0);
});

test("RECOVER-3: more rooms than may be read at once wait, and the one that most wait for goes first", async () => {
  const runtime = createVirtualRuntime();
  const queue = new RecoveryQueue(1, runtime);
  const order: string[] = [];
  const all = [
    ["first", 0],
    ["cool", 1],
    ["hot", 9],
  ] as const;
  const recoveries = all.map(([room, heat]) =>
    queue.run(wanting(heat), async () => {
      order.push(room);
    }),
  );
  for (let looks = 0; looks < 6; looks += 1) await runtime.settleAsync();
  await Promise.all(recoveries);
  expect(order).toEqual(["first", "hot", "cool"]);
});

test("RECOVER-3: who becomes hotter while it waits goes first, and who has begun does not come back into the line", async () => {
  const runtime = createVirtualRuntime();
  const queue = new RecoveryQueue(1, runtime);
  const order: string[] = [];
  const all = ["first", "a", "b", "c"].map((room) => ({ room, sessions: 1, changed: () => {} }));
  const recoveries = all.map((one) =>
    queue.run(one, async () => {
      order.push(one.room);
      one.sessions += 100;
      one.changed();
    }),
  );
  const [, , , last] = all;
  if (last !== undefined) last.sessions = 5;
  last?.changed();
  for (let looks = 0; looks < 20; looks += 1) await runtime.settleAsync();
  await Promise.all(recoveries);
  expect(order).toEqual(["first", "c", "a", "b"]);
  // All places are free again.
  order.length = 0;
  const again = queue.run(wanting(0), async () => void order.push("again"));
  await runtime.settleAsync();
  await again;
  expect(order).toEqual(["again"]);
});

test("RECOVER-3: the hottest is taken first, of equally hot ones the oldest, whatever changes", () => {
  const acts = fc.array(fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 5 })), { maxLength: 60 });
  fc.assert(
    fc.property(acts, (given) => {
      const heap = new HottestFirst<number>();
      const line: { item: number; heat: number }[] = [];
      for (const [item, heat] of given) {
        if (heat === 0) {
          const hottest = Math.max(...line.map((one) => one.heat));
          const at = line.findIndex((one) => one.heat === hottest);
          expect(heap.take()).toBe(at < 0 ? undefined : line.splice(at, 1)[0]?.item);
          continue;
        }
        heap.set(item, heat);
        const known = line.find((one) => one.item === item);
        if (known === undefined) line.push({ item, heat });
        else known.heat = heat;
      }
      expect(heap.size).toBe(line.length);
    }),
  );
});

test("RECOVER-3: a killed server's rooms are taken one after the other without looking at all of them each time", () => {
  const heap = new HottestFirst<number>();
  const rooms = 8_192;
  for (let room = 0; room < rooms; room += 1) heap.set(room, (room * 7_919) % 1_000);
  // Gateways ask one after the other.
  for (let room = 0; room < rooms; room += 1) heap.set(room, (room * 104_729) % 1_000);
  while (heap.take() !== undefined);
  // Each way up or down the heap has 13 steps, of at most two looks and one that ends it.
  expect(heap.looks).toBeLessThan(3 * rooms * 3 * 14);
});
