import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { benchOpener, type ListenerEngineUnderTest } from "./listener-bench.ts";
import { opcodes, RawClient, upgradeText } from "./raw-client.ts";

const pingByte = 0x80 | opcodes.ping;

export function listeningContract(under: ListenerEngineUnderTest): void {
  const openBench = benchOpener(under);

  describe("keep-alive", () => {
    it("EDGE-3: pings every client again and again", async () => {
      const bench = await openBench({ pingEveryMs: 40 });
      const raw = await bench.raw();
      raw.write(upgradeText("/rooms/echo/1"));
      await raw.upgraded();
      const pings = await raw.until((received) => (received.length >= 6 ? received : undefined));
      expect([...pings.subarray(0, 6)]).toEqual([pingByte, 0, pingByte, 0, pingByte, 0]);
    });

    it("EDGE-3: ends a client that is silent, and none that answers", async () => {
      const bench = await openBench({ pingEveryMs: 40, silenceMsMax: 200 });
      const answering = await bench.client();
      const raw = await bench.raw();
      raw.write(upgradeText("/rooms/echo/1"));
      await raw.upgraded();
      const startMs = performance.now();
      expect(await (await bench.peer(1)).closed()).toBe(1006);
      expect(performance.now() - startMs).toBeGreaterThan(150);
      await raw.ended;
      await answering.roundTrip("still there");
      expect((await bench.peer(0)).closedCodes).toEqual([]);
    });
  });

  describe("listening", () => {
    it("names its engine and the port that it got", async () => {
      const bench = await openBench();
      expect(bench.listener.engine).toBe(under.engine);
      expect(bench.port).toBeGreaterThan(0);
    });

    it("stops without touching open sockets", async () => {
      const bench = await openBench();
      const client = await bench.client();
      bench.listener.stopListening();
      bench.listener.stopListening();
      await expect(RawClient.open(bench.port)).rejects.toThrow("ECONNREFUSED");
      await client.roundTrip("still there");
    });

    it("ends what is left when it closes, once, and gives the port back", async () => {
      const bench = await openBench({ port: await freePort() });
      const client = await bench.client();
      const peer = await bench.peer();
      const plain = await bench.raw();
      plain.write("GET /half-a-request HTTP/1.1\r\n");
      await client.roundTrip("hello");
      await bench.listener.close();
      expect(await peer.closed()).toBe(1006);
      expect((await client.closed).code).toBe(1006);
      await plain.ended;
      await bench.listener.close();
      expect(peer.closedCodes).toEqual([1006]);
      const next = await openBench({ port: bench.port });
      await (await next.client()).roundTrip("next");
    });

    it("rejects with port-taken where another listens", async () => {
      const bench = await openBench();
      await expect(openBench({ port: bench.port })).rejects.toMatchObject({ code: "port-taken", retryable: true });
      await (await bench.client()).roundTrip("still there");
    });

    it("rejects with listen-failed where the address is not ours", async () => {
      await expect(openBench({ host: "203.0.113.1" })).rejects.toMatchObject({ code: "listen-failed" });
    });

    it("shares its port on purpose, or says at once that it cannot here", async () => {
      const first = openBench({ port: await freePort(), sharePort: true });
      if (!under.canSharePort) {
        const refused = { code: "listen-failed", message: expect.stringContaining("shares a port from Node 22.12 on") };
        return expect(first).rejects.toMatchObject(refused);
      }
      const { port } = await first;
      expect((await openBench({ port, sharePort: true })).port).toBe(port);
    });
  });
}

/** A port that was free just now: one that is asked for by number can be had again at once, and shared. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
