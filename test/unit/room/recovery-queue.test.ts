import { expect, test } from "vitest";
import { RecoveryQueue } from "../../../gateway/room/recovery-queue.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

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
    queue.run(
      () => 0,
      async () => {
        order.push(`${room}1`);
        await queue.breathe();
        order.push(`${room}2`);
      },
    ),
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
    queue.run(
      () => heat,
      async () => {
        order.push(room);
      },
    ),
  );
  for (let looks = 0; looks < 6; looks += 1) await runtime.settleAsync();
  await Promise.all(recoveries);
  expect(order).toEqual(["first", "hot", "cool"]);
});
