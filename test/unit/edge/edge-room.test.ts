import { describe, expect, test } from "vitest";
import { readPairs } from "../../../gateway/edge/number-pairs.ts";
import { bytesOf, type Client, EdgeFixture, holdMs, roomKey } from "../../support/edge/edge-fixture.ts";
import type { Frame } from "../../support/frames.ts";

/** `join 1 of a`, `2:text of b`: what went up, in order, with the clients' names. */
function ups(frames: readonly Frame[], clients: Readonly<Record<string, Client>>): string[] {
  const nameOf = (number: number) => Object.entries(clients).find(([, client]) => client.number === number)?.[0] ?? "?";
  return frames.flatMap((frame) => {
    if (frame.t === "join") return [`${nameOf(frame.session)}${frame.cseq} join`];
    if (frame.t === "up") return [`${nameOf(frame.session)}${frame.cseq} ${Buffer.from(frame.payload)}`];
    if (frame.t === "leave") return [`${nameOf(frame.session)}${frame.cseq} leave ${frame.code}`];
    return [];
  });
}

function down(channel: number, epoch: number, client: Client, text: string, rseq: number): Frame {
  return {
    t: "down",
    channel,
    epoch,
    session: client.number,
    delivery: "reliable",
    latestKey: 0,
    rseq,
    isText: true,
    payload: bytesOf(text),
  };
}

function broadcast(channel: number, epoch: number, text: string, rseq: number, except = 0): Frame {
  return {
    t: "broadcast",
    channel,
    epoch,
    except,
    delivery: "reliable",
    latestKey: 0,
    rseq,
    isText: true,
    payload: bytesOf(text),
  };
}

const boundMessage = {
  t: "bound",
  epoch: 1,
  line: 1,
  rseq: 0,
  positions: new Uint8Array(0),
  windowBytes: 1_000,
  gap: false,
} as const;

describe("the way up", () => {
  test("GATE-1: what is said before the room runs is sent in order once it does", () => {
    const edge = new EdgeFixture();
    const a = edge.enter("r", "token=1", "chat");
    a.say("one");
    a.say("two");
    expect(edge.link("s1").bind).toMatchObject({ room: "echo/r", epochSeen: 0, line: 0, seen: 0, force: false });
    expect(ups(edge.link("s1").take(), { a })).toEqual([]);
    edge.bound("s1", 1);
    const frames = edge.link("s1").take();
    expect(ups(frames, { a })).toEqual(["a1 join", "a2 one", "a3 two"]);
    expect(frames[0]).toMatchObject({ info: { query: "token=1", protocol: "chat" }, epoch: 1 });
    expect(edge.stats.heldFrames).toBe(3);
    edge.ackAll("s1", 1, a);
    expect(edge.stats.heldFrames).toBe(0);
  });

  test("GATE-2: what the next owner does not have is sent to it again, under the same numbers", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const b = edge.enter();
    const channel = edge.bound("s1", 1);
    for (const text of ["1", "2", "3"]) a.say(text);
    b.say("x");
    edge.link("s1").deliver({ t: "ack", channel, epoch: 1, pairs: [a.number, 2, b.number, 1] });
    edge.link("s1").end("reset");
    edge.runtime.settle();
    const { bind } = edge.link("s2");
    expect(bind.unreachable).toEqual(["s1"]);
    expect(bind.epochSeen).toBe(1);
    expect(readPairs(bind.sessions)).toEqual(
      new Map([
        [a.number, 2],
        [b.number, 1],
      ]),
    );
    edge.link("s2").take();
    edge.bound("s2", 2, { positions: { [a.number]: 3, [b.number]: 1 } });
    expect(ups(edge.link("s2").take(), { a, b })).toEqual(["a4 3", "b2 x"]);
    expect(a.socket.closes).toEqual([]);
  });

  test("GATE-2: a room that does not know a session gets a join under its last acknowledged number, then the rest", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const fresh = edge.enter();
    edge.bound("s1", 1);
    edge.ackAll("s1", 1, a);
    a.say("1");
    edge.ackAll("s1", 1, a);
    a.say("2");
    edge.link("s1").end("reset");
    edge.runtime.settle();
    edge.link("s2").take();
    edge.bound("s2", 2, { line: 2, positions: { [a.number]: 0, [fresh.number]: 0 } });
    expect(ups(edge.link("s2").take(), { a, fresh })).toEqual(["a2 join", "fresh1 join", "a3 2"]);
  });

  test("GATE-2: sessions that are leaving are joined again only if they still have something to say", () => {
    const edge = new EdgeFixture();
    const quiet = edge.enter();
    const late = edge.enter();
    const stays = edge.enter();
    edge.bound("s1", 1);
    edge.ackAll("s1", 1, quiet, late, stays);
    quiet.go();
    late.say("last words");
    late.go(1001);
    edge.link("s1").end("reset");
    edge.runtime.settle();
    edge.link("s2").take();
    const nobody = { [quiet.number]: 0, [late.number]: 0, [stays.number]: 0 };
    edge.bound("s2", 2, { line: 2, positions: nobody });
    expect(ups(edge.link("s2").take(), { quiet, late, stays })).toEqual([
      "late1 join",
      "stays1 join",
      "late2 last words",
      "late3 leave 1001",
    ]);
    expect(edge.stats.leaving).toBe(1);
  });

  test("ROOM-34: a session of which a room says nothing is sent again as it was, also where the gateway was silent", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const gone = edge.enter();
    edge.bound("s1", 1);
    a.say("1");
    gone.go();
    edge.silentUntilMs = edge.runtime.nowMs();
    edge.link("s1").end("silent");
    edge.runtime.settle();
    edge.link("s2").take();
    edge.bound("s2", 1, { line: 1, positions: {} });
    expect(ups(edge.link("s2").take(), { a, gone })).toEqual(["a1 join", "gone1 join", "a2 1", "gone2 leave 1000"]);
    expect(a.socket.closes).toEqual([]);
    edge.ackAll("s2", 1, a, gone);
    expect(edge.stats.leaving).toBe(0);
  });

  test("GATE-13: a session without any ack that a room does not know is closed where the gateway was silent, and only then", () => {
    const edge = new EdgeFixture();
    const told = edge.enter();
    const channel = edge.bound("s1", 1);
    const unplaced = edge.enter();
    edge.link("s1").deliver({ t: "ack", channel, epoch: 1, pairs: [told.number, 1] });
    edge.silentUntilMs = edge.runtime.nowMs();
    edge.runtime.advance(1);
    const later = edge.enter();
    edge.link("s1").end("silent");
    edge.runtime.settle();
    edge.link("s2").take();
    edge.bound("s2", 2, { line: 2, positions: { [told.number]: 0, [unplaced.number]: 0, [later.number]: 0 } });
    expect(ups(edge.link("s2").take(), { told, unplaced, later })).toEqual(["told1 join", "later1 join"]);
    expect([told, unplaced, later].map(({ socket }) => socket.closeCode)).toEqual([undefined, 1012, undefined]);
  });

  test("a session that came and went before anybody knew of it leaves no trace", () => {
    const edge = new EdgeFixture();
    const ghost = edge.enter();
    const a = edge.enter();
    ghost.go();
    edge.bound("s1", 1);
    expect(ups(edge.link("s1").take(), { ghost, a })).toEqual(["a1 join"]);
  });

  test("a channel that is bound again sends what is above the given positions", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const b = edge.enter();
    const channel = edge.bound("s1", 1);
    edge.ackAll("s1", 1, a);
    edge.link("s1").deliver({ t: "flow", channel, epoch: 1, windowBytes: 0 });
    a.say("held");
    edge.link("s1").take();
    // The room never heard of b: it says nothing of it.
    edge.bound("s1", 2, { positions: { [a.number]: 1 } });
    expect(ups(edge.link("s1").take(), { a, b })).toEqual(["a2 held", "b1 join"]);
    expect(edge.stats.pauses.count).toBe(1);
  });

  test("a room that claims more than was said loses the session, with 1012", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const b = edge.enter();
    edge.bound("s1", 1, { positions: { [a.number]: 7, [b.number]: 0 } });
    expect(a.socket.closeCode).toBe(1012);
    expect(b.socket.closes).toEqual([]);
  });

  test("GATE-3: a session that overflows its hold is closed with 1013, alone, and what it had said is still delivered", () => {
    const edge = new EdgeFixture({ limits: { holdFramesMax: 3 } });
    const a = edge.enter();
    const b = edge.enter();
    for (const text of ["1", "2", "3", "4"]) a.say(text);
    b.say("x");
    expect(a.socket.closeCode).toBe(1013);
    expect(b.socket.closes).toEqual([]);
    edge.bound("s1", 1);
    expect(ups(edge.link("s1").take(), { a, b })).toEqual([
      "a1 join",
      "b1 join",
      "a2 1",
      "b2 x",
      "a3 2",
      "a4 leave 1013",
    ]);
  });

  test("GATE-4: what a dead socket still says, and its late close, do nothing", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const b = edge.enter();
    edge.bound("s1", 1);
    edge.link("s1").take();
    a.go(1001);
    a.say("late");
    a.session.drained();
    a.go(1006);
    expect(ups(edge.link("s1").take(), { a, b })).toEqual(["a2 leave 1001"]);
    expect(edge.stats.sessions).toBe(1);
    edge.ackAll("s1", 1, a, b);
    a.go(1006);
    a.say("later");
    expect(edge.link("s1").take()).toEqual([]);
    expect(edge.stats).toMatchObject({ sessions: 1, leaving: 0 });
  });

  test("too many messages close the session with 4429", () => {
    const edge = new EdgeFixture({ limits: { messagesPerSecondMax: 10 } });
    const a = edge.enter();
    for (let said = 0; said < 10; said += 1) a.say("x");
    expect(a.socket.closes).toEqual([]);
    a.say("x");
    expect(a.socket.closeCode).toBe(4429);
    const b = edge.enter();
    for (let second = 0; second < 30; second += 1) {
      for (let said = 0; said < 10; said += 1) b.say("x");
      edge.runtime.advance(1_000);
    }
    expect(b.socket.closes).not.toContainEqual({ code: 4429, reason: "too many messages" });
  });
});

describe("the window", () => {
  test("GATE-5: no more than the window is under way, each item counted as its payload and 64", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const channel = edge.bound("s1", 1, { windowBytes: 64 + 2 * 74 });
    for (let said = 0; said < 5; said += 1) a.say("0123456789");
    expect(ups(edge.link("s1").take(), { a })).toHaveLength(3);
    edge.link("s1").deliver({ t: "ack", channel, epoch: 1, pairs: [a.number, 2] });
    expect(ups(edge.link("s1").take(), { a })).toEqual(["a4 0123456789"]);
    edge.link("s1").deliver({ t: "ack", channel, epoch: 1, pairs: [a.number, 4] });
    expect(ups(edge.link("s1").take(), { a })).toEqual(["a5 0123456789", "a6 0123456789"]);
  });

  test("GATE-5: one item may always be under way, unless the window is 0", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const channel = edge.bound("s1", 1, { windowBytes: 1 });
    a.say("large");
    expect(ups(edge.link("s1").take(), { a })).toEqual(["a1 join"]);
    edge.link("s1").deliver({ t: "ack", channel, epoch: 1, pairs: [a.number, 1] });
    expect(ups(edge.link("s1").take(), { a })).toEqual(["a2 large"]);
    edge.link("s1").deliver({ t: "flow", channel, epoch: 1, windowBytes: 0 });
    edge.link("s1").deliver({ t: "ack", channel, epoch: 1, pairs: [a.number, 2] });
    a.say("stopped");
    expect(ups(edge.link("s1").take(), { a })).toEqual([]);
    edge.link("s1").deliver({ t: "flow", channel, epoch: 1, windowBytes: 100 });
    expect(ups(edge.link("s1").take(), { a })).toEqual(["a3 stopped"]);
  });

  test("GATE-5: when the window opens, the sessions of a room take turns", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const b = edge.enter();
    const c = edge.enter();
    const channel = edge.bound("s1", 1);
    edge.ackAll("s1", 1, a, b, c);
    edge.link("s1").deliver({ t: "flow", channel, epoch: 1, windowBytes: 0 });
    for (const text of ["1", "2", "3", "4"]) a.say(text);
    for (const text of ["5", "6"]) b.say(text);
    c.say("7");
    edge.link("s1").take();
    edge.link("s1").deliver({ t: "flow", channel, epoch: 1, windowBytes: 1_000_000 });
    expect(ups(edge.link("s1").take(), { a, b, c })).toEqual(["a2 1", "b2 5", "c2 7", "a3 2", "b3 6", "a4 3", "a5 4"]);
  });

  test("GATE-5: one stalled room does not hold up its neighbour on the trunk", () => {
    const edge = new EdgeFixture();
    const a = edge.enter("stalled");
    const channel = edge.bound("s1", 1);
    edge.link("s1").deliver({ t: "flow", channel, epoch: 1, windowBytes: 0 });
    a.say("waits");
    const b = edge.enter("lively");
    edge.bound("s1", 1);
    edge.link("s1").take();
    b.say("goes");
    expect(ups(edge.link("s1").take(), { a, b })).toEqual(["b2 goes"]);
  });

  test("a trunk that takes no more is waited for, and then goes on", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    edge.bound("s1", 1);
    edge.link("s1").take();
    edge.link("s1").bufferedBytes = 17 * 1_048_576;
    a.say("waits");
    expect(edge.link("s1").take()).toEqual([]);
    edge.link("s1").bufferedBytes = 0;
    edge.link("s1").handler?.onDrained();
    expect(ups(edge.link("s1").take(), { a })).toEqual(["a2 waits"]);
  });
});

describe("the way down", () => {
  test("GATE-6: a frame of a lower epoch than the highest seen is shown to nobody, on whatever trunk", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const zombieChannel = edge.bound("s1", 5);
    edge.ackAll("s1", 5, a);
    edge.link("s1").tell({
      t: "redirect",
      channel: zombieChannel,
      room: roomKey("r"),
      server: edge.serverId("s2"),
      address: "s2:1",
      epoch: 6,
    });
    edge.runtime.settle();
    const channel = edge.bound("s2", 6);
    edge.link("s1").deliver(down(zombieChannel, 5, a, "zombie", 1));
    edge.link("s2").deliver(down(channel, 5, a, "old", 1));
    expect(a.socket.texts).toEqual([]);
    expect(edge.stats).toMatchObject({ droppedLowEpoch: 1, droppedStale: 1 });
    edge.link("s2").deliver(down(channel, 7, a, "not announced", 1));
    expect(a.socket.texts).toEqual([]);
    edge.link("s2").deliver(down(channel, 6, a, "real", 1));
    expect(a.socket.texts).toEqual(["real"]);
  });

  test("GATE-6: the highest epoch outlives the room's last session", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    edge.bound("s1", 7);
    a.go();
    edge.ackAll("s1", 7, a);
    expect(edge.rooms.count).toBe(0);
    const b = edge.enter();
    expect(edge.link("s1").bind.epochSeen).toBe(7);
    edge.bound("s1", 6);
    expect(b.socket.closes).toEqual([]);
    expect(edge.link("s2").bind.epochSeen).toBe(7);
  });

  test("GATE-7: a message that was received already is not shown again", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const first = edge.bound("s1", 1);
    edge.ackAll("s1", 1, a);
    edge.link("s1").deliver(down(first, 1, a, "1", 1), down(first, 1, a, "2", 2), down(first, 1, a, "2 again", 2));
    edge.link("s1").end("silent");
    edge.runtime.settle();
    expect(edge.link("s2").bind).toMatchObject({ line: 1, seen: 2 });
    const second = edge.bound("s2", 2, { line: 1, rseq: 1 });
    edge.link("s2").deliver(down(second, 2, a, "2 once more", 2), down(second, 2, a, "3", 3));
    expect(a.socket.texts).toEqual(["1", "2", "3"]);
    expect(edge.stats.droppedRepeated).toBe(2);
  });

  test("GATE-7: a new line begins where its owner says", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const first = edge.bound("s1", 1);
    edge.ackAll("s1", 1, a);
    edge.link("s1").deliver(down(first, 1, a, "ninth", 9));
    edge.link("s1").end("reset");
    edge.runtime.settle();
    const second = edge.bound("s2", 2, { line: 2, rseq: 0 });
    edge.link("s2").deliver(down(second, 2, a, "first again", 1));
    expect(a.socket.texts).toEqual(["ninth", "first again"]);
  });

  test("seen is told by and by: after 50 ms, or at once after 256 messages or 64 KiB", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const channel = edge.bound("s1", 1);
    edge.ackAll("s1", 1, a);
    const link = edge.link("s1");
    link.take();
    link.deliver(down(channel, 1, a, "1", 1), down(channel, 1, a, "2", 2));
    expect(link.take()).toEqual([]);
    edge.runtime.advance(50);
    expect(link.take()).toEqual([{ t: "seen", channel, epoch: 1, rseq: 2 }]);
    edge.runtime.advance(1_000);
    expect(link.take()).toEqual([]);
    for (let rseq = 3; rseq < 3 + 256; rseq += 1) link.deliver(down(channel, 1, a, "x", rseq));
    expect(link.take()).toEqual([{ t: "seen", channel, epoch: 1, rseq: 258 }]);
    link.deliver(down(channel, 1, a, "x".repeat(65_536), 259));
    expect(link.take()).toEqual([{ t: "seen", channel, epoch: 1, rseq: 259 }]);
  });

  test("a broadcast reaches the members that the room knows, but for the exception", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const b = edge.enter();
    const pending = edge.enter();
    const channel = edge.bound("s1", 1);
    edge.ackAll("s1", 1, a, b);
    edge.link("s1").deliver(broadcast(channel, 1, "all", 1), broadcast(channel, 1, "not a", 2, a.number));
    expect(a.socket.texts).toEqual(["all"]);
    expect(b.socket.texts).toEqual(["all", "not a"]);
    expect(pending.socket.texts).toEqual([]);
    edge
      .link("s1")
      .deliver({ t: "ack", channel, epoch: 1, pairs: [pending.number, 1] }, broadcast(channel, 1, "welcome", 3));
    expect(pending.socket.texts).toEqual(["welcome"]);
  });

  test("a multicast reaches those of its list that are here", () => {
    const edge = new EdgeFixture();
    const [a, b, c] = [edge.enter(), edge.enter(), edge.enter()];
    const channel = edge.bound("s1", 1);
    edge.ackAll("s1", 1, a, b, c);
    edge.link("s1").deliver({
      t: "multicast",
      channel,
      epoch: 1,
      sessions: [a.number, 999_999, c.number],
      delivery: "reliable",
      latestKey: 0,
      rseq: 1,
      isText: false,
      payload: bytesOf("hi"),
    });
    expect([a, b, c].map(({ socket }) => socket.texts)).toEqual([["hi"], [], ["hi"]]);
    expect(a.socket.sent[0]?.isText).toBe(false);
  });

  test("the messages of one batch for one client go out under one cork; a single one needs none", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const b = edge.enter();
    const channel = edge.bound("s1", 1);
    edge.ackAll("s1", 1, a, b);
    edge
      .link("s1")
      .deliver(
        down(channel, 1, a, "1", 1),
        down(channel, 1, b, "x", 2),
        broadcast(channel, 1, "2", 3, b.number),
        down(channel, 1, a, "3", 4),
      );
    expect(a.socket.sent.map(({ text, cork }) => [text, cork])).toEqual([
      ["1", 1],
      ["2", 1],
      ["3", 1],
    ]);
    expect(b.socket.corks).toBe(0);
  });

  test("a close of the room comes behind what was sent before it, and the session is not heard of any more", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const b = edge.enter();
    const channel = edge.bound("s1", 1);
    edge.ackAll("s1", 1, a, b);
    edge.link("s1").take();
    edge
      .link("s1")
      .deliver(
        down(channel, 1, a, "bye", 1),
        { t: "close", channel, epoch: 1, session: a.number, code: 4403, rseq: 2, reason: "not here" },
        down(channel, 1, a, "too late", 3),
      );
    expect(a.socket.texts).toEqual(["bye"]);
    expect(a.socket.closes).toEqual([{ code: 4403, reason: "not here" }]);
    a.go(4403);
    a.say("still there?");
    expect(edge.link("s1").take()).toEqual([]);
    expect(edge.stats).toMatchObject({ sessions: 1, leaving: 0, heldFrames: 0 });
  });

  test("a close of all ends the room at this gateway", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const b = edge.enter();
    const channel = edge.bound("s1", 1);
    edge.link("s1").deliver({ t: "close", channel, epoch: 1, session: 0, code: 1012, rseq: 0, reason: "" });
    expect([a.socket.closeCode, b.socket.closeCode]).toEqual([1012, 1012]);
    expect(edge.rooms.count).toBe(0);
    expect(edge.link("s1").controls("unbind")).toEqual([{ t: "unbind", channel }]);
  });

  test("a slow reader's close with 4430 is told to the room; its neighbours stay", () => {
    const edge = new EdgeFixture({ limits: { slowClientBytesMax: 100 } });
    const a = edge.enter();
    const b = edge.enter();
    const channel = edge.bound("s1", 1);
    edge.ackAll("s1", 1, a, b);
    edge.link("s1").take();
    a.socket.isStuck = true;
    edge.link("s1").deliver(broadcast(channel, 1, "x".repeat(60), 1));
    expect(a.socket.closes).toEqual([]);
    edge.link("s1").deliver(broadcast(channel, 1, "y".repeat(60), 2));
    expect(a.socket.closeCode).toBe(4430);
    expect(b.socket.closes).toEqual([]);
    expect(ups(edge.link("s1").take(), { a, b })).toEqual(["a2 leave 4430"]);
    expect(edge.stats.closes.get(4430)).toBe(1);
  });
});

describe("outages", () => {
  test("GATE-10: where messages are missing the clients are closed with 1012, behind what they said", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    a.say("before");
    edge.bound("s1", 1, { gap: true });
    expect(a.socket.closeCode).toBe(1012);
    expect(ups(edge.link("s1").take(), { a })).toEqual(["a1 join", "a2 before", "a3 leave 1012"]);
    edge.ackAll("s1", 1, a);
    expect(edge.rooms.count).toBe(0);
    expect(edge.link("s1").controls("unbind")).toHaveLength(1);
  });

  test("GATE-8: without an owner for the hold's time the sessions are closed with 4503 and nothing is left", () => {
    const edge = new EdgeFixture();
    for (const server of ["s1", "s2"]) edge.trunks.fail(`${server}:1`, "refused");
    for (const server of ["s1", "s2"]) edge.link(server).end("reset");
    const a = edge.enter();
    a.say("hello?");
    edge.runtime.advance(holdMs - 1);
    expect(a.socket.closes).toEqual([]);
    edge.runtime.advance(1);
    expect(a.socket.closeCode).toBe(4503);
    expect(edge.rooms.count).toBe(0);
    expect(edge.stats).toMatchObject({ heldFrames: 0, leaving: 0, rooms: 0, roomsBound: 0 });
    a.go(4503);
    expect(edge.stats.sessions).toBe(0);
  });

  test("a client that comes after that gets a clock of its own", () => {
    const edge = new EdgeFixture({ servers: [] });
    const a = edge.enter();
    edge.runtime.advance(holdMs);
    expect(a.socket.closeCode).toBe(4503);
    const b = edge.enter();
    edge.runtime.advance(holdMs - 1);
    expect(b.socket.closes).toEqual([]);
  });

  test("a server that appears is asked at once", () => {
    const edge = new EdgeFixture({ servers: [] });
    const a = edge.enter();
    a.say("waits");
    edge.servers = ["s3"];
    edge.trunks.serve("s3:1", "s3");
    edge.connect();
    edge.rooms.membersChanged();
    edge.bound("s3", 1);
    expect(ups(edge.link("s3").take(), { a })).toEqual(["a1 join", "a2 waits"]);
  });

  test("a redirect to a server that is no member yet is followed", () => {
    const edge = new EdgeFixture({ servers: ["s1"] });
    const a = edge.enter();
    const channel = edge.bound("s1", 1);
    edge.trunks.serve("s9:1", "s9");
    edge
      .link("s1")
      .tell({ t: "redirect", channel, room: roomKey("r"), server: edge.serverId("s9"), address: "s9:1", epoch: 2 });
    edge.runtime.settle();
    edge.bound("s9", 2, { positions: { [a.number]: 1 } });
    expect(edge.rooms.get(roomKey("r"))?.standing).toBe("bound");
    expect(edge.stats.pauses.count).toBe(1);
  });

  test("rooms with nobody left are unbound once their last leave is acknowledged, not before", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    edge.bound("s1", 1);
    a.go();
    expect(edge.rooms.count).toBe(1);
    expect(edge.stats.leaving).toBe(1);
    edge.ackAll("s1", 1, a);
    expect(edge.rooms.count).toBe(0);
    expect(edge.stats.leaving).toBe(0);
    edge.runtime.advance(1_000);
    expect(edge.runtime.timerCount).toBe(0);
  });

  test("a question that is not answered is put to the next, and its late answer means nothing", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    edge.runtime.advance(2_000);
    // An unbind would say that the sessions are gone.
    expect(edge.link("s1").controls("unbind")).toEqual([]);
    edge.bound("s2", 2);
    edge.bound("s1", 9);
    expect(ups(edge.link("s1").take(), { a })).toEqual([]);
    expect(edge.stats.droppedStale).toBe(1);
  });

  test("GATE-11: an owner that acknowledges nothing for 5 s is asked again, and gets what it does not have", () => {
    const edge = new EdgeFixture();
    const a = edge.enter();
    const b = edge.enter("idle");
    const link = edge.link("s1");
    for (const bind of link.controls("bind")) {
      link.tell({ ...boundMessage, channel: bind.channel });
    }
    link.deliver({ t: "ack", channel: 1, epoch: 1, pairs: [a.number, 1] });
    link.deliver({ t: "ack", channel: 2, epoch: 1, pairs: [b.number, 1] });
    edge.runtime.advance(20_000);
    expect(link.controls("bind")).toHaveLength(2);
    a.say("anybody?");
    edge.runtime.advance(4_900);
    expect(link.controls("bind")).toHaveLength(2);
    edge.runtime.advance(1_200);
    expect(link.controls("bind")).toHaveLength(3);
    expect(link.controls("unbind")).toEqual([]);
    link.take();
    edge.bound("s1", 1, { positions: { [a.number]: 1 } });
    expect(ups(link.take(), { a })).toEqual(["a2 anybody?"]);
  });

  test("a server that breaks the rules of a trunk loses it", () => {
    const edge = new EdgeFixture();
    edge.enter();
    edge.link("s1").deliver({ t: "seen", channel: 1, epoch: 1, rseq: 1 });
    expect(edge.link("s1").isEnded).toBe(true);
    expect(edge.runtime.linesWith("broke the rules")).toHaveLength(1);
    edge.runtime.settle();
    expect(edge.link("s2").bind.room).toBe("echo/r");
  });
});
