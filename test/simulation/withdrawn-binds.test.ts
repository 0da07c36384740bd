import { afterEach, expect, test, vi } from "vitest";
import { WaitingBinds } from "../../gateway/room/waiting-binds.ts";
import { clusterOf } from "../support/cluster-of.ts";
import { storeWith } from "../support/store-with.ts";

const rooms = 500;

afterEach(() => {
  vi.restoreAllMocks();
});

/** So many rooms of one server wait for a store that does not answer. */
async function waiting() {
  let isAway = false;
  const world = await clusterOf(() => ({ onMessage: (session, message) => session.send(message.text()) }), {
    servers: 1,
    gateways: 2,
    wrapStore: (store) =>
      storeWith(store, { readHead: (room) => (isAway ? new Promise(() => {}) : store.readHead(room)) }),
  });
  isAway = true;
  const clients = [];
  for (let index = 0; index < rooms; index += 1) clients.push(await world.client("g1", `room/${index}`));
  const other = await world.client("g2", "room/0");
  await world.advance(100);
  const withdrawn = vi.spyOn(WaitingBinds.prototype, "withdraw");
  const looked = vi.spyOn(WaitingBinds.prototype, Symbol.iterator);
  return { world, clients, other, withdrawn, looked };
}

test("ROOM-44: requests that are withdrawn together are looked up one by one, and no other is looked at", async () => {
  const { world, clients, withdrawn, looked } = await waiting();
  for (const client of clients) client.leave();
  await world.advance(100);
  expect([withdrawn.mock.calls.length, looked.mock.calls.length]).toEqual([rooms, 0]);
});

test("ROOM-44: so are those of a trunk that ends, and another gateway's request for the same room waits on", async () => {
  const { world, other, withdrawn, looked } = await waiting();
  world.kill("g1");
  await world.advance(1_000);
  expect([withdrawn.mock.calls.length, looked.mock.calls.length]).toEqual([rooms, 0]);
  expect(other.closeCode).toBeUndefined();
  const [first] = withdrawn.mock.contexts;
  expect([...(first as WaitingBinds)].map(({ gateway }) => gateway)).toEqual(["g2"]);
});
