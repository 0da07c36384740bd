import { beforeEach, describe, expect, test } from "vitest";
import { defaultTiming } from "../../../gateway/cluster/timing.ts";
import type { ClusterControl } from "../../../gateway/ops/cluster-control.ts";
import { type MemberWatch, watchMembers } from "../../../gateway/ops/member-watch.ts";
import type { ServerAnswer, ServerRequest } from "../../../gateway/ops/server-requests.ts";
import { createTrunkControl } from "../../../gateway/ops/trunk-control.ts";
import { createMemoryBacking } from "../../../gateway/store/memory/backing.ts";
import { createMemoryStore } from "../../../gateway/store/memory/memory-store.ts";
import type { MemberRecord, Store } from "../../../gateway/store/port.ts";
import type { RoomKey, ServerId } from "../../../gateway/wire/ids.ts";
import { createVirtualRuntime, type VirtualRuntime } from "../../support/virtual-runtime.ts";

const s1 = "s1-aaaa" as ServerId;
const s2 = "s2-bbbb" as ServerId;
const arena = "game/arena" as RoomKey;
const lobby = "fan/lobby" as RoomKey;

let runtime: VirtualRuntime;
let store: Store;
let watch: MemberWatch;
let control: ClusterControl;
let answers: Map<string, ServerAnswer>;
let asked: [string, ServerRequest][];
let counter = 0;

/** A member writes its row, as it does with every heartbeat. */
async function beat(id: string, change: Partial<MemberRecord> = {}): Promise<void> {
  counter += 1;
  await store.members.put({
    id: id as ServerId,
    kind: id.startsWith("g") ? "gateway" : "server",
    instance: `${id}-1`,
    counter,
    state: "live",
    pid: 7,
    address: `${id}:1`,
    weight: 1,
    apps: ["game", "fan"],
    rooms: 1,
    sessions: 2,
    ...change,
  });
}

async function own(room: RoomKey, owner: ServerId): Promise<void> {
  const read = await store.readHead(room);
  if (read.kind !== "head") throw new Error("no head");
  await store.takeover([{ room, expect: read.head, owner, journaled: false }]);
}

beforeEach(async () => {
  runtime = createVirtualRuntime();
  store = createMemoryStore(createMemoryBacking());
  answers = new Map();
  asked = [];
  for (const id of [s1, s2, "g1-cccc"]) await beat(id);
  await own(arena, s1);
  watch = await watchMembers(runtime, store, defaultTiming);
  const requests = {
    ask: async (address: string, request: ServerRequest): Promise<ServerAnswer> => {
      asked.push([address, request]);
      return answers.get(`${address} ${request.op}`) ?? { status: "unreachable", detail: "no answer" };
    },
    close: () => {},
  };
  control = createTrunkControl({ store, watch, requests, metrics: async () => "" });
});

const ok = (value: unknown): ServerAnswer => ({ status: "ok", value });

describe("OPS-9: what is there", () => {
  test("servers with their state, gateways while they live", async () => {
    await beat(s2, { state: "draining" });
    await watch.refresh();
    expect(await control.servers()).toMatchObject({
      kind: "ok",
      value: [
        { id: s1, state: "live", address: "s1-aaaa:1", pid: 7, rooms: 1, sessions: 2, weight: 1 },
        { id: s2, state: "draining" },
      ],
    });
    await runtime.advanceAsync(defaultTiming.leaseMs + 1000);
    expect(await control.servers()).toMatchObject({ value: [{ state: "lost" }, { state: "lost" }] });
    expect(await control.gateways()).toEqual({ kind: "ok", value: [] });
  });

  test("nobody is in the list for ever", async () => {
    await runtime.advanceAsync(defaultTiming.leaseMs + 65_000);
    expect(await control.servers()).toEqual({ kind: "ok", value: [] });
  });

  test("rooms as servers tell them; the higher epoch has a room that two tell", async () => {
    answers.set("s1-aaaa:1 rooms", ok([{ room: arena, epoch: 1, sessions: 4 }]));
    answers.set(
      "s2-bbbb:1 rooms",
      ok([
        { room: arena, epoch: 2, sessions: 5 },
        { room: lobby, epoch: 1, sessions: 1 },
      ]),
    );
    expect(await control.rooms({ app: undefined, server: undefined, limit: 10 })).toEqual({
      kind: "ok",
      value: [
        { room: lobby, server: s2, epoch: 1, sessions: 1 },
        { room: arena, server: s2, epoch: 2, sessions: 5 },
      ],
    });
    expect(await control.rooms({ app: undefined, server: s1, limit: 10 })).toMatchObject({ value: [{ server: s1 }] });
    expect(await control.rooms({ app: undefined, server: undefined, limit: 1 })).toMatchObject({
      value: [{ room: lobby }],
    });
  });

  test.each([
    ["silent", { status: "unreachable", detail: "no answer" }],
    ["not understood", ok([{ room: "no room", epoch: "x" }])],
  ] as const)("rooms of a server that is %s, by what the store knows", async (_, answer) => {
    answers.set("s1-aaaa:1 rooms", answer);
    answers.set("s2-bbbb:1 rooms", ok([]));
    expect(await control.rooms({ app: undefined, server: undefined, limit: 10 })).toEqual({
      kind: "ok",
      value: [{ room: arena, server: s1, epoch: 1, sessions: 0 }],
    });
  });

  test("one room, by the store's word on who owns it", async () => {
    answers.set("s1-aaaa:1 room", ok({ room: arena, epoch: 1, sessions: 4 }));
    expect(await control.room(arena)).toEqual({
      kind: "ok",
      value: { room: arena, server: s1, epoch: 1, sessions: 4 },
    });
    expect(await control.room(lobby)).toMatchObject({ kind: "not-found" });
  });

  test("is not known while the store is silent", async () => {
    await store.close();
    await runtime.advanceAsync(5000);
    for (const answer of [await control.servers(), await control.gateways(), await control.room(arena)]) {
      expect(answer.kind).toBe("unavailable");
    }
    expect(await control.ready()).toMatchObject({ ready: false });
  });

  test("is ready with a live server and a live gateway", async () => {
    expect(await control.ready()).toEqual({ ready: true, missing: [] });
    await runtime.advanceAsync(2000);
    for (const id of [s1, s2]) await beat(id);
    await runtime.advanceAsync(2000);
    expect(await control.ready()).toEqual({ ready: false, missing: ["no live gateway"] });
  });
});

describe("OPS-10: a move", () => {
  test("is the owner's to make", async () => {
    answers.set("s1-aaaa:1 move", ok({ from: s1, to: s2, epoch: 2, pauseMs: 4 }));
    expect(await control.move(arena, s2)).toEqual({
      kind: "ok",
      value: { room: arena, from: s1, to: s2, epoch: 2, pauseMs: 4 },
    });
    expect(asked).toEqual([["s1-aaaa:1", { op: "move", room: arena, to: s2 }]]);
  });

  test.each([
    ["conflict", "conflict"],
    ["failed", "conflict"],
    ["not-found", "conflict"],
  ] as const)("that the owner answers with %s is a %s", async (status, kind) => {
    answers.set("s1-aaaa:1 move", { status, detail: "the target is full" });
    expect(await control.move(arena, s2)).toEqual({ kind, detail: "the target is full" });
  });

  test("whose end is not known is not called a conflict", async () => {
    expect((await control.move(arena, s2)).kind).toBe("unavailable");
    answers.set("s1-aaaa:1 move", ok({ epoch: "two" }));
    expect((await control.move(arena, s2)).kind).toBe("unavailable");
  });

  test("asks nobody where it cannot be", async () => {
    expect((await control.move(lobby, s2)).kind).toBe("not-found");
    expect((await control.move(arena, s1)).kind).toBe("conflict");
    expect((await control.move(arena, "s9" as ServerId)).kind).toBe("conflict");
    await beat(s2, { state: "draining" });
    await watch.refresh();
    expect(await control.move(arena, s2)).toMatchObject({ kind: "conflict", detail: "s2-bbbb is draining" });
    expect(asked).toEqual([]);
  });
});

describe("OPS-11: a drain", () => {
  test("is told to the server", async () => {
    answers.set("s2-bbbb:1 drain", ok(undefined));
    expect(await control.drain(s2)).toEqual({ kind: "ok", value: undefined });
    expect(asked).toEqual([["s2-bbbb:1", { op: "drain" }]]);
  });

  test("finds a server that has just come", async () => {
    await beat("s3-dddd");
    answers.set("s3-dddd:1 drain", ok(undefined));
    expect((await control.drain("s3-dddd" as ServerId)).kind).toBe("ok");
  });

  test("of one that is not there, or does not answer", async () => {
    expect((await control.drain("s9" as ServerId)).kind).toBe("not-found");
    expect((await control.drain("g1-cccc" as ServerId)).kind).toBe("not-found");
    expect((await control.drain(s1)).kind).toBe("unavailable");
    watch.giveEvidence(s1);
    expect((await control.drain(s1)).kind).toBe("not-found");
  });
});

describe("RECOVER-4: a record that is to be skipped", () => {
  const answersSkip = (server: string): void => {
    answers.set(`${server}:1 room`, { status: "not-found" });
    answers.set(`${server}:1 skip`, ok({ server, epoch: 5 }));
  };
  const skips = (): unknown[] => asked.filter(([, { op }]) => op === "skip");

  test("is told to the room's owner, while that lives", async () => {
    await own(lobby, s2);
    for (const server of [s1, s2]) answersSkip(server);
    expect(await control.skip(lobby, 7)).toEqual({
      kind: "ok",
      value: { room: lobby, record: 7, server: s2, epoch: 5 },
    });
    expect(skips()).toEqual([["s2-bbbb:1", { op: "skip", room: lobby, record: 7 }]]);
  });

  test("is told to a server that answers, and not to one that has just died", async () => {
    answersSkip(s2);
    expect(await control.skip(arena, 7)).toMatchObject({ kind: "ok", value: { server: s2 } });
    expect(skips()).toEqual([["s2-bbbb:1", { op: "skip", room: arena, record: 7 }]]);
  });

  test("is told to a server that has the app", async () => {
    for (const server of [s1, s2]) answersSkip(server);
    await beat(s1, { apps: ["fan"] });
    await watch.refresh();
    expect(await control.skip(arena, 7)).toMatchObject({ kind: "ok", value: { server: s2 } });
    await beat(s2, { apps: ["fan"] });
    await watch.refresh();
    expect(await control.skip(arena, 7)).toEqual({
      kind: "conflict",
      detail: "no live server has the app of game/arena",
    });
  });

  test("of a room that there is not is not found, whoever lives", async () => {
    expect(await control.skip(lobby, 7)).toEqual({ kind: "not-found", detail: "there is no room fan/lobby" });
    await runtime.advanceAsync(defaultTiming.leaseMs + 1_000);
    expect((await control.skip(lobby, 7)).kind).toBe("not-found");
    expect(asked).toEqual([]);
  });

  test.each(["conflict", "failed", "not-found"] as const)(
    "that the server answers with %s is a conflict",
    async (status) => {
      answersSkip(s1);
      answers.set("s1-aaaa:1 skip", { status, detail: "it runs at s1-aaaa" });
      expect(await control.skip(arena, 7)).toEqual({ kind: "conflict", detail: "it runs at s1-aaaa" });
    },
  );

  test("whose end is not known is not called a conflict", async () => {
    expect((await control.skip(arena, 7)).kind).toBe("unavailable");
    answersSkip(s1);
    answers.set("s1-aaaa:1 skip", ok({ epoch: "two" }));
    expect((await control.skip(arena, 7)).kind).toBe("unavailable");
    answers.delete("s1-aaaa:1 skip");
    expect((await control.skip(arena, 7)).kind).toBe("unavailable");
    await store.close();
    expect((await control.skip(arena, 7)).kind).toBe("unavailable");
  });
});
