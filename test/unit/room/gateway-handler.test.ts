import { expect, test, vi } from "vitest";
import type { BindRequest } from "../../../gateway/room/cell-ports.ts";
import { GatewayChannel, pressureBytes } from "../../../gateway/room/gateway-channel.ts";
import { GatewayHandler } from "../../../gateway/room/gateway-handler.ts";
import type { RoomCell } from "../../../gateway/room/room-cell.ts";
import { createServerCounters } from "../../../gateway/room/server-counters.ts";
import { WaitingBinds } from "../../../gateway/room/waiting-binds.ts";
import type { ControlMessage } from "../../../gateway/wire/control.ts";
import { encodeControl, encodeJoinInfo } from "../../../gateway/wire/control-codec.ts";
import type { TrunkLink } from "../../../gateway/wire/link.ts";
import { createChannel, createMember, WrittenLink } from "../../support/room-parts.ts";

/** A handler whose server takes every request, for a room that writes down what reaches it. */
function handler() {
  const written = new WrittenLink();
  const link = new Proxy(written.link, {
    get: (target, name) => (name === "peer" ? { role: "gateway", id: "g1", instance: "i" } : Reflect.get(target, name)),
  }) as TrunkLink;
  const counters = createServerCounters();
  const heard: string[] = [];
  const requests: BindRequest[] = [];
  const waiting = new WaitingBinds();
  const live = new Proxy(
    {},
    {
      get: (_target, name) =>
        name === "then"
          ? undefined
          : (...given: unknown[]) =>
              void heard.push([name, ...given.filter((one) => typeof one !== "object")].join(" ")),
    },
  );
  const at: GatewayChannel = createChannel();
  const made = new GatewayHandler(
    {
      counters,
      bind: (request) => {
        requests.push(request);
        waiting.add(request);
      },
    },
    link,
  );
  const say = (message: ControlMessage): void => made.onControl(encodeControl(message));
  const bind = (channel: number): void =>
    say({
      t: "bind",
      channel,
      room: "room/a" as never,
      epochSeen: 0,
      line: 0,
      seen: 0,
      sessions: new Uint8Array(Uint32Array.of(7, 3, 8, 0).buffer),
      unreachable: [],
      force: false,
      holdFramesMax: 1_024,
      holdMs: 15_000,
    });
  /** The server takes the request that came last, at that epoch. */
  const accept = (epoch: number): void => {
    const request = requests.at(-1);
    if (!request) throw new Error("nothing was asked for");
    at.attach(link, request.channel, epoch, made);
    waiting.withdraw(request);
    request.accepted({ live } as unknown as RoomCell, at);
  };
  return { made, at, written, counters, heard, requests, waiting, say, bind, accept };
}

const payload = new TextEncoder().encode("x");

test("ROOM-2: a request says who asks for which sessions, and where each stands", () => {
  const { bind, requests } = handler();
  bind(4);
  expect(requests).toMatchObject([{ channel: 4, gateway: "g1", room: "room/a", force: false }]);
  expect([...(requests[0]?.sessions ?? [])]).toEqual([
    [7, 3],
    [8, 0],
  ]);
});

test("EPOCH-1: frames of another epoch than the channel's, and of channels that are not there, are dropped and counted", () => {
  const { made, bind, accept, heard, counters } = handler();
  bind(4);
  made.onUp(4, 2, 7, 1, true, payload);
  accept(2);
  made.onUp(4, 2, 7, 4, true, payload);
  made.onUp(4, 1, 7, 5, true, payload);
  made.onUp(4, 3, 7, 5, true, payload);
  made.onUp(5, 2, 7, 5, true, payload);
  made.onLeave(4, 1, 7, 5, 1000);
  made.onSeen(4, 1, 9);
  expect(heard).toEqual(["up 7 4 true"]);
  expect(counters.framesDropped).toBe(6);
});

test("EPOCH-1: what only goes down, and what cannot be read, is dropped and harms nothing", () => {
  const { made, bind, accept, heard, counters } = handler();
  bind(4);
  accept(2);
  made.onDown(4, 2, 7, "reliable", 0, 1, true, payload);
  made.onBroadcast(4, 2, 0, "reliable", 0, 1, true, payload);
  made.onMulticast(4, 2, new Uint8Array(4), "reliable", 0, 1, true, payload);
  made.onClose(4, 2, 7, 1000, 1, "");
  made.onAck(4, 2, new Uint8Array(8));
  made.onFlow(4, 2, 0);
  made.onChunk(1, 0, payload);
  made.onJoin(4, 2, 7, 1, Uint8Array.of(0xc1));
  made.onControl(Uint8Array.of(0xc1));
  expect(counters.framesDropped).toBe(8);
  made.onJoin(4, 2, 7, 1, encodeJoinInfo({ query: "q", protocol: "" }));
  expect(heard).toEqual(["join 7 1"]);
});

test("ROOM-25: who gives a room up is out of it at once; who takes back a request that waits is out of the queue", () => {
  const { made, say, bind, accept, heard, waiting } = handler();
  bind(4);
  accept(2);
  say({ t: "unbind", channel: 4 });
  expect(heard).toEqual(["gatewayGone g1"]);
  made.onUp(4, 2, 7, 1, true, payload);
  expect(heard).toHaveLength(1);
  bind(5);
  bind(6);
  say({ t: "unbind", channel: 5 });
  expect([...waiting].map(({ channel }) => channel)).toEqual([6]);
  // Whoever gives a channel to a second room has that one alone.
  bind(6);
  expect(waiting.sessions).toBe(2);
});

test("ROOM-21: acks leave with the batch, in front of nothing that was said before them", () => {
  const { made, at, bind, accept, written } = handler();
  bind(4);
  accept(2);
  const member = createMember(at, { number: 7 });
  at.ack(member, 4);
  at.ack(member, 5);
  expect([written.flushesRequested, written.take()]).toEqual([1, []]);
  made.onBeforeFlush();
  expect(written.take()).toEqual(["ack 4 2 [7,5]"]);
  made.onBeforeFlush();
  expect(written.take()).toEqual([]);
});

test("ROOM-25: when a trunk ends its rooms are told, and nothing that waits for it is answered", () => {
  const { made, bind, accept, heard, waiting } = handler();
  bind(4);
  accept(2);
  bind(5);
  made.onEnd({ kind: "reset", detail: "" });
  expect(heard).toEqual(["detach"]);
  expect([...waiting]).toEqual([]);
  made.onUp(4, 2, 7, 1, true, payload);
  expect(heard).toHaveLength(1);
});

test("ROOM-22: when a trunk has drained only the channels that have kept something for it are looked at", () => {
  const { made, at, bind, accept, written } = handler();
  bind(4);
  accept(2);
  const looks = vi.spyOn(GatewayChannel.prototype, "flushLatest");
  made.onDrained();
  expect(looks).not.toHaveBeenCalled();
  written.bufferedBytes = 2 * pressureBytes;
  for (const text of ["old", "new"]) {
    at.deliverUnkept({ kind: "all", except: undefined }, 1, true, new TextEncoder().encode(text));
  }
  made.onDrained();
  expect(looks).toHaveBeenCalledTimes(1);
  expect(written.take().at(-1)).toContain("new");
  made.onDrained();
  expect(looks).toHaveBeenCalledTimes(1);
  looks.mockRestore();
});
