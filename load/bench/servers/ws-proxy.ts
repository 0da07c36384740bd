/** One connection to the server for each of a client, frames passed on as they come: what people write first. `ws-proxy <port> <server port>` */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

const earlyMax = 64;
const [port = "0", serverPort = "0"] = process.argv.slice(2);
const http = createServer();
const settings = { perMessageDeflate: false, maxPayload: 1024 * 1024 };
const server = new WebSocketServer({ ...settings, server: http });

server.on("connection", (client, request) => {
  const upstream = new WebSocket(`ws://127.0.0.1:${serverPort}${request.url ?? "/"}`, settings);
  const early: (readonly [message: WebSocket.RawData, isBinary: boolean])[] = [];
  client.on("message", (message, isBinary) => {
    if (upstream.readyState === WebSocket.OPEN) upstream.send(message, { binary: isBinary });
    else if (early.length < earlyMax) early.push([message, isBinary]);
    else client.close(1013);
  });
  upstream.on("open", () => {
    for (const [message, isBinary] of early.splice(0)) upstream.send(message, { binary: isBinary });
  });
  upstream.on("message", (message, isBinary) => client.send(message, { binary: isBinary }));
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.on("close", () => other.terminate());
    one.on("error", () => other.terminate());
  }
});

http.listen(Number(port), "127.0.0.1", 4096, () => {
  console.log(`listening ${(http.address() as AddressInfo).port}`);
});
