import { describe, expect, it } from "vitest";
import { benchOpener, type ListenerEngineUnderTest } from "./listener-bench.ts";
import { parseReply, requestText, upgradeText } from "./raw-client.ts";

const host = { Host: "localhost" };

export function plainContract(under: ListenerEngineUnderTest): void {
  const openBench = benchOpener(under);

  describe("plain requests", () => {
    it("are the site's, with the path as it came", async () => {
      const bench = await openBench();
      let seen: unknown;
      bench.respond = (request) => {
        const { method, path, query } = request;
        seen = { method, path, query, thing: request.header("x-thing"), other: request.header("x-other") };
        return { status: 200, headers: { "content-type": "text/plain; charset=utf-8", "x-own": "1" }, body: "grüezi" };
      };
      const raw = await bench.raw();
      raw.write(requestText("GET", "/a%2Fb/../c?q=%20", { ...host, "X-Thing": "yes" }));
      const reply = await raw.reply();
      expect(seen).toEqual({ method: "GET", path: "/a%2Fb/../c", query: "q=%20", thing: "yes", other: "" });
      expect(reply).toMatchObject({ status: 200, body: Buffer.from("grüezi").toString("latin1") });
      expect(reply.headers).toMatchObject({
        "content-type": "text/plain; charset=utf-8",
        "x-own": "1",
        "content-length": "7",
      });
    });

    it.each([
      { what: "no upgrade", text: requestText("GET", "/rooms/echo/1", host) },
      {
        what: "an upgrade to HTTP/2",
        text: requestText("GET", "/rooms/echo/1", { ...host, Connection: "Upgrade", Upgrade: "h2c" }),
      },
      { what: "an Upgrade header for somebody else", text: upgradeText("/rooms/echo/1", { Connection: "keep-alive" }) },
    ])("include $what under /rooms/", async ({ text }) => {
      const bench = await openBench();
      const raw = await bench.raw();
      raw.write(text);
      expect(await raw.reply()).toMatchObject({ status: 426, body: "upgrade" });
      expect(bench.plain).toHaveLength(1);
      expect(bench.admitted).toEqual([]);
    });

    it("follow each other on one connection, HEAD without a body among them", async () => {
      const bench = await openBench();
      const raw = await bench.raw();
      raw.write(requestText("HEAD", "/one", host));
      const head = await raw.reply(false);
      expect(head).toMatchObject({ status: 404, body: "" });
      expect(head.headers["content-length"]).toBe(String("not here".length));
      raw.forget();
      raw.write(requestText("GET", "/two", host));
      expect(await raw.reply()).toMatchObject({ status: 404, body: "not here" });
      raw.forget();
      raw.write(requestText("DELETE", "/three", host));
      expect(await raw.reply()).toMatchObject({ status: 404 });
      expect(bench.plain.map((request) => request.path)).toEqual(["/one", "/two", "/three"]);
    });

    it("can be answered with 304", async () => {
      const bench = await openBench();
      bench.respond = () => ({ status: 304, headers: { etag: '"x"' }, body: "" });
      const raw = await bench.raw();
      raw.write(requestText("GET", "/one", host));
      expect(await raw.reply()).toMatchObject({ status: 304, body: "" });
      raw.forget();
      raw.write(requestText("GET", "/two", host));
      expect((await raw.reply()).headers).toMatchObject({ etag: '"x"' });
    });

    it("with a body are answered, not read, and end the connection", async () => {
      const bench = await openBench();
      const raw = await bench.raw();
      raw.write(requestText("POST", "/upload", { ...host, "Content-Length": "1000000000" }));
      raw.write(Buffer.alloc(1_000));
      expect(await raw.reply()).toMatchObject({ status: 404, body: "not here" });
      for (let sent = 0; sent < 64 && raw.socket.writable; sent += 1) raw.write(Buffer.alloc(1024 * 1024));
      await raw.ended;
      expect(bench.plain).toHaveLength(1);
    });

    it("that ask before they send a body get their answer, and the connection ends", async () => {
      const bench = await openBench();
      const raw = await bench.raw();
      raw.write(requestText("PUT", "/upload", { ...host, "Content-Length": "10", Expect: "100-continue" }));
      await raw.ended;
      // uWebSockets.js writes its `100 Continue` in front, whether or not anybody will read the body.
      const final = raw.received.subarray(raw.received.lastIndexOf("HTTP/1.1"));
      expect(parseReply(final)).toMatchObject({ status: 404, body: "not here" });
    });

    it("get a large body whole, also where they read it slowly", async () => {
      const bench = await openBench();
      const body = Buffer.alloc(8 * 1024 * 1024, "0123456789abcdef");
      bench.respond = () => ({ status: 200, headers: {}, body });
      const raw = await bench.raw();
      raw.socket.pause();
      raw.write(requestText("GET", "/large", { ...host, Connection: "close" }));
      while (bench.plain.length === 0) await nextTurn();
      raw.socket.resume();
      const pieces = await raw.until((received) => (received.length > body.length ? received : undefined));
      await raw.until((received) => {
        const reply = parseReply(received);
        return reply !== undefined && reply.body.length === body.length ? true : undefined;
      });
      expect(pieces.subarray(0, 15).toString()).toBe("HTTP/1.1 200 OK");
      expect(raw.received.subarray(-body.length).equals(body)).toBe(true);
    });

    it("with a target that is too long are not", async () => {
      const bench = await openBench();
      const raw = await bench.raw();
      raw.write(requestText("GET", `/${"a".repeat(8_192)}`, host));
      const reply = await raw.reply();
      expect(reply.status).toBe(414);
      expect(reply.headers["content-type"]).toBe("application/problem+json");
      expect(bench.plain).toEqual([]);
    });

    it("that are no HTTP end their connection and nothing else", async () => {
      const bench = await openBench();
      const client = await bench.client();
      for (const nonsense of ["GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nX: no host\r\n\r\n"]) {
        const raw = await bench.raw();
        raw.write(nonsense);
        await raw.ended;
      }
      await client.roundTrip("still there");
      expect(bench.plain).toEqual([]);
    });
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
