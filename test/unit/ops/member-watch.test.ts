import { beforeEach, describe, expect, test } from "vitest";
import { defaultTiming } from "../../../gateway/cluster/timing.ts";
import { type MemberWatch, watchMembers } from "../../../gateway/ops/member-watch.ts";
import { createMemoryBacking } from "../../../gateway/store/memory/backing.ts";
import { createMemoryStore } from "../../../gateway/store/memory/memory-store.ts";
import type { MemberStore } from "../../../gateway/store/port.ts";
import { storeWith } from "../../support/store-with.ts";
import { VirtualHost } from "../../support/virtual-host.ts";
import { createVirtualRuntime, type VirtualRuntime } from "../../support/virtual-runtime.ts";

let world: VirtualRuntime;
let host: VirtualHost;
let watch: MemberWatch;
/** What the store does with a look. */
let list: MemberStore["list"];

beforeEach(async () => {
  world = createVirtualRuntime();
  host = new VirtualHost(world, "cluster");
  const store = createMemoryStore(createMemoryBacking());
  list = () => store.members.list();
  const members: MemberStore = {
    put: (record) => store.members.put(record),
    remove: (id, instance) => store.members.remove(id, instance),
    list: () => list(),
  };
  watch = await watchMembers(host, storeWith(store, { members }), defaultTiming);
});

describe("OPS-18: whether the store answers", () => {
  test("is known from its answers: three in a row that are none, and it is silent until the next", async () => {
    expect(watch.storeAnswers).toBe(true);
    const sound = list;
    list = async () => ({ kind: "unavailable", reason: "the disk is away" });
    await world.advanceAsync(2 * defaultTiming.heartbeatMs);
    expect(watch.storeAnswers).toBe(true);
    await world.advanceAsync(2 * defaultTiming.heartbeatMs);
    expect(watch.storeAnswers).toBe(false);
    list = sound;
    await world.advanceAsync(defaultTiming.heartbeatMs);
    expect(watch.storeAnswers).toBe(true);
  });

  test("is known from a look that stays without an answer", async () => {
    list = () => new Promise(() => {});
    await world.advanceAsync(2 * defaultTiming.heartbeatMs);
    expect(watch.storeAnswers).toBe(true);
    await world.advanceAsync(3 * defaultTiming.heartbeatMs);
    expect(watch.storeAnswers).toBe(false);
  });

  test("is not doubted because this process itself stood still", async () => {
    host.stop();
    await world.advanceAsync(10_000);
    expect(watch.storeAnswers).toBe(true);
    host.continue();
    await world.advanceAsync(0);
    expect(watch.storeAnswers).toBe(true);
  });
});
