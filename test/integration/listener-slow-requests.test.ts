import { describe, expect, it } from "vitest";
import type { OpenListener } from "../../gateway/edge/listener.ts";
import { listenUws } from "../../gateway/edge/listener-uws.ts";
import { listenWs } from "../../gateway/edge/listener-ws.ts";
import { loadUws } from "../../gateway/wire/uws-binary.ts";
import { RawClient } from "../contract/listener/raw-client.ts";

const hasUws = await loadUws().then(
  () => true,
  () => false,
);
const engines: readonly { readonly engine: string; readonly open: OpenListener }[] = [
  ...(hasUws ? [{ engine: "uWebSockets.js", open: listenUws }] : []),
  { engine: "ws", open: listenWs },
];
const head = "GET /rooms/echo/1 HTTP/1.1\r\nHost: localhost\r\n";
const slowClients = [
  { what: "says nothing", first: "", trickle: "" },
  { what: "stops in the middle of its headers", first: head, trickle: "" },
  { what: "sends a header a second", first: head, trickle: "X-More: 1\r\n" },
  { what: "sends a byte a second", first: `${head}X-Long: `, trickle: "a" },
  { what: "sends no HTTP", first: "hello\r\n\r\n", trickle: "" },
  { what: "keeps its connection after a reply", first: `${head}\r\n`, trickle: "" },
  {
    what: "sends a body a byte a second",
    first: `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n`,
    trickle: "b",
  },
] as const;

describe.each(engines)("EDGE-7: $engine lets no request take its time", ({ open }) => {
  it("cuts every slow client off within 15 s", async () => {
    const listener = await open(
      {
        host: "127.0.0.1",
        port: 0,
        messageBytesMax: 1_000,
        sendBufferBytesMax: 1_000,
        pingEveryMs: 25_000,
        silenceMsMax: 60_000,
      },
      {
        respond: () => ({ status: 404, headers: {}, body: "" }),
        admit: () => ({ kind: "refuse", reply: { status: 403, headers: {}, body: "" } }),
      },
    );
    const startMs = performance.now();
    const lasted = await Promise.all(
      slowClients.map(async ({ what, first, trickle: more }) => {
        const client = await RawClient.open(listener.port);
        client.write(first);
        const trickle = setInterval(() => client.write(more), 1_000);
        await client.ended;
        clearInterval(trickle);
        client.destroy();
        return { what, lastedMs: performance.now() - startMs };
      }),
    );
    await listener.close();
    for (const { what, lastedMs } of lasted) expect(lastedMs, what).toBeLessThan(15_000);
  });
});
