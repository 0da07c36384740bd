import * as uWS from "uWebSockets.js";
import { Server } from "socket.io";

/**
 * Socket.IO on its documented uWebSockets.js engine: rooms are topics there, and a broadcast is one publish. `?room=echo/r1`: events of the name
 * `m` go back to their sender, of `fan/…` to the room. Calls `listening` with the port.
 */
export function serveRooms(port, adapter, listening) {
  const app = uWS.App();
  const io = new Server({ transports: ["websocket"], serveClient: false, ...(adapter && { adapter }) });
  io.attachApp(app, { compression: 0, maxBackpressure: 16 * 1024 * 1024 });
  io.on("connection", (socket) => {
    const room = String(socket.handshake.query.room);
    if (room.startsWith("fan/")) {
      socket.join(room);
      socket.on("m", (content) => io.to(room).emit("m", content));
    } else {
      socket.on("m", (content) => socket.emit("m", content));
    }
  });
  app.listen("127.0.0.1", port, (listenSocket) => {
    if (!listenSocket) process.exit(1);
    listening(uWS.us_socket_local_port(listenSocket));
  });
}
