import { describe, expect, it } from "vitest";
import {
  benchOpener,
  type Client,
  type ListenerEngineUnderTest,
  messageBytesMax,
  type Peer,
  sendBufferBytesMax,
} from "./listener-bench.ts";
import { clientFrame, opcodes, upgradeText } from "./raw-client.ts";

export function messagesContract(under: ListenerEngineUnderTest): void {
  const openBench = benchOpener(under);

  describe("messages", () => {
    it("carries text and binary frames both ways, empty ones too", async () => {
      const bench = await openBench();
      const client = await bench.client();
      client.ws.send("héllo");
      client.ws.send(Buffer.from([0, 255, 1]));
      client.ws.send("");
      client.ws.send(Buffer.alloc(0));
      const frames = await client.received(4);
      expect(frames.map((frame) => [frame.bytes.toString("hex"), frame.isText])).toEqual([
        [Buffer.from("héllo").toString("hex"), true],
        ["00ff01", false],
        ["", true],
        ["", false],
      ]);
    });

    it("carries a message of exactly the limit, and one in fragments", async () => {
      const bench = await openBench();
      const client = await bench.client();
      const large = Buffer.alloc(messageBytesMax, "0123456789abcdef");
      client.ws.send(large);
      client.ws.send("a", { fin: false });
      client.ws.send("b", { fin: false });
      client.ws.send("c", { fin: true });
      const frames = await client.received(2);
      expect(frames[0]?.bytes.equals(large)).toBe(true);
      expect(frames[1]?.bytes.toString()).toBe("abc");
      expect(frames[1]?.isText).toBe(true);
    });

    it("closes with 1009 above the limit and hands nothing on", async () => {
      const bench = await openBench();
      const client = await bench.client();
      const peer = await bench.peer();
      let handedOn = 0;
      peer.onMessage = () => {
        handedOn += 1;
      };
      client.ws.send(Buffer.alloc(messageBytesMax + 1));
      expect((await client.closed).code).toBe(1009);
      expect(await peer.closed()).toBe(1009);
      expect(handedOn).toBe(0);
    });

    it("refuses a message of many times the limit, announced in one frame", async () => {
      const bench = await openBench({ messageBytesMax: 1_000 });
      const raw = await bench.raw();
      raw.write(upgradeText("/rooms/echo/1"));
      await raw.upgraded();
      const peer = await bench.peer();
      raw.write(clientFrame(opcodes.binary, Buffer.alloc(100_000)));
      await raw.ended;
      expect(await peer.closed()).toBe(under.hugeMessageCode);
      expect(peer.messages).toEqual([]);
    });

    it("refuses a text frame that is not UTF-8", async () => {
      const bench = await openBench();
      const raw = await bench.raw();
      raw.write(upgradeText("/rooms/echo/1"));
      await raw.upgraded();
      const peer = await bench.peer();
      raw.write(clientFrame(opcodes.text, Buffer.from([0xc3, 0x28])));
      await raw.ended;
      expect(await peer.closed()).toBe(under.badTextCode);
      expect(peer.messages).toEqual([]);
    });

    it("keeps the order of what comes and of what goes, corked or not", async () => {
      const bench = await openBench();
      const client = await bench.client();
      const peer = await bench.peer();
      const count = 2_000;
      for (let index = 0; index < count; index += 1) client.ws.send(String(index));
      await client.received(count);
      peer.socket.cork(() => {
        for (let index = 0; index < count; index += 1) peer.socket.send(Buffer.from(`c${index}`), true);
      });
      for (let index = 0; index < 10; index += 1) peer.socket.send(Buffer.from(`s${index}`), true);
      const texts = (await client.received(2 * count + 10)).map((frame) => frame.bytes.toString());
      expect(texts.slice(0, count)).toEqual(Array.from({ length: count }, (_, index) => String(index)));
      expect(texts.slice(count, 2 * count)).toEqual(Array.from({ length: count }, (_, index) => `c${index}`));
      expect(texts.slice(2 * count)).toEqual(Array.from({ length: 10 }, (_, index) => `s${index}`));
    });

    it("copies a frame before `send` returns", async () => {
      const bench = await openBench();
      const client = await bench.client();
      const peer = await bench.peer();
      const scratch = new Uint8Array(100_000);
      peer.socket.cork(() => {
        for (let value = 1; value <= 20; value += 1) {
          scratch.fill(value);
          peer.socket.send(scratch.subarray(0, value * 100), false);
        }
        scratch.fill(0);
      });
      const frames = await client.received(20);
      frames.forEach((frame, index) => {
        expect(frame.bytes.equals(Buffer.alloc((index + 1) * 100, index + 1))).toBe(true);
      });
    });

    it("lets more than the buffer holds through one cork to a client that reads", async () => {
      const bench = await openBench();
      const client = await bench.client();
      const peer = await bench.peer();
      let inCork = 0;
      peer.socket.cork(() => {
        inCork += 1;
        expect(peer.socket.send(Buffer.alloc(sendBufferBytesMax * 2), false)).not.toBe("dropped");
      });
      expect(inCork).toBe(1);
      expect((await client.received(1))[0]?.bytes.length).toBe(sendBufferBytesMax * 2);
    });
  });

  describe("a client that stops reading", () => {
    it("EDGE-4: is buffered, then dropped, then drained, and misses nothing that was not dropped", async () => {
      const bench = await openBench();
      const client = await bench.client();
      const peer = await bench.peer();
      client.ws.pause();
      const { accepted, sawBuffered } = fill(peer);
      expect(sawBuffered).toBe(true);
      expect(peer.socket.bufferedBytes).toBeGreaterThan(0);
      // The payloads fit; the header of the last frame may stick out.
      expect(peer.socket.bufferedBytes).toBeLessThanOrEqual(sendBufferBytesMax + 16);
      expect(peer.drainedCount).toBe(0);

      client.ws.resume();
      await peer.until(() => peer.drainedCount > 0 && peer.socket.bufferedBytes === 0);
      expect(peer.socket.send(Buffer.from("end"), true)).toBe("sent");
      const frames = await client.received(accepted + 1);
      expect(frames.slice(0, -1).map((frame) => frame.bytes.readUInt32BE(0))).toEqual(
        Array.from({ length: accepted }, (_, index) => index),
      );
      expect(frames.at(-1)?.bytes.toString()).toBe("end");
      await client.roundTrip("still there");
    });

    it("EDGE-4: is dropped in the end also with frames of nothing", async () => {
      const bench = await openBench({ sendBufferBytesMax: 64 * 1024 });
      const client = await bench.client();
      const peer = await bench.peer();
      client.ws.pause();
      fill(peer);
      let empty = 0;
      // The operating system may still take some of them; the rest has to fit into what may be buffered.
      while (empty < 1_000_000 && peer.socket.send(new Uint8Array(0), false) !== "dropped") empty += 1;
      expect(empty).toBeLessThan(1_000_000);
      expect(peer.socket.bufferedBytes).toBeLessThanOrEqual(64 * 1024 + 16_384);
      await openClientStillWorks(await bench.client());
    });

    it("is told nothing more, and the others are not held up", async () => {
      const bench = await openBench();
      const slow = await bench.client();
      const slowPeer = await bench.peer(0);
      const fast = await bench.client();
      slow.ws.pause();
      fill(slowPeer);
      for (let index = 0; index < 100; index += 1) await fast.roundTrip(`fast ${index}`);
      expect(slowPeer.closedCodes).toEqual([]);
    });
  });
}

/** Sends until a frame is dropped. The operating system takes some megabytes before anything is buffered here. */
export function fill(peer: Peer): { accepted: number; sawBuffered: boolean } {
  const frame = Buffer.alloc(60_000);
  let sawBuffered = false;
  for (let accepted = 0; accepted < 10_000; accepted += 1) {
    frame.writeUInt32BE(accepted, 0);
    const outcome = peer.socket.send(frame, false);
    if (outcome === "buffered") sawBuffered = true;
    if (outcome === "dropped") return { accepted, sawBuffered };
  }
  throw new Error("600 MB went to a client that does not read");
}

async function openClientStillWorks(client: Client): Promise<void> {
  await client.roundTrip("still there");
}
