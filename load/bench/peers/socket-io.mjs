// Socket.IO on its documented uWebSockets.js engine: rooms are topics there, and a broadcast is one publish. Its in-memory adapter, one
// process. `?room=echo/r1`: events of the name `m` go back to their sender, of `fan/…` to the room. Prints `listening <port>`.

import * as uWS from "uWebSockets.js";
import { Server } from "socket.io";

const app = uWS.App();
const io = new Server({ transports: ["websocket"], serveClient: false, perMessageDeflate: false });
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

app.listen("127.0.0.1", Number(process.argv[2] ?? "0"), (listenSocket) => {
  if (!listenSocket) process.exit(1);
  console.log(`listening ${uWS.us_socket_local_port(listenSocket)}`);
});
