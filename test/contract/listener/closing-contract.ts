import { describe, expect, it } from "vitest";
import { benchOpener, type ListenerEngineUnderTest, type Peer } from "./listener-bench.ts";
import { clientFrame, opcodes, upgradeText } from "./raw-client.ts";

export function closingContract(under: ListenerEngineUnderTest): void {
  const openBench = benchOpener(under);

  describe("closing", () => {
    it.each([1000, 1008, 1013, 4401, 4430, 4503])("closes a client with %i and its reason", async (code) => {
      const bench = await openBench();
      const client = await bench.client();
      const peer = await bench.peer();
      peer.socket.send(Buffer.from("last words"), true);
      peer.socket.close(code, "because");
      expect(await client.closed).toEqual({ code, reason: "because" });
      expect(client.frames.map((frame) => frame.bytes.toString())).toEqual(["last words"]);
      expect(await peer.closed()).toBe(code);
    });

    it.each([
      { client: "1000", sent: 1000, heard: 1000 },
      { client: "4001", sent: 4001, heard: 4001 },
      { client: "no code", sent: undefined, heard: 1005 },
    ])("tells $heard when the client closes with $client", async ({ sent, heard }) => {
      const bench = await openBench();
      const client = await bench.client();
      const peer = await bench.peer();
      client.ws.close(sent);
      expect(await peer.closed()).toBe(heard);
      expect((await client.closed).code).toBe(heard);
    });

    it("tells 1006 when the connection ends without a close frame, by its end or by a reset", async () => {
      const bench = await openBench();
      const ending = await bench.raw();
      ending.write(upgradeText("/rooms/echo/1"));
      await ending.upgraded();
      const breaking = await bench.raw();
      breaking.write(upgradeText("/rooms/echo/1"));
      await breaking.upgraded();
      ending.socket.end();
      breaking.socket.resetAndDestroy();
      expect(await (await bench.peer(0)).closed()).toBe(1006);
      expect(await (await bench.peer(1)).closed()).toBe(1006);
    });

    it("terminates without a handshake", async () => {
      const bench = await openBench();
      const client = await bench.client();
      const peer = await bench.peer();
      peer.socket.terminate();
      expect(peer.closedCodes).toEqual([]);
      expect((await client.closed).code).toBe(1006);
      expect(await peer.closed()).toBe(1006);
    });

    it("cuts a long reason where a character ends", async () => {
      const bench = await openBench();
      const client = await bench.client();
      (await bench.peer()).socket.close(4400, `a${"é".repeat(100)}`);
      expect(await client.closed).toEqual({ code: 4400, reason: `a${"é".repeat(61)}` });
    });

    it.each([0, 999, 1005, 1006, 1015, 5000, 1.5, Number.NaN])("never sends the forbidden code %d", async (code) => {
      const bench = await openBench();
      const client = await bench.client();
      (await bench.peer()).socket.close(code, "");
      expect((await client.closed).code).toBe(1000);
    });

    it("may happen inside a message and inside a cork, after what was written there", async () => {
      const bench = await openBench();
      const client = await bench.client();
      const peer = await bench.peer();
      let codesInside: number[] | undefined;
      peer.onMessage = () => {
        peer.socket.cork(() => {
          peer.socket.send(Buffer.from("one"), true);
          peer.socket.close(4404, "gone");
          codesInside = [...peer.closedCodes];
        });
      };
      client.ws.send("now");
      expect(await client.closed).toEqual({ code: 4404, reason: "gone" });
      expect(client.frames.map((frame) => frame.bytes.toString())).toEqual(["one"]);
      expect(codesInside).toEqual([]);
      expect(await peer.closed()).toBe(4404);
    });

    it("hangs up after a close inside a cork of its own", async () => {
      const bench = await openBench();
      const raw = await bench.raw(true);
      raw.write(upgradeText("/rooms/echo/1"));
      await raw.upgraded();
      const { socket } = await bench.peer();
      socket.cork(() => socket.close(1001, ""));
      await raw.until((received) => (received.equals(Buffer.from([0x88, 2, 0x03, 0xe9])) ? true : undefined));
      raw.write(clientFrame(opcodes.close, Buffer.from([0x03, 0xe9])));
      await raw.ended;
    });

    it("hands nothing on that comes after our own close", async () => {
      const bench = await openBench();
      const raw = await bench.raw();
      raw.write(upgradeText("/rooms/echo/1"));
      await raw.upgraded();
      const peer = await bench.peer();
      peer.socket.close(1000, "");
      raw.write(clientFrame(opcodes.text, Buffer.from("too late")));
      raw.write(clientFrame(opcodes.close, Buffer.from([0x03, 0xe8])));
      expect(await peer.closed()).toBe(1000);
      await raw.ended;
      expect(peer.messages).toEqual([]);
    });

    it.each(["send", "cork", "close", "terminate"] as const)(
      "a closed socket takes %s and does not throw",
      async (call) => {
        const bench = await openBench();
        const client = await bench.client();
        const peer = await bench.peer();
        client.ws.close();
        await peer.closed();
        useClosed(peer, call);
        const again = await bench.client();
        const second = await bench.peer(1);
        second.socket.terminate();
        useClosed(second, call);
        await again.closed;
        expect(await second.closed()).toBe(1006);
        useClosed(second, call);
        expect(second.closedCodes).toEqual([1006]);
      },
    );

    it("counts the first close only", async () => {
      const bench = await openBench();
      const client = await bench.client();
      const peer = await bench.peer();
      peer.socket.close(4401, "first");
      peer.socket.close(4402, "second");
      expect(peer.socket.send(Buffer.from("x"), true)).toBe("dropped");
      expect(await client.closed).toEqual({ code: 4401, reason: "first" });
      await peer.closed();
      expect(peer.closedCodes).toEqual([4401]);
    });

    it("EDGE-6: is done with a client that never answers within seconds", async () => {
      const bench = await openBench();
      const raw = await bench.raw(true);
      raw.write(upgradeText("/rooms/echo/1"));
      await raw.upgraded();
      const peer = await bench.peer();
      peer.socket.close(4409, "replaced");
      const startMs = performance.now();
      expect(await peer.closed()).toBe(4409);
      await raw.ended;
      expect(performance.now() - startMs).toBeLessThan(5_000);
    });

    it("EDGE-6: is done with a client whose buffer is full and who never reads within seconds", async () => {
      const bench = await openBench();
      const client = await bench.client();
      const peer = await bench.peer();
      client.ws.pause();
      while (peer.socket.send(new Uint8Array(64 * 1024), false) !== "dropped");
      const startMs = performance.now();
      peer.socket.close(4430, "reads too slowly");
      client.ws.send("too late to be heard");
      expect(await peer.closed()).toBe(4430);
      expect(performance.now() - startMs).toBeLessThan(5_000);
      expect(peer.messages).toEqual([]);
      client.ws.resume();
      expect((await client.closed).code).toBe(1006);
    });

    it("tells a client that reads again in time why it was closed", async () => {
      const bench = await openBench();
      const client = await bench.client();
      const peer = await bench.peer();
      client.ws.pause();
      while (peer.socket.send(new Uint8Array(64 * 1024), false) !== "dropped");
      peer.socket.close(4430, "reads too slowly");
      client.ws.resume();
      expect(await client.closed).toEqual({ code: 4430, reason: "reads too slowly" });
    });
  });
}

function useClosed(peer: Peer, call: "send" | "cork" | "close" | "terminate"): void {
  const { socket } = peer;
  let ran = 0;
  if (call === "send") expect(socket.send(Buffer.from("x"), true)).toBe("dropped");
  if (call === "close") socket.close(1000, "");
  if (call === "terminate") socket.terminate();
  socket.cork(() => {
    ran += 1;
    expect(socket.send(Buffer.from("x"), false)).toBe("dropped");
  });
  expect(ran).toBe(1);
  expect(socket.bufferedBytes).toBe(0);
}
