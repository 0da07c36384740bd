import { beforeEach, describe, expect, test } from "vitest";
import { defaultTiming } from "../../../gateway/cluster/timing.ts";
import { boundStore, storeBoundsOf } from "../../../gateway/store/bounded-store.ts";
import { MemberAgent } from "../../../gateway/store/member-agent.ts";
import { createMemoryBacking } from "../../../gateway/store/memory/backing.ts";
import { createMemoryStore } from "../../../gateway/store/memory/memory-store.ts";
import type { MemberStore } from "../../../gateway/store/port.ts";
import { memberOf } from "../../contract/store/fixtures.ts";
import { storeWith } from "../../support/store-with.ts";
import { createVirtualRuntime, type VirtualRuntime } from "../../support/virtual-runtime.ts";

const { heartbeatMs, selfFreezeMs, leaseMs } = defaultTiming;

let runtime: VirtualRuntime;
let engine: MemberStore;
/** What the engine does with a call now. */
let put: MemberStore["put"];
let list: MemberStore["list"];
let agent: MemberAgent;

beforeEach(async () => {
  runtime = createVirtualRuntime();
  const store = createMemoryStore(createMemoryBacking());
  engine = store.members;
  put = engine.put;
  list = engine.list;
  const members: MemberStore = { put: (row) => put(row), list: () => list(), remove: engine.remove };
  const bounded = boundStore(storeWith(store, { members }), runtime, storeBoundsOf(defaultTiming));
  const { counter: _counter, ...row } = memberOf("s1", "i");
  agent = new MemberAgent({ runtime, members: bounded.members, timing: defaultTiming, self: () => row });
  const started = agent.start();
  await runtime.settleAsync();
  await started;
});

const never = () => new Promise<never>(() => {});

/** Whether the server stood still at any time within `spanMs`. */
async function isEverStale(spanMs: number): Promise<boolean> {
  let isStale = false;
  for (let step = 0; step < spanMs; step += 50) {
    await runtime.advanceAsync(50);
    isStale ||= agent.renewal(selfFreezeMs) === "stale";
  }
  return isStale;
}

describe("LIVE-16: a store that does not answer", () => {
  test("one heartbeat: the next one comes before the server freezes", async () => {
    let hung = 0;
    put = (row) => {
      hung += 1;
      put = engine.put;
      return hung === 1 ? never() : engine.put(row);
    };
    expect(await isEverStale(3 * leaseMs)).toBe(false);
    expect(hung).toBe(1);
  });

  test("any look: heartbeats go on, and looks when there are answers again", async () => {
    list = never;
    expect(await isEverStale(3 * leaseMs)).toBe(false);
    list = engine.list;
    const lookedMs = agent.membership.lookedMs ?? 0;
    await runtime.advanceAsync(leaseMs + heartbeatMs);
    expect(agent.membership.lookedMs).toBeGreaterThan(lookedMs);
  });

  test("for a long time: beats as soon as it answers again", async () => {
    put = never;
    list = never;
    expect(await isEverStale(100 * leaseMs)).toBe(true);
    put = engine.put;
    list = engine.list;
    await runtime.advanceAsync(leaseMs + 2 * heartbeatMs);
    expect(agent.renewal(selfFreezeMs)).toBe("fresh");
    expect(runtime.nowMs() - (agent.membership.lookedMs ?? 0)).toBeLessThanOrEqual(heartbeatMs);
  });

  test("until later: a row that lands behind a newer one is put right by the next heartbeat", async () => {
    const late: (() => Promise<unknown>)[] = [];
    put = (row) => {
      late.push(() => engine.put(row));
      put = engine.put;
      return never();
    };
    await runtime.advanceAsync(5 * heartbeatMs);
    await late[0]?.();
    expect(agent.renewal(selfFreezeMs)).toBe("fresh");
    const before = await engine.list();
    await runtime.advanceAsync(2 * heartbeatMs);
    const after = await engine.list();
    const counterOf = (rows: typeof before) => (rows.kind === "members" ? (rows.members[0]?.counter ?? 0) : 0);
    expect(counterOf(after)).toBeGreaterThan(counterOf(before) + 2);
    expect(agent.member(memberOf("s1", "i").id)?.state).toBe("live");
  });

  test("at all: stops in bounded time", async () => {
    put = never;
    list = never;
    await runtime.advanceAsync(heartbeatMs);
    let isStopped = false;
    void agent.stop().then(() => {
      isStopped = true;
    });
    await runtime.advanceAsync(2 * leaseMs);
    expect(isStopped).toBe(true);
  });
});
