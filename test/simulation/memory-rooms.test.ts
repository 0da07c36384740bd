import { expect, test } from "vitest";
import type { Store } from "../../gateway/store/port.ts";
import { clusterOf } from "../support/cluster-of.ts";

test("ROOM-32: turns of a memory room ask nothing of the store: it is claimed, and that is all", async () => {
  const asked: string[] = [];
  const listening = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        // Heartbeats go by `members`, with rooms and without.
        if (typeof value !== "function") return value;
        return (...given: unknown[]) => {
          asked.push(String(name));
          return value.apply(target, given);
        };
      },
    });
  const world = await clusterOf(
    (room) => ({
      onJoin: () => room.setTimer("later", 50),
      onTimer: () => room.broadcast("timer"),
      onTick: () => room.broadcast("tick", { delivery: "volatile" }),
      onMessage: (session, message) => {
        session.attachment = { said: message.text() };
        room.work("echo", async () => message.text());
        room.broadcast(message.text());
      },
      onWork: () => room.broadcast("worked"),
      snapshot: () => new Uint8Array(10),
    }),
    { wrapStore: listening, app: { tickHz: 20, snapshotEveryMs: 0 } },
  );
  const client = await world.client("g1", "room/a");
  await world.advance(100);
  expect(asked.sort()).toEqual(["loadSnapshot", "readHead", "takeover"]);
  asked.length = 0;
  for (let index = 0; index < 500; index += 1) {
    client.say(`said ${index}`);
    await world.advance(5);
  }
  const heard = new Set(client.frames.map((frame) => frame.replace(/ \d+$/, "")));
  expect([...heard].sort()).toEqual(["said", "tick", "timer", "worked"]);
  expect(asked).toEqual([]);
});
