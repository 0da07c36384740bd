import { beforeEach, describe, expect, test } from "vitest";
import { checkTiming, defaultTiming } from "../../../gateway/cluster/timing.ts";
import { boundStore, type StoreBounds, storeBoundsOf } from "../../../gateway/store/bounded-store.ts";
import { createMemoryBacking } from "../../../gateway/store/memory/backing.ts";
import { createMemoryStore } from "../../../gateway/store/memory/memory-store.ts";
import type { Store } from "../../../gateway/store/port.ts";
import { memberOf, noLimit, roomOf, serverOf, take, textBytes } from "../../contract/store/fixtures.ts";
import { VirtualHost } from "../../support/virtual-host.ts";
import { createVirtualRuntime, type VirtualRuntime } from "../../support/virtual-runtime.ts";

const bounds: StoreBounds = { readMsMax: 100, changeMsMax: 300, putMsMax: 40, lookMsMax: 70, hungCallsMax: 3 };
const room = roomOf("app/r");
const owner = serverOf("s1");
const version = { epoch: 1, tail: 1 };
const unasked = { kind: "nothing" } as const;
const snapshot = { position: 1, version: "1", bytes: textBytes("x") };

let runtime: VirtualRuntime;
/** How the engine answers each of its calls; the answers are kept until they are let go. */
let how: "at once" | "never" | "when let go" | "by rejecting" | "by throwing";
let held: (() => void)[];
let calls: number;
let engine: Store;
let store: Store;

/** Every call of the engine goes through `how`. */
function moody<T extends object>(port: T, instead: Partial<T> = {}): T {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(instead, name) ?? Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => {
        calls += 1;
        if (how === "by throwing") throw new Error("the engine is broken");
        if (how === "by rejecting") return Promise.reject(new Error("the engine is broken"));
        const answer = Promise.resolve(value.apply(target, given));
        if (how === "at once") return answer;
        return new Promise((resolve) => {
          if (how === "when let go") held.push(() => resolve(answer));
        });
      };
    },
  });
}

beforeEach(() => {
  runtime = createVirtualRuntime();
  how = "at once";
  held = [];
  calls = 0;
  engine = createMemoryStore(createMemoryBacking());
  store = boundStore(moody(engine, { members: moody(engine.members) }), runtime, bounds);
});

const change = () => ({
  takeover: () =>
    store.takeover([{ room, expect: undefined, owner, journaled: true }]).then(([answer = unasked]) => answer),
  append: () => store.append([{ room, expect: version, records: [] }]).then(([answer = unasked]) => answer),
  release: () => store.release(room, version, owner),
  saveSnapshot: () => store.saveSnapshot(room, 1, snapshot),
  trimJournal: () => store.trimJournal(room, 1, 1),
});
const read = () => ({
  readHead: () => store.readHead(room),
  listHeads: () => store.listHeads({ limit: 1 }),
  loadSnapshot: () => store.loadSnapshot(room),
  readJournal: () => store.readJournal(room, 0, noLimit),
  "members.put": () => store.members.put(memberOf("s1", "i")),
  "members.list": () => store.members.list(),
  "members.remove": () => store.members.remove(owner, "i"),
});
const all = () => ({ ...change(), ...read() });
const names = [...Object.keys(change()), ...Object.keys(read())] as (keyof ReturnType<typeof all>)[];

async function answerOf<T>(call: Promise<T>): Promise<T | "nothing"> {
  let answer: T | "nothing" = "nothing";
  void call.then((value) => {
    answer = value;
  });
  await runtime.settleAsync();
  return answer;
}

describe("STORE-19: a call of the store", () => {
  test.each(names)("%s: is answered as the engine does, without a trace left", async (name) => {
    await take(engine, "app/r");
    how = "at once";
    expect(await answerOf<object>(all()[name]())).not.toBe("nothing");
    expect(runtime.timerCount).toBe(0);
  });

  test.each(names)(
    "%s: is answered in time where the engine hangs, with the call and the span in the reason",
    async (name) => {
      how = "never";
      const answer = answerOf<object>(all()[name]());
      await runtime.advanceAsync(301);
      const kind = name in change() ? "unknown" : "unavailable";
      const again = all()[name]();
      await runtime.advanceAsync(301);
      expect(await answer).toBe("nothing");
      expect(await answerOf<object>(again)).toEqual({
        kind,
        reason: expect.stringMatching(new RegExp(`^${name} had no answer within \\d+ ms$`)),
      });
    },
  );

  test.each(names)("%s: is answered where the engine breaks the port", async (name) => {
    for (const mood of ["by rejecting", "by throwing"] as const) {
      how = mood;
      const kind = name in change() ? "unknown" : "unavailable";
      const reason = `${name} failed: the engine is broken`;
      expect(await answerOf<object>(all()[name]())).toEqual({ kind, reason });
    }
    expect(runtime.timerCount).toBe(0);
  });

  test("has its answers in the order of its requests, also where there is none", async () => {
    how = "never";
    const request = (key: string) => ({ room: roomOf(key), expect: version, records: [] });
    const asked = store.append([request("app/a"), request("app/b"), request("app/c")]);
    await runtime.advanceAsync(bounds.changeMsMax);
    expect((await asked).map(({ kind }) => kind)).toEqual(["unknown", "unknown", "unknown"]);
  });

  test("is not answered a second time by what comes late, and takes effect then", async () => {
    const head = await take(engine, "app/r");
    how = "when let go";
    const asked = store.append([{ room, expect: head, records: [textBytes("a")] }]);
    await runtime.advanceAsync(bounds.changeMsMax);
    expect(await answerOf(asked)).toMatchObject([{ kind: "unknown" }]);
    for (const letGo of held) letGo();
    await runtime.settleAsync();
    expect(await answerOf(asked)).toMatchObject([{ kind: "unknown" }]);
    expect(await engine.readHead(room)).toMatchObject({ head: { tail: head.tail + 1 } });
  });

  test("is not given up because this process itself stood still: its answer may have to be read first", async () => {
    const host = new VirtualHost(runtime, "h");
    how = "when let go";
    const readHead = boundStore(moody(engine), host, bounds).readHead(room);
    await runtime.advanceAsync(bounds.readMsMax / 2);
    host.stop();
    await runtime.advanceAsync(10_000);
    host.continue();
    await runtime.advanceAsync(20);
    for (const letGo of held) letGo();
    expect(await answerOf(readHead)).toMatchObject({ kind: "head" });
    expect(runtime.timerCount).toBe(0);
  });

  test("of a large snapshot has the time that its bytes take", async () => {
    how = "never";
    const bytes = new Uint8Array(2_000_000);
    const asked = store.saveSnapshot(room, 1, { ...snapshot, bytes });
    await runtime.advanceAsync(bounds.changeMsMax + 1_999);
    expect(await answerOf(asked)).toBe("nothing");
    await runtime.advanceAsync(1);
    expect(await answerOf(asked)).toMatchObject({ kind: "unknown" });
  });

  test("closes, also where the engine does not", async () => {
    how = "never";
    const closing = store.close().then(() => "closed");
    await runtime.advanceAsync(bounds.changeMsMax);
    expect(await answerOf(closing)).toBe("closed");
    expect(runtime.linesWith("left open")).toHaveLength(1);
  });
});

describe("STORE-20: an engine that has stopped answering", () => {
  const ask = async (): Promise<string> => {
    const answer = store.readHead(room);
    await runtime.advanceAsync(bounds.readMsMax);
    const { kind, ...rest } = await answer;
    return "reason" in rest ? rest.reason : kind;
  };

  test("is given no more calls than the bound, but for one at a time", async () => {
    how = "never";
    for (let index = 0; index < bounds.hungCallsMax; index += 1) await ask();
    expect(calls).toBe(bounds.hungCallsMax);
    const tried = store.readHead(room);
    for (let index = 0; index < 50; index += 1) {
      expect(await answerOf(store.readHead(room))).toMatchObject({
        kind: "unavailable",
        reason: expect.stringContaining("readHead was not called"),
      });
    }
    expect(calls).toBe(bounds.hungCallsMax + 1);
    expect(await answerOf(tried)).toBe("nothing");
    await runtime.advanceAsync(bounds.readMsMax);
    expect(await answerOf(tried)).toMatchObject({ kind: "unavailable" });
  });

  test("refuses a change with `unavailable`, as it was not made", async () => {
    how = "never";
    for (let index = 0; index < bounds.hungCallsMax + 1; index += 1) {
      const hung = store.release(room, version, owner);
      if (index === bounds.hungCallsMax) continue;
      await runtime.advanceAsync(bounds.changeMsMax);
      await hung;
    }
    expect(await answerOf(store.release(room, version, owner))).toMatchObject({ kind: "unavailable" });
    expect(await answerOf(store.append([{ room, expect: version, records: [] }]))).toMatchObject([
      { kind: "unavailable" },
    ]);
    // Others of its calls are asked for all the same.
    how = "at once";
    expect(await answerOf(store.readHead(room))).toMatchObject({ kind: "head" });
  });

  test("is asked normally again when it answers, whether or not those that hung ever have an answer", async () => {
    for (const comesBack of [true, false]) {
      how = comesBack ? "when let go" : "never";
      for (let index = 0; index < bounds.hungCallsMax + 2; index += 1) await ask();
      how = "at once";
      for (const letGo of held.splice(0)) letGo();
      expect(await ask()).toBe("head");
      calls = 0;
      how = "never";
      for (let index = 0; index < bounds.hungCallsMax; index += 1) await ask();
      expect(calls).toBe(bounds.hungCallsMax);
      how = "at once";
      await ask();
    }
  });
});

test("STORE-19: a heartbeat without an answer is given up in time for the next, with every timing that fits together", () => {
  for (const heartbeatMs of [100, 500, 660]) {
    for (const selfFreezeMs of [2_000, 2_500, 2_999]) {
      const timing = { ...defaultTiming, heartbeatMs, selfFreezeMs };
      if (checkTiming(timing).length > 0) continue;
      // From the start of the last one that was stored: a pause, one that hangs, a pause.
      expect(heartbeatMs + storeBoundsOf(timing).putMsMax + heartbeatMs).toBeLessThan(selfFreezeMs);
    }
  }
});
