import { describe, expect, it } from "vitest";
import type { Admission, PlainReply } from "../../../gateway/edge/listener.ts";
import { benchOpener, type ListenerEngineUnderTest } from "./listener-bench.ts";
import { upgradeText } from "./raw-client.ts";

interface BadUpgrade {
  readonly what: string;
  readonly status: number;
  readonly text: string;
}

const target = "/rooms/echo/1";
const badUpgrades: readonly BadUpgrade[] = [
  { what: "no version", status: 426, text: upgradeText(target, { "Sec-WebSocket-Version": undefined }) },
  { what: "version 8", status: 426, text: upgradeText(target, { "Sec-WebSocket-Version": "8" }) },
  { what: "two versions", status: 426, text: upgradeText(target, { "Sec-WebSocket-Version": "13, 8" }) },
  { what: "no key", status: 400, text: upgradeText(target, { "Sec-WebSocket-Key": undefined }) },
  { what: "a short key", status: 400, text: upgradeText(target, { "Sec-WebSocket-Key": "c2hvcnQ=" }) },
  {
    what: "a key of no base64",
    status: 400,
    text: upgradeText(target, { "Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!==" }),
  },
  {
    what: "a key of 17 bytes",
    status: 400,
    text: upgradeText(target, { "Sec-WebSocket-Key": "MDEyMzQ1Njc4OTAxMjM0NTY=" }),
  },
  { what: "another protocol", status: 400, text: upgradeText(target, { Upgrade: "h2c" }) },
  { what: "a body", status: 400, text: `${upgradeText(target, { "Content-Length": "5" })}hello` },
  { what: "a chunked body", status: 400, text: `${upgradeText(target, { "Transfer-Encoding": "chunked" })}0\r\n\r\n` },
  { what: "POST", status: 400, text: upgradeText(target, {}, "POST") },
  {
    what: "the same subprotocol twice",
    status: 400,
    text: upgradeText(target, { "Sec-WebSocket-Protocol": "a, b, a" }),
  },
  { what: "a malformed subprotocol", status: 400, text: upgradeText(target, { "Sec-WebSocket-Protocol": "a b" }) },
  { what: "a target that is too long", status: 414, text: upgradeText(`/rooms/echo/${"a".repeat(9_000)}`) },
  { what: "a query that is too long", status: 414, text: upgradeText(`${target}?${"a".repeat(8_190)}`) },
];

const refusal: PlainReply = {
  status: 403,
  headers: { "content-type": "application/problem+json", "retry-after": "7" },
  body: '{"title":"no"}',
};

export function upgradeContract(under: ListenerEngineUnderTest): void {
  const openBench = benchOpener(under);

  describe("upgrades", () => {
    it.each(badUpgrades)("EDGE-1: refuses one with $what: $status", async ({ status, text }) => {
      const bench = await openBench();
      const raw = await bench.raw();
      raw.write(text);
      const reply = await raw.reply();
      expect(reply.status).toBe(status);
      expect(reply.headers["content-type"]).toBe("application/problem+json");
      expect(JSON.parse(reply.body)).toMatchObject({ status, detail: expect.any(String) });
      if (status === 426) expect(reply.headers["sec-websocket-version"]).toBe("13");
      await raw.ended;
      expect(bench.admitted).toEqual([]);
      expect(bench.plain).toEqual([]);
    });

    it("takes tokens in any case and among others", async () => {
      const bench = await openBench();
      const raw = await bench.raw();
      raw.write(upgradeText(target, { Upgrade: "WebSocket", Connection: "keep-alive, UPGRADE" }));
      expect((await raw.upgraded()).headers["sec-websocket-accept"]).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    });

    it("shows the site the request as it came: path and query undecoded, headers, address", async () => {
      const bench = await openBench();
      await bench.client("/rooms/echo/a%2Fb%20c?x=%41&y", ["one", "two"], { "X-Thing": "Some Value" });
      const request = bench.admitted[0];
      expect(request).toMatchObject({
        path: "/rooms/echo/a%2Fb%20c",
        query: "x=%41&y",
        protocols: ["one", "two"],
        remoteAddress: "127.0.0.1",
      });
      // Read long after the request itself is gone.
      expect(request?.header("x-thing")).toBe("Some Value");
      expect(request?.header("x-other")).toBe("");
    });

    it("selects the subprotocol that the site names, or none", async () => {
      const bench = await openBench();
      bench.admit = () => bench.accept("two");
      expect((await bench.client(target, ["one", "two"])).ws.protocol).toBe("two");
      bench.admit = () => bench.accept(undefined);
      const raw = await bench.raw();
      raw.write(upgradeText(target, { "Sec-WebSocket-Protocol": "one, two" }));
      expect((await raw.upgraded()).headers["sec-websocket-protocol"]).toBeUndefined();
    });

    it("never compresses", async () => {
      const bench = await openBench();
      const raw = await bench.raw();
      raw.write(upgradeText(target, { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" }));
      expect((await raw.upgraded()).headers["sec-websocket-extensions"]).toBeUndefined();
    });

    it("takes a cookie of 8 KB and refuses headers above 16 KB", async () => {
      const bench = await openBench();
      const cookie = `session=${"c".repeat(8_000)}`;
      await bench.client(target, [], { cookie });
      expect(bench.admitted[0]?.header("cookie")).toBe(cookie);
      const raw = await bench.raw();
      raw.write(upgradeText(target, { Cookie: "c".repeat(20_000) }));
      await raw.ended;
      expect(bench.admitted).toHaveLength(1);
    });

    it("can be greeted from `attach`, alone and corked", async () => {
      const bench = await openBench();
      bench.admit = (request) => {
        const admission = bench.accept(request.protocols[0]);
        if (admission.kind !== "accept") return admission;
        return {
          ...admission,
          attach: (socket) => {
            socket.send(Buffer.from("welcome"), true);
            socket.cork(() => {
              socket.send(Buffer.from("again"), true);
            });
            return admission.attach(socket);
          },
        };
      };
      const client = await bench.client();
      expect((await client.received(2)).map((frame) => frame.bytes.toString())).toEqual(["welcome", "again"]);
      await client.roundTrip("hello");
    });

    it("passes the site's refusal on", async () => {
      const bench = await openBench();
      bench.admit = () => ({ kind: "refuse", reply: refusal });
      const raw = await bench.raw();
      raw.write(upgradeText(target));
      const reply = await raw.reply();
      expect(reply).toMatchObject({ status: 403, body: refusal.body });
      expect(reply.headers["retry-after"]).toBe("7");
      await raw.ended;
    });
  });

  describe("upgrades that take their time", () => {
    it("opens when the site has decided", async () => {
      const bench = await openBench();
      bench.admit = async (request) => {
        await nextTurn();
        return bench.accept(request.protocols[1]);
      };
      const client = await bench.client(target, ["a", "b"]);
      expect(client.ws.protocol).toBe("b");
      await client.roundTrip("late");
    });

    it("refuses when the site has decided", async () => {
      const bench = await openBench();
      bench.admit = async () => {
        await nextTurn();
        return { kind: "refuse", reply: refusal };
      };
      const raw = await bench.raw();
      raw.write(upgradeText(target));
      expect(await raw.reply()).toMatchObject({ status: 403, body: refusal.body });
    });

    it.each(["hangs up", "breaks off"])("EDGE-5: never attaches a client that %s meanwhile", async (how) => {
      const bench = await openBench();
      let decide: (admission: Admission) => void = () => {};
      let asked: () => void = () => {};
      const wasAsked = new Promise<void>((resolve) => {
        asked = resolve;
      });
      bench.admit = (request) => {
        if (request.path !== "/late") return bench.accept(undefined);
        asked();
        return new Promise((resolve) => {
          decide = resolve;
        });
      };
      const raw = await bench.raw();
      raw.write(upgradeText("/late"));
      await wasAsked;
      if (how === "hangs up") raw.destroy();
      else raw.socket.resetAndDestroy();
      await raw.closed;
      // Another client's messages come after the news of the first one's end.
      const other = await bench.client();
      await other.roundTrip("one");
      await other.roundTrip("two");
      decide(bench.accept(undefined));
      await other.roundTrip("three");
      expect(bench.peers).toHaveLength(1);
    });

    it("answers 500 where the site fails against its word", async () => {
      const bench = await openBench();
      bench.admit = () => Promise.reject(new Error("deliberate"));
      const raw = await bench.raw();
      raw.write(upgradeText(target));
      const reply = await raw.reply();
      expect(reply.status).toBe(500);
      expect(reply.body).not.toContain("deliberate");
    });

    it("ends them with the listener", async () => {
      const bench = await openBench();
      bench.admit = () => new Promise(() => {});
      const raw = await bench.raw();
      raw.write(upgradeText(target));
      while (bench.admitted.length === 0) await nextTurn();
      await bench.listener.close();
      await raw.ended;
      expect(raw.received).toHaveLength(0);
    });
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
