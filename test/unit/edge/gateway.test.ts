import { describe, expect, test } from "vitest";
import { type GatewayOptions, type RunningGateway, startGateway } from "../../../gateway/edge/gateway.ts";
import type { PlainReply } from "../../../gateway/edge/listener.ts";
import { createMemoryBacking } from "../../../gateway/store/memory/backing.ts";
import { createMemoryStore } from "../../../gateway/store/memory/memory-store.ts";
import type { MemberRecord } from "../../../gateway/store/port.ts";
import { RoomgateError } from "../../../gateway/wire/errors.ts";
import type { GatewayId, ServerId } from "../../../gateway/wire/ids.ts";
import { type FakeListener, fakeListening } from "../../support/edge/fake-listener.ts";
import { FakeTrunks } from "../../support/edge/fake-trunks.ts";
import { createVirtualRuntime } from "../../support/virtual-runtime.ts";

const listenerOptions = {
  host: "127.0.0.1",
  port: 0,
  messageBytesMax: 1_048_576,
  sendBufferBytesMax: 1_048_576,
  pingEveryMs: 25_000,
  silenceMsMax: 60_000,
};

function setting(options: { fails?: RoomgateError } = {}) {
  const runtime = createVirtualRuntime({ seed: 7 });
  const store = createMemoryStore(createMemoryBacking());
  const trunks = new FakeTrunks(runtime);
  const listening = fakeListening(options.fails);
  let counter = 0;
  const putServer = (id: string, more: Partial<MemberRecord> = {}) => {
    counter += 1;
    return store.members.put({
      id: id as ServerId,
      kind: "server",
      instance: id,
      counter,
      state: "live",
      pid: 1,
      address: `${id}:1`,
      weight: 1,
      apps: ["echo"],
      rooms: 0,
      sessions: 0,
      ...more,
    });
  };
  return {
    runtime,
    store,
    trunks,
    putServer,
    /** Starts it and lets the first look happen. */
    start: async (more: Partial<GatewayOptions> = {}): Promise<{ gateway: RunningGateway; listener: FakeListener }> => {
      const starting = startGateway(
        { id: "g1" as GatewayId, instance: "i1", listener: listenerOptions, ...more },
        {
          runtime,
          store,
          dialer: trunks,
          placementKey: "a secret of sixteen",
          openListener: listening.open,
          pages: ({ path }) => ({ status: 200, headers: {}, body: `page ${path}` }),
        },
      );
      // A rejection is the test's to see, once time has passed.
      starting.catch(() => undefined);
      await runtime.settleAsync();
      const gateway = await starting;
      const [listener] = listening.opened;
      if (listener === undefined) throw new Error("nothing listens");
      return { gateway, listener };
    },
  };
}

function problemOf(reply: PlainReply): { status: number; type: string | undefined } {
  const body = JSON.parse(String(reply.body)) as { status: number };
  return { status: body.status, type: reply.headers["content-type"] };
}

describe("what requests are answered", () => {
  test("CONTRACT: 404 for an unknown app, 400 for a bad room, 426 for what is no upgrade, pages elsewhere", async () => {
    const { putServer, start } = setting();
    await putServer("s1");
    const { listener } = await start();
    expect(listener.status("/rooms/echo/r")).toBe(101);
    expect(listener.status("/rooms/nobody/r")).toBe(404);
    expect(listener.status("/rooms/echo/a%2Fb")).toBe(400);
    expect(listener.status("/rooms/nobody/a b")).toBe(400);
    expect(listener.status("/elsewhere")).toBe(404);
    const plain = listener.get("/rooms/echo/r");
    expect(plain.status).toBe(426);
    expect(plain.headers).toMatchObject({ upgrade: "websocket" });
    expect(problemOf(plain)).toEqual({ status: 426, type: "application/problem+json" });
    expect(listener.get("/game/").body).toBe("page /game/");
  });

  test("503 with Retry-After while no server is known, and from then on never for an app that was seen", async () => {
    const { runtime, putServer, start, store } = setting();
    const { gateway, listener } = await start();
    const admission = listener.admit("/rooms/echo/r");
    expect(admission.kind === "refuse" && admission.reply.status).toBe(503);
    expect(admission.kind === "refuse" && Number(admission.reply.headers["retry-after"])).toBeGreaterThan(0);
    expect(gateway.ready).toBe(false);
    await putServer("s1");
    await runtime.advanceAsync(500);
    expect(gateway.ready).toBe(true);
    expect(listener.status("/rooms/echo/r")).toBe(101);
    await store.members.remove("s1" as ServerId, "s1");
    await runtime.advanceAsync(500);
    expect(gateway.ready).toBe(false);
    // The app is known to exist: its clients wait in the hold for a server to come back.
    expect(listener.status("/rooms/echo/r")).toBe(101);
    expect(listener.status("/rooms/nobody/r")).toBe(404);
  });

  test("the first subprotocol offered is taken, but for the library's own", async () => {
    const { putServer, start } = setting();
    await putServer("s1");
    const { listener } = await start();
    expect(listener.connect("/rooms/echo/r", { protocols: ["chat", "other"] }).protocol).toBe("chat");
    expect(listener.connect("/rooms/echo/r").protocol).toBeUndefined();
    expect(listener.status("/rooms/echo/r", { protocols: ["roomgate.1"] })).toBe(400);
  });

  test("503 above the sessions that it takes, and for a burst above the connections a second", async () => {
    const { putServer, start, runtime } = setting();
    await putServer("s1");
    const { gateway, listener } = await start({ sessionsMax: 3, connectionsPerSecondMax: 4 });
    const first = listener.connect("/rooms/echo/r");
    listener.connect("/rooms/echo/r");
    listener.connect("/rooms/echo/r");
    expect(gateway.sessions).toBe(3);
    expect(listener.status("/rooms/echo/r")).toBe(503);
    first.handler.closed(1000);
    expect(listener.status("/rooms/echo/r")).toBe(101);
    expect(listener.status("/rooms/echo/r")).toBe(503);
    runtime.advance(1_000);
    expect(listener.status("/rooms/echo/r")).toBe(101);
    expect(gateway.metrics().refusedUpgrades).toBe(2);
  });
});

describe("its place in the cluster", () => {
  test("says that it lives, and with how many sessions, each heartbeat", async () => {
    const { putServer, start, runtime, store } = setting();
    await putServer("s1");
    const { listener } = await start({ pid: 42 });
    listener.connect("/rooms/echo/r");
    await runtime.advanceAsync(1_000);
    const answer = await store.members.list();
    const row = answer.kind === "members" ? answer.members.find(({ id }) => id === "g1") : undefined;
    expect(row).toMatchObject({
      kind: "gateway",
      pid: 42,
      sessions: 1,
      rooms: 1,
      counter: 3,
      address: "127.0.0.1:8080",
    });
  });

  test("asks first whom the hash prefers among those that have the app and take rooms", async () => {
    const { putServer, start, trunks, runtime } = setting();
    await putServer("s1", { apps: ["other"] });
    await putServer("s2", { state: "draining" });
    await putServer("s3");
    for (const id of ["s1", "s2", "s3"]) trunks.serve(`${id}:1`, id);
    const { listener } = await start();
    await runtime.settleAsync();
    for (let room = 0; room < 20; room += 1) listener.connect(`/rooms/echo/r${room}`);
    runtime.settle();
    expect(trunks.link("s3").controls("bind")).toHaveLength(20);
    runtime.advance(2_000);
    // The draining one may still be the owner; the one without the app cannot be.
    expect(trunks.link("s2").controls("bind")).toHaveLength(20);
    expect(trunks.link("s1").controls("bind")).toHaveLength(0);
  });

  test("does not start, and keeps no port, where the store is away or the port is taken", async () => {
    const away = setting();
    await away.store.close();
    await expect(away.start()).rejects.toMatchObject({ code: "store-unavailable" });
    const taken = setting({ fails: new RoomgateError("port-taken", "taken") });
    await expect(taken.start()).rejects.toMatchObject({ code: "port-taken" });
    expect(taken.runtime.timerCount).toBe(0);
  });
});

describe("stop", () => {
  test("closes its clients with 1001 over about a second, lets nobody in, tells the rooms, and leaves the cluster", async () => {
    const { putServer, start, runtime, store, trunks } = setting();
    await putServer("s1");
    trunks.serve("s1:1", "s1");
    const { gateway, listener } = await start({ connectionsPerSecondMax: 0 });
    await runtime.settleAsync();
    const clients = Array.from({ length: 2_000 }, (_, index) => listener.connect(`/rooms/echo/r${index % 10}`));
    runtime.settle();
    const stopping = gateway.stop();
    expect(gateway.ready).toBe(false);
    expect(listener.isListening).toBe(false);
    expect(listener.status("/rooms/echo/r")).toBe(503);
    await runtime.advanceAsync(100);
    expect(gateway.sessions).toBeGreaterThan(1_000);
    await runtime.advanceAsync(900);
    expect(gateway.sessions).toBe(0);
    expect(new Set(clients.map(({ socket }) => socket.closeCode))).toEqual(new Set([1001]));
    await runtime.advanceAsync(3_000);
    await stopping;
    expect(listener.isClosed).toBe(true);
    expect(trunks.link("s1").isEnded).toBe(true);
    expect(gateway.metrics()).toMatchObject({ sessions: 0, leaving: 0, rooms: 0, heldFrames: 0 });
    const answer = await store.members.list();
    expect(answer.kind === "members" && answer.members.map(({ id }) => id)).toEqual(["s1"]);
    expect(runtime.timerCount).toBe(0);
    expect(await gateway.stop()).toBeUndefined();
  });
});
