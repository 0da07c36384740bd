/**
 * A bare uWebSockets.js server: no rooms but topics, no journal, no second process. `bare-uws <port>`, 0 for a free one.
 *
 * `/rooms/echo/<room>` sends every frame back to its sender, `/rooms/fan/<room>` to all of the room. Prints `listening <port>`.
 */
import * as uWS from "uWebSockets.js";

interface Member {
  readonly room: string;
}

const behavior = {
  compression: 0,
  maxPayloadLength: 1024 * 1024,
  maxBackpressure: 16 * 1024 * 1024,
  idleTimeout: 120,
  sendPingsAutomatically: true,
};

const port = Number(process.argv[2] ?? "0");
const app = uWS
  .App()
  .ws<Member>("/rooms/echo/:room", {
    ...behavior,
    message: (ws, bytes, isBinary) => {
      ws.send(bytes, isBinary, false);
    },
  })
  .ws<Member>("/rooms/fan/:room", {
    ...behavior,
    upgrade: (response, request, context) => {
      const header = (name: string): string => request.getHeader(`sec-websocket-${name}`);
      const room = request.getParameter(0) ?? "";
      response.upgrade({ room }, header("key"), header("protocol"), header("extensions"), context);
    },
    open: (ws) => {
      ws.subscribe(ws.getUserData().room);
    },
    message: (ws, bytes, isBinary) => {
      app.publish(ws.getUserData().room, bytes, isBinary, false);
    },
  });

app.listen("127.0.0.1", port, (listenSocket) => {
  if (listenSocket === false) {
    console.error(`cannot listen on 127.0.0.1:${port}`);
    process.exit(1);
  }
  // The types call it another kind of socket; the binary takes both.
  console.log(`listening ${uWS.us_socket_local_port(listenSocket)}`);
});
