import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GatewayId, ServerId } from "../../../gateway/wire/ids.ts";
import type { LinkEnd, PeerIdentity, TrunkListener } from "../../../gateway/wire/link.ts";
import type { DialPipe, Pipe } from "../../../gateway/wire/pipe.ts";
import { createTrunkDialer } from "../../../gateway/wire/trunk-dialer.ts";
import type { LinkTiming } from "../../../gateway/wire/trunk-link.ts";
import { createTrunkListen } from "../../../gateway/wire/trunk-listener.ts";
import type { Frame } from "../../support/frames.ts";
import { writeFrame } from "../../support/frames.ts";
import type { LinkWorld } from "../../support/link/link-world.ts";
import { type RecordedLink, recordLinks } from "../../support/link/recorded-link.ts";
import { batchOf } from "../../support/write-batch.ts";
import { sampleFrames } from "../../unit/wire/golden-samples.ts";

const gateway: PeerIdentity = { role: "gateway", id: "g1" as GatewayId, instance: "i1" };
const server: PeerIdentity = { role: "server", id: "s1" as ServerId, instance: "i2" };
const secret = "a secret of some length";
const patient: Partial<LinkTiming> = { pingAfterMs: 1_000, silenceMsMax: 20_000 };
const hasty: Partial<LinkTiming> = { pingAfterMs: 100, silenceMsMax: 800 };

/** What every link does, whatever carries it. */
export function testLinks(name: string, openWorld: () => Promise<LinkWorld>): void {
  describe(name, () => {
    let world: LinkWorld;
    let near: RecordedLink[];
    let far: RecordedLink[];
    let failures: LinkEnd[];
    let listeners: TrunkListener[];
    let nearPipes: Pipe[];
    let holdsNewPipes: boolean;

    beforeEach(async () => {
      world = await openWorld();
      [near, far, failures, listeners, nearPipes] = [[], [], [], [], []];
      holdsNewPipes = false;
    });

    afterEach(async () => {
      world.release();
      await world.close();
      const closing = Promise.all(listeners.map((listener) => listener.close()));
      let isClosed = false;
      void closing.then(() => {
        isClosed = true;
      });
      await world.until("listeners close", () => isClosed);
    });

    async function listen(timing: Partial<LinkTiming> = patient): Promise<TrunkListener> {
      const { runtime, listenPipe } = world;
      const listenTrunk = createTrunkListen({ runtime, secret, self: server, timing, listenPipe });
      const listener = await listenTrunk({ host: "127.0.0.1", port: 0 }, recordLinks(far));
      listeners.push(listener);
      return listener;
    }

    /** Keeps the pipe, so that a test can send on it what a link would not. */
    const keepingDialPipe: DialPipe = (address, attach, failed) =>
      world.dialPipe(
        address,
        (pipe) => {
          nearPipes.push(pipe);
          if (holdsNewPipes) world.hold();
          return attach(pipe);
        },
        failed,
      );

    function dial(
      address: string,
      options: { secret?: string; timing?: Partial<LinkTiming>; openMsMax?: number } = {},
    ) {
      const { runtime } = world;
      const dialer = createTrunkDialer({
        runtime,
        secret,
        self: gateway,
        timing: patient,
        dialPipe: keepingDialPipe,
        ...options,
      });
      return dialer.dial(address, recordLinks(near), (end) => failures.push(end));
    }

    /** `one` is the dialing side, `other` the listening one. */
    async function open(timing: Partial<LinkTiming> = patient): Promise<{ one: RecordedLink; other: RecordedLink }> {
      const listener = await listen(timing);
      dial(await world.reach(listener.address), { timing });
      await world.until("the link opens", () => near.length === 1 && far.length === 1);
      const [one, other] = [near[0], far[0]];
      if (one === undefined || other === undefined) throw new Error("no link");
      return { one, other };
    }

    /** The dialing side and the listening one, each as the one that acts. */
    const sides = ["dialing", "listening"] as const;
    async function openFrom(side: (typeof sides)[number], timing: Partial<LinkTiming> = patient) {
      const { one, other } = await open(timing);
      return side === "dialing" ? { one, other } : { one: other, other: one };
    }

    /** A message of 16 KiB each millisecond, until the link ends. */
    function keepSending(from: RecordedLink): void {
      let sent = 0;
      const goOn = (): void => {
        if (from.ends.length > 0 || sent === 2_000) return;
        sent += 1;
        from.link.up(1, 1, 1, sent, false, new Uint8Array(16 * 1024));
        world.runtime.after(1, goOn);
      };
      goOn();
    }

    test("WIRE-5: both sides know whom they talk to", async () => {
      const { one, other } = await open();
      expect(one.link.peer).toEqual(server);
      expect(other.link.peer).toEqual(gateway);
      expect(failures).toEqual([]);
    });

    test("WIRE-8: what is written in one turn arrives as one batch, in order, both ways", async () => {
      const { one, other } = await open();
      const frames = Object.values<Frame>(sampleFrames).filter((frame) => frame.t !== "ping" && frame.t !== "pong");
      for (const frame of frames) writeFrame(one.link, frame);
      for (const frame of frames.toReversed()) writeFrame(other.link, frame);
      await world.until("all arrive", () => other.frames.length + one.frames.length === 2 * frames.length);
      expect(other.frames).toEqual(frames);
      expect(one.frames).toEqual(frames.toReversed());
      expect([one.batchEnds, other.batchEnds]).toEqual([[frames.length], [frames.length]]);
    });

    test.each(sides)(
      "WIRE-8: order is kept over many turns and batches, and frames of the largest kind pass (%s)",
      async (side) => {
        const { one, other } = await openFrom(side);
        const sizes = [1, 70_000, 4 * 1024 * 1024, 16 * 1024 * 1024, 3, 900_000, 0];
        for (const [index, size] of sizes.entries()) {
          one.link.up(1, 1, 1, index + 1, false, new Uint8Array(size).fill(index));
          if (index % 2 === 1) await world.pass(1);
        }
        await world.until("all arrive", () => other.frames.length === sizes.length);
        const arrived = other.frames.map((frame) => (frame.t === "up" ? [frame.cseq, frame.payload.length] : frame.t));
        expect(arrived).toEqual(sizes.map((size, index) => [index + 1, size]));
      },
    );

    test("WIRE-7: nobody listens: refused", async () => {
      const listener = await listen();
      const closing = listener.close();
      listeners = [];
      await world.until("it is closed", () => true);
      await closing;
      dial(listener.address);
      await world.until("dialing fails", () => failures.length === 1);
      expect(failures).toMatchObject([{ kind: "refused" }]);
      expect(near).toEqual([]);
    });

    test("WIRE-7: a connection that breaks: reset, for both sides, once", async () => {
      const { one, other } = await open();
      world.reset();
      await world.until("both hear of it", () => one.ends.length + other.ends.length === 2);
      await world.pass(50);
      expect(one.ends).toMatchObject([{ kind: "reset" }]);
      expect(other.ends).toMatchObject([{ kind: "reset" }]);
    });

    test("WIRE-7: a peer of which nothing is heard: silent, for both sides, once", async () => {
      const { one, other } = await open(hasty);
      world.hold();
      await world.until("both end", () => one.ends.length + other.ends.length === 2);
      expect(one.ends).toMatchObject([{ kind: "silent" }]);
      expect(other.ends).toMatchObject([{ kind: "silent" }]);
      expect(world.lines.filter((line) => line.message === "trunk is silent")).toHaveLength(2);
    });

    test.each(sides)(
      "WIRE-7: a side that ends a silent link says so: its peer does not take it for dead (%s)",
      async (side) => {
        const listener = await listen(side === "listening" ? hasty : patient);
        dial(await world.reach(listener.address), { timing: side === "dialing" ? hasty : patient });
        await world.until("the link opens", () => near.length === 1 && far.length === 1);
        const [hastyLinks, patientLinks] = side === "dialing" ? [near, far] : [far, near];
        world.hold();
        await world.until("the hasty side ends", () => hastyLinks[0]?.ends.length === 1);
        world.release();
        await world.until("the other side hears", () => patientLinks[0]?.ends.length === 1);
        expect(patientLinks[0]?.ends).toMatchObject([{ kind: "closed" }]);
      },
    );

    test("WIRE-7: no answer to a dial: silent, in bounded time", async () => {
      const listener = await listen();
      const address = await world.reach(listener.address);
      world.hold();
      dial(address, { openMsMax: 100 });
      await world.until("dialing fails", () => failures.length === 1);
      expect(failures).toMatchObject([{ kind: "silent" }]);
      world.release();
      await world.pass(50);
      expect([near.length, far.length, failures.length]).toEqual([0, 0, 1]);
    });

    test("WIRE-7: an idle link stays open", async () => {
      const { one, other } = await open(hasty);
      await world.pass(2_000);
      expect([one.ends, other.ends]).toEqual([[], []]);
      one.link.flow(1, 1, 1);
      await world.until("it still works", () => other.frames.some((frame) => frame.t === "flow"));
    });

    test.each(sides)("WIRE-8: closing sends what was written; both sides end as closed, once (%s)", async (side) => {
      const { one, other } = await openFrom(side);
      one.link.up(1, 1, 1, 1, true, new Uint8Array(200_000).fill(0x61));
      one.link.close();
      one.link.close();
      one.link.flow(1, 1, 1);
      await world.until("both end", () => one.ends.length + other.ends.length === 2);
      one.link.flow(1, 1, 2);
      other.link.flow(1, 1, 3);
      await world.pass(50);
      expect(other.frames).toMatchObject([{ t: "up", cseq: 1 }]);
      expect(one.frames).toEqual([]);
      expect([one.ends, other.ends]).toMatchObject([[{ kind: "closed" }], [{ kind: "closed" }]]);
      expect([one.link.bufferedBytes, other.link.bufferedBytes]).toEqual([0, 0]);
    });

    test.each(sides)(
      "WIRE-8: closing while the peer goes on sending loses nothing that was written (%s)",
      async (side) => {
        const { one, other } = await openFrom(side);
        const pieces = 24;
        keepSending(other);
        await world.until("it sends", () => one.frames.length > 2);
        for (let offset = 0; offset < pieces; offset += 1) one.link.chunk(1, offset, new Uint8Array(1024 * 1024));
        one.link.close();
        await world.until("both end", () => one.ends.length + other.ends.length === 2);
        expect(other.frames.map((frame) => (frame.t === "chunk" ? frame.offset : frame.t))).toEqual([
          ...Array(pieces).keys(),
        ]);
        expect([one.ends, other.ends]).toMatchObject([[{ kind: "closed" }], [{ kind: "closed" }]]);
      },
    );

    test.each(sides)(
      "WIRE-9: what the peer does not take is counted, and reported when it is gone (%s)",
      async (side) => {
        const { one, other } = await openFrom(side);
        world.hold();
        const drainedBefore = one.drainedCount;
        const pieces = 32;
        for (let offset = 0; offset < pieces; offset += 1) one.link.chunk(1, offset, new Uint8Array(1024 * 1024));
        await world.pass(20);
        expect(one.link.bufferedBytes).toBeGreaterThan(1024 * 1024);
        expect(one.drainedCount).toBe(drainedBefore);
        world.release();
        await world.until("it is drained", () => one.drainedCount > drainedBefore);
        expect(one.link.bufferedBytes).toBe(0);
        await world.until("all arrive", () => other.frames.length === pieces);
      },
    );

    test.each(sides)(
      "WIRE-9: who has seen bytes wait hears of it when they are gone at once, too (%s)",
      async (side) => {
        const { one } = await openFrom(side);
        await world.pass(20);
        const drainedBefore = one.drainedCount;
        one.link.flow(1, 1, 1);
        expect(one.link.bufferedBytes).toBe(20);
        await world.until("it is drained", () => one.drainedCount === drainedBefore + 1);
      },
    );

    test.each(sides)("WIRE-9: a peer that takes nothing costs no more than the bound (%s)", async (side) => {
      const { one } = await openFrom(side, { ...patient, bufferedBytesMax: 4 * 1024 * 1024 });
      world.hold();
      for (let turn = 0; turn < 60 && one.ends.length === 0; turn += 1) {
        one.link.chunk(1, turn, new Uint8Array(1024 * 1024));
        await world.pass(1);
      }
      expect(one.ends).toMatchObject([{ kind: "silent" }]);
    });

    test("WIRE-2: garbage ends the link for both sides, with a log line that names rule and address", async () => {
      const { one, other } = await open();
      const garbage = batchOf({ t: "flow", channel: 1, epoch: 1, windowBytes: 1 }).slice();
      garbage[6] = 1;
      nearPipes[0]?.send(garbage);
      await world.until("both end", () => one.ends.length + other.ends.length === 2);
      expect(other.ends).toEqual([{ kind: "protocol", detail: "bytes 6 and 7 are not 0" }]);
      expect(one.ends).toMatchObject([{ kind: "protocol" }]);
      expect(other.frames).toEqual([]);
      const [line] = world.lines.filter((each) => each.message === "trunk peer broke the protocol");
      expect(line?.fields).toMatchObject({ rule: "bytes 6 and 7 are not 0", peer: "g1" });
      expect(line?.fields).toHaveProperty("address", expect.stringMatching(/./));
    });

    test("WIRE-5: a dialer with another secret is refused, and nothing secret is logged", async () => {
      const listener = await listen();
      dial(await world.reach(listener.address), { secret: "not the secret" });
      await world.until("dialing fails", () => failures.length === 1);
      expect(failures).toMatchObject([{ kind: "unauthorized" }]);
      await world.pass(50);
      expect([near.length, far.length]).toEqual([0, 0]);
      expect(JSON.stringify(world.lines)).not.toContain("secret of some");
      expect(JSON.stringify(world.lines)).not.toContain("not the secret");
    });

    /** Opens a bare pipe to a listener. */
    async function openBarePipe(): Promise<{ pipe: Pipe; ends: string[] }> {
      const listener = await listen();
      const address = await world.reach(listener.address);
      const ends: string[] = [];
      world.dialPipe(
        address,
        (pipe) => {
          nearPipes.push(pipe);
          return {
            onMessage: () => undefined,
            onDrained: () => undefined,
            onEnd: (end) => ends.push(`${end.kind} ${end.code}`),
          };
        },
        () => ends.push("failed"),
      );
      await world.until("the pipe opens", () => nearPipes.length === 1);
      const [pipe] = nearPipes;
      if (pipe === undefined) throw new Error("no pipe");
      return { pipe, ends };
    }

    test("WIRE-6: a batch before the handshake is over is not read", async () => {
      const { pipe, ends } = await openBarePipe();
      pipe.send(batchOf(sampleFrames.flow));
      await world.until("the pipe ends", () => ends.length === 1);
      expect(ends).toEqual(["closed 4400"]);
      expect(far).toEqual([]);
      expect(world.lines.some((line) => line.message === "trunk handshake failed")).toBe(true);
    });

    test("WIRE-6: a peer that has not proved itself cannot send more than 4 KiB", async () => {
      const { pipe, ends } = await openBarePipe();
      pipe.send(new Uint8Array(16 * 1024));
      await world.until("the pipe ends", () => ends.length === 1);
      expect(far).toEqual([]);
      expect(world.lines.map((line) => line.fields)).toContainEqual(expect.objectContaining({ kind: "protocol" }));
    });

    test("WIRE-6: a listener closes whoever says nothing", async () => {
      const { ends } = await openBarePipe();
      await world.until("the pipe ends", () => ends.length === 1);
      expect(ends).toEqual(["closed 4401"]);
    });

    test("a listener that closes ends its links in good order, and takes no more", async () => {
      const { one, other } = await open();
      const [listener] = listeners;
      let isClosed = false;
      void listener?.close().then(() => {
        isClosed = true;
      });
      await world.until("it is closed", () => isClosed);
      await world.until("both ended", () => one.ends.length + other.ends.length === 2);
      expect([one.ends, other.ends]).toMatchObject([[{ kind: "closed" }], [{ kind: "closed" }]]);
      dial(listener?.address ?? "");
      await world.until("dialing fails", () => failures.length === 1);
      expect(failures).toMatchObject([{ kind: "refused" }]);
    });

    test("WIRE-8: a listener that closes while its peers go on sending ends their links in good order", async () => {
      const { one, other } = await open();
      keepSending(one);
      await world.until("it sends", () => other.frames.length > 2);
      let isClosed = false;
      void listeners[0]?.close().then(() => {
        isClosed = true;
      });
      await world.until("it is closed, and both have ended", () => isClosed && one.ends.length === 1);
      expect([one.ends, other.ends]).toMatchObject([[{ kind: "closed" }], [{ kind: "closed" }]]);
    });

    test("a dial that is cancelled is heard of no more, before the pipe is open and within the handshake", async () => {
      const listener = await listen();
      const address = await world.reach(listener.address);
      dial(address).cancel();
      holdsNewPipes = true;
      const later = dial(address);
      await world.until("its pipe opens", () => nearPipes.length === 1);
      later.cancel();
      later.cancel();
      world.release();
      await world.pass(50);
      expect([near.length, far.length, failures.length]).toEqual([0, 0, 0]);
    });

    test("a port that is taken is an error with that code", async () => {
      const listener = await listen();
      const port = Number(listener.address.split(":").at(-1));
      const listenTrunk = createTrunkListen({
        runtime: world.runtime,
        secret,
        self: server,
        listenPipe: world.listenPipe,
      });
      await expect(listenTrunk({ host: "127.0.0.1", port }, recordLinks(far))).rejects.toMatchObject({
        code: "port-taken",
      });
    });
  });
}
