/** A bare `ws` server with the rooms of `bare-uws.ts`. `bare-ws <port>`; prints `listening <port>`. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

const rooms = new Map<string, Set<WebSocket>>();
const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false, maxPayload: 1024 * 1024 });

server.on("connection", (socket, request) => {
  const path = request.url ?? "";
  if (!path.startsWith("/rooms/fan/")) {
    socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }));
    return;
  }
  const members = rooms.get(path) ?? new Set();
  rooms.set(path, members);
  members.add(socket);
  socket.on("message", (message, isBinary) => {
    for (const member of members) member.send(message, { binary: isBinary });
  });
  socket.on("close", () => {
    members.delete(socket);
    if (members.size === 0) rooms.delete(path);
  });
});

http.listen(Number(process.argv[2] ?? "0"), "127.0.0.1", 4096, () => {
  console.log(`listening ${(http.address() as AddressInfo).port}`);
});
